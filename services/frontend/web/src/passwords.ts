/** The user pool's password policy, as a checklist. */

/** The answer of GET auth/password-policy. */
export interface Policy {
  minimum_length: number;
  require_lowercase: boolean;
  require_uppercase: boolean;
  require_numbers: boolean;
  require_symbols: boolean;
}

export interface Rule {
  label: string;
  /** What a password that keeps the rule matches, as a source for a lookahead. */
  pattern: string;
}

/** Symbols are ASCII's punctuation and the blank, as Cognito counts them. */
export function rulesOf(policy: Policy): Rule[] {
  const rules: [boolean, string, string][] = [
    [true, `At least ${policy.minimum_length} characters`, `.{${policy.minimum_length}}`],
    [policy.require_lowercase, "A lower-case letter", ".*[a-z]"],
    [policy.require_uppercase, "An upper-case letter", ".*[A-Z]"],
    [policy.require_numbers, "A number", ".*[0-9]"],
    [policy.require_symbols, "A symbol, such as ! or -", ".*[\\x20-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e]"],
  ];
  return rules.filter(([needed]) => needed).map(([, label, pattern]) => ({ label, pattern }));
}

export function keeps(password: string, rule: Rule): boolean {
  return new RegExp(`^${rule.pattern}`).test(password);
}
