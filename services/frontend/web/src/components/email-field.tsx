import type { ComponentChildren } from "preact";
import { pending } from "../pending.ts";
import { Field } from "./field.tsx";

interface Props {
  error: string | undefined;
  hint?: ComponentChildren;
  onChange?: (email: string) => void;
}

/** The address that names the account; begins with that of a sign-up under way. */
export function EmailField({ error, hint, onChange }: Props) {
  return (
    <Field label="Email" name="email" error={error} hint={hint}>
      {(tied) => (
        <input
          {...tied}
          type="email"
          autocomplete="username"
          inputMode="email"
          autocapitalize="none"
          spellcheck={false}
          maxLength={128}
          defaultValue={pending.email}
          required
          onInput={(event) => onChange?.(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
