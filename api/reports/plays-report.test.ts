import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { reportRoutes } from './routes.ts';
import { readArchive, readCsv, readSheet } from './testing/read-report-file.ts';
import { insertPlays, type Play } from './testing/usage-rows.ts';

const PLAYS = '/api/v1/reports/plays';
const AT_MS = Date.UTC(2026, 10, 1);

describeEachDatabase('plays report', (open) => {
  let api: ApiFixture;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: reportRoutes() });
  });
  afterAll(() => api.close());

  const get = (query: string, as: TestUser) => api.send('GET', `${PLAYS}?from=2026-10-20&${query}`, { as });
  const idsOf = async (query: string, as: TestUser): Promise<number[]> => {
    const answer = await get(query, as);
    expect(answer.statusCode).toBe(200);
    return answer.json().data.rows.map(({ id }: { id: number }) => id);
  };

  test('a play tells everything about itself', async () => {
    const tenant = await api.newTenant('one play');
    const as = await api.newUser(tenant, 'admin');
    const device = await insertDevice(api.ctx.db, tenant, { name: 'Door' });
    const content = await insertContent(api.ctx.db, tenant, { name: 'Spot' });
    await insertPlays(api.ctx.db, tenant, [
      { device_id: device, content_id: content, started_at: AT_MS, schedule_id: 77, received_at: AT_MS + 500 },
      { device_id: 900_001, content_id: 900_002, started_at: AT_MS - 1, alert_deployment_id: 5, clock_suspect: 1 },
    ]);
    const { data, meta } = (await get('clock=all', as)).json();
    expect(meta).toEqual({ page: 1, limit: 50, total: 2 });
    expect(data.rows).toMatchObject([
      {
        startedAt: '2026-11-01T00:00:00.000Z',
        playSeconds: 10,
        deviceId: device,
        device: 'Door',
        contentId: content,
        content: 'Spot',
        scheduleId: 77,
        schedule: null,
        alertDeploymentId: null,
        clockSuspect: false,
        receivedAt: '2026-11-01T00:00:00.500Z',
      },
      { device: null, content: null, scheduleId: null, alertDeploymentId: 5, clockSuspect: true },
    ]);
    expect((await get('', as)).json().meta.total).toBe(1);
    expect((await get('clock=suspect', as)).json().meta.total).toBe(1);
    expect((await get('clock=all&during=normal', as)).json().meta.total).toBe(1);
    expect(readCsv((await get('clock=all&format=csv', as)).body)).toMatchObject([
      expect.arrayContaining(['startedAt', 'deviceId', 'clockSuspect']),
      [
        '2026-11-01T00:00:00.000Z',
        '10',
        String(device),
        'Door',
        String(content),
        'Spot',
        '77',
        '(deleted)',
        '',
        'good',
        '2026-11-01T00:00:00.500Z',
      ],
      [
        '2026-10-31T23:59:59.999Z',
        '10',
        '900001',
        '(deleted)',
        '900002',
        '(deleted)',
        '',
        '',
        '5',
        'suspect',
        '2026-10-31T23:59:59.999Z',
      ],
    ]);
  });

  test('pages and files have every play once, the newest first, however many fall into one instant', async () => {
    const tenant = await api.newTenant('many plays');
    const as = await api.newUser(tenant, 'admin');
    const device = await insertDevice(api.ctx.db, tenant);
    const content = await insertContent(api.ctx.db, tenant);
    // 5,300 plays in 40 instants: several pages of an export end in the middle of one.
    const plays = Array.from({ length: 5_300 }, (_, index): Play => ({
      device_id: device,
      content_id: content,
      started_at: AT_MS + (index % 40),
      play_ms: 1_000 + index,
    }));
    await insertPlays(api.ctx.db, tenant, plays);
    const newestFirst = plays
      .map(({ started_at, play_ms = 0 }, index) => ({ started_at, index, seconds: Number(play_ms) / 1_000 }))
      .sort((a, b) => b.started_at - a.started_at || b.index - a.index)
      .map(({ seconds }) => seconds);
    const paged: number[] = [];
    for (const page of [1, 2, 3]) {
      const { data } = (await get(`limit=200&page=${page}`, as)).json();
      paged.push(...data.rows.map(({ playSeconds }: { playSeconds: number }) => playSeconds));
    }
    expect(paged).toEqual(newestFirst.slice(0, 600));
    expect(await idsOf('limit=200&page=28', as)).toEqual([]);
    const csv = readCsv((await get('format=csv', as)).body).slice(1);
    expect(csv.map(([, seconds]) => Number(seconds))).toEqual(newestFirst);
    const sheets = await readArchive((await get('format=xlsx', as)).rawPayload);
    const lines = readSheet(sheets.get('xl/worksheets/sheet1.xml') ?? '').slice(1);
    expect(lines.map(([, seconds]) => Number(seconds))).toEqual(newestFirst);
    expect((await get('format=pdf', as)).rawPayload.subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('a PDF of too many plays is refused before any is read', async () => {
    const tenant = await api.newTenant('long');
    const as = await api.newUser(tenant, 'admin');
    await insertPlays(
      api.ctx.db,
      tenant,
      Array.from({ length: 20_001 }, (_, index): Play => ({ device_id: 1, content_id: 1, started_at: AT_MS + index })),
    );
    const answer = await get('format=pdf', as);
    expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([400, 'format']);
    expect((await get('format=json', as)).json().meta.total).toBe(20_001);
  });

  test('scope and tenant bound what is seen, in files too', async () => {
    const tenant = await api.newTenant('scoped plays');
    const group = await api.newGroup(tenant, 'Mine');
    const mine = await insertDevice(api.ctx.db, tenant, { group_id: group, name: 'Mine' });
    const theirs = await insertDevice(api.ctx.db, tenant, { name: 'Theirs' });
    await insertPlays(
      api.ctx.db,
      tenant,
      [mine, theirs, 900_009].map((device_id) => ({ device_id, content_id: 1, started_at: AT_MS })),
    );
    const reader = await api.newUser(tenant, 'user', [group]);
    const stranger = await api.newUser(await api.newTenant('other plays'), 'admin');
    expect((await get('', reader)).json().data.rows).toMatchObject([{ deviceId: mine }]);
    expect(readCsv((await get('format=csv', reader)).body).length).toBe(2);
    expect((await get('', stranger)).json().data.rows).toEqual([]);
    expect((await get(`deviceId=${theirs}`, reader)).statusCode).toBe(404);
    expect((await get(`deviceId=${mine}`, stranger)).statusCode).toBe(404);
  });
});
