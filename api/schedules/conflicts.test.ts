/** Before a deploy: who competes on the same devices, when, and who wins. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Timing } from '../../protocol/schedule.ts';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { previewRoutes } from './preview.ts';
import { scheduleRoutes } from './routes.ts';

/** The fixture's clock stands at 2026-11-20T09:00Z, a Friday. */
const HOUR_SECONDS = 3_600;
const WEEK_SECONDS = 7 * 24 * HOUR_SECONDS;
const MORNING: Timing = { windows: [{ start: '08:00', end: '12:00' }] };
const NOON: Timing = { windows: [{ start: '11:00', end: '14:00' }] };
const EVENING: Timing = { windows: [{ start: '18:00', end: '22:00' }] };
const DAY = 'from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z';

describeEachDatabase('conflicts before a deploy', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let contentId: number;
  // Site > Floor > Lobby, and Annex beside them; new for every test. Two devices in Floor, three in Lobby.
  let site: number;
  let floor: number;
  let lobby: number;
  let annex: number;
  let door: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: [...previewRoutes(), ...scheduleRoutes()] });
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    tenantId = await api.newTenant(`conflicts ${randomUUID()}`);
    admin = await api.newUser(tenantId, 'admin');
    contentId = await insertContent(api.ctx.db, tenantId);
    site = await api.newGroup(tenantId, 'Site');
    floor = await api.newGroup(tenantId, 'Floor', site);
    lobby = await api.newGroup(tenantId, 'Lobby', floor);
    annex = await api.newGroup(tenantId, 'Annex');
    for (const group of [floor, floor, lobby, lobby]) await insertDevice(api.ctx.db, tenantId, { group_id: group });
    door = await insertDevice(api.ctx.db, tenantId, { group_id: lobby, name: 'Door' });
    await insertDevice(api.ctx.db, tenantId, { group_id: lobby, state: 'revoked' });
    await insertDevice(api.ctx.db, tenantId, { group_id: annex });
  });

  const made = async (url: string, body: object) => {
    const answer = await api.send('POST', url, { as: admin, body });
    expect(answer.json()).toMatchObject({ success: true });
    return answer.json().data;
  };
  const schedule = async (name: string, timing: Timing, fields: object = {}): Promise<number> => {
    const zones = [{ id: 'main', x: 0, y: 0, width: 100, height: 100, items: [{ contentId }] }];
    return (await made('/api/v1/schedules', { name, timing, layout: { width: 100, height: 100, zones }, ...fields }))
      .id;
  };
  const deployed = async (name: string, timing: Timing, targets: object, fields: object = {}): Promise<number> => {
    const id = await schedule(name, timing, fields);
    await made(`/api/v1/schedules/${id}/deploy`, targets);
    return id;
  };
  const ask = async (id: number, query: string, as = admin) => {
    const answer = await api.send('GET', `/api/v1/schedules/${id}/conflicts?${query}`, { as });
    return { status: answer.statusCode, ...answer.json() };
  };
  const conflicts = async (id: number, query: string) => {
    const { status, data } = await ask(id, query);
    expect(status).toBe(200);
    return data;
  };

  test('nothing deployed, nothing to compete with', async () => {
    const id = await schedule('New', {});
    expect(await conflicts(id, `groupIds=${site}`)).toEqual({
      ...{ from: '2026-11-20T09:00:00.000Z', to: '2026-11-27T09:00:00.000Z', devices: 5, conflicts: [], omitted: 0 },
    });
    expect(await conflicts(id, DAY)).toMatchObject({ devices: 0, conflicts: [] });
  });

  test('another one on the same devices at the same time: who wins, where, and how long', async () => {
    const other = await deployed('Other', NOON, { groupIds: [lobby] }, { priority: 3 });
    await deployed('Later', EVENING, { groupIds: [lobby] });
    await deployed('Elsewhere', MORNING, { groupIds: [annex] });
    const id = await schedule('New', MORNING, { priority: 50 });
    const answer = await conflicts(id, `groupIds=${floor}&${DAY}`);
    expect(answer).toMatchObject({ devices: 5, omitted: 0 });
    expect(answer.conflicts).toEqual([
      {
        schedule: { id: other, name: 'Other', priority: 3 },
        deploymentId: expect.any(Number),
        targets: [{ kind: 'group', id: lobby, name: 'Lobby' }],
        devices: 3,
        winner: 'other',
        why: 'farther',
        timezone: 'UTC',
        overlaps: [{ from: '2026-11-23T11:00:00.000Z', to: '2026-11-23T12:00:00.000Z' }],
        overlapSeconds: HOUR_SECONDS,
      },
    ]);
    const [near] = (await conflicts(id, `groupIds=${lobby}&${DAY}`)).conflicts;
    expect(near).toMatchObject({ winner: 'this', why: 'lower-priority', devices: 3 });
    const [own] = (await conflicts(id, `deviceIds=${door}&${DAY}`)).conflicts;
    expect(own).toMatchObject({ winner: 'this', why: 'farther', devices: 1 });
  });

  test('of equals the one that is deployed now wins; an edit counts before it is deployed', async () => {
    await deployed('Old', {}, { groupIds: [site] });
    const id = await schedule('New', {});
    const [first] = (await conflicts(id, `groupIds=${site}`)).conflicts;
    expect(first).toMatchObject({ winner: 'this', why: 'older-deployment', overlapSeconds: WEEK_SECONDS, devices: 5 });
    await api.send('PUT', `/api/v1/schedules/${id}`, { as: admin, body: { priority: -1, version: 1 } });
    const [second] = (await conflicts(id, `groupIds=${site}`)).conflicts;
    expect(second).toMatchObject({ winner: 'other', why: 'lower-priority' });
  });

  test('without targets it is where the schedule is deployed now', async () => {
    await deployed('Old', {}, { groupIds: [lobby], deviceIds: [door] });
    const id = await deployed('Here', {}, { groupIds: [floor] });
    const answer = await conflicts(id, DAY);
    expect(answer.devices).toBe(5);
    expect(answer.conflicts).toMatchObject([{ winner: 'other', why: 'farther', devices: 3 }]);
  });

  test('a device with a deployment of its own is told apart', async () => {
    const own = await deployed('Own', {}, { deviceIds: [door] });
    const group = await deployed('Group', {}, { groupIds: [site] }, { priority: 9 });
    const id = await schedule('New', {});
    const answer = await conflicts(id, `groupIds=${lobby}&${DAY}`);
    const told = answer.conflicts.map((one: Record<string, unknown>) => [
      one['schedule'],
      one['winner'],
      one['devices'],
    ]);
    expect(told).toEqual([
      [{ id: own, name: 'Own', priority: 0 }, 'other', 1],
      [{ id: group, name: 'Group', priority: 9 }, 'this', 3],
    ]);
    expect(answer.conflicts[0].targets).toEqual([{ kind: 'device', id: door, name: 'Door' }]);
  });

  test('where the schedule is deployed nearer already, that deployment goes on to count there', async () => {
    const id = await deployed('New', MORNING, { deviceIds: [door] });
    await deployed('Old', NOON, { groupIds: [lobby] }, { priority: 5 });
    await api.send('PUT', `/api/v1/schedules/${id}`, { as: admin, body: { timing: EVENING, version: 1 } });
    const answer = await conflicts(id, `groupIds=${lobby}&${DAY}`);
    expect(answer.conflicts).toMatchObject([
      { winner: 'this', why: 'farther', devices: 1, overlapSeconds: HOUR_SECONDS },
    ]);
    expect((await conflicts(id, `groupIds=${lobby}&deviceIds=${door}&${DAY}`)).conflicts).toEqual([]);
  });

  test('zones: of the device, of its groups, or named by both timings', async () => {
    const set = (table: 'groups' | 'devices', id: number, timezone: string) =>
      api.ctx.db.sql
        .updateTable(table)
        .set({ config: JSON.stringify({ timezone }) })
        .where('id', '=', id)
        .execute();
    await set('groups', site, 'Europe/Berlin');
    await set('devices', door, 'Asia/Tokyo');
    await deployed('Old', { ...NOON, timezone: 'Europe/Berlin' }, { groupIds: [site] });
    const id = await schedule('New', NOON);
    const { conflicts: found } = await conflicts(id, `groupIds=${site}&${DAY}`);
    // 11:00 in Tokyo is 03:00 in Berlin: there the two do not meet.
    expect(found).toMatchObject([{ timezone: 'Europe/Berlin', devices: 4, overlapSeconds: 3 * HOUR_SECONDS }]);
    const both = await schedule('Both', { ...NOON, timezone: 'Asia/Tokyo' });
    expect((await conflicts(both, `groupIds=${site}&${DAY}`)).conflicts).toEqual([]);
    const same = await schedule('Same', { ...NOON, timezone: 'Europe/Berlin' });
    expect((await conflicts(same, `groupIds=${site}&${DAY}`)).conflicts).toMatchObject([
      { timezone: null, devices: 5 },
    ]);
  });

  test('many overlaps: the first fifty are listed and all are added up', async () => {
    const windows = Array.from({ length: 12 }, (_, index) => {
      const hour = String(index * 2).padStart(2, '0');
      return { start: `${hour}:00`, end: `${hour}:30` };
    });
    await deployed('Old', {}, { groupIds: [site] });
    const id = await schedule('New', { windows });
    const range = 'from=2026-11-01T00:00:00Z&to=2026-12-02T00:00:00Z';
    const [found] = (await conflicts(id, `groupIds=${site}&${range}`)).conflicts;
    expect(found.overlaps).toHaveLength(50);
    expect(found.overlapSeconds).toBe(31 * 12 * 1_800);
  });

  test('who may ask: what is out of scope is not there', async () => {
    await deployed('Above', {}, { groupIds: [site] });
    const local = await api.newUser(tenantId, 'manager', [lobby]);
    const id = await schedule('Ours', {});
    const seen = await ask(id, `groupIds=${lobby}`, local);
    expect(seen.data.conflicts).toMatchObject([{ targets: [{ kind: 'group', id: site, name: null }], devices: 3 }]);
    const notFound = { status: 404, error: { code: 'NOT_FOUND' } };
    expect(await ask(id, `groupIds=${floor}`, local)).toMatchObject(notFound);
    expect(await ask(id, 'deviceIds=999999', local)).toMatchObject(notFound);
    const hidden = await schedule('Hidden', {}, { groupId: annex });
    expect(await ask(hidden, `groupIds=${lobby}`, local)).toMatchObject(notFound);
    const stranger = await api.newUser(await api.newTenant(`stranger ${randomUUID()}`), 'admin');
    expect(await ask(id, '', stranger)).toMatchObject(notFound);
    // Where it is deployed now, as far as the actor sees it.
    await made(`/api/v1/schedules/${id}/deploy`, { groupIds: [floor], deviceIds: [] });
    expect((await ask(id, '', local)).data).toMatchObject({ devices: 0, conflicts: [] });
  });

  test('a question that makes no sense is refused', async () => {
    const id = await schedule('New', {});
    const wrong: [string, string][] = [
      ['groupIds=', 'groupIds'],
      ['groupIds=1,x', 'groupIds'],
      [`deviceIds=${Array.from({ length: 201 }, (_, index) => index + 1).join(',')}`, 'deviceIds'],
      ['from=2026-11-20', 'from'],
      ['from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z', 'to'],
      ['from=2026-11-01T00:00:00Z&to=2026-12-03T00:00:00Z', 'to'],
    ];
    for (const [query, field] of wrong)
      expect(await ask(id, query)).toMatchObject({ status: 400, error: { details: [{ field }] } });
  });

  test('a question that is too broad is refused: more than 2,000 devices with deployments of their own', async () => {
    const id = await deployed('Own', {}, { deviceIds: [door] });
    const { sql } = api.ctx.db;
    const device = await sql.selectFrom('devices').selectAll().where('id', '=', door).executeTakeFirstOrThrow();
    const assignment = await sql
      .selectFrom('schedule_assignments')
      .selectAll()
      .where('target_id', '=', door)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirstOrThrow();
    for (const chunk of [0, 1, 2, 3]) {
      const copies = Array.from({ length: 500 }, (_, index) => index + chunk * 500);
      await sql
        .insertInto('devices')
        .values(copies.map((index) => ({ ...device, id: door + 1_000_000 + index, player_id: `many-${index}` })))
        .execute();
      const { id: _, ...row } = assignment;
      await sql
        .insertInto('schedule_assignments')
        .values(copies.map((index) => ({ ...row, target_id: door + 1_000_000 + index })))
        .execute();
    }
    const other = await schedule('New', {});
    expect(await ask(other, `groupIds=${site}`)).toMatchObject({
      status: 400,
      error: { details: [{ field: 'groupIds' }] },
    });
    await sql.deleteFrom('schedule_assignments').where('target_id', '=', door).where('schedule_id', '=', id).execute();
    const { data } = await ask(other, `groupIds=${site}&${DAY}`);
    expect(data.conflicts).toMatchObject([{ schedule: { id }, devices: 2_000, winner: 'other' }]);
    expect(data.conflicts[0].targets).toHaveLength(50);
  });
});
