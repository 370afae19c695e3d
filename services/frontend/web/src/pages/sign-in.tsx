import { ApiError } from "../api.ts";
import { EmailField } from "../components/field.tsx";
import { Form } from "../components/form.tsx";
import { CardLayout } from "../components/layout.tsx";
import { Status } from "../components/notice.tsx";
import { PasswordField } from "../components/password-field.tsx";
import { session, useSession } from "../current.ts";
import { keepNext } from "../next.ts";
import { pending } from "../pending.ts";
import { go, useParameter } from "../router.tsx";

/** Signs in, or goes on to the step that the pool asks for. */
export async function enter(email: string, password: string): Promise<void> {
  await session.signIn(email, password);
  pending.clear();
  if (session.challenge) go(keepNext("/challenge"));
}

export function SignIn() {
  const save = async ({ email = "", password = "" }) => {
    try {
      await enter(email, password);
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      if (code !== "user_not_confirmed" && code !== "password_reset_required") throw error;
      pending.begin(email, password, "sign-in");
      go(keepNext(code === "user_not_confirmed" ? "/confirm" : "/reset"));
    }
  };
  const foot = (
    <>
      <p>
        New here? <a href={keepNext("/signup")}>Create an account</a>
      </p>
      <p>
        Signed up already? <a href={keepNext("/confirm")}>Enter your code</a>
      </p>
    </>
  );
  return (
    <CardLayout title="Sign in" foot={foot}>
      <Welcome />
      <Form submit="Sign in" save={save}>
        <EmailField />
        <PasswordField />
        <a class="aside" href={keepNext("/forgot")}>
          Forgot your password?
        </a>
      </Form>
    </CardLayout>
  );
}

/** Why the person is here. */
function Welcome() {
  const state = useSession();
  const done = useParameter("done");
  const reason = state.status === "anonymous" ? state.reason : "none";
  if (done) return <Status good>{done === "reset" ? "Your password is changed." : "Your email address is confirmed."} Sign in to continue.</Status>;
  if (reason === "signed-out") return <Status good>You have signed out.</Status>;
  if (reason === "deleted") return <Status good>Your account and everything in it is deleted.</Status>;
  return <Status>{reason === "expired" && "Your session has ended. Sign in again to continue."}</Status>;
}
