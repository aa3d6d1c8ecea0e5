/** Requests for one route: valid, at the limits, mutated, with ids of its own tenant, of another, and of nobody. */
import fc from 'fast-check';
import type { Route } from '../route.ts';
import { exampleRequest, hasExample, idKind } from './example-requests.ts';
import {
  hostileValues,
  mutated,
  mutations,
  ODD_TEXTS,
  valuesOf,
  type FuzzSchema,
  type IdSource,
} from './fuzz-values.ts';
import type { TenantIds } from './furnished-tenant.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

const NOBODYS: readonly number[] = [0, -1, 1.5, 999_999_999, Number.MAX_SAFE_INTEGER, 2 ** 53];

/** Which of the tenants' ids a field of this name stands for. */
const FIELD_KINDS: Readonly<Record<string, readonly (keyof TenantIds)[]>> = {
  groupId: ['groupId'],
  parentId: ['groupId'],
  deviceId: ['deviceId'],
  contentId: ['contentId', 'uploadId'],
  scheduleId: ['scheduleId'],
  alertId: ['alertId'],
  deploymentId: ['deploymentId', 'scheduleDeploymentId'],
  userId: ['userId'],
  entityId: ['groupId', 'deviceId', 'scheduleId'],
};

/** Ids of a kind: three of four times somebody's, in equal parts of every tenant's. */
function idsOf(kinds: readonly (keyof TenantIds)[], pool: readonly TenantIds[]): fc.Arbitrary<number> {
  const known = pool.flatMap((ids) => kinds.map((kind) => ids[kind]));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: fc.constantFrom(...NOBODYS) },
  );
}

function fieldIds(pool: readonly TenantIds[]): IdSource {
  return (name) => {
    if (name === 'version') return fc.constantFrom(1, 1, 1, 2, 3, 0, 1.5);
    const kinds = Object.hasOwn(FIELD_KINDS, name) ? FIELD_KINDS[name] : undefined;
    return kinds === undefined ? null : idsOf(kinds, pool);
  };
}

/** As a client would have to write it; what is odd stays odd. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const ODD_SEGMENTS = [
  '0',
  '-1',
  '1.5',
  'abc',
  '%00',
  '%ff',
  '..%2f..',
  '01',
  '1e3',
  '9007199254740993',
  '%20',
  'x'.repeat(200),
  '__proto__',
];

function paths(route: Route, pool: readonly TenantIds[]): fc.Arbitrary<string> {
  const names = [...route.url.matchAll(/:(\w+)|\*/g)].map((match) => match[1] ?? '*');
  const segments = names.map((name) =>
    fc.oneof(
      {
        weight: 5,
        arbitrary:
          name === '*' ? fc.constantFrom('content/1/abc', 'a') : idsOf([idKind(route.url, name)], pool).map(String),
      },
      { weight: 1, arbitrary: fc.oneof(fc.constantFrom(...ODD_SEGMENTS), fc.constantFrom(...ODD_TEXTS).map(encoded)) },
    ),
  );
  return fc.tuple(...segments).map((values) => {
    let at = 0;
    return route.url.replaceAll(/:\w+|\*/g, () => values[at++] ?? '');
  });
}

/** Query texts: `name=value`, more or less. */
function queries(route: Route, ids: IdSource): fc.Arbitrary<string> {
  const fields = Object.entries((route.query as FuzzSchema | undefined)?.properties ?? {});
  const one = fields.map(([name, node]) =>
    valuesOf(node, name, ids).map(
      (value) => `${name}=${encoded(typeof value === 'string' ? value : JSON.stringify(value))}`,
    ),
  );
  const odd = fc.oneof(
    fc.constantFrom(
      '__proto__=1',
      'constructor[prototype]=1',
      '=',
      '&&',
      'q=%ff%fe',
      'page=1&page=2',
      'q=%00',
      'limit=201',
      'page=0',
      'sort=-',
    ),
    fc
      .tuple(fc.constantFrom('q', 'page', 'sort', 'from', 'x'), hostileValues)
      .map(([name, value]) => `${name}=${encoded(typeof value === 'string' ? value : JSON.stringify(value))}`),
  );
  const some =
    one.length === 0
      ? fc.constant<string[]>([])
      : fc.subarray(one, { maxLength: Math.min(one.length, 5) }).chain((chosen) => fc.tuple(...chosen));
  return fc
    .tuple(some, fc.option(odd, { freq: 5, nil: null }))
    .map(([parts, extra]) => [...parts, ...(extra === null ? [] : [extra])].join('&'));
}

interface Body {
  readonly text: string;
  readonly type: string | null;
}

