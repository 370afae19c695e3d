import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { explain } from "../errors.ts";

/** Runs one action at a time; what went wrong stays to be shown, until the next. */
export function useAction(): [run: (action: () => Promise<unknown>) => Promise<void>, busy: boolean, failure: string] {
  const running = useRef(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const run = async (action: () => Promise<unknown>) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setFailure("");
    try {
      await action();
    } catch (error) {
      setFailure(explain(error));
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return [run, busy, failure];
}

interface Props {
  onClick: () => void;
  busy?: boolean;
  kind?: string;
  label?: string;
  children: ComponentChildren;
}

export function Button({ onClick, busy = false, kind = "", label, children }: Props) {
  return (
    <button type="button" class={`button ${kind}`} aria-label={label} aria-disabled={busy} onClick={() => busy || onClick()}>
      {children}
    </button>
  );
}
