/** The pages that take a mailed code: to confirm an address, or to choose a new password. */

import { useState } from "preact/hooks";
import { post } from "../accounts.ts";
import { CodeField, digits, EmailField } from "../components/field.tsx";
import { Form } from "../components/form.tsx";
import { CardLayout } from "../components/layout.tsx";
import { PasswordField } from "../components/password-field.tsx";
import { ResendCode } from "../components/resend-code.tsx";
import { session } from "../current.ts";
import { keepNext } from "../next.ts";
import { pending } from "../pending.ts";
import { go } from "../router.tsx";
import { enter } from "./sign-in.tsx";

const TO_SIGN_IN = () => (
  <p>
    <a href={keepNext("/login")}>Back to sign in</a>
  </p>
);

export function Confirm() {
  return (
    <CodePage
      title="Confirm your email"
      resend="resend"
      submit="Confirm"
      save={async (email, code) => {
        await post("confirm", { email, code });
        await enterOr("confirmed", email, pending.email === email ? pending.password : "");
      }}
    />
  );
}

export function Reset() {
  return (
    <CodePage
      title="Choose a new password"
      resend="forgot"
      submit="Change password"
      newPassword
      save={async (email, code, new_password) => {
        await post("reset", { email, code, new_password });
        await enterOr("reset", email, new_password);
      }}
    />
  );
}

export function Forgot() {
  const save = async ({ email = "" }) => {
    await post("forgot", { email });
    pending.begin(email, "", "forgot");
    go(keepNext("/reset"));
  };
  return (
    <CardLayout title="Forgot your password?" foot={<TO_SIGN_IN />}>
      <p class="lead">Enter your address. We send you a code to choose a new password.</p>
      <Form submit="Send code" save={save}>
        <EmailField />
      </Form>
    </CardLayout>
  );
}

interface Props {
  title: string;
  submit: string;
  resend: "resend" | "forgot";
  newPassword?: boolean;
  save: (email: string, code: string, password: string) => Promise<void>;
}

function CodePage({ title, submit, resend, newPassword, save }: Props) {
  const [origin] = useState(pending.origin);
  const [address, setAddress] = useState(pending.email);
  return (
    <CardLayout title={title} foot={<TO_SIGN_IN />}>
      <p class="lead">
        {origin === "sign-up" && "Enter the 6-digit code we sent to "}
        {origin === "forgot" && "If there is an account, a 6-digit code is on its way to "}
        {origin === "sign-in" && "Enter the 6-digit code we mailed you earlier, or send a new one to "}
        {origin ? <strong>{address}</strong> : "Enter your address and the code we sent to it."}
      </p>
      <Form submit={submit} save={({ code, new_password = "" }) => save(address.trim(), digits(code), new_password)}>
        {!origin && <EmailField onInput={(event) => setAddress(event.currentTarget.value)} />}
        {origin && <input type="hidden" autocomplete="username" value={address} />}
        <CodeField />
        {newPassword && <PasswordField label="New password" name="new_password" isNew />}
      </Form>
      <ResendCode action={resend} address={() => address.trim()} justSent={origin === "sign-up" || origin === "forgot"} />
    </CardLayout>
  );
}

/** Signs in with the password, if there is one. Whatever fails, what was `done` is done, and the sign-in page says so. */
async function enterOr(done: string, email: string, password: string): Promise<void> {
  try {
    if (password) await enter(email, password);
  } catch {
    pending.password = "";
  }
  if (session.state.status === "signed-in" || session.challenge) return;
  const login = keepNext("/login");
  go(`${login}${login.includes("?") ? "&" : "?"}done=${done}`);
}
