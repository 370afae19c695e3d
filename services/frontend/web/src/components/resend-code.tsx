import { useEffect, useState } from "preact/hooks";
import { resendCode } from "../accounts.ts";
import { explain } from "../errors.ts";
import { email as checkEmail } from "../form.ts";
import { Failure, Status } from "./notice.tsx";

const COOL_DOWN_S = 30;

/** Sends a new code, at most one in half a minute. The count-down is for the eye only: read out, it would chatter. */
export function ResendCode({ address, justSent }: { address: string; justSent: boolean }) {
  const [wait, setWait] = useState(justSent ? COOL_DOWN_S : 0);
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  useEffect(() => {
    if (wait === 0) return;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);

  const resend = async () => {
    if (busy || wait > 0) return;
    setSent(false);
    const wrong = checkEmail(address);
    setFailure(wrong || null);
    if (wrong) return;
    setBusy(true);
    try {
      await resendCode(address.trim());
      setSent(true);
      setWait(COOL_DOWN_S);
    } catch (error) {
      setFailure(explain(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div class="resend">
      <Failure>{failure}</Failure>
      <Status good>{sent && "A new code is on its way. If it does not arrive, look in your spam folder."}</Status>
      <p>
        No code yet?{" "}
        <button type="button" class="link" aria-disabled={busy || wait > 0} onClick={() => void resend()}>
          Send a new code
        </button>
        {wait > 0 && <span aria-hidden="true"> in {wait} s</span>}
      </p>
    </div>
  );
}
