import type { ComponentChildren, ComponentType, InputHTMLAttributes } from "preact";
import { useId } from "preact/hooks";
import { pending } from "../pending.ts";
import { useFieldError } from "./form.tsx";

type Attributes = Omit<InputHTMLAttributes<HTMLInputElement>, "label" | "name">;

interface FieldProps extends Attributes {
  label: string;
  name: string;
  /** The sentence for whoever leaves it empty or breaks its pattern. */
  wrong?: string;
  hint?: ComponentChildren;
  as?: "input" | "textarea" | "select";
  /** Stands beside the control, inside its frame. */
  beside?: ComponentChildren;
}

const SOMETHING = ".*\\S.*";

/** One labelled control, tied to its hint and its error. Whatever else is given becomes an attribute of the control. */
export function Field({ label, name, wrong, hint, as = "input", beside, children, ...attributes }: FieldProps) {
  const id = useId();
  const error = useFieldError(name);
  const Control = as as unknown as ComponentType<Record<string, unknown>>;
  const described = [error && `${id}-e`, hint && `${id}-h`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="control">
        <Control
          id={id}
          name={name}
          aria-describedby={described || undefined}
          aria-invalid={error ? true : undefined}
          data-wrong={wrong}
          required={wrong !== undefined}
          {...(wrong !== undefined && as === "input" && { pattern: SOMETHING })}
          {...attributes}
        >
          {children}
        </Control>
        {beside}
      </div>
      {error && (
        <p class="field-error" id={`${id}-e`}>
          {error}
        </p>
      )}
      {hint && (
        <div class="hint" id={`${id}-h`}>
          {hint}
        </div>
      )}
    </div>
  );
}

/** The address that names the account; begins with that of a sign-up under way. */
export function EmailField(more: Partial<FieldProps>) {
  return (
    <Field
      label="Email"
      name="email"
      wrong="Enter an email address like name@example.com."
      type="email"
      pattern="\s*[^\s@]+@[^\s@]+\.[^\s@]+\s*"
      autocomplete="username"
      autocapitalize="none"
      maxLength={128}
      defaultValue={pending.email}
      {...more}
    />
  );
}

/** A code as people paste it: "123 456" and "123-456" are meant well. */
export function CodeField() {
  return (
    <Field
      label="Code"
      name="code"
      wrong="Enter the 6 digits of the code."
      class="code"
      pattern="\s*\d{3}[\s\-]?\d{3}\s*"
      inputMode="numeric"
      autocomplete="one-time-code"
      maxLength={9}
    />
  );
}

export function digits(code: string | undefined): string {
  return (code ?? "").replace(/\D/g, "");
}
