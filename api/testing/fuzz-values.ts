/** Values for fuzzing: what a schema takes, at its limits and inside, and what no schema takes. */
import fc from 'fast-check';

/** A JSON schema as TypeBox makes it. */
export interface FuzzSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly FuzzSchema[];
  readonly properties?: Readonly<Record<string, FuzzSchema>>;
  readonly patternProperties?: Readonly<Record<string, FuzzSchema>>;
  readonly required?: readonly string[];
  readonly items?: FuzzSchema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
}

/** Ids for the field of this name, or null when it is no id. */
export type IdSource = (name: string) => fc.Arbitrary<number> | null;

/** Texts that have broken something somewhere. */
export const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\ufffe\uffff',
  '\u202e\u2066evil',
  '💩'.repeat(40),
  'é'.repeat(130),
  "' OR 1=1; --",
  '%_!\\%',
  '../../../../etc/passwd',
  '<script>alert(1)</script>',
  '=cmd|calc!A1',
  '${jndi:ldap://127.0.0.1/a}',
  '__proto__',
  'constructor',
  'toString',
  'NaN',
  '1e999',
  '\r\nSet-Cookie: a=b',
  'x'.repeat(5_000),
] as const;

/** Texts by field, among which some are right and some look so. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  timezone: ['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'europe/berlin', 'Mars/Olympus', '+01:00', 'constructor'],
  rrule: [
    'FREQ=WEEKLY;BYDAY=MO,TU',
    'FREQ=DAILY;INTERVAL=2;COUNT=10',
    'FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20271231T000000Z',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=SECONDLY',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=DAILY;INTERVAL=99999999999999999999',
    'FREQ=WEEKLY;BYDAY=XX',
    'RRULE:FREQ=DAILY',
    'FREQ=DAILY;BYSETPOS=-367',
    ';;;=',
  ],
  url: [
    'https://pages.example.com/a',
    'http://127.0.0.1:1/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'rtsp://cam.example.com/1',
    'https://user:secret@example.com/',
    'https://[::1]/',
    'https://',
    '//x',
  ],
  mimeType: ['image/png', 'video/mp4', 'text/html', 'application/zip', 'constructor', 'image/svg+xml'],
  code: ['ZZZZ-ZZZZ', '7K3M-Q2XD', 'zzzz zzzz', 'ILOU-0000'],
  password: ['correct horse battery staple', 'short', '💩'.repeat(64), 'x'.repeat(300)],
};

/** Instants and days, among which are some that no calendar has. */
const MOMENTS = [
  '2026-11-20',
  '2026-11-20T09:00:00Z',
  '2026-11-20T09:00:00.123Z',
  '2026-02-30',
  '2026-13-01',
  '2026-04-31T00:00:00Z',
  '0000-01-01',
  '9999-12-31',
  '2026-03-29T02:30:00Z',
  '2026-11-20T24:00:00Z',
  '2026-11-20T09:00:60Z',
];

function texts(node: FuzzSchema, name: string): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 60, pattern, format } = node;
  if (format === 'binary') return fc.string({ maxLength: 40 });
  const known = /password/i.test(name) ? TEXTS['password'] : TEXTS[name];
  if (known !== undefined) return fc.constantFrom(...known);
  if (pattern !== undefined) {
    const matching = fc.stringMatching(new RegExp(pattern)).map((text) => text.slice(0, maxLength));
    return /\\d\{4\}/.test(pattern) ? fc.oneof(matching, fc.constantFrom(...MOMENTS)) : matching;
  }
  return fc.oneof(
    fc.string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) }),
    fc.constantFrom(minLength, Math.min(maxLength, 6_000)).map((length) => 'x'.repeat(length)),
    fc.constantFrom(...ODD_TEXTS),
  );
}

function numbers({ type, minimum = -1e9, maximum = 1e9 }: FuzzSchema): fc.Arbitrary<number> {
  const inside =
    type === 'integer'
      ? fc.integer({ min: minimum, max: maximum })
      : fc.double({ min: minimum, max: maximum, noNaN: true });
  return fc.oneof(inside, fc.constantFrom(minimum, maximum));
}

function objects(node: FuzzSchema, ids: IdSource): fc.Arbitrary<unknown> {
  const { properties, patternProperties, required = [] } = node;
  const [anyKey] = Object.values(patternProperties ?? {});
  if (anyKey !== undefined) {
    const key = fc.oneof(
      fc.constantFrom('volume', 'brightness', ...ODD_TEXTS.slice(0, 18)),
      fc.string({ maxLength: 8 }),
    );
    return fc.dictionary(key, valuesOf(anyKey, '', ids), { maxKeys: 3 });
  }
  const parts = Object.entries(properties ?? {}).map(([name, part]) => [name, valuesOf(part, name, ids)] as const);
  return fc.record(Object.fromEntries(parts), { requiredKeys: [...required] });
}

/** Values that the schema takes, or nearly: what has a pattern or a known name may be one that only a use case refuses. */
export function valuesOf(node: FuzzSchema, name: string, ids: IdSource): fc.Arbitrary<unknown> {
  const id = node.type === 'integer' ? ids(name) : null;
  if (id !== null) return id;
  if (node.const !== undefined) return fc.constant(node.const);
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  if (node.anyOf !== undefined) return fc.oneof(...node.anyOf.map((part) => valuesOf(part, name, ids)));
  switch (node.type) {
    case 'object':
      return objects(node, ids);
    case 'array': {
      const minLength = node.minItems ?? 0;
      const limits = { minLength, maxLength: Math.max(minLength, Math.min(node.maxItems ?? 3, minLength + 3)) };
      const items = valuesOf(node.items ?? {}, name.replace(/s$/, ''), ids);
      return node.uniqueItems === true ? fc.uniqueArray(items, limits) : fc.array(items, limits);
    }
    case 'string':
      return texts(node, name);
    case 'integer':
    case 'number':
      return numbers(node);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

/** Values that hardly any field takes. */
export const hostileValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, 2 ** 53, -(2 ** 63), [], {}, [[]], { a: 1 }, [null], {
    length: 3,
  }),
  fc.constantFrom<unknown>(...ODD_TEXTS),
  fc.constantFrom<unknown>(
    { constructor: { prototype: { admin: true } } },
    { toString: 1 },
    { valueOf: 1 },
    { $ref: '#' },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Where in a value a mutation may happen: the paths of all its parts. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key]))];
}

export interface Mutation {
  readonly at: number;
  readonly kind: 'replace' | 'remove' | 'extra' | 'rename';
  readonly with: unknown;
}

export const mutations: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(1_000),
  kind: fc.constantFrom('replace', 'replace', 'remove', 'extra', 'rename'),
  with: hostileValues,
});

/** A copy of the value with one part replaced, removed or renamed, or one too many. */
export function mutated(value: unknown, { at, kind, with: other }: Mutation): unknown {
  const paths = pathsOf(value);
  const path = paths[at % paths.length] ?? [];
  if (path.length === 0) return kind === 'extra' && isRecord(value) ? { ...value, extra: other } : other;
  const copy = structuredClone(value);
  const key = path.at(-1) ?? '';
  const parent = path.slice(0, -1).reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], copy);
  const holder = parent as Record<string, unknown>;
  if (kind === 'replace') holder[key] = other;
  else if (kind === 'extra') holder[`extra${key}`] = other;
  else {
    const old = holder[key];
    delete holder[key];
    if (kind === 'rename') holder[`${key} `] = old;
  }
  return copy;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
