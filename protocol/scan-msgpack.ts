/**
 * A bounded look at MessagePack bytes before msgpackr may see them (40 unchecked bytes can cost seconds and gigabytes).
 * One pass, no recursion, no allocation: open containers are kept in two small arrays as deep as the limit.
 *
 * State: `left[depth]` is how many values the container open at that depth still waits for; in a map, keys and values both
 * count, so an even number means that a key comes next. The scan is synchronous and leaves nothing behind, so the arrays are
 * shared by all calls.
 *
 * What passes is a subset that every MessagePack library reads alike: nil, booleans, integers that doubles hold exactly,
 * floats, UTF-8 strings, arrays, and maps with string keys. Extensions (records, timestamps, references) and binary do not.
 */
import type { Refusal } from './frame-refusal.ts';
import { isWellFormedUtf8 } from './well-formed-utf8.ts';

const DEPTH_ROOM = 33;
const left = new Uint32Array(DEPTH_ROOM);
const isMap = new Uint8Array(DEPTH_ROOM);

const UNSUPPORTED = -1;
/** Largest high word of an unsigned 64-bit integer that stays within Number.MAX_SAFE_INTEGER. */
const SAFE_HIGH_WORD = 0x1fffff;

/**
 * Scans one MessagePack value whose root must be a map. Returns the number of map keys in it (more keys than the decoded value
 * has means duplicates), or why it is refused. `depthMax` is at most 32.
 */
export function scanMsgpack(bytes: Uint8Array, depthMax: number, valuesMax: number): number | Refusal {
  const end = bytes.length;
  if (end === 0) return 'empty';
  if (!isMapHead(bytes[0]!)) return headBytes(bytes[0]!) === UNSUPPORTED ? 'unsupported-type' : 'not-an-object';
  let at = 0;
  let depth = 0;
  let values = 0;
  let keys = 0;
  left[0] = 1;
  isMap[0] = 0;
  for (;;) {
    while (left[depth] === 0) {
      if (depth === 0) return at === end ? keys : 'trailing-bytes';
      depth--;
    }
    if (at >= end) return 'malformed';
    const head = bytes[at++]!;
    const isKey = isMap[depth] === 1 && (left[depth]! & 1) === 0;
    left[depth]!--;
    if (++values > valuesMax) return 'too-many-values';
    const extra = headBytes(head);
    if (extra === UNSUPPORTED) return 'unsupported-type';
    if (at + extra > end) return 'malformed';
    if (isString(head)) {
      const length = lengthOf(bytes, at, head, extra);
      at += extra;
      if (length > end - at) return 'length-lies';
      if (!isWellFormedUtf8(bytes, at, at + length)) return 'not-utf8';
      if (isKey) {
        keys++;
        if (length === 9 && isProto(bytes, at)) return 'forbidden-key';
      }
      at += length;
    } else if (isKey) {
      return 'key-not-string';
    } else if (isMapHead(head) || isArrayHead(head)) {
      const map = isMapHead(head);
      const count = lengthOf(bytes, at, head, extra) * (map ? 2 : 1);
      at += extra;
      if (count > end - at) return 'length-lies';
      if (++depth > depthMax) return 'too-deep';
      left[depth] = count;
      isMap[depth] = map ? 1 : 0;
    } else {
      if ((head === 0xcf || head === 0xd3) && !isSafeInteger(bytes, at, head)) return 'unsafe-integer';
      at += extra;
    }
  }
}

/** Bytes of the length or scalar that follow the head byte; UNSUPPORTED for extensions, binary and the reserved 0xc1. */
function headBytes(head: number): number {
  if (head < 0xc0 || head >= 0xe0) return 0;
  switch (head) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return 0;
    case 0xcc:
    case 0xd0:
    case 0xd9:
      return 1;
    case 0xcd:
    case 0xd1:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 2;
    case 0xca:
    case 0xce:
    case 0xd2:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 4;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 8;
    default:
      return UNSUPPORTED;
  }
}

function isString(head: number): boolean {
  return (head & 0xe0) === 0xa0 || (head >= 0xd9 && head <= 0xdb);
}

function isMapHead(head: number): boolean {
  return (head & 0xf0) === 0x80 || head === 0xde || head === 0xdf;
}

function isArrayHead(head: number): boolean {
  return (head & 0xf0) === 0x90 || head === 0xdc || head === 0xdd;
}

/** The length that a string, array or map announces: in the head itself or in the `extra` bytes after it, big-endian. */
function lengthOf(bytes: Uint8Array, at: number, head: number, extra: number): number {
  if (extra === 0) return (head & 0xe0) === 0xa0 ? head & 0x1f : head & 0x0f;
  let length = 0;
  for (let index = at; index < at + extra; index++) length = length * 256 + bytes[index]!;
  return length;
}

function isSafeInteger(bytes: Uint8Array, at: number, head: number): boolean {
  const high = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  if (high <= SAFE_HIGH_WORD) return true;
  if (head === 0xcf) return false;
  const low = ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
  const lowest = 0x1_0000_0000 - (SAFE_HIGH_WORD + 1);
  return high > lowest || (high === lowest && low > 0);
}

function isProto(bytes: Uint8Array, at: number): boolean {
  const name = '__proto__';
  for (let index = 0; index < name.length; index++) {
    if (bytes[at + index] !== name.charCodeAt(index)) return false;
  }
  return true;
}
