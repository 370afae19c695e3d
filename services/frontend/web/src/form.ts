/** What every form does: checks, one request at a time, and errors put where the person can act on them. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { explain, fieldErrors } from "./errors.ts";

export type Values<Name extends string> = Record<Name, string>;
export type Errors = Record<string, string>;

interface Outcome {
  busy: boolean;
  /** What went wrong with the whole, as a sentence. */
  failure: string | null;
  /** What is wrong with single fields, by their names. */
  errors: Errors;
  /** Counts the refusals, so that each one moves the focus to the first field at fault. */
  refusals: number;
}

/**
 * `check` returns what is wrong before anything is sent; `save` sends, and its refusal is shown. Both are given the
 * text of the form's fields by name.
 */
export function useForm<Name extends string>(
  check: (values: Values<Name>) => Errors,
  save: (values: Values<Name>) => Promise<void>,
) {
  const [outcome, setOutcome] = useState<Outcome>({ busy: false, failure: null, errors: {}, refusals: 0 });
  const busy = useRef(false);
  const form = useRef<HTMLFormElement>(null);

  useLayoutEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [outcome.refusals]);

  const refuse = (failure: string | null, errors: Errors) =>
    setOutcome(({ refusals }) => ({ busy: false, failure, errors, refusals: refusals + 1 }));

  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy.current || form.current === null) return;
    const values = Object.fromEntries(new FormData(form.current)) as Values<Name>;
    const wrong = check(values);
    if (Object.keys(wrong).length > 0) return refuse(null, wrong);
    busy.current = true;
    setOutcome((last) => ({ ...last, busy: true, failure: null, errors: {} }));
    try {
      await save(values);
      setOutcome((last) => ({ ...last, busy: false }));
    } catch (error) {
      refuse(...sort(error, form.current));
    } finally {
      busy.current = false;
    }
  };

  const onInput = (event: Event) => {
    const { name } = event.target as HTMLInputElement;
    if (name in outcome.errors) setOutcome((last) => ({ ...last, errors: { ...last.errors, [name]: "" } }));
  };

  return { ...outcome, attributes: { ref: form, onSubmit, onInput, noValidate: true } };
}

/** The refusal as (sentence for the whole, errors of fields that this form has). */
function sort(error: unknown, form: HTMLFormElement): [string | null, Errors] {
  const here: Errors = {};
  const elsewhere: string[] = [];
  for (const [name, message] of Object.entries(fieldErrors(error))) {
    if (form.elements.namedItem(name) === null) elsewhere.push(`${name}: ${message}`);
    else here[name] = message;
  }
  const tied = Object.keys(here).length > 0 && elsewhere.length === 0;
  return [tied ? null : [explain(error), ...elsewhere].join(" "), here];
}

/** The checks that forms share; each returns "" when all is well. */
export function required(value: string, message: string): string {
  return value.trim() === "" ? message : "";
}

export function email(value: string): string {
  if (value.trim() === "") return "Enter your email address.";
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value.trim()) ? "" : "Enter an email address like name@example.com.";
}

/** Only those fields that have something wrong. */
export function onlyWrong(errors: Errors): Errors {
  return Object.fromEntries(Object.entries(errors).filter(([, message]) => message !== ""));
}
