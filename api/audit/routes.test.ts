import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { API_BASE } from '../route.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { writeAudit } from './write-audit.ts';

const AUDIT = `${API_BASE}/audit`;

describeEachDatabase('the audit', (open) => {
  let api: ApiFixture;
  let admin: TestUser;
  let start: number;
  beforeAll(async () => {
    api = await openApi(await open());
    admin = await api.newUser(await api.newTenant('ours'), 'admin');
    const stranger = await api.newUser(await api.newTenant('theirs'), 'admin');
    start = api.clock.now();
    const write = (who: TestUser, action: string, entityId: number | null, detail: unknown) =>
      api.ctx.db.sql
        .transaction()
        .execute((tx) =>
          writeAudit(
            tx,
            { ...who, userId: who.id, ip: '192.0.2.1', requestId: 'r-1' },
            { action, entity: action.split('.')[0] ?? '', entityId, detail },
            api.clock.now(),
          ),
        );
    for (let n = 1; n <= 5; n++) {
      await write(admin, 'group.created', n, { name: `100% group_${n}` });
      await write(stranger, 'group.created', n, { name: 'secret of theirs' });
      api.clock.advance(60_000);
    }
    await write(admin, 'device.revoked', 9, undefined);
  });
  afterAll(() => api.close());

  const list = async (query: string) => {
    const answer = await api.send('GET', `${AUDIT}?${query}`, { as: admin });
    expect(answer.statusCode).toBe(200);
    return answer.json();
  };

  test('shows a line as it was written, the newest first, and nothing of other tenants', async () => {
    const { data, meta } = await list('');
    expect(meta).toEqual({ page: 1, limit: 50, total: 6 });
    expect(data[0]).toMatchObject({ action: 'device.revoked', entityId: 9, detail: null });
    expect(data[5]).toEqual({
      id: data[5].id,
      userId: admin.id,
      username: admin.username,
      action: 'group.created',
      entity: 'group',
      entityId: 1,
      detail: { name: '100% group_1' },
      ip: '192.0.2.1',
      requestId: 'r-1',
      createdAt: new Date(start).toISOString(),
    });
    expect(JSON.stringify(data)).not.toContain('theirs');
  });

  test('is paged and sorted', async () => {
    const first = await list('limit=4&sort=createdAt');
    const second = await list('limit=4&sort=createdAt&page=2');
    const third = await list('limit=4&page=3');
    expect([first.data.length, second.data.length, third.data.length]).toEqual([4, 2, 0]);
    expect(second.meta).toEqual({ page: 2, limit: 4, total: 6 });
    expect([...first.data, ...second.data].map((line: { entityId: number }) => line.entityId)).toEqual([
      1, 2, 3, 4, 5, 9,
    ]);
  });

  const iso = (minutes: number): string => new Date(start + minutes * 60_000).toISOString();

  test.each<[string, () => string, number[]]>([
    ['the action', () => 'action=device.revoked', [9]],
    ['the entity and its id', () => 'entity=group&entityId=3', [3]],
    ['the user', () => `userId=${admin.id}&entity=device`, [9]],
    ['another user', () => `userId=${admin.id + 1000}`, []],
    ['the username', () => `username=${admin.username}&action=device.revoked`, [9]],
    ['a span of time, its end not included', () => `from=${iso(1)}&to=${iso(3)}`, [3, 2]],
    ['text, whose wildcards are text', () => `q=${encodeURIComponent('0% group_4')}`, [4]],
    ['text that is nowhere', () => `q=${encodeURIComponent('g_oup')}`, []],
    ['a quote and a backslash', () => `q=${encodeURIComponent(`'"\\`)}`, []],
  ])('is filtered by %s', async (_what, query, entityIds) => {
    const { data, meta } = await list(query());
    expect(data.map((line: { entityId: number }) => line.entityId)).toEqual(entityIds);
    expect(meta.total).toBe(entityIds.length);
  });

  test.each(['from=yesterday', 'entityId=0', 'userId=x', 'sort=action'])('with %s is 400', async (query) => {
    expect((await api.send('GET', `${AUDIT}?${query}`, { as: admin })).statusCode).toBe(400);
  });
});
