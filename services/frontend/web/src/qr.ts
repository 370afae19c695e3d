/**
 * QR codes (ISO/IEC 18004) for what an authenticator app scans. One shape is enough: version 10, level L, bytes, mask 0.
 * Its tables are then a handful of constants.
 */

export const SIZE = 57;
/** The longest text, in bytes. */
const CAPACITY = 271;

const BLOCKS = [68, 68, 69, 69];
const CORRECTION = 18;
const ALIGNED = [6, 28, 50];
/** Level L and mask 0, with their BCH code and the standard's mask over them. */
const FORMAT = 0x77c4;
/** Version 10 with its BCH code. */
const VERSION = 0x0a4d3;

type Grid = (boolean | undefined)[][];

/** The dark modules as the `d` of an SVG path, one unit each, or null when the text is too long. */
export function qrPath(text: string): string | null {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > CAPACITY) return null;
  const grid: Grid = Array.from({ length: SIZE }, () => Array<boolean | undefined>(SIZE).fill(undefined));
  drawPatterns(grid);
  drawData(grid, interleave(codewords(bytes)));
  return grid.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")).join("")).join("");
}

/** Mode, length, text, end, padding: exactly as many bytes as the blocks take. */
function codewords(bytes: Uint8Array): number[] {
  const nibbles = [4, bytes.length >> 12, bytes.length >> 8, bytes.length >> 4, bytes.length];
  for (const byte of bytes) nibbles.push(byte >> 4, byte);
  nibbles.push(0);
  const words: number[] = [];
  for (let i = 0; i < nibbles.length; i += 2) words.push(((nibbles[i]! & 15) << 4) | (nibbles[i + 1]! & 15));
  for (let pad = 0xec; words.length < 274; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

/** The blocks' bytes in turns, then the bytes of their error correction in turns. */
function interleave(words: number[]): number[] {
  let start = 0;
  const blocks = BLOCKS.map((length) => words.slice(start, (start += length)));
  const corrections = blocks.map(correction);
  return [blocks, corrections].flatMap((group) =>
    Array.from({ length: 69 }, (_, i) => group.flatMap((block) => block[i] ?? [])).flat(),
  );
}

/** The remainder of a Reed-Solomon division in GF(256). */
function correction(block: number[]): number[] {
  const generator = Array<number>(CORRECTION).fill(0);
  generator[CORRECTION - 1] = 1;
  for (let i = 0, root = 1; i < CORRECTION; i++, root = multiply(root, 2)) {
    generator.forEach((factor, j) => (generator[j] = multiply(factor, root) ^ (generator[j + 1] ?? 0)));
  }
  const remainder = Array<number>(CORRECTION).fill(0);
  for (const word of block) {
    const factor = word ^ remainder.shift()!;
    remainder.push(0);
    generator.forEach((part, i) => (remainder[i]! ^= multiply(part, factor)));
  }
  return remainder;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
  return product;
}

function drawPatterns(grid: Grid): void {
  const last = SIZE - 1;
  const set = (x: number, y: number, dark: boolean) => {
    if (grid[y] !== undefined && x >= 0 && x <= last) grid[y][x] = dark;
  };
  const square = (x: number, y: number, radius: number, light: (distance: number) => boolean) => {
    for (let dy = -radius; dy <= radius; dy++)
      for (let dx = -radius; dx <= radius; dx++) set(x + dx, y + dy, !light(Math.max(Math.abs(dx), Math.abs(dy))));
  };
  for (let i = 0; i < SIZE; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const x of ALIGNED)
    for (const y of ALIGNED) {
      const inCorner = x !== 28 && y !== 28 && x + y < SIZE;
      if (!inCorner) square(x, y, 2, (distance) => distance === 1);
    }
  for (const [x, y] of [[3, 3], [last - 3, 3], [3, last - 3]] as const) square(x, y, 4, (d) => d === 2 || d === 4);
  for (let i = 0; i < 15; i++) {
    const dark = ((FORMAT >> i) & 1) === 1;
    set(8, i < 6 ? i : i < 8 ? i + 1 : SIZE - 15 + i, dark);
    set(i < 8 ? last - i : i < 9 ? 7 : 14 - i, 8, dark);
  }
  set(8, SIZE - 8, true);
  for (let i = 0; i < 18; i++) {
    const dark = ((VERSION >> i) & 1) === 1;
    set(SIZE - 11 + (i % 3), Math.floor(i / 3), dark);
    set(Math.floor(i / 3), SIZE - 11 + (i % 3), dark);
  }
}

/** Two columns at a time, up and down from the lower right corner, around the patterns. */
function drawData(grid: Grid, words: number[]): void {
  let bit = 0;
  for (let right = SIZE - 1; right > 0; right -= 2) {
    if (right === 6) right--;
    const upwards = ((right + 1) & 2) === 0;
    for (let step = 0; step < SIZE; step++) {
      const y = upwards ? SIZE - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (grid[y]![x] !== undefined) continue;
        const one = (((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        grid[y]![x] = one !== ((x + y) % 2 === 0);
        bit++;
      }
    }
  }
}
