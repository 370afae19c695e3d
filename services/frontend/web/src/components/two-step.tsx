import { useEffect, useState } from "preact/hooks";
import { call } from "../items.ts";
import { qrPath, SIZE } from "../qr.ts";
import { Button, useAction } from "./action.tsx";
import { CodeField, digits } from "./field.tsx";
import { Form } from "./form.tsx";
import { Panel } from "./layout.tsx";
import { Failure, Status } from "./notice.tsx";

interface Setup {
  secret: string | undefined;
  otpauth_uri: string;
}

/** What an authenticator app is given, to scan or to type. */
export function AuthenticatorSetup({ secret, uri }: { secret: string | undefined; uri: string }) {
  const path = qrPath(uri);
  return (
    <div class="authenticator">
      <p class="lead">Scan this with your authenticator app, then enter the code it shows.</p>
      {path && (
        <svg viewBox={`-4 -4 ${SIZE + 8} ${SIZE + 8}`} role="img" aria-label="QR code with your setup key">
          <rect x="-4" y="-4" width="100%" height="100%" />
          <path d={path} />
        </svg>
      )}
      <p>
        Setup key, to type instead: <code>{secret?.replace(/.{4}/g, "$& ")}</code>
      </p>
    </div>
  );
}

/** Turns the codes of an authenticator app on and off. */
export function TwoStep() {
  const [on, setOn] = useState<boolean | null>(null);
  const [setup, setSetup] = useState<Setup | null>(null);
  const [news, setNews] = useState("");
  const [run, busy, failure] = useAction();
  useEffect(() => void run(async () => setOn((await call<{ totp: boolean }>("/auth/mfa")).totp)), []);

  const now = (state: boolean, sentence: string) => {
    setOn(state);
    setSetup(null);
    setNews(sentence);
  };
  const begin = async () => {
    setNews("");
    setSetup(await call<Setup>("/auth/mfa/totp", "POST", { body: {} }));
  };
  const turnOff = async () => {
    await call("/auth/mfa/totp", "DELETE");
    now(false, "Two-step sign-in is off.");
  };
  return (
    <Panel title="Two-step sign-in" action={on !== null && <span class={on ? "badge good" : "badge"}>{on ? "On" : "Off"}</span>}>
      <Status good>{news}</Status>
      <Failure>{failure}</Failure>
      <p class="lead">A code from your phone, besides your password, keeps out whoever learns your password.</p>
      {setup ? (
        <>
          <AuthenticatorSetup secret={setup.secret} uri={setup.otpauth_uri} />
          <Form
            submit="Turn on"
            save={async ({ code }) => {
              await call("/auth/mfa/totp/verify", "POST", { body: { code: digits(code) } });
              now(true, "Two-step sign-in is on.");
            }}
            onCancel={() => setSetup(null)}
          >
            <CodeField />
          </Form>
        </>
      ) : (
        <div class="actions">
          {on === null && !failure && <span class="skeleton button" />}
          {on === false && (
            <Button busy={busy} onClick={() => void run(begin)}>
              Set up
            </Button>
          )}
          {on && (
            <Button busy={busy} onClick={() => void run(turnOff)}>
              Turn off
            </Button>
          )}
        </div>
      )}
    </Panel>
  );
}
