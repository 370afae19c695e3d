import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, NetworkError } from "../src/api.ts";
import { Session, SessionOver } from "../src/session.ts";
import { browser, tokensInTurn, USER, type Call } from "./browser.ts";

async function restored(api: (call: Call) => ReturnType<Parameters<typeof browser>[0]>) {
  const around = browser(api);
  const session = new Session(around.surroundings);
  await session.restore();
  return { session, ...around };
}

test("a visitor who never signed in is anonymous without a single request", async () => {
  const around = browser(() => ({ status: 500 }));
  around.hint.present = false;
  const session = new Session(around.surroundings);
  await session.restore();
  assert.deepEqual(session.state, { status: "anonymous", reason: "none" });
  assert.deepEqual(around.calls, []);
});

test("a reload restores the session from the cookie", async () => {
  const { session, paths } = await restored(tokensInTurn().api);
  assert.deepEqual(session.state, { status: "signed-in", user: USER });
  assert.deepEqual(paths(), ["/auth/refresh", "/users/me"]);
});

test("a cookie that is worth nothing any more ends in a sign-in, and is not tried again", async () => {
  const { session, hint } = await restored(() => ({ status: 401, body: { code: "session_expired" } }));
  assert.deepEqual(session.state, { status: "anonymous", reason: "expired" });
  assert.equal(hint.present, false);
});

test("a network error while restoring does not sign the user out", async () => {
  const { session, hint } = await restored(() => "unreachable");
  assert.equal(session.state.status, "unreachable");
  assert.equal(hint.present, true);
});

test("calls at the same moment share one refresh", async () => {
  const { api, revoke } = tokensInTurn();
  const { session, paths } = await restored(api);
  revoke();
  await Promise.all([session.call("/a"), session.call("/b"), session.call("/c")]);
  assert.equal(paths().filter((path) => path === "/auth/refresh").length, 2, "one to restore, one for all three");
});

test("a 401 is answered with one refresh and one more try", async () => {
  const { api, revoke } = tokensInTurn();
  const { session, calls } = await restored(api);
  revoke();
  assert.deepEqual(await session.call("/products"), { path: "/products" });
  const last = calls.slice(2).map(({ path, bearer }) => [path, bearer]);
  assert.deepEqual(last, [["/products", "t1"], ["/auth/refresh", null], ["/products", "t2"]]);
});

test("a 401 that stays after the refresh ends the session", async () => {
  const { api } = tokensInTurn();
  const { session } = await restored((call) => (call.path === "/products" ? { status: 401, body: {} } : api(call)));
  await assert.rejects(session.call("/products"), ApiError);
  assert.deepEqual(session.state, { status: "anonymous", reason: "expired" });
});

test("a network error during a call or its refresh keeps the session", async () => {
  const { api } = tokensInTurn();
  let down = false;
  const { session, clock } = await restored((call) => (down ? "unreachable" : api(call)));
  down = true;
  await assert.rejects(session.call("/products"), NetworkError);
  clock.now = 601_000;
  await assert.rejects(session.call("/products"), NetworkError);
  assert.equal(session.state.status, "signed-in");
});

test("a token about to expire is refreshed before it is used", async () => {
  const { session, calls, clock } = await restored(tokensInTurn().api);
  clock.now = 590_000;
  await session.call("/products");
  assert.deepEqual(calls.slice(2).map(({ path, bearer }) => [path, bearer]), [["/auth/refresh", null], ["/products", "t2"]]);
});

test("signing out ends the session at the server, here and in the other tabs", async () => {
  const { session, paths, told, hint } = await restored(tokensInTurn().api);
  await session.signOut();
  assert.equal(paths().at(-1), "/auth/logout");
  assert.deepEqual(session.state, { status: "anonymous", reason: "signed-out" });
  assert.deepEqual(told, ["signed-out"]);
  assert.equal(hint.present, false);
});

test("a sign-out that does not reach the server changes nothing", async () => {
  const { api } = tokensInTurn();
  const { session, told } = await restored((call) => (call.path === "/auth/logout" ? "unreachable" : api(call)));
  await assert.rejects(session.signOut(), NetworkError);
  assert.equal(session.state.status, "signed-in");
  assert.deepEqual(told, []);
});

