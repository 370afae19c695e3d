import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { passwordPolicy } from "../accounts.ts";
import { keeps, rulesOf, type Rule } from "../passwords.ts";
import { Field } from "./field.tsx";
import { CheckIcon, DotIcon, EyeIcon, EyeOffIcon } from "./icons.tsx";

interface Props {
  label?: string;
  name?: string;
  /** A new password is checked against the rules while it is typed. */
  isNew?: boolean;
}

/** A password that can be shown. Hidden again on submit, so that no browser remembers it as plain text. */
export function PasswordField({ label = "Password", name = "password", isNew = false }: Props) {
  const [shown, setShown] = useState(false);
  const [password, setPassword] = useState("");
  const rules = useRules(isNew);
  const toggle = useRef<HTMLButtonElement>(null);
  const caret = useRef<[number | null, number | null]>([0, 0]);
  const input = () => toggle.current?.previousElementSibling as HTMLInputElement | null | undefined;

  useLayoutEffect(() => {
    const hide = () => setShown(false);
    const form = toggle.current?.form;
    form?.addEventListener("submit", hide);
    return () => form?.removeEventListener("submit", hide);
  }, []);
  // Changing the type of an input moves its caret.
  useLayoutEffect(() => input()?.setSelectionRange(...caret.current), [shown]);

  const onToggle = () => {
    caret.current = [input()?.selectionStart ?? null, input()?.selectionEnd ?? null];
    setShown(!shown);
  };

  return (
    <Field
      label={label}
      name={name}
      type={shown ? "text" : "password"}
      wrong={isNew && password ? "Choose a password that meets every rule below." : "Enter a password."}
      pattern={rules.map(({ pattern }) => `(?=${pattern})`).join("") + ".*"}
      autocomplete={isNew ? "new-password" : "current-password"}
      autocapitalize="none"
      spellcheck={false}
      maxLength={256}
      onInput={(event) => setPassword(event.currentTarget.value)}
      hint={isNew && <Checklist rules={rules} password={password} />}
      beside={
        <button ref={toggle} type="button" class="toggle" aria-label={`Show ${label.toLowerCase()}`} aria-pressed={shown} onClick={onToggle}>
          {shown ? <EyeOffIcon /> : <EyeIcon />}
        </button>
      }
    />
  );
}

/** The rules for new passwords; none as long as they are not known: the server holds to them in any case. */
function useRules(wanted: boolean): Rule[] {
  const [rules, setRules] = useState<Rule[]>([]);
  useEffect(() => {
    if (wanted) void passwordPolicy().then((policy) => setRules(rulesOf(policy)), () => {});
  }, []);
  return rules;
}

function Checklist({ rules, password }: { rules: Rule[]; password: string }) {
  return (
    <ul class="checklist" aria-label="Password rules">
      {rules.map((rule) => {
        const met = keeps(password, rule);
        return (
          <li key={rule.label} data-met={met}>
            {met ? <CheckIcon /> : <DotIcon />}
            {rule.label}
            <span class="visually-hidden">{met ? " (met)" : " (not met yet)"}</span>
          </li>
        );
      })}
    </ul>
  );
}
