import { useLocation } from "preact-iso";
import { signUp } from "../accounts.ts";
import { SubmitButton } from "../components/button.tsx";
import { EmailField } from "../components/email-field.tsx";
import { Field } from "../components/field.tsx";
import { Heading } from "../components/heading.tsx";
import { CardLayout } from "../components/layout.tsx";
import { Failure } from "../components/notice.tsx";
import { PasswordField } from "../components/password-field.tsx";
import { session } from "../current.ts";
import { email, onlyWrong, required, useForm, type Values } from "../form.ts";
import { keepNext } from "../next.ts";
import { newPassword } from "../passwords.ts";
import { pending } from "../pending.ts";

type Names = "name" | "email" | "password";

function check(values: Values<Names>) {
  return onlyWrong({
    name: required(values.name, "Enter your name."),
    email: email(values.email),
    password: newPassword(values.password),
  });
}

export function SignUp() {
  const { query, route } = useLocation();
  const next = query["next"];

  const form = useForm<Names>(check, async ({ name, email, password }) => {
    const address = email.trim();
    const { user_confirmed } = await signUp(name.trim(), address, password);
    if (user_confirmed) return session.signIn(address, password);
    pending.begin(address, password, "sign-up");
    route(keepNext("/confirm", next));
  });

  const foot = (
    <>
      Already have an account? <a href={keepNext("/login", next)}>Sign in</a>
    </>
  );
  return (
    <CardLayout foot={foot}>
      <Heading title="Create your account" />
      <form {...form.attributes}>
        <Failure>{form.failure}</Failure>
        <Field label="Name" name="name" error={form.errors["name"]}>
          {(tied) => <input {...tied} type="text" autocomplete="name" maxLength={200} required />}
        </Field>
        <EmailField error={form.errors["email"]} hint="We send a code to this address to confirm it." />
        <PasswordField error={form.errors["password"]} isNew />
        <SubmitButton busy={form.busy} working="Creating your account…">
          Create account
        </SubmitButton>
      </form>
    </CardLayout>
  );
}
