/** The rules of the user pool's password policy (components/auth.py), as a checklist. */

export interface Rule {
  label: string;
  holds: (password: string) => boolean;
}

export const RULES: readonly Rule[] = [
  { label: "At least 12 characters", holds: (password) => password.length >= 12 },
  { label: "A lower-case letter", holds: (password) => /[a-z]/.test(password) },
  { label: "An upper-case letter", holds: (password) => /[A-Z]/.test(password) },
  { label: "A number", holds: (password) => /[0-9]/.test(password) },
];

/** What is wrong with a new password, "" when nothing is. */
export function newPassword(password: string): string {
  if (password === "") return "Enter a password.";
  return RULES.every(({ holds }) => holds(password)) ? "" : "Choose a password that meets every rule below.";
}
