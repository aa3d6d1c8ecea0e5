/**
 * Bytes to frames and back, in both codecs. Whatever comes from outside goes through the same gates in the same order: size,
 * a bounded scan, the parser, duplicate and forbidden keys, and the one schema of its `type`. No gate throws at the caller.
 */
import { Packr, Unpackr } from 'msgpackr';
import type { DownFrame } from './down.ts';
import type { ErrorDetail } from './errors.ts';
import type { Refusal } from './frame-refusal.ts';
import { DOWN_BYTES_MAX, DOWN_VALUES_MAX, FRAME_BYTES_MAX, FRAME_DEPTH_MAX, FRAME_VALUES_MAX } from './limits.ts';
import { scanJson } from './scan-json.ts';
import { scanMsgpack } from './scan-msgpack.ts';
import type { UpFrame } from './up.ts';
import { downValidators, upValidators, type WireValidator } from './validators.ts';
import { wholeNumbersAsIntegers } from './whole-numbers.ts';

export type Codec = 'json' | 'msgpack';

/** The outcome of decoding a frame. `unknown` is the (shortened) name of a type that this version does not know: ignore it. */
export type Decoded<F> =
  | { readonly ok: true; readonly frame: F; readonly unknown?: undefined; readonly ignoredFields: number }
  | { readonly ok: true; readonly frame?: undefined; readonly unknown: string }
  | { readonly ok: false; readonly why: Refusal };

/** The outcome of decoding an HTTP body; `details` as in the error envelope, empty unless the schema was the reason. */
export type DecodedBody<T> =
  | { readonly ok: true; readonly body: T; readonly ignoredFields: number }
  | { readonly ok: false; readonly why: Refusal; readonly details: ErrorDetail[] };

/** Longest part of an unknown type's name that is handed on, in UTF-16 units. */
const UNKNOWN_NAME_MAX = 64;

/** Plain maps with string keys, undefined fields left out as in JSON: what any MessagePack library reads. */
const plainMaps = { useRecords: false, variableMapSize: true, skipValues: [undefined] };
const packr = new Packr(plainMaps);
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/**
 * Encodes a frame: text for JSON, bytes for MessagePack (whole numbers as integers of any size). The bytes are never written
 * again: they may be kept and sent to any number of sockets.
 */
export function encodeFrame(frame: UpFrame | DownFrame, codec: 'json'): string;
export function encodeFrame(frame: UpFrame | DownFrame, codec: 'msgpack'): Uint8Array;
export function encodeFrame(frame: UpFrame | DownFrame, codec: Codec): string | Uint8Array;
export function encodeFrame(frame: UpFrame | DownFrame, codec: Codec): string | Uint8Array {
  if (codec === 'json') return JSON.stringify(frame);
  const packed = packr.pack(frame);
  wholeNumbersAsIntegers(packed);
  return packed;
}

/** Decodes a frame from a device: hostile until proven otherwise. The bytes are not kept after the return. */
export function decodeFrame(bytes: Uint8Array, codec: Codec, maxBytes: number = FRAME_BYTES_MAX): Decoded<UpFrame> {
  return decode(bytes, codec, maxBytes, FRAME_VALUES_MAX, upValidators);
}

/** Decodes a frame from the hub: for players, load tests and tests. Same gates, wider limits. */
export function decodeDownFrame(
  bytes: Uint8Array,
  codec: Codec,
  maxBytes: number = DOWN_BYTES_MAX,
): Decoded<DownFrame> {
  return decode(bytes, codec, maxBytes, DOWN_VALUES_MAX, downValidators);
}

/** Decodes a JSON body of the HTTP half with one of `syncValidators`. `too-large` is a 413, everything else a 400. */
export function decodeBody<T>(
  bytes: Uint8Array,
  validator: WireValidator<T>,
  maxBytes: number = FRAME_BYTES_MAX,
): DecodedBody<T> {
  const parsed = parse(bytes, 'json', maxBytes, FRAME_VALUES_MAX);
  if (typeof parsed === 'string') return { ok: false, why: parsed, details: [] };
  const ignoredFields = validator.dropUnknown(parsed);
  if (validator.check(parsed)) return { ok: true, body: parsed, ignoredFields };
  return { ok: false, why: 'schema', details: validator.errors(parsed) };
}

function decode<F>(
  bytes: Uint8Array,
  codec: Codec,
  maxBytes: number,
  valuesMax: number,
  validators: ReadonlyMap<string, WireValidator<F>>,
): Decoded<F> {
  const parsed = parse(bytes, codec, maxBytes, valuesMax);
  if (typeof parsed === 'string') return { ok: false, why: parsed };
  const type = parsed['type'];
  if (typeof type !== 'string') return { ok: false, why: 'no-type' };
  const validator = validators.get(type);
  if (validator === undefined) return { ok: true, unknown: type.slice(0, UNKNOWN_NAME_MAX) };
  const ignoredFields = validator.dropUnknown(parsed);
  const value: unknown = parsed;
  return validator.check(value) ? { ok: true, frame: value, ignoredFields } : { ok: false, why: 'schema' };
}

/** Size, scan, parser, keys: everything that does not depend on the type. */
function parse(
  bytes: Uint8Array,
  codec: Codec,
  maxBytes: number,
  valuesMax: number,
): Record<string, unknown> | Refusal {
  if (bytes.byteLength > maxBytes) return 'too-large';
  if (bytes.byteLength === 0) return 'empty';
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const keys =
    codec === 'json' ? scanJson(view, FRAME_DEPTH_MAX, valuesMax) : scanMsgpack(view, FRAME_DEPTH_MAX, valuesMax);
  if (typeof keys === 'string') return keys;
  const value: unknown = codec === 'json' ? parseJson(view) : unpackr.unpack(view);
  if (value === undefined) return 'malformed';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not-an-object';
  const kept = countKeys(value);
  if (kept < 0) return 'forbidden-key';
  return kept === keys ? (value as Record<string, unknown>) : 'duplicate-key';
}

function parseJson(view: Buffer): unknown {
  try {
    return JSON.parse(view.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Keys of all objects in the value; negative when `__proto__` is one of them. Minus zero becomes zero on the way. */
function countKeys(value: object): number {
  let keys = 0;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item === 'object' && item !== null) keys += countKeys(item);
      else if (item === 0) value[index] = 0;
    }
    return keys;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    if (key === '__proto__') return Number.NEGATIVE_INFINITY;
    keys++;
    const field = object[key];
    if (typeof field === 'object' && field !== null) keys += countKeys(field);
    else if (field === 0) object[key] = 0;
  }
  return keys;
}
