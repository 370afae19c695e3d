import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { confirm } from "../accounts.ts";
import { SubmitButton } from "../components/button.tsx";
import { EmailField } from "../components/email-field.tsx";
import { Field } from "../components/field.tsx";
import { Heading } from "../components/heading.tsx";
import { CardLayout } from "../components/layout.tsx";
import { Failure } from "../components/notice.tsx";
import { ResendCode } from "../components/resend-code.tsx";
import { session } from "../current.ts";
import { email, onlyWrong, useForm, type Values } from "../form.ts";
import { keepNext } from "../next.ts";
import { pending } from "../pending.ts";

type Names = "email" | "code";

function check(values: Values<Names>) {
  const code = /^\d{6}$/.test(plain(values.code)) ? "" : "Enter the 6 digits of the code.";
  return onlyWrong({ email: email(values.email), code });
}

/** A code as people paste it: "123 456" and "123-456" are meant well. */
function plain(code: string): string {
  return code.replace(/[\s-]/g, "");
}

export function Confirm() {
  const { query, route } = useLocation();
  const [origin] = useState(pending.origin);
  const [address, setAddress] = useState(pending.email);
  const signIn = keepNext("/login", query["next"]);

  const form = useForm<Names>(check, async ({ email, code }) => {
    await confirm(email.trim(), plain(code));
    if (!(await signInAgain(email.trim()))) route(`${signIn}${signIn.includes("?") ? "&" : "?"}confirmed`);
  });

  const foot = (
    <>
      Already confirmed? <a href={signIn}>Sign in</a>
    </>
  );
  return (
    <CardLayout foot={foot}>
      <Heading title="Confirm your email" />
      <p class="lead">
        {origin === null ? "Enter your address and the code we sent to it." : <Sent address={address} now={origin === "sign-up"} />}
      </p>
      <form {...form.attributes}>
        <Failure>{form.failure}</Failure>
        {origin === null ? (
          <EmailField error={form.errors["email"]} onChange={setAddress} />
        ) : (
          <input type="hidden" name="email" value={address} />
        )}
        <Field label="Code" name="code" error={form.errors["code"]}>
          {(tied) => (
            <input {...tied} class="code" inputMode="numeric" autocomplete="one-time-code" maxLength={9} required />
          )}
        </Field>
        <SubmitButton busy={form.busy} working="Confirming…">
          Confirm
        </SubmitButton>
      </form>
      <ResendCode address={address} justSent={origin === "sign-up"} />
    </CardLayout>
  );
}

function Sent({ address, now }: { address: string; now: boolean }) {
  return now ? (
    <>
      Enter the 6-digit code we sent to <strong>{address}</strong>
    </>
  ) : (
    <>
      Your address is not confirmed yet. Enter the 6-digit code from your sign-up, or send a new one to{" "}
      <strong>{address}</strong>
    </>
  );
}

/** Signs in with the password of the sign-up, if this page still has it. Whatever fails, the account is confirmed. */
async function signInAgain(address: string): Promise<boolean> {
  if (pending.password === "" || pending.email !== address) return false;
  try {
    await session.signIn(address, pending.password);
    pending.clear();
    return true;
  } catch {
    pending.forgetPassword();
    return false;
  }
}
