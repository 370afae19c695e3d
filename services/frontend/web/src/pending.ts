/**
 * The account that waits for its code. The address outlives a reload (people leave to read their mail); the password
 * stays in memory, so that a confirmed person is signed in at once, and is gone with the page.
 */

/** Which page the person came from: after "sign-up" and "forgot" a code was sent just now. */
type Origin = "sign-up" | "sign-in" | "forgot";

const EMAIL = "pendingEmail";

export const pending = {
  /** "" when no account waits. */
  get email(): string {
    return sessionStorage.getItem(EMAIL) ?? "";
  },
  /** "" after a reload. */
  password: "",
  /** null after a reload. */
  origin: null as Origin | null,
  begin(address: string, password: string, origin: Origin): void {
    sessionStorage.setItem(EMAIL, address);
    Object.assign(pending, { password, origin });
  },
  clear(): void {
    sessionStorage.removeItem(EMAIL);
    Object.assign(pending, { password: "", origin: null });
  },
};
