import { session } from "../current.ts";
import { Button, useAction } from "./action.tsx";
import { Failure } from "./notice.tsx";

/** The session ends at the server before this tab forgets it: if that fails, it says so instead of pretending. */
export function SignOutButton({ everywhere = false }: { everywhere?: boolean }) {
  const [run, busy, failure] = useAction();
  return (
    <div class="sign-out">
      <Button busy={busy} onClick={() => void run(() => session.signOut(everywhere))}>
        {everywhere ? "Sign out everywhere" : "Sign out"}
      </Button>
      <Failure>{failure && `You are still signed in. ${failure}`}</Failure>
    </div>
  );
}
