import { NetworkError } from "../api.ts";
import { CardLayout } from "../components/layout.tsx";
import { Button } from "../components/action.tsx";
import { SignOutButton } from "../components/sign-out-button.tsx";
import { session } from "../current.ts";
import { explain } from "../errors.ts";

/** The session could not be restored, and is not over either: the person stays signed in and can try again. */
export function Unreachable({ error }: { error: unknown }) {
  const offline = error instanceof NetworkError;
  return (
    <CardLayout title={offline ? "No connection" : "Something is not working"}>
      <p class="lead" role="alert">
        {explain(error)} You are still signed in.
      </p>
      <div class="actions">
        <Button kind="primary" onClick={() => void session.restore()}>
          Try again
        </Button>
        {!offline && <SignOutButton />}
      </div>
    </CardLayout>
  );
}
