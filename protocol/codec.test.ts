/** The gates that every frame from outside passes, in both codecs, at and just past their limits. */
import { Packr, Unpackr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { decodeBody, decodeDownFrame, decodeFrame, encodeFrame, type Codec } from './codec.ts';
import { FRAME_BYTES_MAX, FRAME_DEPTH_MAX, FRAME_VALUES_MAX } from './limits.ts';
import type { UpFrame } from './up.ts';
import { syncValidators } from './validators.ts';

const CODECS: readonly Codec[] = ['json', 'msgpack'];
const foreign = new Packr({ useRecords: false });

function text(json: string): Uint8Array {
  return new TextEncoder().encode(json);
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Any value, as a foreign library would write it. */
function written(value: unknown, codec: Codec): Uint8Array {
  return codec === 'json' ? text(JSON.stringify(value)) : foreign.pack(value);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 1; level < depth; level++) value = { a: value };
  return { type: 'x', extra: value };
}

describe.each(CODECS)('frames in %s', (codec) => {
  test('a frame comes back as it went, and unknown fields at every depth are dropped and counted', () => {
    const frame: UpFrame = {
      type: 'receipt',
      items: [{ deploymentId: 7, stage: 'displayed', at: '2026-11-20T09:30:00.000Z' }],
    };
    const noisy = { ...frame, later: { deep: [1] }, items: [{ ...frame.items[0], constructor: 1, toString: 'x' }] };
    expect(decodeFrame(written(noisy, codec), codec)).toEqual({ ok: true, frame, ignoredFields: 3 });
  });

  test('an unknown type is named, not refused, and names of object methods are unknown types too', () => {
    for (const type of ['future.thing', 'constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(decodeFrame(written({ type, rev: 1 }, codec), codec)).toEqual({ ok: true, unknown: type });
    }
    const long = decodeFrame(written({ type: 'x'.repeat(5_000) }, codec), codec);
    expect(long).toEqual({ ok: true, unknown: 'x'.repeat(64) });
  });

  test('the size limit holds to the byte', () => {
    const frame = { type: 'x', pad: 'y'.repeat(FRAME_BYTES_MAX) };
    const over = written(frame, codec).byteLength - FRAME_BYTES_MAX;
    const exact = written({ ...frame, pad: 'y'.repeat(FRAME_BYTES_MAX - over) }, codec);
    expect(exact.byteLength).toBe(FRAME_BYTES_MAX);
    expect(decodeFrame(exact, codec)).toEqual({ ok: true, unknown: 'x' });
    expect(decodeFrame(written({ ...frame, pad: 'y'.repeat(FRAME_BYTES_MAX - over + 1) }, codec), codec)).toEqual({
      ok: false,
      why: 'too-large',
    });
  });

  test('the depth limit holds to the level', () => {
    expect(decodeFrame(written(nested(FRAME_DEPTH_MAX), codec), codec)).toEqual({ ok: true, unknown: 'x' });
    expect(decodeFrame(written(nested(FRAME_DEPTH_MAX + 1), codec), codec)).toEqual({ ok: false, why: 'too-deep' });
  });

  test('the count limit holds to the value', () => {
    const filler = FRAME_VALUES_MAX - 5;
    expect(decodeFrame(written({ type: 'x', a: Array(filler).fill(0) }, codec), codec)).toEqual({
      ok: true,
      unknown: 'x',
    });
    expect(decodeFrame(written({ type: 'x', a: Array(filler + 1).fill(0) }, codec), codec)).toEqual({
      ok: false,
      why: 'too-many-values',
    });
  });

  test('roots that are not objects, and objects without a type, are told apart', () => {
    for (const root of [null, true, 1, 'hello', [], [{ type: 'applied', rev: 1 }]]) {
      expect(decodeFrame(written(root, codec), codec)).toEqual({ ok: false, why: 'not-an-object' });
    }
    for (const frame of [{}, { type: 1 }, { type: null }, { type: ['applied'] }, { rev: 1 }]) {
      expect(decodeFrame(written(frame, codec), codec)).toEqual({ ok: false, why: 'no-type' });
    }
    expect(decodeFrame(new Uint8Array(0), codec)).toEqual({ ok: false, why: 'empty' });
  });

  test('numbers at the edges: exact ids only, no infinities, and minus zero becomes zero', () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(decodeFrame(written({ type: 'applied', rev: most }, codec), codec)).toMatchObject({
      ok: true,
      frame: { rev: most },
    });
    for (const rev of [-1, 0.5, 1e300, '5', null, true, [5]]) {
      expect(decodeFrame(written({ type: 'applied', rev }, codec), codec)).toEqual({ ok: false, why: 'schema' });
    }
    const zero = decodeFrame(
      codec === 'json' ? text('{"type":"applied","rev":-0}') : written({ type: 'applied', rev: -0 }, codec),
      codec,
    );
    expect(zero.ok && zero.frame?.type === 'applied' && Object.is(zero.frame.rev, 0)).toBe(true);
  });

  test('instants that no calendar has are refused', () => {
    for (const at of [
      '2026-13-01T00:00:00.000Z',
      '2026-11-32T00:00:00.000Z',
      '2026-11-20T24:00:00.000Z',
      '2026-11-20 09:30:00Z',
      '',
    ]) {
      const frame = { type: 'receipt', items: [{ deploymentId: 1, stage: 'received', at }] };
      expect(decodeFrame(written(frame, codec), codec)).toEqual({ ok: false, why: 'schema' });
    }
  });

  test('undefined fields are left out when encoding', () => {
    const frame = { type: 'applied', rev: 3, note: undefined } as unknown as UpFrame;
    const encoded = encodeFrame(frame, codec);
    expect(decodeFrame(typeof encoded === 'string' ? text(encoded) : encoded, codec)).toEqual({
      ok: true,
      frame: { type: 'applied', rev: 3 },
      ignoredFields: 0,
    });
  });

  test('frames from the hub may be larger than frames from devices', () => {
    const alert = {
      deploymentId: 1,
      alertId: null,
      rev: 5,
      severity: 'critical' as const,
      title: 'T',
      message: 'm'.repeat(4_000),
      startedAt: '2026-11-20T09:30:00.000Z',
      expiresAt: '2026-11-20T10:30:00.000Z',
      drill: false,
    };
    const alerts = Array.from({ length: 20 }, (_, index) => ({ ...alert, deploymentId: index + 1 }));
    const state = { epoch: 1_763_000_000_000, rev: 5, alerts, schedule: null, config: {}, commands: [] };
    const frame = { type: 'state' as const, epoch: state.epoch, rev: 5, state };
    const encoded = encodeFrame(frame, codec);
    const raw = typeof encoded === 'string' ? text(encoded) : encoded;
    expect(raw.byteLength).toBeGreaterThan(FRAME_BYTES_MAX);
    expect(decodeDownFrame(raw, codec)).toEqual({ ok: true, frame, ignoredFields: 0 });
  });
});

describe('JSON only', () => {
  test.each([
    ['not JSON', 'hello', 'malformed'],
    ['cut short', '{"type":"applied"', 'malformed'],
    ['an open string', '{"type":"appl', 'malformed'],
    ['trailing bytes', '{"type":"applied","rev":1}x', 'malformed'],
    ['two values', '{"type":"applied","rev":1}{}', 'malformed'],
    ['a byte order mark', '\ufeff{"type":"applied","rev":1}', 'malformed'],
    ['a control character in a string', '{"type":"a\u0001"}', 'malformed'],
    ['NaN', '{"type":"applied","rev":NaN}', 'malformed'],
    ['an infinity', '{"type":"applied","rev":1e309}', 'schema'],
    ['a huge integer', '{"type":"applied","rev":9007199254740993}', 'schema'],
    ['a lone high surrogate', '{"type":"a\\ud800"}', 'lone-surrogate'],
    ['a high surrogate before a letter', '{"type":"\\ud83dx"}', 'lone-surrogate'],
    ['a lone low surrogate', '{"type":"\\uDE00"}', 'lone-surrogate'],
    ['surrogates the wrong way round', '{"type":"\\ude00\\ud83d"}', 'lone-surrogate'],
    ['a lone surrogate in a key', '{"\\udfff":1,"type":"x"}', 'lone-surrogate'],
    ['__proto__', '{"type":"applied","rev":1,"__proto__":{"admin":true}}', 'forbidden-key'],
    ['__proto__ escaped', '{"type":"applied","rev":1,"\\u005f_proto__":1}', 'forbidden-key'],
    ['__proto__ deep down', '{"type":"status","x":[{"__proto__":null}]}', 'forbidden-key'],
    ['a key twice', '{"type":"applied","rev":1,"rev":2}', 'duplicate-key'],
    ['a key twice, once escaped', '{"type":"applied","rev":1,"\\u0072ev":2}', 'duplicate-key'],
    ['a key twice in an unknown field', '{"type":"applied","rev":1,"x":[{"a":1,"a":1}]}', 'duplicate-key'],
  ])('%s', (_name, json, why) => {
    expect(decodeFrame(text(json), 'json')).toEqual({ ok: false, why });
  });

  test('surrogate pairs, escapes and emoji in a string are fine', () => {
    const json = '{"type":"hello","appVersion":"\\ud83d\\ude00 \\\\u \\"\\u00e9 é 😀"}';
    expect(decodeFrame(text(json), 'json')).toMatchObject({ frame: { appVersion: '😀 \\u "é é 😀' } });
  });

  test('bytes that are not UTF-8 are refused wherever they stand', () => {
    for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]]) {
      const frame = Buffer.concat([text('{"type":"x'), bytes(...bad), text('"}')]);
      expect(decodeFrame(frame, 'json')).toEqual({ ok: false, why: 'not-utf8' });
    }
  });

  test('hostile keys leave Object.prototype alone', () => {
    const before = Reflect.ownKeys(Object.prototype).length;
    decodeFrame(
      text('{"type":"status","constructor":{"prototype":{"polluted":1}},"x":{"__proto__":{"polluted":1}}}'),
      'json',
    );
    expect(Reflect.ownKeys(Object.prototype)).toHaveLength(before);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('MessagePack only', () => {
  const head = [0x82, 0xa4, ...text('type'), 0xa1, 0x78, 0xa1, 0x61];

  test.each([
    ['an array that claims 4 billion', [...head, 0xdd, 0xff, 0xff, 0xff, 0xff], 'length-lies'],
    ['a map that claims 4 billion', [...head, 0xdf, 0xff, 0xff, 0xff, 0xff], 'length-lies'],
    ['a string that claims more than there is', [...head, 0xd9, 0x05, 0x61], 'length-lies'],
    ['a record definition', [0xd4, 0x72, 0x40, 0x92, 0xa1, 0x61, 0xa1, 0x62], 'unsupported-type'],
    ['an extension inside', [...head, 0xd4, 0x01, 0x00], 'unsupported-type'],
    ['a timestamp', [...head, 0xd6, 0xff, 0, 0, 0, 0], 'unsupported-type'],
    ['binary', [...head, 0xc4, 0x01, 0x00], 'unsupported-type'],
    ['the reserved byte', [...head, 0xc1], 'unsupported-type'],
    ['a number as a key', [0x81, 0x01, 0x01], 'key-not-string'],
    ['an array as a key', [0x81, 0x90, 0x01], 'key-not-string'],
    ['__proto__', [0x82, 0xa4, ...text('type'), 0xa1, 0x78, 0xa9, ...text('__proto__'), 0x80], 'forbidden-key'],
    ['a key twice', [0x82, 0xa4, ...text('type'), 0xa1, 0x78, 0xa4, ...text('type'), 0xa1, 0x78], 'duplicate-key'],
    ['cut short', [...head], 'malformed'],
    ['cut short in a number', [...head, 0xcf, 0x00], 'malformed'],
    ['trailing bytes', [...head, 0xc0, 0xc0], 'trailing-bytes'],
    ['a string that is not UTF-8', [...head, 0xa1, 0xff], 'not-utf8'],
    ['an encoded surrogate', [...head, 0xa3, 0xed, 0xa0, 0x80], 'not-utf8'],
    ['an integer beyond 2^53', [...head, 0xcf, 0x00, 0x20, 0, 0, 0, 0, 0, 0], 'unsafe-integer'],
    ['an integer below -2^53', [...head, 0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 0], 'unsafe-integer'],
  ])('%s', (_name, raw, why) => {
    expect(decodeFrame(bytes(...raw), 'msgpack')).toEqual({ ok: false, why });
  });

  test('control: msgpackr by itself accepts the record definition that the scanner refuses', () => {
    const record = bytes(0xd4, 0x72, 0x40, 0x92, 0xa1, 0x61, 0xa1, 0x62, 0x01, 0x02);
    expect(new Unpackr({ useRecords: false }).unpack(record)).toEqual({ a: 1, b: 2 });
    expect(decodeFrame(record, 'msgpack')).toEqual({ ok: false, why: 'unsupported-type' });
  });

  test('64-bit integers that are exact pass, at both ends', () => {
    for (const rev of [0x1_0000_0000, 1_763_629_800_000, Number.MAX_SAFE_INTEGER]) {
      const raw = Buffer.alloc(8);
      raw.writeBigUInt64BE(BigInt(rev));
      const frame = bytes(0x82, 0xa4, ...text('type'), 0xa7, ...text('applied'), 0xa3, ...text('rev'), 0xcf, ...raw);
      expect(decodeFrame(frame, 'msgpack')).toMatchObject({ ok: true, frame: { rev } });
    }
    const lowest = bytes(...head, 0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 1);
    expect(decodeFrame(lowest, 'msgpack')).toEqual({ ok: true, unknown: 'x' });
  });

  test('a view into a larger buffer is read within its bounds', () => {
    const frame = encodeFrame({ type: 'applied', rev: 5 }, 'msgpack');
    const larger = Buffer.concat([bytes(0xff, 0xff, 0xff), frame, bytes(0xff)]);
    expect(decodeFrame(larger.subarray(3, 3 + frame.byteLength), 'msgpack')).toMatchObject({ frame: { rev: 5 } });
  });

  test('encoded bytes stay as they are while later frames are encoded', () => {
    const first = encodeFrame({ type: 'applied', rev: 1 }, 'msgpack');
    const copy = Buffer.from(first);
    for (let rev = 2; rev < 2_000; rev++) encodeFrame({ type: 'applied', rev }, 'msgpack');
    expect(Buffer.from(first)).toEqual(copy);
  });
});

describe('HTTP bodies', () => {
  test('a good body is typed, and its unknown fields are dropped and counted', () => {
    const body = decodeBody(text('{"epoch":1,"rev":2,"future":true}'), syncValidators.HeartbeatRequest);
    expect(body).toEqual({ ok: true, body: { epoch: 1, rev: 2 }, ignoredFields: 1 });
  });

  test('a bad body names its fields, ten at most', () => {
    const bad = decodeBody(text('{"items":[{"stage":"received","at":"now"}]}'), syncValidators.ReceiptsRequest);
    expect(bad).toMatchObject({ ok: false, why: 'schema' });
    expect(bad.ok ? [] : bad.details.map((detail) => detail.field)).toEqual(['items.0.deploymentId', 'items.0.at']);
    const many = decodeBody(
      text(JSON.stringify({ items: Array.from({ length: 50 }, () => ({})) })),
      syncValidators.ReceiptsRequest,
    );
    expect(many.ok ? [] : many.details).toHaveLength(10);
  });

  test('size, syntax and roots are refused before the schema', () => {
    const check = (json: string) => decodeBody(text(json), syncValidators.TokenRequest);
    expect(check(`{"deviceId":1,"credential":"${'x'.repeat(FRAME_BYTES_MAX)}"}`)).toEqual({
      ok: false,
      why: 'too-large',
      details: [],
    });
    expect(check('{')).toEqual({ ok: false, why: 'malformed', details: [] });
    expect(check('[]')).toEqual({ ok: false, why: 'not-an-object', details: [] });
    expect(check('')).toEqual({ ok: false, why: 'empty', details: [] });
  });
});
