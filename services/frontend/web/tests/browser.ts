/** A browser's surroundings for a session, and an API that answers as told. */

import type { Surroundings } from "../src/session.ts";

export interface Call {
  path: string;
  bearer: string | null;
  headers: Headers;
  body: unknown;
}

type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | "unreachable";

export const USER = { id: "u1", email: "ada@example.com", name: "Ada", groups: [], created_at: "2026-01-01T00:00:00Z" };

/** `api` answers each call; the counters and records are there to be looked at. */
export function browser(api: (call: Call) => Answer | Promise<Answer>) {
  const calls: Call[] = [];
  const told: string[] = [];
  const hint = { present: true };
  const clock = { now: 0 };
  const surroundings: Surroundings = {
    fetch: async (url, init) => {
      const headers = new Headers(init.headers);
      const bearer = headers.get("Authorization")?.replace("Bearer ", "") ?? null;
      const body = JSON.parse(String(init.body ?? null)) as unknown;
      const call = { path: url.replace("/api/v1", ""), bearer, headers, body };
      calls.push(call);
      const answer = await api(call);
      if (answer === "unreachable") throw new TypeError("Failed to fetch");
      const text = answer.body === undefined ? null : JSON.stringify(answer.body);
      return new Response(text, { status: answer.status, headers: answer.headers ?? {} });
    },
    exclusively: (task) => task(),
    hint: { get: () => hint.present, set: (present) => (hint.present = present) },
    tell: (message) => told.push(message),
    now: () => clock.now,
  };
  return { surroundings, calls, told, hint, clock, paths: () => calls.map(({ path }) => path) };
}

/** An API where each refresh gives the next token (t1, t2, ...) and only the newest one is accepted. */
export function tokensInTurn() {
  let issued = 0;
  const revoked = new Set<string>();
  const api = ({ path, bearer }: Call): Answer => {
    if (path === "/auth/refresh") return { status: 200, body: { access_token: `t${++issued}`, expires_in: 600 } };
    if (path === "/auth/logout") return { status: 204 };
    const accepted = bearer === `t${issued}` && !revoked.has(bearer);
    if (!accepted) return { status: 401, body: { code: "token_expired" } };
    return { status: 200, body: path === "/users/me" ? USER : { path } };
  };
  return { api, revoke: () => revoked.add(`t${issued}`) };
}
