/** Accounts: the calls that need no session. Each throws ApiError or NetworkError. */

import { send } from "./api.ts";
import type { Policy } from "./passwords.ts";

type Action = "signup" | "confirm" | "resend" | "forgot" | "reset";

/** Posts to `/auth/<action>`; `body` has the members that the API asks for. */
export function post(action: Action, body: Record<string, string>): Promise<unknown> {
  return ask(`/auth/${action}`, { method: "POST", headers: { "X-Session": "browser" }, body });
}

let policy: Promise<Policy> | null = null;

/** The rules for passwords, asked for once. */
export function passwordPolicy(): Promise<Policy> {
  policy ??= ask("/auth/password-policy") as Promise<Policy>;
  policy.catch(() => (policy = null));
  return policy;
}

function ask(path: string, request?: Parameters<typeof send>[2]): Promise<unknown> {
  return send((url, init) => fetch(url, init), path, request);
}
