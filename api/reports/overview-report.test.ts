/** What needs attention, on both databases. */
import { beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { toIso } from '../iso-time.ts';
import { resourceRoutes } from '../resource-routes.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { furnishedTenant } from '../testing/furnished-tenant.ts';

const HOUR_MS = 3_600_000;

describeEachDatabase('the overview', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let now: number;

  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: resourceRoutes() });
    now = api.clock.now();
    return () => api.close();
  });

  const overview = async (as: TestUser) => {
    const answer = await api.send('GET', '/api/v1/reports/overview', { as });
    expect(answer.statusCode).toBe(200);
    return answer.json().data;
  };

  test('of a new installation has nothing in it', async () => {
    const admin = await api.newUser(await api.newTenant('New'), 'admin');
    const nothing = { total: 0, items: [] };
    expect(await overview(admin)).toEqual({
      ...{ devices: 0, content: 0, alerts: 0, scheduleDeployments: 0, deadLetters: 0 },
      ...{ offline: nothing, neverConnected: nothing, failedContent: nothing, failedDeployments: nothing },
    });
  });

  test('names the screens that are away, the longest first, and those that never came, within the scope', async () => {
    const tenantId = await api.newTenant('Away');
    const admin = await api.newUser(tenantId, 'admin');
    const group = await api.newGroup(tenantId, 'Lobby');
    const away = (hours: number, columns: object = {}) =>
      insertDevice(db, tenantId, { last_seen_at: now - hours * HOUR_MS, name: `${hours} h`, ...columns });
    await away(0.9);
    const two = await away(2, { group_id: group });
    for (const hours of [9, 8, 7, 6, 5]) await away(hours);
    await away(20, { state: 'revoked' });
    await away(3, { status: 'online', transport: 'http' });
    const never = await insertDevice(db, tenantId, { name: 'New', group_id: group, created_at: now - HOUR_MS });
    const { offline, neverConnected, devices } = await overview(admin);
    expect(devices).toBe(9);
    expect([offline.total, offline.items.map(({ name }: { name: string }) => name)]).toEqual([
      6,
      ['9 h', '8 h', '7 h', '6 h', '5 h'],
    ]);
    const item = { deviceId: never, name: 'New', groupId: group, createdAt: toIso(now - HOUR_MS) };
    expect(neverConnected).toEqual({ total: 1, items: [item] });
    const viewer = await overview(await api.newUser(tenantId, 'user', [group]));
    expect(viewer.offline).toEqual({
      total: 1,
      items: [{ deviceId: two, name: '2 h', groupId: group, lastSeen: toIso(now - 2 * HOUR_MS) }],
    });
    expect([viewer.devices, viewer.deadLetters]).toEqual([2, null]);
  });

  test('names content that was refused, deployments that a screen cannot play, and counts what was given up', async () => {
    const { tenantId, admin, ids } = await furnishedTenant(api, 'attention');
    const contentId = await insertContent(db, tenantId, {
      ...{ name: 'Broken', status: 'failed', failure: 'It is not an image', updated_at: now },
    });
    expect(await overview(admin)).toMatchObject({
      ...{ devices: 1, alerts: 1, scheduleDeployments: 1, deadLetters: 1, failedDeployments: { total: 0, items: [] } },
      failedContent: {
        total: 1,
        items: [{ contentId, name: 'Broken', failure: 'It is not an image', updatedAt: toIso(now) }],
      },
    });
    const { rev } = await db.sql
      .selectFrom('deployments')
      .select('rev')
      .where('id', '=', ids.scheduleDeploymentId)
      .executeTakeFirstOrThrow();
    await db.sql
      .insertInto('device_reports')
      .values({
        ...{ device_id: ids.deviceId, tenant_id: tenantId, epoch: null, rev: null, status: '{}', displayed: '[]' },
        ...{
          reported_at: now,
          schedule_version: rev,
          schedule_state: 'failed',
          schedule_reason: 'x',
          schedule_at: now,
        },
      })
      .execute();
    expect((await overview(admin)).failedDeployments).toEqual({
      total: 1,
      items: [
        {
          ...{ deploymentId: ids.scheduleDeploymentId, scheduleId: ids.scheduleId, targeted: 1, failed: 1 },
          ...{ schedule: expect.stringContaining('Plan'), createdAt: toIso(now) },
        },
      ],
    });
    const elsewhere = await api.newGroup(tenantId, 'Elsewhere');
    const stranger = await overview(await api.newUser(tenantId, 'manager', [elsewhere]));
    expect(stranger).toMatchObject({ devices: 0, failedDeployments: { total: 0 }, failedContent: { total: 1 } });
  });
});
