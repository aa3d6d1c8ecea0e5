/** When a device was online, over both databases, and how long that is kept. */
import { beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { keepHouse } from '../housekeeping.ts';
import { toIso } from '../iso-time.ts';
import { PRESENCE_KEPT_MS } from './presence-retention.ts';
import { deviceRoutes } from './routes.ts';

describeEachDatabase('the sessions of a device', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let now: number;

  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: deviceRoutes() });
    tenantId = await api.newTenant('Ours');
    admin = await api.newUser(tenantId, 'admin');
    now = api.clock.now();
    return () => api.close();
  });

  type Told = readonly [status: 'online' | 'offline', transport: 'websocket' | 'http' | null, agoMs: number];

  async function tell(deviceId: number, ...rows: readonly Told[]): Promise<void> {
    for (const [status, transport, agoMs] of rows) {
      const row = { tenant_id: tenantId, device_id: deviceId, status, transport, at: now - agoMs };
      await db.sql.insertInto('device_presence').values(row).execute();
    }
  }

  async function sessions(deviceId: number, query = '', as = admin) {
    const answer = await api.send('GET', `/api/v1/devices/${deviceId}/sessions${query}`, { as });
    return { status: answer.statusCode, ...answer.json() };
  }

  const ago = (ms: number): string => toIso(now - ms);

  test('are the times online, the newest first, with a change of transport as an end and a beginning', async () => {
    const deviceId = await insertDevice(db, tenantId);
    await tell(deviceId, ['online', 'http', 900], ['online', 'websocket', 800], ['offline', null, 700]);
    await tell(deviceId, ['online', 'websocket', 300]);
    await tell(await insertDevice(db, tenantId), ['offline', null, 250]);
    const { data, meta } = await sessions(deviceId);
    expect(data).toEqual([
      { from: ago(300), to: null, transport: 'websocket' },
      { from: ago(800), to: ago(700), transport: 'websocket' },
      { from: ago(900), to: ago(800), transport: 'http' },
    ]);
    expect(meta).toEqual({ page: 1, limit: 50, total: 3 });
    expect((await sessions(deviceId, '?page=2&limit=2')).data).toEqual([data[2]]);
    expect((await sessions(deviceId, '?sort=from')).data).toEqual(data.toReversed());
  });

  test('of a device that was never seen are none, and what it was before the history began is not made up', async () => {
    const deviceId = await insertDevice(db, tenantId);
    expect(await sessions(deviceId)).toMatchObject({ status: 200, data: [], meta: { total: 0 } });
    await tell(deviceId, ['offline', null, 500]);
    expect((await sessions(deviceId)).data).toEqual([]);
  });

  test('that two nodes with different clocks told of never end before they began, nor much later than they did', async () => {
    const deviceId = await insertDevice(db, tenantId);
    await tell(deviceId, ['online', 'websocket', 50_000], ['offline', null, 50_100], ['online', 'http', 1_000]);
    expect((await sessions(deviceId)).data).toEqual([
      { from: ago(1_000), to: null, transport: 'http' },
      { from: ago(50_000), to: ago(50_000), transport: 'websocket' },
    ]);
  });

  test('are there for who may see the device', async () => {
    const [ours, theirs] = [await api.newGroup(tenantId, 'Ours'), await api.newGroup(tenantId, 'Theirs')];
    const reader = await api.newUser(tenantId, 'user', [ours]);
    const strangers = await api.newTenant('Strangers');
    const stranger = await api.newUser(strangers, 'admin');
    const [seen, hidden] = [
      await insertDevice(db, tenantId, { group_id: ours }),
      await insertDevice(db, tenantId, { group_id: theirs }),
    ];
    expect((await sessions(seen, '', reader)).status).toBe(200);
    // [INV-10] Out of scope and another tenant's is as good as none.
    for (const answer of [
      await sessions(hidden, '', reader),
      await sessions(seen, '', stranger),
      await sessions(99_999),
    ])
      expect(answer).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } });
    expect(await sessions(seen, '?q=x')).toMatchObject({ status: 400 });
  });

  test('end when the device is deleted, whose hub then finds it no more', async () => {
    const online = await insertDevice(db, tenantId, { status: 'online', transport: 'websocket' });
    const offline = await insertDevice(db, tenantId);
    for (const id of [online, offline]) {
      expect((await api.send('DELETE', `/api/v1/devices/${id}`, { as: admin })).statusCode).toBe(200);
    }
    const rows = await db.sql
      .selectFrom('device_presence')
      .select(['tenant_id', 'device_id', 'status', 'transport', 'at'])
      .where('device_id', 'in', [online, offline])
      .execute();
    const end = { status: 'offline', transport: null, at: now };
    expect(rows).toEqual([{ tenant_id: tenantId, device_id: online, ...end }]);
  });

  describe('after more than a year', () => {
    async function left(deviceId: number): Promise<number[]> {
      const rows = await db.sql
        .selectFrom('device_presence')
        .select('at')
        .where('device_id', '=', deviceId)
        .orderBy('id')
        .execute();
      return rows.map((row) => now - row.at);
    }

    test('are forgotten, but never the last thing known of a device', async () => {
      const [busy, quiet, fresh, gone] = [
        await insertDevice(db, tenantId),
        await insertDevice(db, tenantId),
        await insertDevice(db, tenantId),
        await insertDevice(db, tenantId),
      ];
      const old = PRESENCE_KEPT_MS;
      await tell(busy, ['online', 'http', old + 9], ['offline', null, old + 8], ['online', 'http', 7]);
      await tell(quiet, ['online', 'http', old + 9], ['offline', null, old + 8]);
      await tell(fresh, ['online', 'http', old], ['offline', null, old - 1]);
      await tell(gone, ['online', 'http', old + 9], ['offline', null, 3]);
      await db.sql.deleteFrom('devices').where('id', '=', gone).execute();
      await keepHouse(api.ctx);
      expect(await left(busy)).toEqual([7]);
      expect(await left(quiet)).toEqual([old + 8]);
      expect(await left(fresh)).toEqual([old, old - 1]);
      expect(await left(gone)).toEqual([3]);
      api.clock.advance(PRESENCE_KEPT_MS);
      await keepHouse(api.ctx);
      expect(await left(gone)).toEqual([]);
      expect(await left(busy)).toEqual([7]);
    });

    test('are forgotten in pieces, past the rows that stay', async () => {
      const other = await open();
      const old = { tenant_id: 1, status: 'online' as const, transport: 'http' as const, at: 1 };
      const rows = Array.from({ length: 2_500 }, (_, index) => ({ ...old, device_id: 1_001 + (index % 2) }));
      const kept = await insertDeviceIn(other);
      await other.sql
        .insertInto('device_presence')
        .values({ ...old, device_id: kept })
        .execute();
      for (let at = 0; at < rows.length; at += 500) {
        await other.sql
          .insertInto('device_presence')
          .values(rows.slice(at, at + 500))
          .execute();
      }
      await keepHouse({ db: other, clock: api.clock });
      const found = await other.sql.selectFrom('device_presence').select('device_id').execute();
      expect(found.map((row) => row.device_id)).toEqual([kept]);
    });

    async function insertDeviceIn(other: TestDatabase): Promise<number> {
      const tenant = await other.sql
        .insertInto('tenants')
        .values({ name: 'Alone', created_at: 1 })
        .executeTakeFirstOrThrow();
      return insertDevice(other, Number(tenant.insertId));
    }
  });
});
