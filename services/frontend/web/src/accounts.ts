/** Signing up: the calls that need no session. Each throws ApiError or NetworkError. */

import { send } from "./api.ts";

interface SignedUp {
  user_confirmed: boolean;
}

export async function signUp(name: string, email: string, password: string): Promise<SignedUp> {
  return (await post("/auth/signup", { name, email, password })) as SignedUp;
}

export async function confirm(email: string, code: string): Promise<void> {
  await post("/auth/confirm", { email, code });
}

export async function resendCode(email: string): Promise<void> {
  await post("/auth/resend", { email });
}

function post(path: string, body: unknown): Promise<unknown> {
  const browser = { "X-Session": "browser" };
  return send((url, init) => fetch(url, init), path, { method: "POST", headers: browser, body });
}