const JSON_TYPE = 'application/json';
const ODD_BODIES: readonly Body[] = [
  { text: '', type: JSON_TYPE },
  { text: '{', type: JSON_TYPE },
  { text: '"\\ud800"', type: JSON_TYPE },
  { text: '{"__proto__":{"role":"admin"}}', type: JSON_TYPE },
  { text: '{"constructor":{"prototype":{"role":"admin"}}}', type: JSON_TYPE },
  { text: '['.repeat(200) + ']'.repeat(200), type: JSON_TYPE },
  { text: `{"a":"${'x'.repeat(270_000)}"}`, type: JSON_TYPE },
  { text: '{"version":1,"version":2}', type: JSON_TYPE },
  { text: '{}', type: 'text/plain' },
  { text: '{}', type: 'application/json; charset=utf-16' },
  { text: '<a/>', type: 'application/xml' },
  { text: '--x\r\n', type: 'multipart/form-data; boundary=x' },
  { text: '{}', type: 'nonsense' },
];

function formBody(parts: readonly (readonly [string, unknown])[]): Body {
  const lines = parts.map(
    ([name, value]) =>
      `--fuzz\r\nContent-Disposition: form-data; name="${name}"${name === 'file' ? '; filename="a.png"' : ''}\r\n\r\n${String(value)}\r\n`,
  );
  return { text: `${lines.join('')}--fuzz--\r\n`, type: 'multipart/form-data; boundary=fuzz' };
}

function bodies(route: Route, ids: IdSource): fc.Arbitrary<Body | null> {
  const odd = fc.constantFrom(...ODD_BODIES);
  const none = fc.constant(null);
  if (route.method === 'GET') return none;
  if (route.body === undefined && route.form === undefined)
    return fc.oneof({ weight: 4, arbitrary: none }, { weight: 1, arbitrary: odd });
  const valid = valuesOf(route.body as FuzzSchema, '', ids);
  const asJson = (value: unknown): Body => ({ text: JSON.stringify(value) ?? '', type: JSON_TYPE });
  const wrong = fc
    .tuple(valid, fc.array(mutations, { minLength: 1, maxLength: 2 }))
    .map(([value, edits]) => asJson(edits.reduce(mutated, value)));
  const forms = Object.entries((route.form as FuzzSchema | undefined)?.properties ?? {}).map(([name, node]) =>
    fc.option(
      valuesOf(node, name, ids).map((value) => [name, value] as const),
      { nil: null },
    ),
  );
  return fc.oneof(
    { weight: 6, arbitrary: valid.map(asJson) },
    { weight: 6, arbitrary: wrong },
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: none },
    ...(forms.length === 0
      ? []
      : [{ weight: 4, arbitrary: fc.tuple(...forms).map((parts) => formBody(parts.filter((part) => part !== null))) }]),
  );
}

const oddHeaders: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>>(
      { 'if-match': '"1"' },
      { 'if-match': '*' },
      { 'idempotency-key': 'the-same-for-all' },
      { 'idempotency-key': 'a b' },
      { 'idempotency-key': 'x'.repeat(300) },
      { range: 'bytes=0-1,5-9' },
      { 'if-none-match': '"1", W/"2"' },
      { accept: 'text/html' },
      { 'x-forwarded-for': '10.0.0.1' },
      { origin: 'https://evil.example.com' },
      { expect: 'nothing' },
    ),
  },
);

/** Requests that hang together, of one tenant's ids: as they should be, or with one thing wrong. */
function examples(route: Route, pool: readonly TenantIds[]): fc.Arbitrary<FuzzRequest> {
  return fc
    .tuple(fc.constantFrom(...pool), fc.option(mutations, { nil: null }), oddHeaders)
    .map(([ids, edit, headers]) => {
      const { method, url, body } = exampleRequest(route, ids);
      if (body === undefined) return { method, url, headers, body: null };
      const sent = edit === null ? body : mutated(body, edit);
      return { method, url, headers: { ...headers, 'content-type': JSON_TYPE }, body: JSON.stringify(sent) ?? '' };
    });
}

/** Requests for the route, aimed at the ids of the pool. */
export function requestsFor(route: Route, pool: readonly TenantIds[]): fc.Arbitrary<FuzzRequest> {
  const ids = fieldIds(pool);
  const made = fc
    .tuple(paths(route, pool), queries(route, ids), bodies(route, ids), oddHeaders)
    .map(([path, query, body, headers]) => ({
      method: route.method,
      url: query === '' ? path : `${path}?${query}`,
      headers: { ...headers, ...(body !== null && body.type !== null && { 'content-type': body.type }) },
      body: body?.text ?? null,
    }));
  return hasExample(route)
    ? fc.oneof({ weight: 2, arbitrary: made }, { weight: 1, arbitrary: examples(route, pool) })
    : made;
}
