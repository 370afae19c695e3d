import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** What ties an input to its label, its hint and its error: spread it over the input. */
export interface Tied {
  id: string;
  name: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

interface FieldProps {
  label: string;
  name: string;
  error: string | undefined;
  hint?: ComponentChildren;
  optional?: boolean;
  children: (tied: Tied) => ComponentChildren;
}

export function Field({ label, name, error, hint, optional, children }: FieldProps) {
  const id = useId();
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
  const tied: Tied = {
    id,
    name,
    "aria-describedby": described || undefined,
    "aria-invalid": error ? true : undefined,
  };
  return (
    <div class="field">
      <label for={id}>
        {label}
        {optional && <span class="optional"> (optional)</span>}
      </label>
      {children(tied)}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {hint && (
        <div class="hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
    </div>
  );
}
