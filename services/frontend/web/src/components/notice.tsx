import type { ComponentChildren } from "preact";
import { AlertIcon, CheckIcon, InfoIcon } from "./icons.tsx";

/** Something failed: read out at once. Always in the page, so that its change is noticed; empty, it takes no room. */
export function Failure({ children }: { children: ComponentChildren }) {
  return (
    <div role="alert">
      {children && (
        <div class="notice failure">
          <AlertIcon />
          <div>{children}</div>
        </div>
      )}
    </div>
  );
}

/** Something went well (`good`) or is worth knowing: read out when the person pauses. */
export function Status({ good = false, children }: { good?: boolean; children: ComponentChildren }) {
  return (
    <div role="status">
      {children && (
        <div class={good ? "notice good" : "notice"}>
          {good ? <CheckIcon /> : <InfoIcon />}
          <div>{children}</div>
        </div>
      )}
    </div>
  );
}
