/** The golden files are what the code says, the code accepts and writes exactly them, and nothing in the contract lacks one. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeBody, decodeDownFrame, decodeFrame, encodeFrame, type Decoded } from './codec.ts';
import { DOWN_SCHEMAS, type DownFrame } from './down.ts';
import { REFUSALS } from './frame-refusal.ts';
import { badFrames, type BadFrame } from './golden-bad-frames.ts';
import { GOLDEN_DOWN, GOLDEN_HTTP, GOLDEN_UP, goldenFiles, kebab } from './golden-frames.ts';
import { FRAME_BYTES_MAX } from './limits.ts';
import { SYNC_SCHEMAS } from './sync.ts';
import { UP_SCHEMAS, type UpFrame } from './up.ts';
import { syncValidators, type WireValidator } from './validators.ts';

const GOLDEN = new URL('./golden/', import.meta.url);

function fileText(name: string): string {
  return readFileSync(new URL(name, GOLDEN), 'utf8');
}

test('protocol/golden holds exactly what the code says; if not, run `npm run docs:generate` and review the difference', () => {
  const wanted = goldenFiles();
  expect(readdirSync(GOLDEN).sort()).toEqual([...wanted.keys()].sort());
  expect([...wanted.keys()].filter((name) => fileText(name) !== wanted.get(name))).toEqual([]);
});

const directions = [
  { direction: 'up', frames: GOLDEN_UP, schemas: UP_SCHEMAS, decode: decodeFrame },
  { direction: 'down', frames: GOLDEN_DOWN, schemas: DOWN_SCHEMAS, decode: decodeDownFrame },
] as const;

describe.each(directions)('frames that go $direction', ({ direction, frames, schemas, decode }) => {
  test.each(Object.entries(frames))(
    '%s: the files decode to the frame, and it encodes to the files',
    (name, frame: UpFrame | DownFrame) => {
      const json = fileText(`${direction}.${name}.json`).trimEnd();
      const packed = Buffer.from(fileText(`${direction}.${name}.hex`).trimEnd(), 'hex');
      const accepted: Decoded<UpFrame | DownFrame> = { ok: true, frame, ignoredFields: 0 };
      expect(decode(Buffer.from(json), 'json')).toEqual(accepted);
      expect(decode(packed, 'msgpack')).toEqual(accepted);
      expect(encodeFrame(frame, 'json')).toBe(json);
      expect(Buffer.from(encodeFrame(frame, 'msgpack'))).toEqual(packed);
    },
  );

  test.each(Object.entries(schemas))('every field of %s stands in some golden frame', (type, schema) => {
    const ofType = Object.entries(frames).filter(([, frame]) => frame.type === type);
    for (const [name] of ofType) expect(name.startsWith(type)).toBe(true);
    const fields = new Set(ofType.flatMap(([, frame]) => fieldsOf(frame)));
    expect([...fields].sort()).toEqual(expect.arrayContaining(fieldsOfSchema(schema as unknown as Schema).sort()));
  });
});

describe('HTTP bodies', () => {
  test.each(Object.entries(GOLDEN_HTTP))('%s', (name, body) => {
    const raw = Buffer.from(fileText(`http.${kebab(name)}.json`));
    const validator: WireValidator<unknown> = syncValidators[name as keyof typeof SYNC_SCHEMAS];
    // Answers are the hub's own and may nest deeper than what a device may send: a manifest does.
    const answer: unknown = JSON.parse(raw.toString());
    expect(validator.dropUnknown(answer)).toBe(0);
    expect(validator.check(answer)).toBe(true);
    expect(answer).toEqual(body);
    if (name.endsWith('Request')) expect(decodeBody(raw, validator)).toEqual({ ok: true, body, ignoredFields: 0 });
    const schema = SYNC_SCHEMAS[name as keyof typeof SYNC_SCHEMAS] as unknown as Schema;
    expect(fieldsOf(body)).toEqual(expect.arrayContaining(fieldsOfSchema(schema)));
  });
});

describe('bad frames', () => {
  const committed = JSON.parse(fileText('bad-frames.json')) as BadFrame[];

  test.each(committed)('$codec: $name -> $refusal', ({ codec, hex, refusal }) => {
    expect(decodeFrame(Buffer.from(hex, 'hex'), codec)).toEqual({ ok: false, why: refusal });
  });

  test('there is one for every reason, and the one that is too large is so by one byte', () => {
    expect(committed).toEqual(badFrames());
    expect(new Set(committed.map((frame) => frame.refusal))).toEqual(new Set(Object.keys(REFUSALS)));
    const large = committed.find((frame) => frame.refusal === 'too-large');
    expect(large?.hex).toHaveLength(2 * (FRAME_BYTES_MAX + 1));
  });
});

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
}

/** Dotted paths of all fields in a value; arrays are transparent. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...fieldsOf(inner).map((path) => `${key}.${path}`)]);
}

function fieldsOfSchema(schema: Schema): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    key,
    ...fieldsOfSchema(inner).map((path) => `${key}.${path}`),
  ]);
  const nested = [...(schema.items === undefined ? [] : [schema.items]), ...(schema.anyOf ?? [])];
  return [...own, ...nested.flatMap(fieldsOfSchema)];
}
