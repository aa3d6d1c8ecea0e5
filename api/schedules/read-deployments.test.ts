import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { insertScheduleReport, layoutOf } from '../testing/schedule-samples.ts';
import { scheduleRoutes } from './routes.ts';

const SCHEDULES = '/api/v1/schedules';

describeEachDatabase('the deployments of a schedule', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let tenantId: number;
  let site: number;
  let lobby: number;
  let beside: number;
  let admin: TestUser;
  let manager: TestUser;
  let scheduleId: number;

  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: scheduleRoutes() });
    tenantId = await api.newTenant('progress');
    site = await api.newGroup(tenantId, 'Site');
    lobby = await api.newGroup(tenantId, 'Lobby', site);
    beside = await api.newGroup(tenantId, 'Beside');
    admin = await api.newUser(tenantId, 'admin');
    manager = await api.newUser(tenantId, 'manager', [lobby]);
    scheduleId = await create();
  });
  afterAll(() => api.close());

  async function create(): Promise<number> {
    const body = { name: 'Morning', layout: layoutOf(await insertContent(db, tenantId)) };
    return (await api.send('POST', SCHEDULES, { as: admin, body })).json().data.id;
  }
  async function deploy(targets: object, id = scheduleId): Promise<{ id: number; rev: number }> {
    const answer = await api.send('POST', `${SCHEDULES}/${id}/deploy`, { as: admin, body: targets });
    const { deploymentId } = answer.json().data;
    const { rev } = await db.sql
      .selectFrom('deployments')
      .select('rev')
      .where('id', '=', deploymentId)
      .executeTakeFirstOrThrow();
    return { id: deploymentId, rev };
  }
  const get = async (path: string, as = admin) => {
    const answer = await api.send('GET', `${SCHEDULES}/${scheduleId}/deployments${path}`, { as });
    return { status: answer.statusCode, ...answer.json() };
  };
  const say = (
    deviceId: number,
    version: number,
    state: 'received' | 'applied' | 'failed',
    reason: string | null = null,
  ) =>
    insertScheduleReport(db, tenantId, deviceId, {
      schedule_version: version,
      schedule_state: state,
      schedule_reason: reason,
      schedule_at: api.clock.now() + version,
    });

  test('tell how far each has come, device by device, as far as the actor may see', async () => {
    const [pending, received, applied, failed, older, alone] = await Promise.all([
      insertDevice(db, tenantId, { group_id: site, name: 'a pending' }),
      insertDevice(db, tenantId, { group_id: lobby, name: 'b received', status: 'online' }),
      insertDevice(db, tenantId, { group_id: lobby, name: 'c applied' }),
      insertDevice(db, tenantId, { group_id: lobby, name: 'd failed' }),
      insertDevice(db, tenantId, { group_id: site, name: 'e older' }),
      insertDevice(db, tenantId, { name: 'f alone' }),
    ]);
    await insertDevice(db, tenantId, { group_id: lobby, state: 'revoked' });
    await insertDevice(db, tenantId, { group_id: beside });
    const { id, rev } = await deploy({ groupIds: [site], deviceIds: [alone] });
    await say(received, rev, 'received');
    await say(applied, rev + 5, 'applied');
    await say(failed, rev, 'failed', 'no codec');
    await say(older, rev - 1, 'applied');
    const { data } = await get(`/${id}`);
    expect(data).toEqual({
      id,
      scheduleId,
      scheduleVersion: 1,
      status: 'active',
      createdBy: admin.id,
      createdAt: '2026-11-20T09:00:00.000Z',
      withdrawnBy: null,
      withdrawnAt: null,
      targets: { total: 6, groupIds: [site], deviceIds: [alone] },
      progress: { targeted: 6, pending: 3, received: 1, applied: 1, failed: 1 },
    });
    const listed = await get('?limit=1');
    const { total } = data.targets;
    expect(listed).toMatchObject({ data: [{ ...data, targets: { total } }], meta: { page: 1, limit: 1, total: 1 } });
    const all = await get(`/${id}/devices?sort=name`);
    const states = all.data.map((row: { deviceId: number; state: string }) => [row.deviceId, row.state]);
    expect(states).toEqual([
      [pending, 'pending'],
      [received, 'received'],
      [applied, 'applied'],
      [failed, 'failed'],
      [older, 'pending'],
      [alone, 'pending'],
    ]);
    expect(all.data[3]).toEqual({
      deviceId: failed,
      name: 'd failed',
      groupId: lobby,
      online: false,
      state: 'failed',
      reason: 'no codec',
      at: new Date(api.clock.now() + rev).toISOString(),
    });
    expect(all.data[4]).toMatchObject({ state: 'pending', reason: null, at: null });
    expect(all.data[1]).toMatchObject({ online: true });
    const some = await get(`/${id}/devices?state=pending&sort=-name&limit=2&page=2`);
    expect([some.data.map((row: { deviceId: number }) => row.deviceId), some.meta.total]).toEqual([[pending], 3]);
    expect((await get(`/${id}/devices?q=C%20APPL`)).data).toMatchObject([{ deviceId: applied }]);
    const mine = await get(`/${id}`, manager);
    expect(mine.data).toMatchObject({
      targets: { groupIds: [], deviceIds: [] },
      progress: { targeted: 3, pending: 0, received: 1, applied: 1, failed: 1 },
    });
    expect((await get(`/${id}/devices`, manager)).meta.total).toBe(3);
  });

  test('that are withdrawn or taken the place of are assigned to nobody, and stay to be read', async () => {
    scheduleId = await create();
    await insertDevice(db, tenantId, { group_id: beside });
    const first = await deploy({ groupIds: [beside] });
    const second = await deploy({ groupIds: [beside] });
    const { data } = await get('');
    expect(data).toMatchObject([
      { id: second.id, status: 'active' },
      {
        id: first.id,
        status: 'withdrawn',
        withdrawnBy: admin.id,
        progress: { targeted: 0, pending: 0, received: 0, applied: 0, failed: 0 },
      },
    ]);
    expect(data[0].progress.targeted).toBeGreaterThan(0);
    expect((await get('?status=withdrawn')).data).toHaveLength(1);
    expect((await get(`/${first.id}/devices`)).data).toEqual([]);
    expect((await get(`/${first.id}`)).data.targets).toMatchObject({ groupIds: [beside] });
  });

  test('[INV-10] are not there for another tenant, nor under another schedule', async () => {
    const { id } = await deploy({ groupIds: [beside] });
    const stranger = await api.newUser(await api.newTenant('strangers'), 'admin');
    for (const path of ['', `/${id}`, `/${id}/devices`]) expect((await get(path, stranger)).status).toBe(404);
    scheduleId = await create();
    expect((await get(`/${id}`)).status).toBe(404);
    expect((await get(`/${id}/devices`)).status).toBe(404);
    expect((await get('')).data).toEqual([]);
  });
});
