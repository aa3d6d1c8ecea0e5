/**
 * A bounded look at JSON bytes before anything is parsed: a few integers of state, no recursion and no allocation,
 * so that neither depth nor count of hostile input can cost more than its bytes. It answers for the limits, for UTF-8 and for
 * lone surrogates; the grammar itself is left to JSON.parse, which refuses the rest (trailing bytes and control characters
 * in strings included) and is safe on anything that passed here.
 */
import type { Refusal } from './frame-refusal.ts';
import { isWellFormedUtf8 } from './well-formed-utf8.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LOWER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Why the string scanner below stopped short: negative numbers, so that the hot loop stays with integers. */
const UNTERMINATED = -1;
const LONE_SURROGATE = -2;

/**
 * Scans one JSON text. Returns the number of object keys in it (more keys than the parsed value has means duplicates), or why
 * it is refused. Values are counted as scalars, arrays, objects and keys together.
 */
export function scanJson(bytes: Uint8Array, depthMax: number, valuesMax: number): number | Refusal {
  const end = bytes.length;
  if (!isWellFormedUtf8(bytes, 0, end)) return 'not-utf8';
  let at = 0;
  let depth = 0;
  let values = 0;
  let keys = 0;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte <= 0x20 || byte === COMMA) {
      at++;
    } else if (byte === COLON) {
      keys++;
      at++;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth--;
      at++;
    } else {
      if (++values > valuesMax) return 'too-many-values';
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (++depth > depthMax) return 'too-deep';
        at++;
      } else if (byte === QUOTE) {
        const after = stringEnd(bytes, at + 1);
        if (after === UNTERMINATED) return 'malformed';
        if (after === LONE_SURROGATE) return 'lone-surrogate';
        at = after;
      } else {
        at = tokenEnd(bytes, at + 1);
      }
    }
  }
  return keys;
}

/** The position after the closing quote of a string whose first byte is at `from`. */
function stringEnd(bytes: Uint8Array, from: number): number {
  const end = bytes.length;
  let at = from;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) {
      at++;
    } else if (bytes[at + 1] !== LOWER_U) {
      at += 2;
    } else {
      const unit = escapedUnit(bytes, at);
      if (unit < 0xd800 || unit > 0xdfff) {
        at += 6;
      } else {
        if (unit > 0xdbff) return LONE_SURROGATE;
        const next = bytes[at + 6] === BACKSLASH && bytes[at + 7] === LOWER_U ? escapedUnit(bytes, at + 6) : -1;
        if (next < 0xdc00 || next > 0xdfff) return LONE_SURROGATE;
        at += 12;
      }
    }
  }
  return UNTERMINATED;
}

/** The UTF-16 code unit of the `\uXXXX` escape at `at`; -1 when its digits are not hexadecimal (JSON.parse will say so). */
function escapedUnit(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let index = at + 2; index < at + 6; index++) {
    const digit = hexDigit(bytes[index] ?? 0);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The end of a number, literal or anything else that is not punctuation, space or string. */
function tokenEnd(bytes: Uint8Array, from: number): number {
  const end = bytes.length;
  let at = from;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte <= 0x20 || byte === COMMA || byte === COLON || byte === QUOTE) return at;
    if (byte === OPEN_ARRAY || byte === CLOSE_ARRAY || byte === OPEN_OBJECT || byte === CLOSE_OBJECT) return at;
    at++;
  }
  return at;
}
