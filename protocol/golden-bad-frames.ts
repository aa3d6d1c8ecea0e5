/**
 * Golden bad frames: bytes that a hub must refuse, and the reason it gives. For whoever writes another hub, a proxy or a codec;
 * every reason of frame-refusal.ts has at least one.
 */
import type { Codec } from './codec.ts';
import type { Refusal } from './frame-refusal.ts';
import { FRAME_BYTES_MAX, FRAME_DEPTH_MAX, FRAME_VALUES_MAX } from './limits.ts';

export interface BadFrame {
  readonly name: string;
  readonly codec: Codec;
  /** The frame's bytes, hexadecimal. */
  readonly hex: string;
  readonly refusal: Refusal;
}

/** Hexadecimal of a fixstr. */
function packed(text: string): string {
  const bytes = Buffer.from(text);
  return (0xa0 | bytes.length).toString(16) + bytes.toString('hex');
}

const TYPE_X = packed('type') + packed('x');

/** MessagePack of `{type: "x", a: <value>}`. */
function around(value: string): string {
  return `82${TYPE_X}${packed('a')}${value}`;
}

const JSON_FRAMES: readonly (readonly [name: string, refusal: Refusal, json: string])[] = [
  ['nothing', 'empty', ''],
  ['one byte too many', 'too-large', `{"type":"x","a":"${'y'.repeat(FRAME_BYTES_MAX - 18)}"}`],
  ['not JSON', 'malformed', 'hello'],
  ['cut short', 'malformed', '{"type":"applied","rev":1'],
  ['bytes after the end', 'malformed', '{"type":"applied","rev":1}0'],
  ['a byte order mark', 'malformed', '\ufeff{"type":"applied","rev":1}'],
  ['NaN', 'malformed', '{"type":"applied","rev":NaN}'],
  ['a trailing comma', 'malformed', '{"type":"applied","rev":1,}'],
  ['one level too deep', 'too-deep', `{"type":"x","a":${'['.repeat(FRAME_DEPTH_MAX)}${']'.repeat(FRAME_DEPTH_MAX)}}`],
  ['two thousand brackets', 'too-deep', '['.repeat(2_000)],
  [
    'one value too many',
    'too-many-values',
    `{"type":"x","a":[${Array(FRAME_VALUES_MAX - 4)
      .fill('0')
      .join(',')}]}`,
  ],
  ['half a surrogate pair', 'lone-surrogate', '{"type":"x","a":"\\ud800"}'],
  ['a pair the wrong way round', 'lone-surrogate', '{"type":"x","a":"\\udc00\\ud800"}'],
  ['__proto__', 'forbidden-key', '{"type":"applied","rev":1,"__proto__":{"a":1}}'],
  ['__proto__ in disguise', 'forbidden-key', '{"type":"applied","rev":1,"\\u005f\\u005fproto__":1}'],
  ['a key twice', 'duplicate-key', '{"type":"applied","rev":1,"rev":2}'],
  ['a key twice in disguise', 'duplicate-key', '{"type":"applied","rev":1,"\\u0072ev":2}'],
  ['an array', 'not-an-object', '[{"type":"applied","rev":1}]'],
  ['null', 'not-an-object', 'null'],
  ['no type', 'no-type', '{"rev":1}'],
  ['a number as type', 'no-type', '{"type":1}'],
  ['a missing field', 'schema', '{"type":"applied"}'],
  ['a negative rev', 'schema', '{"type":"applied","rev":-1}'],
  ['an infinite rev', 'schema', '{"type":"applied","rev":1e309}'],
  ['a rev that doubles cannot hold', 'schema', '{"type":"applied","rev":9007199254740993}'],
  [
    'a stage of the hub',
    'schema',
    '{"type":"receipt","items":[{"deploymentId":1,"stage":"sent","at":"2026-11-20T09:30:00.000Z"}]}',
  ],
  [
    'local time',
    'schema',
    '{"type":"receipt","items":[{"deploymentId":1,"stage":"received","at":"2026-11-20T09:30:00.000+01:00"}]}',
  ],
  ['no receipts in a receipt', 'schema', '{"type":"receipt","items":[]}'],
];

