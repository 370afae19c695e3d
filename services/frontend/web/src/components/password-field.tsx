import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { RULES } from "../passwords.ts";
import { Field } from "./field.tsx";
import { CheckIcon, DotIcon, EyeIcon, EyeOffIcon } from "./icons.tsx";

interface Props {
  error: string | undefined;
  /** A new password is checked against the rules while it is typed. */
  isNew?: boolean;
}

/** A password that can be shown. Hidden again on submit, so that no browser remembers it as plain text. */
export function PasswordField({ error, isNew = false }: Props) {
  const [shown, setShown] = useState(false);
  const [password, setPassword] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const caret = useRef<[number | null, number | null]>([null, null]);

  useLayoutEffect(() => {
    const hide = () => setShown(false);
    const form = input.current?.form;
    form?.addEventListener("submit", hide);
    return () => form?.removeEventListener("submit", hide);
  }, []);
  // Changing the type of an input moves its caret.
  useLayoutEffect(() => input.current?.setSelectionRange(...caret.current), [shown]);

  const toggle = () => {
    caret.current = [input.current?.selectionStart ?? null, input.current?.selectionEnd ?? null];
    setShown(!shown);
  };

  return (
    <Field label="Password" name="password" error={error} hint={isNew && <Checklist password={password} />}>
      {(tied) => (
        <div class="with-toggle">
          <input
            {...tied}
            ref={input}
            type={(shown ? "text" : "password") as "password"}
            autocomplete={isNew ? "new-password" : "current-password"}
            autocapitalize="none"
            spellcheck={false}
            maxLength={256}
            required
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
          <button type="button" class="toggle" aria-label="Show password" aria-pressed={shown} onClick={toggle}>
            {shown ? <EyeOffIcon /> : <EyeIcon />}
          </button>
        </div>
      )}
    </Field>
  );
}

function Checklist({ password }: { password: string }) {
  return (
    <ul class="checklist" aria-label="Password rules">
      {RULES.map(({ label, holds }) => {
        const met = holds(password);
        return (
          <li key={label} data-met={met}>
            {met ? <CheckIcon /> : <DotIcon />}
            {label}
            <span class="visually-hidden">{met ? " (met)" : " (not met yet)"}</span>
          </li>
        );
      })}
    </ul>
  );
}
