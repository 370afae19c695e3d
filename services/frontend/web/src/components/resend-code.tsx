import { useEffect, useState } from "preact/hooks";
import { post } from "../accounts.ts";
import { useAction } from "./action.tsx";
import { Failure, Status } from "./notice.tsx";

const COOL_DOWN_S = 30;

interface Props {
  action: "resend" | "forgot";
  address: () => string;
  justSent: boolean;
}

/** Sends a new code, at most one in half a minute. The count-down is for the eye only: read out, it would chatter. */
export function ResendCode({ action, address, justSent }: Props) {
  const [wait, setWait] = useState(justSent ? COOL_DOWN_S : 0);
  const [sent, setSent] = useState(false);
  const [run, busy, failure] = useAction();
  const waiting = busy || wait > 0;

  useEffect(() => {
    if (wait === 0) return;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);

  const resend = async () => {
    setSent(false);
    await post(action, { email: address() });
    setSent(true);
    setWait(COOL_DOWN_S);
  };

  return (
    <div class="resend">
      <Failure>{failure}</Failure>
      <Status good>{sent && "A new code is on its way. If it does not arrive, look in your spam folder."}</Status>
      <p>
        No code yet?{" "}
        <button type="button" class="link" aria-disabled={waiting} onClick={() => waiting || void run(resend)}>
          Send a new code
        </button>
        {wait > 0 && <span aria-hidden="true"> in {wait} s</span>}
      </p>
    </div>
  );
}
