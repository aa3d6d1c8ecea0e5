import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { reportRoutes } from './routes.ts';
import { readArchive, readCsv, readSheet } from './testing/read-report-file.ts';
import { insertPlays, type Play } from './testing/usage-rows.ts';
import { offsetSpans } from './report-range.ts';
import { sumUsage, type UsageFilter, type UsageKey } from './usage-sums.ts';

const USAGE = '/api/v1/reports/usage';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Two weeks around the night in which Berlin's clocks go back. */
const FROM_MS = Date.UTC(2026, 9, 18);
const TO_MS = Date.UTC(2026, 10, 1);

/** The day of an instant by the runtime's own calendar. */
function dayIn(timezone: string, epochMs: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short' }).format(epochMs);
}

describeEachDatabase('usage report', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let groups: { site: number; lobby: number; other: number };
  let devices: number[];
  let content: number[];
  beforeAll(async () => {
    api = await openApi(await open(), { routes: reportRoutes() });
    tenantId = await api.newTenant('usage');
    admin = await api.newUser(tenantId, 'admin');
    const site = await api.newGroup(tenantId, 'Site');
    groups = { site, lobby: await api.newGroup(tenantId, 'Lobby', site), other: await api.newGroup(tenantId, 'Other') };
    devices = [];
    for (const group_id of [groups.site, groups.lobby, groups.lobby, groups.other, null]) {
      devices.push(await insertDevice(api.ctx.db, tenantId, { group_id }));
    }
    content = [await insertContent(api.ctx.db, tenantId, { name: '=Spot' }), await insertContent(api.ctx.db, tenantId)];
  });
  afterAll(() => api.close());

  const usage = async (query: string, as = admin) => {
    const answer = await api.send('GET', `${USAGE}?${query}`, { as });
    expect(answer.statusCode).toBe(200);
    return answer.json();
  };
  const refusal = async (query: string, as = admin) => {
    const answer = await api.send('GET', `${USAGE}?${query}`, { as });
    return { status: answer.statusCode, field: answer.json().error.details?.[0]?.field };
  };

  test('the sums are those of a recount, whatever the plays', { timeout: 120_000 }, async () => {
    const play = fc.record({
      device_id: fc.integer({ min: 1, max: 40 }),
      content_id: fc.integer({ min: 1, max: 9 }),
      schedule_id: fc.option(fc.integer({ min: 1, max: 4 })),
      started_at: fc.integer({ min: FROM_MS - HOUR_MS, max: TO_MS + HOUR_MS }),
      play_ms: fc.integer({ min: 0, max: 100_000 }),
      alert_deployment_id: fc.option(fc.constant(7)),
      clock_suspect: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 1),
    });
    let recounts = 0;
    const keys = fc.constantFrom<UsageKey[]>('content', 'device', 'schedule', 'day');
    const asked = fc.record({
      timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns'),
      contentId: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      scheduleId: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      during: fc.constantFrom<UsageFilter['during'][]>('all', 'normal', 'alert'),
      clock: fc.constantFrom<UsageFilter['clock'][]>('good', 'suspect', 'all'),
    });
    const check = fc.asyncProperty(fc.array(play, { maxLength: 300 }), keys, asked, async (plays, by, filter) => {
      const tenant = await api.newTenant(`recount ${(recounts += 1)}`);
      await insertPlays(api.ctx.db, tenant, plays);
      const range = { fromMs: FROM_MS, toMs: TO_MS, timezone: filter.timezone };
      const given = { tenantId: tenant, ...range, ...filter, groupIds: null, deviceId: undefined };
      const { sums, suspect, devices: seen } = await sumUsage(api.ctx.db, given, by, offsetSpans(range));
      const meant = plays.filter(
        (one) =>
          one.started_at >= FROM_MS &&
          one.started_at < TO_MS &&
          (filter.contentId === undefined || one.content_id === filter.contentId) &&
          (filter.scheduleId === undefined || one.schedule_id === filter.scheduleId) &&
          (filter.during === 'all' || (one.alert_deployment_id === null) === (filter.during === 'normal')),
      );
      expect(suspect).toBe(meant.filter((one) => one.clock_suspect === 1).length);
      const counted = meant.filter(
        (one) => filter.clock === 'all' || (one.clock_suspect === 1) === (filter.clock === 'suspect'),
      );
      expect(seen).toBe(new Set(counted.map((one) => one.device_id)).size);
      const keyOf = (one: (typeof plays)[number]): number | string | null =>
        by === 'day' ? dayIn(filter.timezone, one.started_at) : one[`${by}_id`];
      const expected = [...Map.groupBy(counted, keyOf)].map(([key, some]) => {
        const [alert, normal] = [
          some.filter((one) => one.alert_deployment_id !== null),
          some.filter((one) => one.alert_deployment_id === null),
        ];
        const ms = (list: typeof plays): number => list.reduce((sum, one) => sum + one.play_ms, 0);
        const times = some.map((one) => one.started_at);
        return {
          key,
          plays: normal.length,
          playMs: ms(normal),
          alertPlays: alert.length,
          alertPlayMs: ms(alert),
          firstAt: Math.min(...times),
          lastAt: Math.max(...times),
          devices: new Set(some.map((one) => one.device_id)).size,
        };
      });
      const got = sums.map((sum) => ({
        ...sum,
        key: by === 'day' ? new Date(sum.key ?? 0).toISOString().slice(0, 10) : sum.key,
      }));
      const order = (a: { key: number | string | null }, b: { key: number | string | null }) =>
        String(a.key) < String(b.key) ? -1 : 1;
      expect(got.sort(order)).toEqual(expected.sort(order));
    });
    await fc.assert(check, { numRuns: 25 });
  });

  test('a crowd of plays in one instant is counted whole', async () => {
    const tenant = await api.newTenant('crowd');
    const at = FROM_MS + DAY_MS;
    const crowd = Array.from({ length: 20_000 }, (_, index): Play => ({
      device_id: 1_000_000_000 + (index % 500),
      content_id: 1,
      started_at: at + (index % 2),
    }));
    await insertPlays(api.ctx.db, tenant, crowd);
    const filter = { tenantId: tenant, fromMs: FROM_MS, toMs: TO_MS, groupIds: null, deviceId: undefined };
    const rest = { contentId: undefined, scheduleId: undefined, during: 'all', clock: 'good' } as const;
    const { sums } = await sumUsage(api.ctx.db, { ...filter, ...rest }, 'content', []);
    expect(sums).toMatchObject([{ key: 1, plays: 20_000, devices: 500, firstAt: at, lastAt: at + 1 }]);
  });

  test('rows are named; what was deleted keeps its id; days are those of the zone', async () => {
    const tenant = await api.newTenant('names');
    const as = await api.newUser(tenant, 'admin');
    const group = await api.newGroup(tenant, 'Hall');
    const device = await insertDevice(api.ctx.db, tenant, { name: 'Door', group_id: group });
    const spot = await insertContent(api.ctx.db, tenant, { name: 'Spot' });
    const late = Date.UTC(2026, 9, 24, 22, 30);
    const [gone, goneDevice] = [900_001, 900_002];
    await insertPlays(api.ctx.db, tenant, [
      { device_id: device, content_id: spot, started_at: late },
      { device_id: device, content_id: spot, started_at: late + DAY_MS, alert_deployment_id: 3 },
      { device_id: goneDevice, content_id: gone, started_at: late, play_ms: 2_500 },
      { device_id: device, content_id: spot, started_at: late, clock_suspect: 1 },
      // Another tenant's content: it has no name here.
      { device_id: device, content_id: content[0]!, started_at: late },
    ]);
    const range = 'from=2026-10-20&to=2026-11-01';
    const byContent = await usage(range, as);
    expect(byContent.data.totals).toEqual({
      plays: 3,
      playSeconds: 22.5,
      alertPlays: 1,
      alertPlaySeconds: 10,
      devices: 2,
      suspect: 1,
    });
    const row = (id: number, rows = byContent.data.rows) => rows.find((one: { id: number }) => one.id === id);
    expect(row(spot)).toEqual({
      id: spot,
      day: null,
      name: 'Spot',
      deleted: false,
      plays: 1,
      playSeconds: 10,
      alertPlays: 1,
      alertPlaySeconds: 10,
      devices: 1,
      firstAt: new Date(late).toISOString(),
      lastAt: new Date(late + DAY_MS).toISOString(),
    });
    expect(row(gone)).toMatchObject({ name: null, deleted: true, plays: 1, playSeconds: 2.5 });
    expect(row(content[0]!)).toMatchObject({ name: null, deleted: true });
    const byGroup = await usage(`${range}&groupBy=group&sort=key`, as);
    expect(byGroup.data.rows).toMatchObject([
      { id: null, name: null, deleted: false, plays: 1, devices: 1 },
      { id: group, name: 'Hall', plays: 2, devices: 1 },
    ]);
    const days = async (zone: string) =>
      (await usage(`${range}&groupBy=day&timezone=${zone}`, as)).data.rows.map((one: { day: string }) => one.day);
    expect(await days('UTC')).toEqual(['2026-10-24', '2026-10-25']);
    expect(await days('Europe/Berlin')).toEqual(['2026-10-25']);
    expect(await days('Asia/Tokyo')).toEqual(['2026-10-25', '2026-10-26']);
    expect((await usage(`${range}&groupBy=schedule`, as)).data.rows).toMatchObject([
      { id: null, deleted: false, plays: 3 },
    ]);
  });

  test('pages, sorts and filters', async () => {
    const tenant = await api.newTenant('pages');
    const as = await api.newUser(tenant, 'admin');
    const [one, two, three] = [
      await insertContent(api.ctx.db, tenant),
      await insertContent(api.ctx.db, tenant),
      await insertContent(api.ctx.db, tenant),
    ];
    const at = FROM_MS + DAY_MS;
    const play = (content_id: number, columns: Partial<Play> = {}): Play => ({
      device_id: 1,
      content_id,
      started_at: at,
      ...columns,
    });
    await insertPlays(api.ctx.db, tenant, [
      play(one),
      play(two),
      play(two),
      play(three, { play_ms: 99_000, schedule_id: 5 }),
    ]);
    const range = 'from=2026-10-18&to=2026-11-01';
    const ids = async (query: string) =>
      (await usage(`${range}&${query}`, as)).data.rows.map(({ id }: { id: number }) => id);
    expect(await ids('')).toEqual([two, one, three]);
    expect(await ids('sort=-playSeconds')).toEqual([three, two, one]);
    expect(await ids('sort=key&limit=2&page=2')).toEqual([three]);
    expect((await usage(`${range}&limit=2`, as)).meta).toEqual({ page: 1, limit: 2, total: 3 });
    expect(await ids(`contentId=${two}`)).toEqual([two]);
    expect(await ids('during=alert')).toEqual([]);
  });

  test('everybody sees the devices of his scope, and nobody those of another tenant', async () => {
    const at = FROM_MS + DAY_MS;
    await insertPlays(
      api.ctx.db,
      tenantId,
      devices.map((device_id) => ({ device_id, content_id: content[0]!, started_at: at })),
    );
    const range = 'from=2026-10-18&to=2026-11-01&groupBy=device&sort=key';
    const seen = async (as: TestUser, query = '') =>
      (await usage(`${range}${query}`, as)).data.rows.map(({ id }: { id: number }) => id);
    const manager = await api.newUser(tenantId, 'manager', [groups.site]);
    const reader = await api.newUser(tenantId, 'user', [groups.lobby]);
    const nobody = await api.newUser(tenantId, 'user');
    expect(await seen(admin)).toEqual(devices);
    expect(await seen(manager)).toEqual(devices.slice(0, 3));
    expect(await seen(reader)).toEqual(devices.slice(1, 3));
    expect(await seen(nobody)).toEqual([]);
    expect(await seen(manager, `&groupId=${groups.lobby}`)).toEqual(devices.slice(1, 3));
    expect(await seen(manager, `&deviceId=${devices[0]}`)).toEqual(devices.slice(0, 1));
    expect((await usage(`${range}&groupBy=content`.replace('groupBy=device&', ''), reader)).data.totals).toMatchObject({
      plays: 2,
      devices: 2,
    });
    const stranger = await api.newUser(await api.newTenant('stranger'), 'admin');
    expect(await seen(stranger)).toEqual([]);
    for (const [query, field] of [
      [`groupId=${groups.site}`, 'groupId'],
      [`deviceId=${devices[0]}`, 'deviceId'],
      [`contentId=${content[0]}`, 'contentId'],
      ['scheduleId=1', 'scheduleId'],
    ] as const) {
      expect(await refusal(query, stranger)).toEqual({ status: 404, field });
    }
    expect(await refusal(`groupId=${groups.site}`, reader)).toEqual({ status: 404, field: 'groupId' });
    expect((await refusal(`deviceId=${devices[3]}`, manager)).status).toBe(404);
  });

  test.each([
    ['from=2026-10-20&to=2026-10-20', 'from'],
    ['from=2026-10-21&to=2026-10-20', 'from'],
    ['from=2020-01-01&to=2026-10-20', 'from'],
    ['from=2026-02-30', 'from'],
    ['to=yesterday', 'to'],
    ['timezone=Mars/Olympus', 'timezone'],
    ['timezone=%2B02:00', 'timezone'],
    ['groupBy=color', 'groupBy'],
    ['format=doc', 'format'],
    ['limit=201', 'limit'],
  ])('%s is refused and names %s', async (query, field) => {
    expect(await refusal(query)).toEqual({ status: 400, field });
  });

  test('every format says the same', async () => {
    const tenant = await api.newTenant('formats');
    const as = await api.newUser(tenant, 'admin');
    const evil = await insertContent(api.ctx.db, tenant, { name: '=cmd()' });
    const at = FROM_MS + DAY_MS;
    await insertPlays(api.ctx.db, tenant, [
      { device_id: 1, content_id: evil, started_at: at },
      { device_id: 2, content_id: 900_000, started_at: at, play_ms: 1_500 },
    ]);
    const query = `${USAGE}?from=2026-10-18&to=2026-11-01&sort=key`;
    const file = async (format: string) => {
      const answer = await api.send('GET', `${query}&format=${format}`, { as });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-disposition']).toBe(
        `attachment; filename="usage-by-content-2026-11-20.${format}"`,
      );
      return answer.rawPayload;
    };
    const when = new Date(at).toISOString();
    expect(readCsv((await file('csv')).toString())).toEqual([
      ['id', 'name', 'plays', 'playSeconds', 'alertPlays', 'alertPlaySeconds', 'devices', 'firstAt', 'lastAt'],
      [String(evil), "'=cmd()", '1', '10', '0', '0', '1', when, when],
      ['900000', '(deleted)', '1', '1.5', '0', '0', '1', when, when],
    ]);
    const sheets = await readArchive(await file('xlsx'));
    const [, ...lines] = readSheet(sheets.get('xl/worksheets/sheet1.xml') ?? '');
    expect(lines.map((line) => line.slice(0, 4))).toEqual([
      [String(evil), '=cmd()', '1', '10'],
      ['900000', '(deleted)', '1', '1.5'],
    ]);
    expect((await file('pdf')).subarray(0, 5).toString()).toBe('%PDF-');
    const head = await api.send('HEAD', `${query}&format=csv`, { as });
    expect([head.statusCode, head.body]).toEqual([200, '']);
  });
});
