/**
 * The account that waits for its code. The address outlives a reload (people leave to read their mail); the password
 * stays in memory, so that a confirmed person is signed in at once, and is gone with the page.
 */

/** Which page the person came from: after "sign-up" a code was sent just now. */
type Origin = "sign-up" | "sign-in";

const EMAIL = "pendingEmail";
let password = "";
let origin: Origin | null = null;

export const pending = {
  /** "" when no account waits. */
  get email(): string {
    return sessionStorage.getItem(EMAIL) ?? "";
  },
  /** "" after a reload. */
  get password(): string {
    return password;
  },
  /** null after a reload. */
  get origin(): Origin | null {
    return origin;
  },
  begin(address: string, secret: string, from: Origin): void {
    sessionStorage.setItem(EMAIL, address);
    password = secret;
    origin = from;
  },
  forgetPassword(): void {
    password = "";
  },
  clear(): void {
    sessionStorage.removeItem(EMAIL);
    password = "";
    origin = null;
  },
};
