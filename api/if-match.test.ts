import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeEachDatabase } from '../test/support/databases.ts';
import { groupRoutes } from './groups/routes.ts';
import { entityTag, withMatchedVersion } from './if-match.ts';
import { openApi, type ApiFixture, type TestUser } from './testing/api-fixture.ts';

describeEachDatabase('If-Match and ETag', (open) => {
  let api: ApiFixture;
  let admin: TestUser;
  let url: string;
  beforeAll(async () => {
    api = await openApi(await open(), {
      routes: groupRoutes(),
      settings: { allowedOrigins: ['https://cms.example.com'] },
    });
    admin = await api.newUser(await api.newTenant('editors'), 'admin');
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    url = `/api/v1/groups/${await api.newGroup(admin.tenantId, 'Lobby')}`;
  });

  const put = (body: unknown, header?: string) =>
    api.send('PUT', url, { as: admin, body, ...(header !== undefined && { headers: { 'if-match': header } }) });
  const version = async (): Promise<number> => (await api.send('GET', url, { as: admin })).json().data.version;

  test('a GET carries the version as a strong entity tag, which an edit takes back', async () => {
    const { headers, body } = await api.send('GET', url, { as: admin });
    expect(headers['etag']).toBe(entityTag(JSON.parse(body).data.version));
    const edited = await put({ name: 'Main lobby' }, String(headers['etag']));
    expect([edited.statusCode, edited.json().data.version]).toEqual([200, 2]);
    expect((await api.send('GET', url, { as: admin })).headers['etag']).toBe('"2"');
  });

  test('a stale tag is the same conflict as a stale version, with the current one, and changes nothing', async () => {
    expect((await put({ name: 'First', version: 1 })).statusCode).toBe(200);
    const byBody = await put({ name: 'Second', version: 1 });
    const byTag = await put({ name: 'Second' }, '"1"');
    expect(byTag.statusCode).toBe(409);
    expect(byTag.json()).toEqual(byBody.json());
    expect(byTag.json().error).toMatchObject({
      code: 'VERSION_CONFLICT',
      details: [{ field: 'version', message: 'the current version is 2' }],
    });
    expect(await version()).toBe(2);
  });

  test('both are taken when they agree, and refused when they do not', async () => {
    const differing = await put({ name: 'Both', version: 1 }, '"2"');
    expect([differing.statusCode, differing.json().error.details[0].field]).toEqual([400, 'If-Match']);
    expect((await put({ name: 'Both', version: 1 }, '"1"')).statusCode).toBe(200);
  });

  test.each([
    '*',
    '1',
    'W/"1"',
    '"1", "2"',
    '""',
    '"0"',
    '"-1"',
    '"1e3"',
    '"99999999999999999"',
    '"1',
    'x'.repeat(5_000),
  ])('a header that names no single version is refused: %s', async (header) => {
    const answer = await put({ name: 'Never' }, header);
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(await version()).toBe(1);
  });

  test('without header and version an edit is refused, as before', async () => {
    const answer = await put({ name: 'Blind' });
    expect(answer.json().error.details).toEqual([{ field: 'version', message: 'is required' }]);
  });

  test('a call that takes no version refuses the header instead of passing over it', async () => {
    const answer = await api.send('DELETE', url, { as: admin, headers: { 'if-match': '"7"' } });
    expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([400, 'If-Match']);
    expect((await api.send('GET', url, { as: admin, headers: { 'if-match': '"7"' } })).statusCode).toBe(200);
  });

  test('what is no object stays what it is, and is refused as before', async () => {
    for (const body of ['[]', '"text"', '7', 'null', '']) {
      const headers = { 'if-match': '"1"', 'content-type': 'application/json' };
      expect([body, (await api.send('PUT', url, { as: admin, body, headers })).statusCode]).toEqual([body, 400]);
    }
  });

  test('browsers may send the one and read the other', async () => {
    const origin = 'https://cms.example.com';
    const asked = { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'if-match' };
    const preflight = await api.send('OPTIONS', url, { headers: asked });
    expect(preflight.headers['access-control-allow-headers']).toContain('If-Match');
    const answer = await api.send('GET', url, { as: admin, headers: { origin } });
    expect(answer.headers['access-control-expose-headers']).toContain('ETag');
  });
});

test('a version in the body is never replaced', () => {
  expect(withMatchedVersion({ version: 3 }, '"3"', true)).toEqual({ version: 3 });
  expect(() => withMatchedVersion({ version: '3' }, '"3"', true)).toThrow('If-Match');
  expect(withMatchedVersion({ version: 3 }, undefined, false)).toEqual({ version: 3 });
});
