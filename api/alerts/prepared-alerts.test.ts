import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent } from '../testing/device-rows.ts';
import { alertRoutes } from './routes.ts';

const ALERTS = '/api/v1/alerts';

describeEachDatabase('prepared alerts', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: alertRoutes() });
    tenantId = await api.newTenant('alerts');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const create = (body: unknown, as = admin) => api.send('POST', ALERTS, { as, body });
  const fire = { severity: 'critical', title: ' Fire ', message: 'Leave by the stairs' };

  test('are prepared, read, changed and deleted; devices learn nothing', async () => {
    const before = await api.ctx.db.sql.selectFrom('changes').select('rev').execute();
    const made = await create({ ...fire, name: 'Fire drill' });
    expect(made.statusCode).toBe(201);
    const { data } = made.json();
    expect(data).toEqual({
      id: data.id,
      name: 'Fire drill',
      severity: 'critical',
      title: 'Fire',
      message: 'Leave by the stairs',
      contentId: null,
      groupIds: [],
      deviceIds: [],
      expiresInSeconds: null,
      drill: false,
      version: 1,
      createdAt: '2026-11-20T09:00:00.000Z',
      updatedAt: '2026-11-20T09:00:00.000Z',
    });
    const url = `${ALERTS}/${data.id}`;
    expect((await api.send('GET', url, { as: admin })).json().data).toEqual(data);
    const put = await api.send('PUT', url, { as: admin, body: { severity: 'info', version: 1 } });
    expect(put.json().data).toMatchObject({ severity: 'info', title: 'Fire', version: 2 });
    const stale = await api.send('PUT', url, { as: admin, body: { title: 'x', version: 1 } });
    expect([stale.statusCode, stale.json().error.code]).toEqual([409, 'VERSION_CONFLICT']);
    expect((await api.send('DELETE', url, { as: admin })).statusCode).toBe(200);
    for (const method of ['GET', 'DELETE']) expect((await api.send(method, url, { as: admin })).statusCode).toBe(404);
    expect((await api.send('PUT', url, { as: admin, body: { version: 2 } })).statusCode).toBe(404);
    expect(await api.ctx.db.sql.selectFrom('changes').select('rev').execute()).toEqual(before);
    const audit = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .select('action')
      .where('entity_id', '=', data.id)
      .orderBy('id')
      .execute();
    expect(audit.map((row) => row.action)).toEqual(['alert.created', 'alert.updated', 'alert.removed']);
  });

  test('are called by their title when they have no name', async () => {
    expect((await create({ ...fire, title: 'T'.repeat(200) })).json().data.name).toBe('T'.repeat(120));
  });

  test('may show content of the tenant that is ready', async () => {
    const ready = await insertContent(api.ctx.db, tenantId);
    const pending = await insertContent(api.ctx.db, tenantId, { status: 'pending' });
    const foreign = await insertContent(api.ctx.db, await api.newTenant('alerts content'));
    const { data } = (await create({ ...fire, contentId: ready })).json();
    expect(data.contentId).toBe(ready);
    const put = (body: object) => api.send('PUT', `${ALERTS}/${data.id}`, { as: admin, body });
    expect((await put({ contentId: null, version: 1 })).json().data.contentId).toBeNull();
    for (const [contentId, status] of [
      [pending, 409],
      [foreign, 404],
      [999_999, 404],
    ] as const) {
      const refused = [await create({ ...fire, contentId }), await put({ contentId, version: 2 })];
      for (const answer of refused) {
        expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([status, 'contentId']);
      }
    }
  });

  test('refuse what is not valid, naming the field', async () => {
    const field = async (body: object) => (await create(body)).json().error.details[0].field;
    expect(await field({ ...fire, severity: 'deadly' })).toBe('severity');
    expect(await field({ ...fire, title: '' })).toBe('title');
    expect(await field({ ...fire, title: ' ' })).toBe('title');
    expect(await field({ ...fire, title: 'x'.repeat(201) })).toBe('title');
    expect(await field({ ...fire, message: 'x'.repeat(4001) })).toBe('message');
    expect(await field({ severity: 'info', title: 'x' })).toBe('message');
    expect(await field({ ...fire, tenantId: 2 })).toBe('tenantId');
    expect((await create({ ...fire, message: 'x'.repeat(4000), title: 'é'.repeat(200) })).statusCode).toBe(201);
  });

  test('are listed by severity and text', async () => {
    const tenant = await api.newTenant('alert list');
    const as = await api.newUser(tenant, 'manager');
    for (const [name, severity, title] of [
      ['Fire', 'critical', 'A'],
      ['Storm', 'warning', 'B'],
      ['Tea', 'info', 'fire up the kettle'],
    ]) {
      expect((await create({ name, severity, title, message: '' }, as)).statusCode).toBe(201);
    }
    const names = async (query: string) =>
      (await api.send('GET', `${ALERTS}${query}`, { as })).json().data.map(({ name }: { name: string }) => name);
    expect(await names('')).toEqual(['Fire', 'Storm', 'Tea']);
    expect(await names('?q=FIRE')).toEqual(['Fire', 'Tea']);
    expect(await names('?severity=warning')).toEqual(['Storm']);
    expect(await names('?sort=-title')).toEqual(['Tea', 'Storm', 'Fire']);
    expect((await api.send('GET', `${ALERTS}?limit=2`, { as })).json().meta).toEqual({ page: 1, limit: 2, total: 3 });
  });

  test('[INV-10] belong to the tenant; users only read', async () => {
    const { id } = (await create(fire)).json().data;
    const stranger = await api.newUser(await api.newTenant('alerts stranger'), 'admin');
    const user = await api.newUser(tenantId, 'user');
    const status = async (method: string, path: string, as: TestUser, body?: object) =>
      (await api.send(method, `${ALERTS}${path}`, { as, body })).statusCode;
    expect(await status('GET', `/${id}`, stranger)).toBe(404);
    expect(await status('PUT', `/${id}`, stranger, { title: 'x', version: 1 })).toBe(404);
    expect(await status('DELETE', `/${id}`, stranger)).toBe(404);
    expect((await api.send('GET', ALERTS, { as: stranger })).json().data).toEqual([]);
    expect(await status('GET', `/${id}`, user)).toBe(200);
    expect(await status('POST', '', user, fire)).toBe(403);
    expect(await status('PUT', `/${id}`, user, { title: 'x', version: 1 })).toBe(403);
    expect(await status('DELETE', `/${id}`, user)).toBe(403);
  });
});
