/** The fleet over time, on both databases. */
import { beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { toIso } from '../iso-time.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { reportRoutes } from './routes.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type Told = readonly [agoMs: number, transport: 'websocket' | 'http' | null];

describeEachDatabase('the report of the fleet', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let now: number;

  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: reportRoutes() });
    now = api.clock.now();
    return () => api.close();
  });

  async function tell(tenantId: number, deviceId: number, ...told: Told[]): Promise<void> {
    const rows = told.map(([agoMs, transport]) => ({
      ...{ tenant_id: tenantId, device_id: deviceId, transport },
      status: transport === null ? ('offline' as const) : ('online' as const),
      at: now - agoMs,
    }));
    for (let at = 0; at < rows.length; at += 500) {
      await db.sql
        .insertInto('device_presence')
        .values(rows.slice(at, at + 500))
        .execute();
    }
  }

  async function report(as: TestUser, query = '') {
    const answer = await api.send('GET', `/api/v1/reports/fleet${query}`, { as });
    return { status: answer.statusCode, ...answer.json() };
  }

  const same = (counts: number[], times: number): number[][] => Array.from({ length: times }, () => counts);

  const hours = async (as: TestUser, query = ''): Promise<[number, number, number][]> => {
    const { data } = await report(as, `?from=${toIso(now - 4 * HOUR_MS)}&points=5${query}`);
    return data.points.map((point: { online: number; offline: number; http: number }) => [
      point.online,
      point.offline,
      point.http,
    ]);
  };

  test('knows who was online before it begins, who comes, goes and changes its transport, and who is there still', async () => {
    const tenantId = await api.newTenant('Comings');
    const admin = await api.newUser(tenantId, 'admin');
    const online = { status: 'online', transport: 'websocket' } as const;
    const device = (columns: object = {}) => insertDevice(db, tenantId, columns);
    expect(await hours(admin)).toEqual(same([0, 0, 0], 5));
    // Online since long ago, and still.
    await tell(tenantId, await device(online), [90 * HOUR_MS, 'websocket']);
    expect(await hours(admin)).toEqual(same([1, 0, 0], 5));
    // Away for the middle of it.
    await tell(
      tenantId,
      await device(online),
      [9 * HOUR_MS, 'websocket'],
      [3.5 * HOUR_MS, null],
      [1.5 * HOUR_MS, 'websocket'],
    );
    // A gap between two instants is not seen.
    await tell(
      tenantId,
      await device(online),
      [9 * HOUR_MS, 'websocket'],
      [2.5 * HOUR_MS, null],
      [2.4 * HOUR_MS, 'websocket'],
    );
    // Fell to HTTP, and away at last.
    await tell(tenantId, await device(), [9 * HOUR_MS, 'websocket'], [3 * HOUR_MS, 'http'], [10 * MINUTE_MS, null]);
    // Never seen, made an hour and a half ago; and one that is revoked.
    await device({ created_at: now - 1.5 * HOUR_MS });
    await device({ ...online, state: 'revoked' });
    expect(await hours(admin)).toEqual([
      [4, 0, 0],
      [3, 1, 1],
      [3, 1, 1],
      [4, 1, 1],
      [3, 2, 0],
    ]);
  });

  test('takes a device as it is now where there is no history of it, and as it was before its first transition', async () => {
    const tenantId = await api.newTenant('Unknown past');
    const admin = await api.newUser(tenantId, 'admin');
    await insertDevice(db, tenantId, { status: 'online', transport: 'http' });
    await tell(tenantId, await insertDevice(db, tenantId), [1.5 * HOUR_MS, null]);
    expect(await hours(admin)).toEqual([
      [2, 0, 1],
      [2, 0, 1],
      [2, 0, 1],
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  test('is of the last day unless asked otherwise, ends now, and says when each instant was', async () => {
    const admin = await api.newUser(await api.newTenant('Empty'), 'admin');
    const { data } = await report(admin);
    expect(data.points).toHaveLength(145);
    expect([data.from, data.points[0].at, data.points[1].at]).toEqual([
      toIso(now - 24 * HOUR_MS),
      toIso(now - 24 * HOUR_MS),
      toIso(now - 24 * HOUR_MS + 10 * MINUTE_MS),
    ]);
    expect([data.to, data.points.at(-1).at]).toEqual([toIso(now), toIso(now)]);
    const ahead = await report(admin, `?from=${toIso(now - HOUR_MS)}&to=${toIso(now + HOUR_MS)}&points=2`);
    expect(ahead.data.to).toBe(toIso(now));
    const statusOf = async (query: string) => (await report(admin, query)).status;
    expect(await statusOf('?points=1')).toBe(400);
    expect(await statusOf('?points=301')).toBe(400);
    expect(await statusOf('?from=2026-01-01')).toBe(400);
    expect(await statusOf('?groupId=99999')).toBe(404);
  });

  test('counts what the caller may see, or the group asked for', async () => {
    const tenantId = await api.newTenant('Scopes');
    const admin = await api.newUser(tenantId, 'admin');
    const north = await api.newGroup(tenantId, 'North');
    const lobby = await api.newGroup(tenantId, 'Lobby', north);
    const south = await api.newGroup(tenantId, 'South');
    for (const group_id of [lobby, south, south, null])
      await insertDevice(db, tenantId, { group_id, status: 'online', transport: 'websocket' });
    const viewer = await api.newUser(tenantId, 'user', [north]);
    expect((await hours(admin))[0]).toEqual([4, 0, 0]);
    expect((await hours(admin, `&groupId=${north}`))[0]).toEqual([1, 0, 0]);
    expect((await hours(viewer))[0]).toEqual([1, 0, 0]);
    expect((await report(viewer, `?groupId=${south}`)).status).toBe(404);
    expect((await hours(await api.newUser(tenantId, 'user', [])))[0]).toEqual([0, 0, 0]);
  });

  test('goes through more devices than are read at once, with more transitions than a page of them', async () => {
    const tenantId = await api.newTenant('Many');
    const admin = await api.newUser(tenantId, 'admin');
    for (let made = 0; made < 520; made += 1) {
      const deviceId = await insertDevice(db, tenantId);
      if (made % 40 !== 0) continue;
      // Comes at every whole minute and goes half a minute later, to the end.
      const told = Array.from({ length: 600 }, (_, at): Told => [
        HOUR_MS * 5 - at * 30_000,
        at % 2 === 0 ? 'websocket' : null,
      ]);
      await tell(tenantId, deviceId, ...told);
    }
    expect(await hours(admin)).toEqual([...same([13, 507, 0], 4), [0, 520, 0]]);
  });
});
