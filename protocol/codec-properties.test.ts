/**
 * The codec against inputs nobody thought of. Each property has an oracle that is not ours: JSON.parse, Node's isUtf8, msgpackr,
 * or a reader written from the MessagePack specification. Failures print the seed and path that replay them.
 */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame, type Codec } from './codec.ts';
import { FRAME_BYTES_MAX, FRAME_DEPTH_MAX, FRAME_VALUES_MAX } from './limits.ts';
import { scanJson } from './scan-json.ts';
import { scanMsgpack } from './scan-msgpack.ts';
import type { UpFrame } from './up.ts';
import { isWellFormedUtf8 } from './well-formed-utf8.ts';

const foreign = new Packr({ useRecords: false });
const CODECS: readonly Codec[] = ['json', 'msgpack'];

/** A reader written from the specification alone: what an Android player's library makes of our bytes. */
function readMsgpack(bytes: Uint8Array): { value: unknown; floats: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let floats = 0;
  const uint = (width: number): number => {
    let value = 0;
    for (const end = at + width; at < end; at++) value = value * 256 + view.getUint8(at);
    return value;
  };
  const take = <V>(width: number, value: V): V => {
    at += width;
    return value;
  };
  const string = (length: number) =>
    take(length, new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at, at + length)));
  const array = (length: number): unknown[] => Array.from({ length }, () => read());
  const map = (length: number): Record<string, unknown> => {
    const entries: [string, unknown][] = [];
    for (let index = 0; index < length; index++) entries.push([read() as string, read()]);
    return Object.fromEntries(entries);
  };
  const read = (): unknown => {
    const head = view.getUint8(at++);
    if (head < 0x80) return head;
    if (head < 0x90) return map(head & 15);
    if (head < 0xa0) return array(head & 15);
    if (head < 0xc0) return string(head & 31);
    if (head >= 0xe0) return head - 256;
    const float = (width: number, value: number) => {
      floats++;
      return take(width, value);
    };
    const wide = (value: bigint) => take(8, Number(value));
    const readers: Record<number, () => unknown> = {
      0xc0: () => null,
      0xc2: () => false,
      0xc3: () => true,
      0xca: () => float(4, view.getFloat32(at)),
      0xcb: () => float(8, view.getFloat64(at)),
      0xcc: () => uint(1),
      0xcd: () => uint(2),
      0xce: () => uint(4),
      0xcf: () => wide(view.getBigUint64(at)),
      0xd0: () => take(1, view.getInt8(at)),
      0xd1: () => take(2, view.getInt16(at)),
      0xd2: () => take(4, view.getInt32(at)),
      0xd3: () => wide(view.getBigInt64(at)),
      0xd9: () => string(uint(1)),
      0xda: () => string(uint(2)),
      0xdb: () => string(uint(4)),
      0xdc: () => array(uint(2)),
      0xdd: () => array(uint(4)),
      0xde: () => map(uint(2)),
      0xdf: () => map(uint(4)),
    };
    return readers[head]!();
  };
  const value = read();
  if (at !== bytes.length) throw new Error('trailing bytes');
  return { value, floats };
}

function keysIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + keysIn(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + keysIn(item), Object.keys(value).length);
}

const key = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((name) => name !== '__proto__');
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.maxSafeInteger(),
  fc.integer(),
  // Minus zero is written as zero, as JSON does.
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.boolean(),
  fc.constant(null),
);
const { document } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 5 },
    scalar,
    fc.array(tie('document'), { maxLength: 6 }),
    fc.dictionary(key, tie('document'), { maxKeys: 6 }),
  ),
}));
const object = fc.dictionary(key, document, { maxKeys: 8 });

const instant = fc
  .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
  .map((date) => date.toISOString());
