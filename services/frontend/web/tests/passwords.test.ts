/** The password checklist, made from the pool's policy. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { keeps, rulesOf, type Policy } from "../src/passwords.ts";

const NONE: Policy = {
  minimum_length: 8,
  require_lowercase: false,
  require_uppercase: false,
  require_numbers: false,
  require_symbols: false,
};

test("a policy that asks for nothing but length is one rule", () => {
  assert.deepEqual(rulesOf(NONE).map(({ label }) => label), ["At least 8 characters"]);
});

for (const [name, kept, broken] of [
  ["minimum_length", "12345678", "1234567"],
  ["require_lowercase", "ABCDEFGh", "ABCDEFGH1!"],
  ["require_uppercase", "abcdefgH", "abcdefgh1!"],
  ["require_numbers", "abcdefg8", "abcdefgH!"],
  ["require_symbols", "abcdef g", "abcdefgH8é"],
  ["require_symbols", "abcdef~", "abcdefgH8"],
] as const) {
  test(`${name} is kept by ${kept} and broken by ${broken}`, () => {
    const rule = rulesOf({ ...NONE, ...(name !== "minimum_length" && { [name]: true }) }).at(-1);
    assert.ok(rule);
    assert.deepEqual([keeps(kept, rule), keeps(broken, rule)], [true, false]);
  });
}

test("the rules together are a pattern that a form field takes", () => {
  const rules = rulesOf({ ...NONE, require_symbols: true, require_numbers: true });
  const pattern = new RegExp(`^(?:${rules.map((rule) => `(?=${rule.pattern})`).join("")}.*)$`, "v");
  assert.ok(pattern.test("secret-77"));
  assert.ok(!pattern.test("secret777"));
});
