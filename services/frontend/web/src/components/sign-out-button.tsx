import { useState } from "preact/hooks";
import { session } from "../current.ts";
import { explain } from "../errors.ts";
import { Failure } from "./notice.tsx";

/** The session ends at the server before this tab forgets it: if that fails, it says so instead of pretending. */
export function SignOutButton() {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const signOut = async () => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await session.signOut();
    } catch (error) {
      setFailure(`You are still signed in. ${explain(error)}`);
    } finally {
      setBusy(false);
    }
  };

  return (
    <div class="sign-out">
      <button type="button" class="button" aria-disabled={busy} onClick={() => void signOut()}>
        {busy ? "Signing out…" : "Sign out"}
      </button>
      <Failure>{failure}</Failure>
    </div>
  );
}
