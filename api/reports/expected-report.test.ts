import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { resourceRoutes } from '../resource-routes.ts';
import { openApi, testClock, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { readCsv } from './testing/read-report-file.ts';
import { insertPlays, type Play } from './testing/usage-rows.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 10, 16);

type Row = {
  deviceId: number;
  expectedSeconds: number;
  schedules: { scheduleId: number; scheduledSeconds: number }[];
};

describeEachDatabase('expected against actual', (open) => {
  let api: ApiFixture;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: resourceRoutes(), clock: testClock(START_MS) });
  });
  afterAll(() => api.close());

  /** A schedule with as many zones. */
  const schedule = async (as: TestUser, contentId: number, columns: object = {}, zones = 1): Promise<number> => {
    const layout = {
      width: 1_920,
      height: 1_080,
      zones: Array.from({ length: zones }, (_, index) => ({
        id: `zone-${index}`,
        x: 0,
        y: 0,
        width: 100,
        height: 100,
        items: [{ contentId }],
      })),
    };
    const answer = await api.send('POST', '/api/v1/schedules', { as, body: { name: 'Loop', layout, ...columns } });
    expect(answer.statusCode).toBe(201);
    return answer.json().data.id;
  };
  const act = async (as: TestUser, id: number, what: 'deploy' | 'withdraw', body: object): Promise<void> => {
    const answer = await api.send('POST', `/api/v1/schedules/${id}/${what}`, { as, body });
    expect(answer.statusCode).toBeLessThan(300);
  };
  /** Time goes by, and the user signs in anew. */
  const later = async (user: TestUser, ms: number): Promise<TestUser> => {
    api.clock.advance(ms);
    const { token } = await api.tokens.issueUser({ sub: user.id, role: user.role, tenant: user.tenantId, ver: 0 });
    return { ...user, token };
  };
  const report = (as: TestUser, query: string) => api.send('GET', `/api/v1/reports/expected?${query}`, { as });
  const hours = (seconds: number): number => seconds / 3_600;

  /** Four devices of a day on which a schedule was deployed to the site, and another to the lobby. */
  const world = async (name: string) => {
    const tenant = await api.newTenant(name);
    let as = await api.newUser(tenant, 'admin');
    const site = await api.newGroup(tenant, 'Site');
    const lobby = await api.newGroup(tenant, 'Lobby', site);
    const from = api.clock.now();
    const day = new Date(from).toISOString().slice(0, 10);
    const created_at = from - HOUR_MS;
    const inSite = await insertDevice(api.ctx.db, tenant, { group_id: site, created_at });
    const inLobby = await insertDevice(api.ctx.db, tenant, { group_id: lobby, created_at });
    const berlin = await insertDevice(api.ctx.db, tenant, {
      group_id: lobby,
      created_at,
      config: '{"timezone":"Europe/Berlin"}',
    });
    const late = await insertDevice(api.ctx.db, tenant, { group_id: site, created_at: from + 22 * HOUR_MS });
    const content = await insertContent(api.ctx.db, tenant);
    const always = await schedule(as, content, {}, 2);
    const office = await schedule(as, content, { timing: { windows: [{ start: '08:00', end: '10:00' }] } });
    await act(as, always, 'deploy', { groupIds: [site] });
    await act(as, office, 'deploy', { groupIds: [lobby] });
    const play = (columns: Partial<Play>): Play => ({
      device_id: inLobby,
      content_id: content,
      started_at: from + 8 * HOUR_MS,
      ...columns,
    });
    await insertPlays(api.ctx.db, tenant, [
      play({ schedule_id: office, play_ms: HOUR_MS }),
      play({ schedule_id: office, play_ms: 600_000, alert_deployment_id: 4 }),
      play({ schedule_id: always, play_ms: 15_840_000 }),
      play({ schedule_id: always, play_ms: HOUR_MS, clock_suspect: 1 }),
      play({ device_id: inSite, schedule_id: 900_000, play_ms: 5_000 }),
    ]);
    as = await later(as, 24 * HOUR_MS);
    return { tenant, as, site, lobby, inSite, inLobby, berlin, late, always, office, day };
  };

  test('tells of each device and schedule what was to be and what was', async () => {
    const { as, inSite, inLobby, berlin, late, always, office } = await world('expected');
    // The rest of the range is still to come and counts for nobody.
    const answer = await report(as, 'from=2026-11-16&to=2026-11-20');
    expect(answer.statusCode).toBe(200);
    const { data, meta } = answer.json();
    expect([data.from, data.to, meta.total]).toEqual(['2026-11-16T00:00:00.000Z', '2026-11-17T00:00:00.000Z', 4]);
    const row = (id: number) => data.rows.find(({ deviceId }: Row) => deviceId === id);
    const scheduled = (id: number) =>
      row(id).schedules.map((one: Row['schedules'][number]) => [one.scheduleId, hours(one.scheduledSeconds)]);
    expect(scheduled(inSite)).toEqual([
      [always, 24],
      [900_000, 0],
    ]);
    expect(hours(row(inSite).expectedSeconds)).toBe(48);
    // Nearer wins while it is active, by the clock of the device where the schedule names no zone.
    expect(scheduled(inLobby)).toEqual([
      [always, 22],
      [office, 2],
    ]);
    expect(scheduled(berlin)).toEqual([
      [always, 22],
      [office, 2],
    ]);
    expect(scheduled(late)).toEqual([[always, 2]]);
    expect(row(inLobby)).toMatchObject({
      group: 'Lobby',
      expectedSeconds: 46 * 3_600,
      actualSeconds: 19_440,
      alertSeconds: 600,
      percent: 11.7,
      schedules: [
        { scheduleId: always, schedule: 'Loop', expectedSeconds: 44 * 3_600, actualSeconds: 15_840, percent: 10 },
        {
          scheduleId: office,
          schedule: 'Loop',
          expectedSeconds: 2 * 3_600,
          actualSeconds: 3_600,
          alertSeconds: 600,
          percent: 50,
        },
      ],
    });
    expect(row(inSite).schedules[1]).toMatchObject({
      schedule: null,
      expectedSeconds: 0,
      actualSeconds: 5,
      percent: null,
    });
    // In Berlin eight o'clock came an hour sooner.
    const early = (await report(as, 'from=2026-11-16T07:00:00Z&to=2026-11-16T08:00:00Z')).json().data.rows;
    expect(early.find(({ deviceId }: Row) => deviceId === berlin).schedules).toMatchObject([
      { scheduleId: office, scheduledSeconds: 3_600 },
    ]);
    const page = (await report(as, 'from=2026-11-16&limit=1&page=2')).json();
    expect([page.data.rows.map(({ deviceId }: Row) => deviceId), page.meta.total]).toEqual([[inLobby], 4]);
  });

  test('a file has a line for each device and schedule', async () => {
    const { as, inSite, inLobby, berlin, late, always, office, day } = await world('expected file');
    const csv = readCsv((await report(as, `from=${day}&format=csv`)).body);
    expect(csv[0]).toEqual([
      'deviceId',
      'device',
      'group',
      'scheduleId',
      'schedule',
      'scheduledSeconds',
      'expectedSeconds',
      'actualSeconds',
      'alertSeconds',
      'percent',
    ]);
    expect(csv.slice(1).map((line) => [Number(line[0]), Number(line[3]), hours(Number(line[5]))])).toEqual([
      [inSite, always, 24],
      [inSite, 900_000, 0],
      [inLobby, always, 22],
      [inLobby, office, 2],
      [berlin, always, 22],
      [berlin, office, 2],
      [late, always, 2],
    ]);
    for (const format of ['pdf', 'xlsx'])
      expect((await report(as, `from=${day}&format=${format}`)).statusCode).toBe(200);
  });

  test('nobody is told of devices that are not his', async () => {
    const { tenant, as, site, lobby, inSite, inLobby, berlin, day } = await world('expected scope');
    const reader = await api.newUser(tenant, 'user', [lobby]);
    expect((await report(reader, `from=${day}`)).json().data.rows.map(({ deviceId }: Row) => deviceId)).toEqual([
      inLobby,
      berlin,
    ]);
    expect((await report(reader, `deviceId=${inSite}`)).statusCode).toBe(404);
    const stranger = await api.newUser(await api.newTenant('expected by a stranger'), 'admin');
    expect((await report(stranger, `from=${day}`)).json().data.rows).toEqual([]);
    expect((await report(stranger, `groupId=${site}`)).statusCode).toBe(404);
    expect((await report(as, 'from=2026-10-01&to=2026-11-16')).statusCode).toBe(400);
  });

  test('a deployment counts from when it was made until it was taken away, target by target', async () => {
    const tenant = await api.newTenant('withdrawn');
    let as = await api.newUser(tenant, 'admin');
    const groups = [await api.newGroup(tenant, 'A'), await api.newGroup(tenant, 'B')];
    const made = api.clock.now();
    const devices: number[] = [];
    for (const group_id of groups) devices.push(await insertDevice(api.ctx.db, tenant, { group_id, created_at: made }));
    const content = await insertContent(api.ctx.db, tenant);
    const loop = await schedule(as, content);
    as = await later(as, HOUR_MS);
    await act(as, loop, 'deploy', { groupIds: groups });
    as = await later(as, 2 * HOUR_MS);
    await act(as, loop, 'withdraw', { groupIds: [groups[0]] });
    as = await later(as, 4 * HOUR_MS);
    const scheduled = async () =>
      (await report(as, `from=${new Date(made).toISOString()}`))
        .json()
        .data.rows.map(({ expectedSeconds }: { expectedSeconds: number }) => hours(expectedSeconds));
    expect(await scheduled()).toEqual([2, 6]);
    // Deployed anew with two zones: from here on an hour is two.
    const { version } = (await api.send('GET', `/api/v1/schedules/${loop}`, { as })).json().data;
    const two = ['left', 'right'].map((id) => ({
      id,
      x: 0,
      y: 0,
      width: 10,
      height: 10,
      items: [{ contentId: content }],
    }));
    const edit = { layout: { width: 100, height: 100, zones: two }, version };
    expect((await api.send('PUT', `/api/v1/schedules/${loop}`, { as, body: edit })).statusCode).toBe(200);
    await act(as, loop, 'deploy', { groupIds: [groups[1]] });
    as = await later(as, HOUR_MS);
    expect(await scheduled()).toEqual([2, 8]);
  });
});