test("a refresh that ends after a sign-out does not bring the session back", async () => {
  const { api } = tokensInTurn();
  let finish = () => {};
  const held = new Promise<void>((resolve) => (finish = resolve));
  let hold = false;
  const { session, clock } = await restored(async (call) => {
    if (hold && call.path === "/auth/refresh") await held;
    return api(call);
  });
  hold = true;
  clock.now = 601_000;
  const call = session.call("/products");
  session.hear("signed-out");
  finish();
  await assert.rejects(call, SessionOver);
  assert.deepEqual(session.state, { status: "anonymous", reason: "signed-out" });
});

test("a sign-in keeps the token in memory and names the browser session", async () => {
  const around = browser(({ path }) => ({
    status: 200,
    body: path === "/auth/login" ? { access_token: "t1", expires_in: 600, user: USER } : {},
  }));
  const session = new Session(around.surroundings);
  await session.signIn(USER.email, "Correcthorse7b");
  await session.call("/products");
  assert.equal(around.calls[0]?.headers.get("X-Session"), "browser");
  assert.equal(around.calls[1]?.bearer, "t1");
  assert.deepEqual(session.state, { status: "signed-in", user: USER });
});

test("a sign-in that asks for a further step is a session only after its answer", async () => {
  const bodies: unknown[] = [];
  const around = browser(({ path, body }) => {
    bodies.push(body);
    if (path === "/auth/login") return { status: 200, body: { challenge: "SOFTWARE_TOKEN_MFA", session: "s1" } };
    return { status: 200, body: { access_token: "t1", expires_in: 600, user: USER } };
  });
  const session = new Session(around.surroundings);
  await session.signIn(USER.email, "x");
  assert.notEqual(session.state.status, "signed-in");
  assert.equal(session.challenge?.challenge, "SOFTWARE_TOKEN_MFA");
  await session.answer({ code: "123456" });
  assert.deepEqual(bodies[1], { session: "s1", code: "123456" });
  assert.deepEqual(session.state, { status: "signed-in", user: USER });
  assert.equal(session.challenge, null);
});

test("a wrong answer leaves the step to be answered again", async () => {
  const around = browser(({ path }) =>
    path === "/auth/login"
      ? { status: 200, body: { challenge: "SOFTWARE_TOKEN_MFA", session: "s1" } }
      : { status: 400, body: { code: "code_mismatch" } },
  );
  const session = new Session(around.surroundings);
  await session.signIn(USER.email, "x");
  await assert.rejects(session.answer({ code: "000000" }), ApiError);
  assert.equal(session.challenge?.session, "s1");
});

test("signing out everywhere says so to the server", async () => {
  const { session, calls } = await restored(tokensInTurn().api);
  await session.signOut(true);
  assert.deepEqual([calls.at(-1)?.path, calls.at(-1)?.body], ["/auth/logout", { everywhere: true }]);
});

test("a tab that hears of a sign-in is signed in too, even before it sees the hint", async () => {
  const around = browser(tokensInTurn().api);
  around.hint.present = false;
  const session = new Session(around.surroundings);
  await session.restore();
  const signedIn = new Promise<void>((resolve) => session.subscribe(() => session.state.status === "signed-in" && resolve()));
  session.hear("signed-in");
  await signedIn;
  assert.deepEqual(session.state, { status: "signed-in", user: USER });
});

test("an account that is deleted takes the session along, in every tab", async () => {
  const { session, calls, told, hint } = await restored(tokensInTurn().api);
  await session.deleteAccount("my password");
  assert.deepEqual([calls.at(-1)?.path, calls.at(-1)?.body], ["/users/me", { password: "my password" }]);
  assert.deepEqual(session.state, { status: "anonymous", reason: "deleted" });
  assert.deepEqual(told, ["signed-out"]);
  assert.equal(hint.present, false);
});

test("an account that could not be deleted is still signed in", async () => {
  const { api } = tokensInTurn();
  const refuse = (call: Call) => (call.body ? { status: 400, body: { code: "password_wrong" } } : null);
  const { session } = await restored((call) => (call.path === "/users/me" && refuse(call)) || api(call));
  await assert.rejects(session.deleteAccount("wrong"), ApiError);
  assert.equal(session.state.status, "signed-in");
});

test("an object that comes with an ETag carries it", async () => {
  const { api } = tokensInTurn();
  const tagged = { status: 200, body: { id: "p1" }, headers: { ETag: '"7"' } };
  const { session } = await restored((call) => (call.path === "/products/p1" ? tagged : api(call)));
  assert.deepEqual(await session.call("/products/p1"), { id: "p1", etag: '"7"' });
});
