import { useLocation } from "preact-iso";
import { ApiError } from "../api.ts";
import { SubmitButton } from "../components/button.tsx";
import { EmailField } from "../components/email-field.tsx";
import { Heading } from "../components/heading.tsx";
import { CardLayout } from "../components/layout.tsx";
import { Failure, Status } from "../components/notice.tsx";
import { PasswordField } from "../components/password-field.tsx";
import { session, useSession } from "../current.ts";
import { email, onlyWrong, required, useForm, type Values } from "../form.ts";
import { keepNext } from "../next.ts";
import { pending } from "../pending.ts";

type Names = "email" | "password";

function check(values: Values<Names>) {
  return onlyWrong({ email: email(values.email), password: required(values.password, "Enter your password.") });
}

export function SignIn() {
  const { query, route } = useLocation();
  const next = query["next"];

  const form = useForm<Names>(check, async (values) => {
    const address = values.email.trim();
    try {
      await session.signIn(address, values.password);
      pending.clear();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "user_not_confirmed") throw error;
      pending.begin(address, values.password, "sign-in");
      route(keepNext("/confirm", next));
    }
  });

  const foot = (
    <>
      <p>
        New here? <a href={keepNext("/signup", next)}>Create an account</a>
      </p>
      <p>
        Signed up already? <a href={keepNext("/confirm", next)}>Enter your code</a>
      </p>
    </>
  );
  return (
    <CardLayout foot={foot}>
      <Heading title="Sign in" />
      {form.failure === null && <Welcome confirmed={query["confirmed"] !== undefined} />}
      <form {...form.attributes}>
        <Failure>{form.failure}</Failure>
        <EmailField error={form.errors["email"]} />
        <PasswordField error={form.errors["password"]} />
        <SubmitButton busy={form.busy} working="Signing in…">
          Sign in
        </SubmitButton>
      </form>
    </CardLayout>
  );
}

/** Why the person is here. */
function Welcome({ confirmed }: { confirmed: boolean }) {
  const state = useSession();
  const reason = state.status === "anonymous" ? state.reason : "none";
  if (confirmed) return <Status good>Your email address is confirmed. Sign in to continue.</Status>;
  if (reason === "signed-out") return <Status good>You have signed out.</Status>;
  if (reason === "expired") return <Status>Your session has ended. Sign in again to continue.</Status>;
  return <Status>{null}</Status>;
}
