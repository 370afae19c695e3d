import { post } from "../accounts.ts";
import { EmailField, Field } from "../components/field.tsx";
import { Form } from "../components/form.tsx";
import { CardLayout } from "../components/layout.tsx";
import { PasswordField } from "../components/password-field.tsx";
import { keepNext } from "../next.ts";
import { pending } from "../pending.ts";
import { go } from "../router.tsx";
import { enter } from "./sign-in.tsx";

export function SignUp() {
  const save = async ({ name = "", email = "", password = "" }) => {
    const { user_confirmed } = (await post("signup", { name, email, password })) as { user_confirmed: boolean };
    if (user_confirmed) return enter(email, password);
    pending.begin(email, password, "sign-up");
    go(keepNext("/confirm"));
  };
  const foot = (
    <p>
      Already have an account? <a href={keepNext("/login")}>Sign in</a>
    </p>
  );
  return (
    <CardLayout title="Create your account" foot={foot}>
      <Form submit="Create account" save={save}>
        <Field label="Name" name="name" wrong="Enter your name." autocomplete="name" maxLength={200} />
        <EmailField hint="We send a code to this address to confirm it." />
        <PasswordField isNew />
      </Form>
    </CardLayout>
  );
}
