import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice, insertReceipt } from '../testing/device-rows.ts';
import { alertRoutes } from './routes.ts';

const DEPLOYMENTS = '/api/v1/alerts/deployments';

describeEachDatabase('deployments and their ladders', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: alertRoutes() });
    tenantId = await api.newTenant('ladders');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const deploy = async (body: object, as = admin): Promise<number> => {
    const alert = { severity: 'info', title: 'T', message: 'M' };
    const answer = await api.send('POST', '/api/v1/alerts/deploy', { as, body: { alert, ...body } });
    expect(answer.statusCode).toBe(201);
    return answer.json().data.deploymentId;
  };
  const detail = async (id: number, as = admin) => {
    const answer = await api.send('GET', `${DEPLOYMENTS}/${id}`, { as });
    expect(answer.statusCode).toBe(200);
    return answer.json().data;
  };
  const receipts = async (id: number, query: string, as = admin) => {
    const answer = await api.send('GET', `${DEPLOYMENTS}/${id}/receipts${query}`, { as });
    expect(answer.statusCode).toBe(200);
    return answer.json();
  };
  const idsAt = async (id: number, stage: string, as = admin): Promise<number[]> =>
    (await receipts(id, `?stage=${stage}&limit=200`, as)).data.map(({ deviceId }: { deviceId: number }) => deviceId);

  /** A deployment of which eight devices have said all that a device can say. */
  const spokenOf = async () => {
    const group = await api.newGroup(tenantId, 'Ladder');
    const inner = await api.newGroup(tenantId, 'Ladder inner', group);
    const device = (columns: object = {}) =>
      insertDevice(api.ctx.db, tenantId, { group_id: inner, status: 'online', ...columns });
    const full = await device();
    const shown = await device();
    const heard = await device();
    const pushed = await device();
    const failed = await device();
    const late = await device();
    const silent = await device({ status: 'offline' });
    await device({ state: 'revoked' });
    const elsewhere = await insertDevice(api.ctx.db, tenantId);
    const id = await deploy({ groupIds: [group], expiresInSeconds: 60 });
    const t = api.clock.now();
    const say = (deviceId: number, columns: object) => insertReceipt(api.ctx.db, tenantId, id, deviceId, columns);
    await say(full, { sent_at: t + 5, received_at: t + 10, displayed_at: t + 40, cleared_at: t + 500 });
    // Its `received` was lost: that it displayed says it all.
    await say(shown, { sent_at: t + 5, displayed_at: t + 80 });
    await say(heard, { sent_at: t + 5, received_at: t + 20 });
    await say(pushed, { sent_at: t + 5 });
    await say(failed, { sent_at: t + 5, received_at: t + 30, failed_at: t + 31, reason: 'no decoder' });
    await say(late, { received_at: t + 900, failed_at: t + 901, displayed_at: t + 990 });
    // Moved away since: it was reached all the same.
    await say(elsewhere, { sent_at: t + 6 });
    return { id, t, group, inner, full, shown, heard, pushed, failed, late, silent, elsewhere };
  };

  test('the ladder counts what devices said, latencies from accepted on', async () => {
    const { id, group } = await spokenOf();
    const answer = await detail(id);
    const counters = { targeted: 8, online: 6, sent: 7, received: 5, displayed: 3, cleared: 1, failed: 1 };
    expect(answer.ladder).toEqual({ ...counters, expired: 0, unconfirmed: 4 });
    expect(answer.latency).toEqual({ receivedP50Ms: 30, receivedP99Ms: 900, displayedP50Ms: 80, displayedP99Ms: 990 });
    expect(answer.targets).toEqual({ total: 7, online: 6, offline: 1, groupIds: [group], deviceIds: [] });
    const facts = { deploymentId: id, status: 'active', stoppedAt: null, startedBy: admin.id, drill: false };
    expect([answer.startedByName, answer.stoppedByName]).toEqual([expect.stringContaining('admin'), null]);
    expect(answer).toMatchObject(facts);
    api.clock.advance(60_000);
    const over = await detail(id);
    expect([over.status, over.ladder.expired, over.ladder.unconfirmed]).toEqual(['expired', 5, 4]);
  });

  test('every stage names its devices, with the times of each', async () => {
    const { id, t, inner, full, shown, heard, pushed, failed, late, silent, elsewhere } = await spokenOf();
    expect(await idsAt(id, 'displayed')).toEqual([full, shown, late]);
    expect(await idsAt(id, 'received')).toEqual([full, shown, heard, failed, late]);
    expect(await idsAt(id, 'failed')).toEqual([failed]);
    expect(await idsAt(id, 'cleared')).toEqual([full]);
    expect(await idsAt(id, 'unconfirmed')).toEqual([heard, pushed, silent, elsewhere]);
    expect((await idsAt(id, 'all')).length).toBe(8);
    const [failure] = (await receipts(id, '?stage=failed')).data;
    expect(failure).toEqual({
      deviceId: failed,
      name: expect.any(String),
      playerId: expect.any(String),
      groupId: inner,
      status: 'online',
      sentAt: new Date(t + 5).toISOString(),
      receivedAt: new Date(t + 30).toISOString(),
      displayedAt: null,
      clearedAt: null,
      failedAt: new Date(t + 31).toISOString(),
      reason: 'no decoder',
      lastSeen: null,
      transport: null,
      why: null,
    });
  });

  test('nobody said anything yet: no latency, everybody unconfirmed', async () => {
    const group = await api.newGroup(tenantId, 'Quiet');
    const device = await insertDevice(api.ctx.db, tenantId, { group_id: group });
    const id = await deploy({ groupIds: [group] });
    expect((await detail(id)).latency).toEqual({
      receivedP50Ms: null,
      receivedP99Ms: null,
      displayedP50Ms: null,
      displayedP99Ms: null,
    });
    expect(await idsAt(id, 'unconfirmed')).toEqual([device]);
    expect(await idsAt(id, 'sent')).toEqual([]);
    // A device that joins the group is reached by the alert, so it is targeted.
    const joined = await insertDevice(api.ctx.db, tenantId, { group_id: group });
    expect((await detail(id)).ladder).toMatchObject({ targeted: 2, unconfirmed: 2 });
    // One that is deleted after it confirmed stays in the record.
    await insertReceipt(api.ctx.db, tenantId, id, joined, { displayed_at: api.clock.now() + 1 });
    await api.ctx.db.sql.deleteFrom('devices').where('id', '=', joined).execute();
    expect((await detail(id)).ladder).toMatchObject({ targeted: 2, displayed: 1, online: 0 });
    expect((await receipts(id, '?stage=displayed')).data).toMatchObject([
      { deviceId: joined, name: null, status: 'offline' },
    ]);
  });

  test('what was aimed at and deleted since is not named any more', async () => {
    const [kept, gone] = [await insertDevice(api.ctx.db, tenantId), await insertDevice(api.ctx.db, tenantId)];
    const id = await deploy({ deviceIds: [kept, gone] });
    expect((await detail(id)).targets.deviceIds).toEqual([kept, gone]);
    await api.ctx.db.sql.deleteFrom('devices').where('id', '=', gone).execute();
    expect((await detail(id)).targets.deviceIds).toEqual([kept]);
  });

  test('receipts come page by page, sorted and searched', async () => {
    const group = await api.newGroup(tenantId, 'Pages');
    const device = (name: string) => insertDevice(api.ctx.db, tenantId, { group_id: group, name });
    const [c, a, b] = [await device('Page C'), await device('Page A'), await device('Page B')];
    const id = await deploy({ groupIds: [group] });
    const t = api.clock.now();
    await insertReceipt(api.ctx.db, tenantId, id, a, { displayed_at: t + 30 });
    await insertReceipt(api.ctx.db, tenantId, id, b, { displayed_at: t + 10 });
    const ids = async (query: string) =>
      (await receipts(id, query)).data.map(({ deviceId }: { deviceId: number }) => deviceId);
    expect(await ids('?sort=name')).toEqual([a, b, c]);
    expect(await ids('?sort=-name&limit=1&page=2')).toEqual([b]);
    expect(await ids('?stage=displayed&sort=displayedAt')).toEqual([b, a]);
    expect(await ids('?q=page%20c')).toEqual([c]);
    expect((await receipts(id, '?stage=displayed&limit=1')).meta).toEqual({ page: 1, limit: 1, total: 2 });
    expect((await api.send('GET', `${DEPLOYMENTS}/${id}/receipts?stage=lost`, { as: admin })).statusCode).toBe(400);
  });

  test('deployments are listed by how they stand, drill, alert, time and text', async () => {
    const tenant = await api.newTenant('deployment list');
    const as = await api.newUser(tenant, 'admin');
    const group = await api.newGroup(tenant, 'G');
    const text = (title: string) => ({ severity: 'info', title, message: 'm' });
    const prepared = (await api.send('POST', '/api/v1/alerts', { as, body: text('Prepared') })).json().data.id;
    const one = await deploy({ alert: text('First fire'), groupIds: [group], expiresInSeconds: 10 }, as);
    api.clock.advance(10_000);
    const midway = new Date(api.clock.now()).toISOString();
    const two = await deploy({ alert: text('Second'), groupIds: [group], drill: true }, as);
    const three = await deploy({ alert: undefined, alertId: prepared, groupIds: [group] }, as);
    await api.send('POST', '/api/v1/alerts/stop', { as, body: { deploymentId: three } });
    const ids = async (query: string) =>
      (await api.send('GET', `${DEPLOYMENTS}${query}`, { as }))
        .json()
        .data.map(({ deploymentId }: { deploymentId: number }) => deploymentId);
    expect(await ids('')).toEqual([three, two, one]);
    expect(await ids('?status=active')).toEqual([two]);
    expect(await ids('?status=stopped')).toEqual([three]);
    expect(await ids('?status=expired')).toEqual([one]);
    expect(await ids('?drill=true')).toEqual([two]);
    expect(await ids('?severity=critical')).toEqual([]);
    expect(await ids('?severity=info&status=active')).toEqual([two]);
    expect(await ids(`?startedBy=${as.id}&limit=1`)).toEqual([three]);
    expect(await ids(`?startedBy=${admin.id}`)).toEqual([]);
    expect(await ids('?drill=false&sort=startedAt')).toEqual([one, three]);
    expect(await ids(`?alertId=${prepared}`)).toEqual([three]);
    expect(await ids(`?from=${midway}`)).toEqual([three, two]);
    expect(await ids(`?to=${midway}`)).toEqual([one]);
    expect(await ids('?q=FIRE')).toEqual([one]);
    for (const bad of ['?from=yesterday', '?from=2026-13-01T00:00:00Z', '?status=lost', '?drill=maybe']) {
      expect((await api.send('GET', `${DEPLOYMENTS}${bad}`, { as })).statusCode).toBe(400);
    }
    expect((await api.send('GET', `${DEPLOYMENTS}?limit=1&page=3`, { as })).json().meta).toEqual({
      page: 3,
      limit: 1,
      total: 3,
    });
  });

  test('a manager sees what reaches his screens, and of it his screens only', async () => {
    const site = await api.newGroup(tenantId, 'Scoped site');
    const mine = await api.newGroup(tenantId, 'Scoped mine', site);
    const theirs = await api.newGroup(tenantId, 'Scoped theirs', site);
    const myDevice = await insertDevice(api.ctx.db, tenantId, { group_id: mine, status: 'online' });
    const theirDevice = await insertDevice(api.ctx.db, tenantId, { group_id: theirs, status: 'online' });
    const manager = await api.newUser(tenantId, 'manager', [mine]);
    const onSite = await deploy({ groupIds: [site] });
    const onTheirs = await deploy({ groupIds: [theirs] });
    const named = await deploy({ deviceIds: [myDevice, theirDevice] });
    const theirsNamed = await deploy({ deviceIds: [theirDevice] });
    const t = api.clock.now();
    for (const id of [onSite, named]) {
      await insertReceipt(api.ctx.db, tenantId, id, myDevice, { displayed_at: t + 10 });
      await insertReceipt(api.ctx.db, tenantId, id, theirDevice, { displayed_at: t + 99 });
    }
    const list = (await api.send('GET', `${DEPLOYMENTS}?limit=200`, { as: manager })).json();
    expect(list.data.map(({ deploymentId }: { deploymentId: number }) => deploymentId)).toEqual([named, onSite]);
    expect(list.meta.total).toBe(2);
    for (const id of [onSite, named]) {
      const answer = await detail(id, manager);
      expect(answer.ladder).toMatchObject({ targeted: 1, online: 1, displayed: 1 });
      expect(answer.latency).toMatchObject({ displayedP50Ms: 10, displayedP99Ms: 10 });
      expect(await idsAt(id, 'all', manager)).toEqual([myDevice]);
    }
    expect((await detail(named, manager)).targets).toMatchObject({ groupIds: [], deviceIds: [myDevice] });
    for (const id of [onTheirs, theirsNamed]) {
      expect((await api.send('GET', `${DEPLOYMENTS}/${id}`, { as: manager })).statusCode).toBe(404);
      expect((await api.send('GET', `${DEPLOYMENTS}/${id}/receipts`, { as: manager })).statusCode).toBe(404);
    }
    const nobody = await api.newUser(tenantId, 'user');
    expect((await api.send('GET', DEPLOYMENTS, { as: nobody })).json().data).toEqual([]);
  });
});
