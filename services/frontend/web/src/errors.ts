/** Every refusal in words for the person who reads it: the one place where codes become sentences. */

import { ApiError, NetworkError } from "./api.ts";
import { ChallengeError, SessionOver } from "./session.ts";

const SENTENCES: Readonly<Record<string, string>> = {
  invalid_credentials: "Email or password is incorrect.",
  user_not_confirmed: "Your email address is not confirmed yet. Enter the code we sent you.",
  password_reset_required: "Your password has to be reset before you can sign in. Ask an administrator for help.",
  password_invalid: "Choose a password that meets every rule below.",
  code_mismatch: "That code is wrong or has expired. Check it, or send a new one.",
  code_expired: "That code has expired. Send a new one.",
  code_delivery_failed: "We could not send a code to this address. Check it and try again.",
  too_many_requests: "Too many attempts. Wait a few minutes and try again.",
  origin_not_allowed: "This page was opened at an address that is not its own. Open the app at its own address.",
  invalid_request: "Some of this is not right yet. Check what you entered.",
  forbidden: "You are not allowed to do this.",
  not_found: "This no longer exists.",
};

const UNREACHABLE = "We cannot reach the server. Check your connection and try again.";
const UNAVAILABLE = "This is not available right now. Try again in a moment.";
const OVER = "Your session has ended. Sign in again.";
const CHALLENGE = "This account needs one more step to sign in, which is not offered here yet. Ask an administrator for help.";
const UNKNOWN = "Something went wrong on our side. Try again.";

/** One sentence for whatever was thrown; one that nobody foresaw carries the request id to quote to support. */
export function explain(error: unknown): string {
  if (error instanceof NetworkError) return UNREACHABLE;
  if (error instanceof SessionOver) return OVER;
  if (error instanceof ChallengeError) return CHALLENGE;
  if (!(error instanceof ApiError)) return UNKNOWN;
  const known = SENTENCES[error.code];
  if (known !== undefined) return known;
  const sentence = error.status >= 502 && error.status <= 504 ? UNAVAILABLE : UNKNOWN;
  return error.requestId === "" ? sentence : `${sentence} (Reference: ${error.requestId})`;
}

/** The sentence for each form field that the API refused, by the field's name. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  if (error.code === "password_invalid") return { password: explain(error) };
  return Object.fromEntries(error.fields.map(({ field, message }) => [field, asSentence(message)]));
}

function asSentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
