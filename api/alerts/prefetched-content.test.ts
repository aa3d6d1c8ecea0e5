import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent } from '../testing/device-rows.ts';
import { alertRoutes } from './routes.ts';

const ALERTS = '/api/v1/alerts';

describeEachDatabase('content of prepared alerts', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;

  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: alertRoutes() });
    tenantId = await api.newTenant('prefetch');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const text = { severity: 'info', title: 'Fire', message: '' };
  const create = async (contentId: number | null): Promise<number> => {
    const answer = await api.send('POST', ALERTS, { as: admin, body: { ...text, contentId } });
    expect(answer.statusCode).toBe(201);
    return answer.json().data.id;
  };
  const put = (id: number, body: object) => api.send('PUT', `${ALERTS}/${id}`, { as: admin, body });
  const remove = (id: number) => api.send('DELETE', `${ALERTS}/${id}`, { as: admin });
  /** How often every manifest has become another since the last look; the newest rev of theirs is checked on the way. */
  let seen = 0;
  async function told(): Promise<number> {
    const rows = await db.sql
      .selectFrom('changes')
      .select(['rev', 'kind', 'payload'])
      .where('tenant_id', '=', tenantId)
      .orderBy('rev')
      .execute();
    for (const row of rows) {
      expect(row.kind).toBe('schedule.assigned');
      expect(JSON.parse(row.payload)).toEqual({ groupIds: [], deviceIds: [], everywhere: true });
    }
    const stamped = await db.sql
      .selectFrom('manifest_revs')
      .select(['target_kind', 'target_id', 'rev'])
      .where('tenant_id', '=', tenantId)
      .execute();
    const newest = rows.at(-1)?.rev;
    expect(stamped.map((row) => ({ ...row }))).toEqual(
      newest === undefined ? [] : [{ target_kind: 'tenant', target_id: 0, rev: newest }],
    );
    const fresh = rows.length - seen;
    seen = rows.length;
    return fresh;
  }

  test('makes every manifest another exactly when the set of it changes', async () => {
    const [one, two] = [await insertContent(db, tenantId), await insertContent(db, tenantId)];
    const plain = await create(null);
    expect(await told()).toBe(0);
    const first = await create(one);
    expect(await told()).toBe(1);
    const second = await create(one);
    expect(await told()).toBe(0);
    await put(first, { title: 'Water', contentId: one, version: 1 });
    expect(await told()).toBe(0);
    await put(first, { contentId: two, version: 2 });
    expect(await told()).toBe(1);
    await put(first, { contentId: one, version: 3 });
    expect(await told()).toBe(1);
    await put(first, { contentId: null, version: 4 });
    expect(await told()).toBe(0);
    await put(first, { title: 'Smoke', version: 5 });
    await remove(plain);
    await remove(first);
    expect(await told()).toBe(0);
    await remove(second);
    expect(await told()).toBe(1);
  });

  test('is told of though the last two uses of it go at once', async () => {
    const contentId = await insertContent(db, tenantId);
    const alerts = [await create(contentId), await create(contentId)];
    expect(await told()).toBe(1);
    const answers = await Promise.all(alerts.map(remove));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(await told()).toBe(1);
  });
});
