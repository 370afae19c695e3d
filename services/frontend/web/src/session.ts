/**
 * Who is signed in, in this tab. The access token lives in this module's memory alone; the refresh token in a cookie
 * that no script can read. Tabs take turns to refresh, so that a rotated refresh token is never used twice.
 */

import { ApiError, send, type Fetch, type Request } from "./api.ts";

export interface User {
  id: string;
  email: string;
  name: string;
  groups: string[];
  created_at: string;
}

type Ending = "signed-out" | "expired" | "deleted";

export type State =
  | { status: "restoring" }
  | { status: "unreachable"; error: unknown }
  | { status: "anonymous"; reason: "none" | Ending }
  | { status: "signed-in"; user: User };

/** The call belongs to a session that is over, here or in another tab: its outcome is nobody's any more. */
export class SessionOver extends Error {}

/** The step that the pool asks for before it signs somebody in; `session` names the attempt at the server. */
export interface Challenge {
  challenge: string;
  session: string;
  /** MFA_SETUP only: what an authenticator app is given. */
  secret?: string;
  otpauth_uri?: string;
}

interface Tokens {
  access_token: string;
  expires_in: number;
}
interface Token {
  value: string;
  /** The time (ms since 1970) from which it is refreshed before use. */
  staleAt: number;
}
type Login = (Tokens & { user: User }) | Challenge;
type TabMessage = "signed-in" | "signed-out";

/** What the session needs of the browser. */
export interface Surroundings {
  fetch: Fetch;
  /** Runs `task` while no other tab runs one. */
  exclusively: <T>(task: () => Promise<T>) => Promise<T>;
  /** Remembers, without a secret, that a session cookie probably exists. */
  hint: { get: () => boolean; set: (present: boolean) => void };
  /** Tells the other tabs. */
  tell: (message: TabMessage) => void;
  now: () => number;
}

const BROWSER = { "X-Session": "browser" };
const REFRESH_BEFORE_MS = 15_000;

export class Session {
  #state: State = { status: "restoring" };
  #token: Token | null = null;
  /** Moves on with each sign-in and sign-out: what an older era fetched is thrown away. */
  #era = 0;
  #refreshing: Promise<void> | null = null;
  #challenge: Challenge | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  get state(): State {
    return this.#state;
  }

  /** What the sign-in under way waits for. */
  get challenge(): Challenge | null {
    return this.#challenge;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Finds out whether the cookie still opens a session. Never throws: the outcome is the state. */
  async restore(): Promise<void> {
    const era = this.#begin();
    if (!this.#around.hint.get()) return this.#become({ status: "anonymous", reason: "none" });
    this.#become({ status: "restoring" });
    try {
      const user = (await this.call("/users/me")) as User;
      if (era === this.#era) this.#become({ status: "signed-in", user });
    } catch (error) {
      if (era === this.#era && this.#state.status === "restoring") this.#become({ status: "unreachable", error });
    }
  }

  /** Signs in, or leaves the step that comes before in `challenge`. Throws ApiError or NetworkError. */
  signIn(email: string, password: string): Promise<void> {
    return this.#enter("/auth/login", { email, password });
  }

  /** Answers `challenge`: as `signIn`. */
  answer(answer: { new_password: string } | { code: string }): Promise<void> {
    return this.#enter("/auth/challenge", { session: this.#challenge?.session, ...answer });
  }

  /** Ends the session at the server first: when that fails it throws and nothing has changed. */
  async signOut(everywhere = false): Promise<void> {
    await this.#around.exclusively(() => this.#auth("/auth/logout", { everywhere }));
    this.#leave("signed-out");
  }

  /** Deletes the account, and with it the session. Throws ApiError or NetworkError, and nothing has changed. */
  async deleteAccount(password: string): Promise<void> {
    await this.call("/users/me", { method: "DELETE", body: { password } });
    this.#leave("deleted");
  }

  /** The user changed something about themselves. */
  update(user: User): void {
    this.#become({ status: "signed-in", user });
  }

  /** Another tab signed in or out. */
  hear(message: TabMessage): void {
    if (message === "signed-out") return this.#end("signed-out");
    // The message may be here before what the other tab stored.
    this.#around.hint.set(true);
    void this.restore();
  }

  /**
   * Calls the API as the signed-in user: refreshes a stale token first, and on a 401 refreshes and tries again, once.
   * A 401 that stays ends the session; a network error never does.
   */
  async call(path: string, request: Request = {}): Promise<unknown> {
    const era = this.#era;
    const token = this.#isFresh() ? this.#token : await this.#refresh(era);
    try {
      return await this.#sendAs(token, path, request, era);
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
    }
    const renewed = this.#token === token ? await this.#refresh(era) : this.#token;
    try {
      return await this.#sendAs(renewed, path, request, era);
    } catch (error) {
      if (isUnauthorized(error)) this.#end("expired");
      throw error;
    }
  }

  async #enter(path: string, body: unknown): Promise<void> {
    const login = (await this.#around.exclusively(() => this.#auth(path, body))) as Login;
    if ("challenge" in login) {
      this.#challenge = login;
      return;
    }
    this.#begin();
    this.#keep(login);
    this.#around.hint.set(true);
    this.#become({ status: "signed-in", user: login.user });
    this.#around.tell("signed-in");
  }

  async #sendAs(token: Token | null, path: string, request: Request, era: number): Promise<unknown> {
    const headers = { ...request.headers, Authorization: `Bearer ${token?.value ?? ""}` };
    try {
      return await send(this.#around.fetch, path, { ...request, headers });
    } finally {
      this.#check(era);
    }
  }

  #auth(path: string, body: unknown): Promise<unknown> {
    return send(this.#around.fetch, path, { method: "POST", headers: BROWSER, body });
  }

  #isFresh(): boolean {
    return this.#token !== null && this.#around.now() < this.#token.staleAt;
  }

  #check(era: number): void {
    if (era !== this.#era) throw new SessionOver("this session is over");
  }

  async #refresh(era: number): Promise<Token | null> {
    this.#refreshing ??= this.#refreshOnce(era);
    await this.#refreshing;
    this.#check(era);
    return this.#token;
  }

  async #refreshOnce(era: number): Promise<void> {
    try {
      const tokens = (await this.#around.exclusively(() => this.#auth("/auth/refresh", {}))) as Tokens;
      if (era === this.#era) this.#keep(tokens);
    } catch (error) {
      if (isUnauthorized(error) && era === this.#era) this.#end("expired");
      throw error;
    } finally {
      if (era === this.#era) this.#refreshing = null;
    }
  }

  #keep({ access_token, expires_in }: Tokens): void {
    this.#token = { value: access_token, staleAt: this.#around.now() + expires_in * 1000 - REFRESH_BEFORE_MS };
  }

  #begin(): number {
    this.#token = null;
    this.#refreshing = null;
    this.#challenge = null;
    return ++this.#era;
  }

  #leave(reason: Ending): void {
    this.#end(reason);
    this.#around.tell("signed-out");
  }

  #end(reason: Ending): void {
    this.#begin();
    this.#around.hint.set(false);
    this.#become({ status: "anonymous", reason });
  }

  #become(state: State): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}
