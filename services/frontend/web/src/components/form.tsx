/** What every form does: checks, one request at a time, and errors put where the person can act on them. */

import { createContext, type ComponentChildren } from "preact";
import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";
import { explain, fieldErrors } from "../errors.ts";
import { Failure } from "./notice.tsx";

/** The text of the form's fields, by name: the API's names, so that its errors find them. */
export type Values = Record<string, string>;
export type Errors = Record<string, string>;
type Control = HTMLInputElement;

const FormErrors = createContext<Errors>({});

/** What is wrong with the field, if anything. */
export function useFieldError(name: string): string {
  return useContext(FormErrors)[name] ?? "";
}

interface Props {
  /** What the button says, and what it does. */
  submit: string;
  save: (values: Values) => Promise<unknown>;
  /** What the fields' own rules cannot say; "" is well. */
  check?: (values: Values) => Errors;
  danger?: boolean;
  onCancel?: () => void;
  children?: ComponentChildren;
}

/**
 * Sends its fields once they keep their own rules (`required`, `pattern`, `type`; a field's `data-wrong` says what to
 * do about it). A refusal is shown at the fields it is about, the first of which gets the focus, or above them.
 */
export function Form({ submit, save, check, danger, onCancel, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [[failure, errors], setOutcome] = useState<[string, Errors]>(["", {}]);
  const running = useRef(false);

  useLayoutEffect(() => controls(form.current).find(({ name }) => errors[name])?.focus(), [errors]);

  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const sent = form.current;
    if (running.current || sent === null) return;
    const values = valuesOf(sent);
    const wrong = { ...broken(sent), ...check?.(values) };
    if (Object.values(wrong).some(Boolean)) return setOutcome(["", wrong]);
    running.current = true;
    setBusy(true);
    setOutcome(["", {}]);
    try {
      await save(values);
    } catch (error) {
      setOutcome(sort(error, sent));
    } finally {
      running.current = false;
      setBusy(false);
    }
  };

  const onInput = ({ target }: Event) => {
    // The same object, so that the focus stays where it is.
    errors[(target as Control).name] = "";
    setOutcome([failure, errors]);
  };

  return (
    <form ref={form} onSubmit={onSubmit} onInput={onInput} noValidate>
      <Failure>{failure}</Failure>
      <FormErrors.Provider value={{ ...errors }}>{children}</FormErrors.Provider>
      <div class="actions">
        <button class={danger ? "button danger" : "button primary"} aria-disabled={busy} aria-busy={busy}>
          {busy && <span class="spinner" />}
          {submit}
        </button>
        {onCancel && (
          <button type="button" class="button" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}

/** Passwords as they are, everything else without the spaces around it. */
function valuesOf(form: HTMLFormElement): Values {
  const fields = [...new FormData(form)] as [string, string][];
  return Object.fromEntries(fields.map(([name, text]) => [name, name.includes("password") ? text : text.trim()]));
}

function controls(form: HTMLFormElement | null): Control[] {
  return [...(form?.elements ?? [])] as Control[];
}

/** The fields that break their own rules. */
function broken(form: HTMLFormElement): Errors {
  const wrong = controls(form).filter(({ name, validity }) => name && !validity.valid);
  return Object.fromEntries(wrong.map(({ name, dataset, validationMessage }) => [name, dataset["wrong"] ?? validationMessage]));
}

/** The refusal as (sentence for the whole, errors of fields that this form has). */
function sort(error: unknown, form: HTMLFormElement): [string, Errors] {
  const known = Object.entries(fieldErrors(error)).filter(([name]) => form.elements.namedItem(name) !== null);
  return [known.length > 0 ? "" : explain(error), Object.fromEntries(known)];
}
