/** Where devices stand: told when they are paired, imported and edited, and read for a map. */
import { beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice, insertPairing } from '../testing/device-rows.ts';
import { PLACES_MAX } from './device-places.ts';
import { deviceRoutes } from './routes.ts';

const BERLIN = { latitude: 52.516_3, longitude: 13.377_7 };
const OSLO = { latitude: 59.913_9, longitude: 10.752_2 };

describeEachDatabase('places of devices', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;

  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: deviceRoutes() });
    tenantId = await api.newTenant('Ours');
    admin = await api.newUser(tenantId, 'admin');
    return () => api.close();
  });

  const send = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown, as = admin) => {
    const answer = await api.send(method, `/api/v1/devices${path}`, { as, body });
    return { status: answer.statusCode, ...answer.json() };
  };

  test('are given, kept by what does not speak of them, moved, and taken away', async () => {
    const id = await insertDevice(db, tenantId);
    expect((await send('GET', `/${id}`)).data.place).toBeNull();
    const edit = async (version: number, change: object) =>
      (await send('PUT', `/${id}`, { version, ...change })).data.place;
    expect(await edit(1, { place: BERLIN })).toEqual(BERLIN);
    expect(await edit(2, { name: 'Gate' })).toEqual(BERLIN);
    expect(await edit(3, { place: OSLO })).toEqual(OSLO);
    expect((await send('GET', `/${id}`)).data.place).toEqual(OSLO);
    expect(await edit(4, { place: null })).toBeNull();
    expect((await send('GET', `/${id}`)).data.place).toBeNull();
  });

  test('come with an import and with pairing, and stay when a player is paired again', async () => {
    const devices = [
      { playerId: 'placed', name: 'Placed', place: BERLIN },
      { playerId: 'nowhere', name: 'Nowhere' },
    ];
    const { data } = await send('POST', '/import', { devices });
    const placeOf = async (id: number) => (await send('GET', `/${id}`)).data.place;
    expect(await placeOf(data.devices[0].deviceId)).toEqual(BERLIN);
    expect(await placeOf(data.devices[1].deviceId)).toBeNull();
    const pair = async (code: string, more: object) => {
      await insertPairing(db, code, api.clock.now() + 60_000, { player_id: 'by-code' });
      return (await send('POST', '/pair', { code, ...more })).data.place;
    };
    expect(await pair('C0DE1111', { place: OSLO })).toEqual(OSLO);
    expect(await pair('C0DE2222', {})).toEqual(OSLO);
    expect(await pair('C0DE3333', { place: null })).toBeNull();
  });

  test('are on the earth', async () => {
    const id = await insertDevice(db, tenantId);
    const refused = [
      { latitude: 90.1, longitude: 0 },
      { latitude: 0, longitude: -180.1 },
      { latitude: 1 },
      { ...BERLIN, altitude: 34 },
    ];
    for (const place of refused) expect((await send('PUT', `/${id}`, { version: 1, place })).status).toBe(400);
    const edges = { latitude: -90, longitude: 180 };
    expect((await send('PUT', `/${id}`, { version: 1, place: edges })).data.place).toEqual(edges);
  });

  test('are listed for a map, those in scope that have one', async () => {
    const other = await api.newTenant('Map');
    const boss = await api.newUser(other, 'admin');
    const north = await api.newGroup(other, 'North');
    const south = await api.newGroup(other, 'South');
    const inNorth = await insertDevice(db, other, {
      ...{ name: 'B', group_id: north, ...OSLO },
      ...{ status: 'online', transport: 'http' },
    });
    const inSouth = await insertDevice(db, other, { name: 'A', group_id: south, ...BERLIN });
    await insertDevice(db, other, { name: 'C', group_id: north });
    const a = { deviceId: inSouth, name: 'A', ...BERLIN, status: 'offline', transport: null, state: 'active' };
    const b = { deviceId: inNorth, name: 'B', ...OSLO, status: 'online', transport: 'http', state: 'active' };
    expect((await send('GET', '/places', undefined, boss)).data).toEqual({ total: 2, devices: [a, b], clusters: [] });
    expect((await send('GET', `/places?groupId=${south}`, undefined, boss)).data.devices).toEqual([a]);
    const viewer = await api.newUser(other, 'user', [north]);
    expect((await send('GET', '/places', undefined, viewer)).data).toMatchObject({ total: 1, devices: [b] });
    expect((await send('GET', `/places?groupId=${south}`, undefined, viewer)).status).toBe(404);
  });

  test('are counted by where they stand when they are too many to list', async () => {
    const other = await api.newTenant('Crowd');
    const boss = await api.newUser(other, 'admin');
    const firstId = await insertDevice(db, other, { ...BERLIN, status: 'online', transport: 'http' });
    const { id: _id, ...model } = await db.sql
      .selectFrom('devices')
      .selectAll()
      .where('id', '=', firstId)
      .executeTakeFirstOrThrow();
    // Half a degree around Berlin, and Oslo.
    const rows = Array.from({ length: PLACES_MAX }, (_, at) => ({
      ...model,
      player_id: `crowd-${at}`,
      latitude: at % 2 === 0 ? OSLO.latitude : BERLIN.latitude + (at % 50) / 100,
      longitude: at % 2 === 0 ? OSLO.longitude : BERLIN.longitude,
      ...(at % 2 === 0 ? { status: 'offline' as const, transport: null } : { transport: 'websocket' as const }),
    }));
    for (let at = 0; at < rows.length; at += 500)
      await db.sql
        .insertInto('devices')
        .values(rows.slice(at, at + 500))
        .execute();
    const { data } = await send('GET', '/places', undefined, boss);
    expect([data.total, data.devices]).toEqual([PLACES_MAX + 1, []]);
    const sum = (of: 'devices' | 'online' | 'http') =>
      data.clusters.reduce((all: number, cluster: Record<typeof of, number>) => all + cluster[of], 0);
    expect([sum('devices'), sum('online'), sum('http')]).toEqual([PLACES_MAX + 1, PLACES_MAX / 2 + 1, 1]);
    expect(data.clusters.length).toBeGreaterThan(2);
    expect(data.clusters.length).toBeLessThan(10);
    const north = data.clusters.filter(({ latitude }: { latitude: number }) => latitude > 55);
    expect(north).toEqual([{ ...coordinates(OSLO), devices: PLACES_MAX / 2, online: 0, http: 0 }]);
  });
});

/** An average of equal numbers is not quite the number. */
function coordinates({ latitude, longitude }: typeof OSLO): object {
  return { latitude: expect.closeTo(latitude, 6), longitude: expect.closeTo(longitude, 6) };
}
