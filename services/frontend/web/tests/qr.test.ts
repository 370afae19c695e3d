/** What a camera would read from the QR code. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { qrPath, SIZE } from "../src/qr.ts";

type Decode = (pixels: Uint8ClampedArray, width: number, height: number) => { data: string } | null;
const jsQR = createRequire(import.meta.url)("jsqr") as Decode;
const QUIET = 4;
const SCALE = 4;

/** The code as a picture, with the margin around it that the standard asks for. */
function read(path: string): string | undefined {
  const width = (SIZE + 2 * QUIET) * SCALE;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let i = 0; i < SCALE * SCALE; i++) {
      const row = (Number(y) + QUIET) * SCALE + Math.floor(i / SCALE);
      const column = (Number(x) + QUIET) * SCALE + (i % SCALE);
      pixels.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
    }
  }
  return jsQR(pixels, width, width)?.data;
}

const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPABCD";

for (const text of [
  `otpauth://totp/SRI:ada%40example.com?secret=${SECRET}&issuer=SRI`,
  `otpauth://totp/SRI:${"a".repeat(64)}@${"b".repeat(59)}.com?secret=${SECRET}&issuer=SRI`,
  "",
  "x".repeat(271),
  "zażółć ".repeat(20),
]) {
  test(`${text.slice(0, 20)}… (${text.length} characters) is read back`, () => assert.equal(read(qrPath(text) ?? ""), text));
}

test("a text that does not fit is no code", () => {
  assert.equal(qrPath("x".repeat(272)), null);
  assert.equal(qrPath("ü".repeat(136)), null);
});
