/** Small rules that decide what people read and where they go. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, NetworkError } from "../src/api.ts";
import { explain, fieldErrors } from "../src/errors.ts";
import { amountText, formatAmount, parseAmount } from "../src/money.ts";
import { safeNext } from "../src/next.ts";

const ORIGIN = "https://app.example.com";

test("a path of this origin is a place to go to after signing in", () => {
  assert.equal(safeNext("/dashboard?page=2", ORIGIN), "/dashboard?page=2");
});

for (const next of [
  null, "", "dashboard", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example",
  "\\/evil.example", "/..//evil.example", "javascript:alert(1)", "/login?next=/login", "/signup", "/confirm",
  "/forgot", "/reset/", "/challenge",
]) {
  test(`${JSON.stringify(next)} is not, and the dashboard is taken instead`, () => {
    assert.equal(safeNext(next, ORIGIN), "/dashboard");
  });
}

test("a known code becomes its sentence", () => {
  assert.equal(explain(new ApiError(401, { code: "invalid_credentials" })), "Email or password is incorrect.");
});

test("an unknown code becomes a general sentence with the request id", () => {
  assert.equal(
    explain(new ApiError(500, { code: "surprise", request_id: "r-1" })),
    "Something went wrong on our side. Try again. (Reference: r-1)",
  );
});

test("no answer at all is said to be just that", () => {
  assert.match(explain(new NetworkError(null)), /cannot reach the server/);
});

test("errors of fields become sentences at these fields", () => {
  const error = new ApiError(422, { code: "invalid_request", errors: [{ field: "name", message: "must not be empty" }] });
  assert.deepEqual(fieldErrors(error), { name: "Must not be empty." });
});

for (const [code, field] of [["password_invalid", "new_password"], ["password_wrong", "current_password"]] as const) {
  test(`${code} is said at the field ${field}, in our words and not the provider's`, () => {
    const errors = [{ field: "password", message: "Password did not conform with policy" }];
    const error = new ApiError(422, { code, errors });
    assert.equal(fieldErrors(error)[field], explain(error));
  });
}

test("an amount to be changed is written as it was entered", () => {
  assert.equal(amountText(1205, "EUR"), "12.05");
  assert.equal(amountText(1290, "JPY"), "1290");
});

test("amounts are read in the currency's own units", () => {
  assert.equal(parseAmount("12.5", "EUR"), 1250);
  assert.equal(parseAmount(" 12,05 ", "EUR"), 1205);
  assert.equal(parseAmount("1290", "JPY"), 1290);
});

for (const text of ["", "-1", "1.234", "1e3", "12.", "twelve", "99999999999"]) {
  test(`${JSON.stringify(text)} is no amount of euros`, () => assert.equal(parseAmount(text, "EUR"), null));
}

test("an amount is shown in its currency", () => {
  assert.match(formatAmount(1250, "EUR"), /12[.,]50/);
});
