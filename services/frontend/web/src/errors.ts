/** Every refusal in words for the person who reads it: the one place where codes become sentences. */

import { ApiError, NetworkError } from "./api.ts";
import { SessionOver } from "./session.ts";

const SENTENCES: Readonly<Record<string, string>> = {
  invalid_credentials: "Email or password is incorrect.",
  password_wrong: "This is not your current password.",
  password_invalid: "Choose a password that meets every rule below.",
  code_mismatch: "That code is wrong or has expired. Check it, or use a new one.",
  code_delivery_failed: "We could not send a code to this address. Check it and try again.",
  session_expired: "This took too long. Sign in again.",
  challenge_unsupported: "This account needs a step to sign in that is not offered here. Ask an administrator for help.",
  too_many_requests: "Too many attempts. Wait a few minutes and try again.",
  origin_not_allowed: "This page was opened at an address that is not its own. Open the app at its own address.",
  invalid_request: "Some of this is not right yet. Check what you entered.",
  precondition_failed: "Someone else changed this meanwhile. Save again to replace their version, or cancel to keep it.",
  not_yourself: "You cannot do this to your own account.",
  not_owner: "Only the owner can change this.",
  forbidden: "You are not allowed to do this.",
  not_found: "This no longer exists.",
};

const UNREACHABLE = "We cannot reach the server. Check your connection and try again.";
const UNAVAILABLE = "This is not available right now. Try again in a moment.";
const OVER = "Your session has ended. Sign in again.";
const UNKNOWN = "Something went wrong on our side. Try again.";

/** One sentence for whatever was thrown; one that nobody foresaw carries the request id to quote to support. */
export function explain(error: unknown): string {
  if (error instanceof NetworkError) return UNREACHABLE;
  if (error instanceof SessionOver) return OVER;
  if (!(error instanceof ApiError)) return UNKNOWN;
  const known = SENTENCES[error.code];
  if (known !== undefined) return known;
  const sentence = error.status >= 502 && error.status <= 504 ? UNAVAILABLE : UNKNOWN;
  return error.requestId === "" ? sentence : `${sentence} (Reference: ${error.requestId})`;
}

/** The sentence for each form field that the API refused, by the field's name. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  const sentence = explain(error);
  if (error.code === "code_mismatch") return { code: sentence };
  if (error.code === "password_invalid") return { password: sentence, new_password: sentence };
  if (error.code === "password_wrong") return { current_password: sentence, password: sentence };
  return Object.fromEntries(error.fields.map(({ field, message }) => [field, asSentence(message)]));
}

function asSentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
