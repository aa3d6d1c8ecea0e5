import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { alertRoutes } from '../alerts/routes.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice, insertReceipt } from '../testing/device-rows.ts';
import { reportRoutes } from './routes.ts';
import { readArchive, readCsv, readSheet } from './testing/read-report-file.ts';

const REPORT = '/api/v1/reports/alerts';

describeEachDatabase('alert reports', (open) => {
  let api: ApiFixture;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: [...alertRoutes(), ...reportRoutes()] });
  });
  afterAll(() => api.close());

  const deploy = async (as: TestUser, body: object): Promise<number> => {
    const alert = { severity: 'critical', title: '=Fire', message: 'Leave' };
    const answer = await api.send('POST', '/api/v1/alerts/deploy', { as, body: { alert, ...body } });
    expect(answer.statusCode).toBe(201);
    return answer.json().data.deploymentId;
  };
  const get = async (path: string, as: TestUser) => {
    const answer = await api.send('GET', `${REPORT}${path}`, { as });
    expect(answer.statusCode).toBe(200);
    return answer;
  };

  /** A tenant with an alert of which six devices have said different things. */
  const world = async (name: string) => {
    const tenant = await api.newTenant(name);
    const admin = await api.newUser(tenant, 'admin');
    const site = await api.newGroup(tenant, 'Site');
    const lobby = await api.newGroup(tenant, 'Lobby', site);
    const device = (group_id: number) => insertDevice(api.ctx.db, tenant, { group_id, status: 'online' });
    const [slow, fast, failed, heard, silent, cleared] = [
      await device(site),
      await device(lobby),
      await device(site),
      await device(lobby),
      await device(site),
      await device(site),
    ];
    const id = await deploy(admin, { groupIds: [site], expiresInSeconds: 60 });
    const t = api.clock.now();
    const say = (deviceId: number, columns: object) => insertReceipt(api.ctx.db, tenant, id, deviceId, columns);
    await say(slow, { sent_at: t + 1, received_at: t + 10, displayed_at: t + 900 });
    await say(fast, { sent_at: t + 1, displayed_at: t + 40 });
    await say(failed, { sent_at: t + 1, received_at: t + 5, failed_at: t + 6, reason: '=no decoder' });
    await say(heard, { sent_at: t + 1, received_at: t + 7 });
    await say(cleared, { sent_at: t + 1, received_at: t + 8, displayed_at: t + 50, cleared_at: t + 800 });
    return { tenant, admin, site, lobby, id, t, slow, fast, failed, heard, silent, cleared };
  };

  test('an alert is told with who, what, where and how far it came', async () => {
    const { admin, site, id, t } = await world('told');
    const drill = await deploy(admin, { groupIds: [site], drill: true });
    await api.send('POST', '/api/v1/alerts/stop', { as: admin, body: { deploymentId: drill } });
    api.clock.advance(60_000);
    const { data, meta } = (await get('', admin)).json();
    expect(meta).toEqual({ page: 1, limit: 50, total: 2 });
    expect(data.rows).toMatchObject([
      { deploymentId: drill, drill: true, status: 'stopped', stoppedByName: admin.username },
      {
        deploymentId: id,
        title: '=Fire',
        severity: 'critical',
        drill: false,
        status: 'expired',
        startedAt: new Date(t).toISOString(),
        startedBy: admin.id,
        startedByName: admin.username,
        stoppedByName: null,
        groups: [{ id: site, name: 'Site' }],
        devices: [],
        ladder: { targeted: 6, sent: 5, received: 5, displayed: 3, cleared: 1, failed: 1, unconfirmed: 2, expired: 3 },
        latency: { displayedP50Ms: 50, displayedP99Ms: 900 },
      },
    ]);
    const idsOf = async (query: string) =>
      (await get(query, admin)).json().data.rows.map(({ deploymentId }: { deploymentId: number }) => deploymentId);
    expect(await idsOf('?drill=false')).toEqual([id]);
    expect(await idsOf('?severity=info')).toEqual([]);
    expect(await idsOf('?limit=1&page=2')).toEqual([id]);
    expect(await idsOf(`?from=${new Date(t + 1).toISOString()}&to=2027-01-01`)).toEqual([]);
    expect((await api.send('GET', `${REPORT}?from=2020-01-01`, { as: admin })).statusCode).toBe(400);
    const [header, ...lines] = readCsv((await get('?format=csv', admin)).body);
    const cell = (name: string) => lines.map((line) => line[header?.indexOf(name) ?? -1]);
    expect(cell('deploymentId')).toEqual([String(drill), String(id)]);
    expect(cell('title')).toEqual(["'=Fire", "'=Fire"]);
    expect(cell('targets')).toEqual(['Site', 'Site']);
    expect(cell('displayedP99Ms')).toEqual(['', '900']);
    expect((await get('?format=pdf', admin)).rawPayload.subarray(0, 5).toString()).toBe('%PDF-');
    const book = await readArchive((await get('?format=xlsx', admin)).rawPayload);
    expect(readSheet(book.get('xl/worksheets/sheet1.xml') ?? '').length).toBe(3);
  });

  test('screen by screen, first those that never confirmed', async () => {
    const { admin, id, t, lobby, slow, fast, failed, heard, silent, cleared } = await world('screens');
    const { data, meta } = (await get(`/${id}`, admin)).json();
    expect(meta.total).toBe(6);
    expect(data.alert).toMatchObject({ deploymentId: id, ladder: { targeted: 6, unconfirmed: 2 } });
    expect(data.rows.map((row: { deviceId: number; state: string }) => [row.deviceId, row.state])).toEqual([
      [heard, 'unconfirmed'],
      [silent, 'unconfirmed'],
      [failed, 'failed'],
      [fast, 'displayed'],
      [cleared, 'cleared'],
      [slow, 'displayed'],
    ]);
    expect(data.rows[3]).toEqual({
      deviceId: fast,
      device: expect.stringContaining('Screen'),
      groupId: lobby,
      group: 'Lobby',
      state: 'displayed',
      sentAt: new Date(t + 1).toISOString(),
      receivedAt: null,
      displayedAt: new Date(t + 40).toISOString(),
      clearedAt: null,
      failedAt: null,
      receivedMs: 40,
      displayedMs: 40,
      reason: null,
    });
    expect(data.rows[2]).toMatchObject({ reason: '=no decoder', receivedMs: 5, displayedMs: null });
    const second = (await get(`/${id}?limit=4&page=2`, admin)).json();
    expect(second.data.rows.map(({ deviceId }: { deviceId: number }) => deviceId)).toEqual([cleared, slow]);
    expect((await get(`/${id}?limit=4&page=3`, admin)).json().data.rows).toEqual([]);
    const csv = readCsv((await get(`/${id}?format=csv`, admin)).body);
    expect(csv.slice(1).map(([deviceId]) => Number(deviceId))).toEqual([heard, silent, failed, fast, cleared, slow]);
    expect(csv[3]?.at(-1)).toBe("'=no decoder");
    // One that was deleted since stays in the record of the admins.
    await api.ctx.db.sql.deleteFrom('devices').where('id', '=', slow).execute();
    expect((await get(`/${id}`, admin)).json().data.rows[5]).toMatchObject({
      deviceId: slow,
      device: null,
      group: null,
    });
    for (const format of ['xlsx', 'pdf'])
      expect((await get(`/${id}?format=${format}`, admin)).rawPayload.length).toBeGreaterThan(500);
  });

  test('nobody is told of screens that are not his', async () => {
    const { tenant, admin, id, lobby, fast, heard } = await world('scoped');
    const other = await api.newGroup(tenant, 'Other');
    const elsewhere = await deploy(admin, { groupIds: [other] });
    const reader = await api.newUser(tenant, 'user', [lobby]);
    const nobody = await api.newUser(tenant, 'user');
    const stranger = await api.newUser(await api.newTenant('stranger'), 'admin');
    api.clock.advance(1);
    const { data, meta } = (await get('', reader)).json();
    expect(meta.total).toBe(1);
    expect(data.rows).toMatchObject([
      {
        deploymentId: id,
        groups: [],
        ladder: { targeted: 2, displayed: 1, unconfirmed: 1 },
        latency: { displayedP99Ms: 40 },
      },
    ]);
    expect(JSON.stringify(data)).not.toContain('"Site"');
    const screens = (await get(`/${id}`, reader)).json().data.rows;
    expect(screens.map(({ deviceId }: { deviceId: number }) => deviceId)).toEqual([heard, fast]);
    expect(readCsv((await get(`/${id}?format=csv`, reader)).body).length).toBe(3);
    expect(readCsv((await get('?format=csv', reader)).body).length).toBe(2);
    for (const as of [nobody, stranger]) {
      expect((await get('', as)).json().data.rows).toEqual([]);
      expect((await api.send('GET', `${REPORT}/${id}`, { as })).statusCode).toBe(404);
      expect((await api.send('GET', `${REPORT}/${id}?format=csv`, { as })).statusCode).toBe(404);
    }
    expect((await api.send('GET', `${REPORT}/${elsewhere}`, { as: reader })).statusCode).toBe(404);
    expect((await get(`/${elsewhere}`, admin)).json().data.rows).toEqual([]);
  });
});
