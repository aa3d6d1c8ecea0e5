import Type from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../test/support/databases.ts';
import { registerRoutes } from './register-routes.ts';
import { API_BASE, IdParams, listQuery, likePattern, route, sortOf } from './route.ts';
import { openApi, type ApiFixture, type TestUser } from './testing/api-fixture.ts';

const seen: unknown[] = [];

const Body = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 5 }),
    count: Type.Optional(Type.Integer()),
    config: Type.Optional(Type.Object({ volume: Type.Optional(Type.Integer()) }, { additionalProperties: false })),
    kind: Type.Optional(Type.Enum(['a', 'b'])),
    tags: Type.Optional(Type.Array(Type.Integer(), { maxItems: 2 })),
    any: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);

const routes = [
  route({
    method: 'POST',
    url: `${API_BASE}/echo/:id`,
    policy: 'user',
    operationId: 'test3',
    summary: 'Answers with what came',
    params: IdParams,
    body: Body,
    data: Type.Object({ id: Type.Integer(), name: Type.String() }),
    handler: async ({ params, body }) => {
      seen.push(body);
      // More than the schema says: the serialiser drops it.
      return { id: params.id, name: body.name, password_hash: 'leak' };
    },
  }),
  route({
    method: 'GET',
    url: `${API_BASE}/list`,
    policy: 'user',
    operationId: 'test4',
    summary: 'Answers with the query',
    query: listQuery(['name', 'createdAt'], {
      online: Type.Optional(Type.Boolean()),
      groupId: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
    data: Type.Array(Type.Unknown()),
    paged: true,
    handler: async ({ query }) => ({ data: [query], page: { page: query.page, limit: query.limit, total: 1 } }),
  }),
  route({
    method: 'GET',
    url: `${API_BASE}/broken`,
    policy: 'user',
    operationId: 'test5',
    summary: 'Fails in ways that nobody foresaw',
    query: Type.Object({ how: Type.String() }, { additionalProperties: false }),
    data: Type.Object({ id: Type.Integer() }),
    handler: async ({ query }) => {
      if (query.how === 'schema') return {} as { id: number };
      throw new Error('a secret of the database');
    },
  }),
  route({
    method: 'GET',
    url: `${API_BASE}/file`,
    policy: 'user',
    operationId: 'test6',
    summary: 'Sends bytes',
    data: Type.String(),
    raw: true,
    handler: async () => ({ contentType: 'image/png', body: Buffer.from([1, 2, 3]), headers: { etag: '"x"' } }),
  }),
];

describeEachDatabase('the envelope', (open) => {
  let api: ApiFixture;
  let user: TestUser;
  beforeAll(async () => {
    api = await openApi(await open(), { routes });
    user = await api.newUser(await api.newTenant('envelope'), 'admin');
  });
  afterAll(() => api.close());

  const echo = (body: unknown, headers: Record<string, string> = {}) =>
    api.send('POST', `${API_BASE}/echo/5`, { as: user, body, headers });
  const json = { 'content-type': 'application/json' };

  test('holds what the schema names and nothing else', async () => {
    const answer = await echo({ name: 'ok' });
    expect([answer.statusCode, answer.json()]).toEqual([200, { success: true, data: { id: 5, name: 'ok' } }]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each<[string, unknown, { field: string; message: string }[]]>([
    ['a missing field', {}, [{ field: 'name', message: 'is required' }]],
    ['an unknown field', { name: 'a', role: 'admin' }, [{ field: 'role', message: 'is not a known field' }]],
    [
      'two unknown fields',
      { name: 'a', tenantId: 1, x: 2 },
      [
        { field: 'tenantId', message: 'is not a known field' },
        { field: 'x', message: 'is not a known field' },
      ],
    ],
    [
      'an unknown field inside',
      { name: 'a', config: { loud: 1 } },
      [{ field: 'config.loud', message: 'is not a known field' }],
    ],
    ['text for a number', { name: 'a', count: '5' }, [{ field: 'count', message: 'must be integer' }]],
    ['a fraction', { name: 'a', count: 1.5 }, [{ field: 'count', message: 'must be integer' }]],
    ['a number for text', { name: 5 }, [{ field: 'name', message: 'must be string' }]],
    ['an object for text', { name: { a: 1 } }, [{ field: 'name', message: 'must be string' }]],
    ['null', { name: null }, [{ field: 'name', message: 'must be string' }]],
    ['text that is too long', { name: 'abcdef' }, [{ field: 'name', message: 'must not have more than 5 characters' }]],
    ['a word that is not in the list', { name: 'a', kind: 'c' }, [{ field: 'kind', message: 'must be one of a, b' }]],
    ['one wrong entry', { name: 'a', tags: [1, 'x'] }, [{ field: 'tags.1', message: 'must be integer' }]],
    ['a list for an object', [], [{ field: 'body', message: 'must be object' }]],
  ])('of a body with %s is 400 and names the field', async (_what, body, details) => {
    const before = seen.length;
    const answer = await echo(body);
    expect([answer.statusCode, answer.json()]).toEqual([
      400,
      { success: false, error: { code: 'VALIDATION_ERROR', message: 'The request is not valid', details } },
    ]);
    expect(seen.length).toBe(before);
  });

  test.each<[string, string, Record<string, string>, number, string]>([
    ['cut JSON', '{"name":', json, 400, 'VALIDATION_ERROR'],
    ['no body', '', json, 400, 'VALIDATION_ERROR'],
    ['__proto__', '{"name":"a","__proto__":{"x":1}}', json, 400, 'VALIDATION_ERROR'],
    [
      'a constructor with a prototype',
      '{"name":"a","constructor":{"prototype":{"x":1}}}',
      json,
      400,
      'VALIDATION_ERROR',
    ],
    ['65 levels', `{"name":"a","any":${'['.repeat(65)}${']'.repeat(65)}}`, json, 400, 'VALIDATION_ERROR'],
    ['100,000 open brackets', '['.repeat(100_000), json, 400, 'VALIDATION_ERROR'],
    ['1e309', '{"name":"a","count":1e309}', json, 400, 'VALIDATION_ERROR'],
    ['text/plain', '{"name":"a"}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a form', 'name=a', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a tab after the type', '{"name":"a"}', { 'content-type': 'application/json\tx' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a word after the type',
      '{"name":"a"}',
      { 'content-type': 'application/json garbage' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['256 KiB and a byte', `"${'x'.repeat(256 * 1024 - 1)}"`, json, 413, 'PAYLOAD_TOO_LARGE'],
  ])('of a body of %s', async (_what, payload, headers, status, code) => {
    const answer = await echo(payload, headers);
    expect([answer.statusCode, answer.json().success, answer.json().error.code]).toEqual([status, false, code]);
    expect(Object.keys(answer.json()).sort()).toEqual(['error', 'success']);
  });

  test('takes 64 levels, and brackets in text do not count', async () => {
    const body = `{"name":"a","any":[${'['.repeat(62)}"${'['.repeat(500)}\\"{"${']'.repeat(62)}]}`;
    expect((await echo(body, json)).statusCode).toBe(200);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test.each<[string, string, number, string]>([
    ['an unknown path', '/api/v1/nothing', 404, 'NOT_FOUND'],
    ['a known path with another method', '/api/v1/echo/5', 404, 'NOT_FOUND'],
    ['a path with a broken escape', '/api/v1/echo/%zz', 400, 'VALIDATION_ERROR'],
  ])('of %s', async (_what, url, status, code) => {
    const answer = await api.send('GET', url, { as: user });
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code]);
  });

  test.each(['0', '-1', '1.5', 'abc', '1e3', '0x10', '9007199254740993', "1' or '1'='1", '%00', '1;drop'])(
    'of the id %s is 400',
    async (id) => {
      const answer = await api.send('POST', `${API_BASE}/echo/${encodeURIComponent(id)}`, {
        as: user,
        body: { name: 'a' },
      });
      expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([400, 'id']);
    },
  );

  test('of a list carries page, limit and total', async () => {
    const answer = await api.send('GET', `${API_BASE}/list?page=2&limit=200&sort=-name&q=x&online=true&groupId=7`, {
      as: user,
    });
    expect(answer.json()).toEqual({
      success: true,
      data: [{ page: 2, limit: 200, sort: '-name', q: 'x', online: true, groupId: 7 }],
      meta: { page: 2, limit: 200, total: 1 },
    });
    expect((await api.send('GET', `${API_BASE}/list`, { as: user })).json().meta).toEqual({
      page: 1,
      limit: 50,
      total: 1,
    });
  });

  test.each([
    ['page=0', 'page'],
    ['page=x', 'page'],
    ['limit=201', 'limit'],
    ['limit=1e9', 'limit'],
    ['sort=password_hash', 'sort'],
    ['sort=name;drop', 'sort'],
    ['q=', 'q'],
    ['online=yes', 'online'],
    ['groupId=1&groupId=2', 'groupId'],
    ['groupId[a]=1', 'groupId[a]'],
    ['nonsense=1', 'nonsense'],
    ['__proto__=1', '__proto__'],
  ])('of a list with %s is 400 and names the field', async (query, field) => {
    const answer = await api.send('GET', `${API_BASE}/list?${query}`, { as: user });
    expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([400, field]);
  });

  test.each(['bug', 'schema'])('of a failure of ours (%s) tells nothing and logs it', async (how) => {
    const before = api.logLines.length;
    const answer = await api.send('GET', `${API_BASE}/broken?how=${how}`, { as: user });
    expect([answer.statusCode, answer.json()]).toEqual([
      500,
      { success: false, error: { code: 'INTERNAL', message: 'Something went wrong on our side' } },
    ]);
    expect(api.logLines.slice(before).some((line) => line.includes('request failed'))).toBe(true);
  });

  test('is not around raw answers', async () => {
    const answer = await api.send('GET', `${API_BASE}/file`, { as: user });
    expect([answer.headers['content-type'], answer.headers['etag'], [...answer.rawPayload]]).toEqual([
      'image/png',
      '"x"',
      [1, 2, 3],
    ]);
    const jwks = await api.send('GET', '/.well-known/jwks.json');
    expect(jwks.json()).toEqual(api.tokens.jwks());
    const metrics = await api.send('GET', '/metrics');
    expect(metrics.body).toContain('podoh_api_request_duration_seconds_bucket');
  });

  test('a route with a body schema that lets unknown fields through makes the boot fail', () => {
    const loose = route({
      method: 'POST',
      url: '/loose',
      policy: 'user',
      operationId: 'test7',
      summary: 'x',
      body: Type.Object({ inner: Type.Array(Type.Object({ a: Type.String() })) }, { additionalProperties: false }),
      data: Type.Object({}),
      handler: async () => ({}),
    });
    expect(() => registerRoutes(api.app, api.ctx, [loose])).toThrow('body schema #/inner/items allows unknown fields');
  });

  test('sort and search are read safely', () => {
    expect(sortOf<'name'>('-name', 'name')).toEqual({ column: 'name', direction: 'desc' });
    expect(sortOf<'name'>(undefined, 'name')).toEqual({ column: 'name', direction: 'asc' });
    expect(likePattern('50%_!')).toBe('%50!%!_!!%');
  });
});