const id = fc.oneof(fc.integer({ min: 1, max: 9_999 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const words = fc.string({ unit: 'grapheme', maxLength: 64 });
const upFrame: fc.Arbitrary<UpFrame> = fc.oneof(
  fc.record({ type: fc.constant('applied' as const), rev: fc.maxSafeNat() }),
  fc.record({
    type: fc.constant('hello' as const),
    epoch: id,
    rev: fc.maxSafeNat(),
    displayed: fc.array(id, { maxLength: 9 }),
  }),
  fc.record({
    type: fc.constant('status' as const),
    freeStorageBytes: fc.double({ min: 0, max: 1e15, noNaN: true }),
    clockOffsetMs: fc.double({ min: -1e13, max: 1e13, noNaN: true }),
    network: words.map((text) => [...text].slice(0, 64).join('')),
    screenOn: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('receipt' as const),
    items: fc.array(
      fc.record({ deploymentId: id, stage: fc.constantFrom('received' as const, 'failed' as const), at: instant }),
      {
        minLength: 1,
        maxLength: 5,
      },
    ),
  }),
);

const hostileBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .tuple(upFrame, fc.constantFrom(...CODECS), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(3))
    .map(([frame, codec, edits, cut]) => {
      const encoded = encodeFrame(frame, codec);
      const bytes = Buffer.from(encoded);
      for (const [at, value] of edits) bytes[at % bytes.length] = value;
      return new Uint8Array(bytes.subarray(0, bytes.length - cut));
    }),
);

describe('what we write', () => {
  test('both codecs give every frame back exactly', () => {
    fc.assert(
      fc.property(upFrame, fc.constantFrom(...CODECS), (frame, codec) => {
        const decoded = decodeFrame(Buffer.from(encodeFrame(frame, codec)), codec);
        expect(decoded).toEqual({ ok: true, frame: JSON.parse(JSON.stringify(frame)), ignoredFields: 0 });
      }),
    );
  });

  test('a reader that knows only the MessagePack specification reads the same, and whole numbers as integers', () => {
    fc.assert(
      fc.property(object, (value) => {
        const { value: read, floats } = readMsgpack(encodeFrame(value as unknown as UpFrame, 'msgpack'));
        expect(read).toEqual(value);
        expect(floats).toBe(inexact(value));
      }),
    );
  });

  test('control: msgpackr by itself writes an epoch as a float', () => {
    const frame = { type: 'hello' as const, epoch: 1_763_629_800_000 };
    expect(readMsgpack(foreign.pack(frame)).floats).toBe(1);
    expect(readMsgpack(encodeFrame(frame, 'msgpack')).floats).toBe(0);
  });
});

/** Numbers in a value that no integer type can hold. */
function inexact(value: unknown): number {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 0 : 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + inexact(item), 0);
}

describe('what we read', () => {
  test('whatever the bytes, the answer is a value: nothing throws and Object.prototype stays as it was', () => {
    const before = Reflect.ownKeys(Object.prototype).length;
    fc.assert(
      fc.property(hostileBytes, fc.constantFrom(...CODECS), (bytes, codec) => {
        expect(typeof decodeFrame(bytes, codec).ok).toBe('boolean');
        expect(Reflect.ownKeys(Object.prototype)).toHaveLength(before);
      }),
      { numRuns: 2_000 },
    );
  });

  test('the JSON scanner lets every document within the limits through and counts its keys', () => {
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const bytes = Buffer.from(JSON.stringify(value, null, space));
        expect(scanJson(bytes, FRAME_DEPTH_MAX, FRAME_VALUES_MAX)).toBe(keysIn(JSON.parse(bytes.toString())));
      }),
    );
  });

  test('the MessagePack scanner lets every document within the limits through and counts its keys', () => {
    fc.assert(
      fc.property(object, (value) => {
        const bytes = encodeFrame(value as unknown as UpFrame, 'msgpack');
        expect(scanMsgpack(bytes, FRAME_DEPTH_MAX, FRAME_VALUES_MAX)).toBe(keysIn(value));
      }),
    );
  });

  test('both codecs judge the same document alike', () => {
    fc.assert(
      fc.property(fc.oneof(object, document), (value) => {
        const json = decodeFrame(Buffer.from(JSON.stringify(value)), 'json', FRAME_BYTES_MAX * 4);
        const msgpack = decodeFrame(encodeFrame(value as UpFrame, 'msgpack'), 'msgpack', FRAME_BYTES_MAX * 4);
        expect(msgpack).toEqual(json);
      }),
    );
  });

  test('UTF-8 is judged as Node judges it', () => {
    const edges = fc.constantFrom(
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
    );
    const nearlyText = fc.array(fc.oneof(edges, fc.nat(255)), { maxLength: 12 }).map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(
        fc.oneof(
          nearlyText,
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(isWellFormedUtf8(bytes, 0, bytes.length)).toBe(isUtf8(bytes));
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
