import type { ComponentChildren } from "preact";
import { AlertIcon, CheckIcon } from "./icons.tsx";

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

/** Something went well or is worth knowing: read out when the person pauses. */
export function Status({ children }: { children: ComponentChildren }) {
  return (
    <div role="status">
      {children && (
        <div class="notice">
          <CheckIcon />
          <div>{children}</div>
        </div>
      )}
    </div>
  );
}
