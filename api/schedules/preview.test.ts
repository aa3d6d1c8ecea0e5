/** What is on a screen at an instant: the manifest's own order, the device's zone, alerts above, and no more than one may see. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Timing } from '../../protocol/schedule.ts';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { alertRoutes } from '../alerts/routes.ts';
import { deviceRoutes } from '../devices/routes.ts';
import { groupRoutes } from '../groups/routes.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { previewRoutes } from './preview.ts';
import { scheduleRoutes } from './routes.ts';

const ROUTES = [...previewRoutes(), ...scheduleRoutes(), ...deviceRoutes(), ...groupRoutes(), ...alertRoutes()];
/** The fixture's clock stands at 2026-11-20T09:00Z, a Friday. */
const AT = '2026-11-20T09:00:00.000Z';
const MORNING: Timing = { windows: [{ start: '08:00', end: '12:00' }] };
const EVENING: Timing = { windows: [{ start: '18:00', end: '22:00' }] };

describeEachDatabase('what will be on a screen', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let contentId: number;
  // Site > Floor > Lobby; new for every test.
  let site: number;
  let floor: number;
  let lobby: number;
  let deviceId: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: ROUTES });
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    tenantId = await api.newTenant(`preview ${randomUUID()}`);
    admin = await api.newUser(tenantId, 'admin');
    contentId = await insertContent(api.ctx.db, tenantId);
    site = await api.newGroup(tenantId, 'Site');
    floor = await api.newGroup(tenantId, 'Floor', site);
    lobby = await api.newGroup(tenantId, 'Lobby', floor);
    deviceId = await insertDevice(api.ctx.db, tenantId, { group_id: lobby, name: 'Door' });
  });

  const layoutOf = (width: number): object => ({
    width,
    height: 100,
    zones: [{ id: 'main', x: 0, y: 0, width, height: 100, items: [{ contentId }] }],
  });
  const made = async (url: string, body: object) => {
    const answer = await api.send('POST', url, { as: admin, body });
    expect(answer.json()).toMatchObject({ success: true });
    return answer.json().data;
  };
  const schedule = async (name: string, fields: object = {}): Promise<number> =>
    (await made('/api/v1/schedules', { name, layout: layoutOf(100), ...fields })).id;
  const deploy = async (id: number, targets: object): Promise<number> =>
    (await made(`/api/v1/schedules/${id}/deploy`, targets)).deploymentId;
  const preview = async (at?: string, as = admin, id = deviceId) => {
    const answer = await api.send('GET', `/api/v1/devices/${id}/preview${at === undefined ? '' : `?at=${at}`}`, { as });
    return { status: answer.statusCode, ...answer.json() };
  };
  const outcomes = async (at?: string): Promise<Record<string, string>> => {
    const { data } = await preview(at);
    return Object.fromEntries(data.candidates.map((one: { name: string; outcome: string }) => [one.name, one.outcome]));
  };

  test('nothing is an answer', async () => {
    expect(await preview()).toEqual({
      status: 200,
      success: true,
      data: {
        ...{ at: AT, timezone: 'UTC', alerts: [], shows: 'nothing', schedule: null, zones: [] },
        ...{ candidates: [], changesAt: null },
      },
    });
  });

  test('the nearest target wins, whatever its priority; each loser has a reason', async () => {
    const far = await schedule('Far', { priority: 100 });
    const own = await schedule('Own', { timing: MORNING });
    const low = await schedule('Low', { priority: -1 });
    const high = await schedule('High', { priority: 5 });
    await deploy(far, { groupIds: [site] });
    const deploymentId = await deploy(own, { deviceIds: [deviceId] });
    await deploy(low, { groupIds: [lobby] });
    await deploy(high, { groupIds: [lobby] });
    const { data } = await preview();
    expect(data).toMatchObject({ shows: 'schedule', changesAt: '2026-11-20T12:00:00.000Z' });
    expect(data.schedule).toEqual({
      ...{ id: own, name: 'Own', deploymentId, distance: 0, layout: layoutOf(100) },
      via: { kind: 'device', targetId: deviceId, name: 'Door' },
    });
    const reasons = data.candidates.map((one: Record<string, unknown>) => [
      one['name'],
      one['distance'],
      one['outcome'],
    ]);
    expect(reasons).toEqual([
      ['Own', 0, 'wins'],
      ['High', 1, 'farther'],
      ['Low', 1, 'farther'],
      ['Far', 3, 'farther'],
    ]);
    expect(data.candidates[3].via).toEqual({ kind: 'group', targetId: site, name: 'Site' });
    expect(await outcomes('2026-11-20T13:00:00Z')).toEqual({
      ...{ Own: 'inactive', High: 'wins', Low: 'lower-priority', Far: 'farther' },
    });
  });

  test('each zone shows what it has come to, now and at any instant', async () => {
    const clip = await insertContent(api.ctx.db, tenantId, { type: 'video', duration_ms: 20_000 });
    const zone = { x: 0, y: 0, width: 10, height: 10 };
    const layout = {
      ...{ width: 100, height: 100 },
      zones: [
        { ...zone, id: 'main', items: [{ contentId, durationMs: 5_000 }, { contentId: clip }, { contentId }] },
        { ...zone, id: 'side', items: [{ contentId: clip, durationMs: 7_000 }] },
      ],
    };
    await deploy(await schedule('Loop', { layout }), { deviceIds: [deviceId] });
    // A round of main is 5 + 20 + 10 s.
    const roundStart = Math.floor(Date.parse(AT) / 35_000) * 35_000;
    const main = async (ms: number) => {
      const { zones } = (await preview(new Date(roundStart + ms).toISOString())).data;
      return zones[0];
    };
    const at = (ms: number): string => new Date(roundStart + ms).toISOString();
    expect(await main(0)).toEqual({
      ...{ zoneId: 'main', itemIndex: 0, contentId, startedAt: at(0), endsAt: at(5_000) },
    });
    expect(await main(5_000)).toEqual({
      ...{ zoneId: 'main', itemIndex: 1, contentId: clip, startedAt: at(5_000), endsAt: at(25_000) },
    });
    expect(await main(34_999)).toMatchObject({ itemIndex: 2, contentId, endsAt: at(35_000) });
    const side = (await preview()).data.zones[1];
    expect(side).toMatchObject({ zoneId: 'side', itemIndex: 0, contentId: clip });
    expect(Date.parse(side.endsAt) - Date.parse(side.startedAt)).toBe(7_000);
  });

  test('of equals the one deployed last wins', async () => {
    const first = await schedule('First');
    const second = await schedule('Second');
    await deploy(second, { groupIds: [lobby] });
    await deploy(first, { groupIds: [lobby] });
    expect(await outcomes()).toEqual({ First: 'wins', Second: 'older-deployment' });
  });

  test('of one schedule deployed several times the nearest counts, as it was deployed there', async () => {
    const id = await schedule('Twice');
    const near = await deploy(id, { groupIds: [lobby] });
    const edited = await api.send('PUT', `/api/v1/schedules/${id}`, {
      as: admin,
      body: { layout: layoutOf(200), priority: 7, version: 1 },
    });
    expect(edited.statusCode).toBe(200);
    expect((await preview()).data.schedule).toMatchObject({ deploymentId: near, layout: { width: 100 } });
    await deploy(id, { groupIds: [site] });
    const { data } = await preview();
    expect(data.candidates).toHaveLength(1);
    expect(data.schedule).toMatchObject({ deploymentId: near, distance: 1, layout: { width: 100 } });
    await made(`/api/v1/schedules/${id}/withdraw`, { groupIds: [lobby] });
    const later = await preview();
    expect(later.data.schedule).toMatchObject({ distance: 3, layout: { width: 200 } });
    expect(later.data.candidates).toMatchObject([{ priority: 7 }]);
  });

  test("the device's zone decides where a timing names none", async () => {
    await deploy(await schedule('Evening', { timing: EVENING }), { groupIds: [site] });
    const berlin = { ...EVENING, timezone: 'Europe/Berlin' };
    await deploy(await schedule('In Berlin', { timing: berlin }), { groupIds: [site] });
    expect(await outcomes()).toEqual({ 'In Berlin': 'inactive', Evening: 'inactive' });
    await api.ctx.db.sql
      .updateTable('groups')
      .set({ config: '{"timezone":"Asia/Tokyo"}' })
      .where('id', '=', floor)
      .execute();
    const { data } = await preview();
    expect(data).toMatchObject({ timezone: 'Asia/Tokyo', shows: 'schedule', schedule: { name: 'Evening' } });
    expect(data.candidates).toMatchObject([
      { name: 'In Berlin', active: false, nextChangeAt: '2026-11-20T17:00:00.000Z' },
      { name: 'Evening', active: true, nextChangeAt: '2026-11-20T13:00:00.000Z' },
    ]);
  });

  test('over a clock change: a window inside the skipped hour does not come', async () => {
    const timing = { timezone: 'Europe/Berlin', windows: [{ start: '02:00', end: '03:00' }] };
    await deploy(await schedule('Night', { timing }), { groupIds: [site] });
    expect(await outcomes('2026-03-28T01:30:00Z')).toEqual({ Night: 'wins' });
    expect(await outcomes('2026-03-29T01:00:00Z')).toEqual({ Night: 'inactive' });
    expect((await preview('2026-03-29T00:00:00Z')).data.changesAt).toBe('2026-03-30T00:00:00.000Z');
  });

  test('alerts go over the schedule for as long as they last', async () => {
    await deploy(await schedule('Below'), { groupIds: [site] });
    const alert = { severity: 'info', title: 'Lunch', message: 'Soup', contentId };
    await made('/api/v1/alerts/deploy', { alert, groupIds: [floor], expiresInSeconds: 600 });
    await made('/api/v1/alerts/deploy', {
      alert: { severity: 'critical', title: 'Fire', message: 'Leave' },
      deviceIds: [deviceId],
      expiresInSeconds: 3_600,
    });
    const { data } = await preview();
    expect(data).toMatchObject({ shows: 'alert', schedule: { name: 'Below' }, changesAt: '2026-11-20T09:10:00.000Z' });
    expect(data.alerts).toMatchObject([
      { title: 'Fire', expiresAt: '2026-11-20T10:00:00.000Z' },
      { title: 'Lunch', content: { id: contentId } },
    ]);
    expect((await preview('2026-11-20T09:30:00Z')).data.alerts).toMatchObject([{ title: 'Fire' }]);
    expect((await preview('2026-11-20T10:00:00Z')).data).toMatchObject({ shows: 'schedule', alerts: [] });
    expect((await preview('2026-11-20T08:59:59Z')).data).toMatchObject({ alerts: [], changesAt: AT });
    api.clock.advance(900_000);
    expect((await preview('2026-11-20T09:05:00Z')).data.alerts).toMatchObject([{ title: 'Fire' }]);
    api.clock.advance(-900_000);
  });

  test('who may see it: those whose scope holds the device, without the names of groups above', async () => {
    await deploy(await schedule('Far'), { groupIds: [site] });
    const local = await api.newUser(tenantId, 'user', [lobby]);
    const seen = await preview(undefined, local);
    expect(seen.data.schedule.via).toEqual({ kind: 'group', targetId: site, name: null });
    const other = await api.newUser(tenantId, 'manager', [await api.newGroup(tenantId, 'Annex')]);
    const stranger = await api.newUser(await api.newTenant(`other ${randomUUID()}`), 'admin');
    for (const as of [other, stranger]) {
      expect(await preview(undefined, as)).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } });
    }
    const withoutToken = await api.send('GET', `/api/v1/devices/${deviceId}/preview`);
    expect(withoutToken.statusCode).toBe(401);
  });

  test('a device in no group, and an instant that is none or too far', async () => {
    const loose = await insertDevice(api.ctx.db, tenantId);
    await deploy(await schedule('Loose'), { deviceIds: [loose] });
    expect((await preview(undefined, admin, loose)).data.schedule).toMatchObject({ name: 'Loose', distance: 0 });
    for (const at of ['2026-02-31T00:00:00Z', '2026-02-01T24:00:00Z', 'tomorrow', '2032-01-01T00:00:00Z'])
      expect(await preview(at)).toMatchObject({ status: 400, error: { details: [{ field: 'at' }] } });
  });

  test('another tenant has schedules of its own', async () => {
    const stranger = await api.newTenant(`stranger ${randomUUID()}`);
    const row = { tenant_id: stranger, target_kind: 'group' as const, target_id: lobby, rev: 1 };
    const scheduleId = await schedule('Ours');
    const deploymentId = await deploy(scheduleId, { groupIds: [floor] });
    await api.ctx.db.sql
      .insertInto('schedule_assignments')
      .values({ ...row, schedule_id: scheduleId, deployment_id: deploymentId })
      .execute();
    expect((await preview()).data.candidates).toMatchObject([{ distance: 2 }]);
  });
});
