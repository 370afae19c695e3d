import { useState } from "preact/hooks";
import { CodeField, digits } from "../components/field.tsx";
import { Form } from "../components/form.tsx";
import { CardLayout } from "../components/layout.tsx";
import { PasswordField } from "../components/password-field.tsx";
import { AuthenticatorSetup } from "../components/two-step.tsx";
import { session } from "../current.ts";
import { keepNext } from "../next.ts";
import { Redirect } from "../router.tsx";

/** The step that the pool asks for between the password and the session. A reload begins with the password again. */
export function Challenge() {
  const [challenge, setChallenge] = useState(session.challenge);
  if (!challenge) return <Redirect to={keepNext("/login")} />;
  const save = async ({ new_password, code }: Record<string, string>) => {
    await session.answer(new_password ? { new_password } : { code: digits(code) });
    setChallenge(session.challenge);
  };
  const foot = (
    <p>
      <a href={keepNext("/login")}>Start again</a>
    </p>
  );
  if (challenge.challenge === "NEW_PASSWORD_REQUIRED")
    return (
      <CardLayout title="Choose a new password" foot={foot}>
        <p class="lead">Your password was set by an administrator. Choose one that only you know.</p>
        <Form key="password" submit="Save and sign in" save={save}>
          <PasswordField label="New password" name="new_password" isNew />
        </Form>
      </CardLayout>
    );
  return (
    <CardLayout title="Two-step sign-in" foot={foot}>
      {challenge.otpauth_uri ? (
        <AuthenticatorSetup secret={challenge.secret} uri={challenge.otpauth_uri} />
      ) : (
        <p class="lead">Enter the code that your authenticator app shows for this account.</p>
      )}
      <Form key="code" submit="Verify" save={save}>
        <CodeField />
      </Form>
    </CardLayout>
  );
}