const HEX_FRAMES: readonly (readonly [name: string, codec: Codec, refusal: Refusal, hex: string])[] = [
  ['overlong UTF-8', 'json', 'not-utf8', Buffer.from('{"type":"x","a":"').toString('hex') + 'c0af227d'],
  ['a surrogate in UTF-8', 'json', 'not-utf8', Buffer.from('{"type":"x","a":"').toString('hex') + 'eda080227d'],
  ['nothing', 'msgpack', 'empty', ''],
  ['cut short', 'msgpack', 'malformed', `82${TYPE_X}`],
  ['bytes after the end', 'msgpack', 'trailing-bytes', `${around('c0')}c0`],
  ['an array of four billion', 'msgpack', 'length-lies', around('ddffffffff')],
  ['a map of four billion', 'msgpack', 'length-lies', around('dfffffffff')],
  ['a string of four billion', 'msgpack', 'length-lies', around('dbffffffff')],
  ['eight nested lies', 'msgpack', 'length-lies', around('dd00003fff'.repeat(7))],
  ['one level too deep', 'msgpack', 'too-deep', around('91'.repeat(FRAME_DEPTH_MAX) + 'c0')],
  [
    'one value too many',
    'msgpack',
    'too-many-values',
    around(`dc${(FRAME_VALUES_MAX - 4).toString(16).padStart(4, '0')}${'00'.repeat(FRAME_VALUES_MAX - 4)}`),
  ],
  ['a record definition', 'msgpack', 'unsupported-type', 'd4724092a161a1620102'],
  ['a timestamp', 'msgpack', 'unsupported-type', around('d6ff00000000')],
  ['an extension of length zero', 'msgpack', 'unsupported-type', around('c70001')],
  ['binary', 'msgpack', 'unsupported-type', around('c40100')],
  ['the reserved byte', 'msgpack', 'unsupported-type', around('c1')],
  ['a number as a key', 'msgpack', 'key-not-string', `82${TYPE_X}01c0`],
  ['binary as a key', 'msgpack', 'unsupported-type', `82${TYPE_X}c40161c0`],
  ['2^53 as an integer', 'msgpack', 'unsafe-integer', around('cf0020000000000000')],
  ['-2^53 as an integer', 'msgpack', 'unsafe-integer', around('d3ffe0000000000000')],
  ['not UTF-8', 'msgpack', 'not-utf8', around('a1ff')],
  ['a surrogate in UTF-8', 'msgpack', 'not-utf8', around('a3eda080')],
  ['__proto__', 'msgpack', 'forbidden-key', `82${TYPE_X}${packed('__proto__')}80`],
  ['a key twice', 'msgpack', 'duplicate-key', `82${TYPE_X}${TYPE_X}`],
  ['an array', 'msgpack', 'not-an-object', '90'],
  ['no type', 'msgpack', 'no-type', `81${packed('rev')}01`],
  ['NaN as a rev', 'msgpack', 'schema', `82${packed('type')}${packed('applied')}${packed('rev')}cb7ff8000000000000`],
  [
    'infinity as a rev',
    'msgpack',
    'schema',
    `82${packed('type')}${packed('applied')}${packed('rev')}cb7ff0000000000000`,
  ],
  ['nil for an optional field', 'msgpack', 'schema', `82${packed('type')}${packed('hello')}${packed('rev')}c0`],
];

/** All of them, JSON first. */
export function badFrames(): BadFrame[] {
  const texts = JSON_FRAMES.map(([name, refusal, json]): BadFrame => {
    return { name, codec: 'json', hex: Buffer.from(json).toString('hex'), refusal };
  });
  return [...texts, ...HEX_FRAMES.map(([name, codec, refusal, hex]): BadFrame => ({ name, codec, hex, refusal }))];
}
