import type { ComponentChildren } from "preact";

interface Props {
  busy: boolean;
  /** What it says while it works, such as "Signing in…". */
  working: string;
  children: ComponentChildren;
}

/** Submits its form. While busy it keeps the focus and says so; the form itself ignores a second press. */
export function SubmitButton({ busy, working, children }: Props) {
  return (
    <button type="submit" class="button primary" aria-disabled={busy} aria-busy={busy}>
      {busy && <span class="spinner" aria-hidden="true" />}
      {busy ? working : children}
    </button>
  );
}
