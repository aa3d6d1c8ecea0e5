import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice, insertReceipt } from '../testing/device-rows.ts';
import { alertRoutes } from './routes.ts';

const DEPLOYMENTS = '/api/v1/alerts/deployments';

describeEachDatabase('what a deployment tells of its screens', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let group: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: alertRoutes() });
    tenantId = await api.newTenant('whys');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const raise = async (): Promise<number> => {
    group = await api.newGroup(tenantId, `Group ${api.clock.now()}`);
    const body = { alert: { severity: 'info', title: 'T', message: '' }, groupIds: [group] };
    return (await api.send('POST', '/api/v1/alerts/deploy', { as: admin, body })).json().data.deploymentId;
  };
  const screen = (columns: object = {}) => insertDevice(api.ctx.db, tenantId, { group_id: group, ...columns });
  const say = (id: number, deviceId: number, columns: object) =>
    insertReceipt(api.ctx.db, tenantId, id, deviceId, columns);

  test('each that is unconfirmed says why', async () => {
    const id = await raise();
    const t = api.clock.now();
    const online = { status: 'online', transport: 'websocket', last_seen_at: t } as const;
    const never = await screen();
    const away = await screen({ last_seen_at: t - 1_000, transport: 'http' });
    const left = await screen({ last_seen_at: t - 1_000 });
    const waits = await screen({ ...online, transport: 'http' });
    const deaf = await screen(online);
    const blind = await screen(online);
    const revoked = await screen({ ...online, state: 'revoked' });
    const shown = await screen(online);
    const broken = await screen(online);
    await say(id, left, { sent_at: t + 1 });
    await say(id, deaf, { sent_at: t + 1 });
    await say(id, blind, { sent_at: t + 1, received_at: t + 2 });
    await say(id, revoked, { sent_at: t + 1 });
    await say(id, shown, { displayed_at: t + 3 });
    await say(id, broken, { failed_at: t + 3, reason: 'no decoder' });
    const { data } = (await api.send('GET', `${DEPLOYMENTS}/${id}/receipts`, { as: admin })).json();
    const whys = new Map(data.map((one: { deviceId: number; why: string }) => [one.deviceId, one.why]));
    expect(Object.fromEntries(whys)).toEqual({
      [never]: 'never_connected',
      [away]: 'offline',
      [left]: 'offline',
      [waits]: 'not_sent',
      [deaf]: 'sent_not_received',
      [blind]: 'received_not_displayed',
      [revoked]: 'gone',
      [shown]: null,
      [broken]: null,
    });
    expect(data.find(({ deviceId }: { deviceId: number }) => deviceId === away)).toMatchObject({
      lastSeen: new Date(t - 1_000).toISOString(),
      transport: 'http',
    });
  });

  test('a timeline tells when they came to it', async () => {
    const id = await raise();
    const t = api.clock.now();
    const points = async () =>
      (await api.send('GET', `${DEPLOYMENTS}/${id}/timeline`, { as: admin })).json().data.points;
    expect(await points()).toEqual([]);
    await say(id, await screen(), { received_at: t + 10, displayed_at: t + 30 });
    await say(id, await screen(), { received_at: t + 10, displayed_at: t + 90 });
    // Its `received` was lost, and a hub's clock was behind.
    await say(id, await screen(), { displayed_at: t - 5 });
    expect(await points()).toEqual([
      { afterMs: 0, received: 1, displayed: 1 },
      { afterMs: 10, received: 3, displayed: 1 },
      { afterMs: 30, received: 3, displayed: 2 },
      { afterMs: 90, received: 3, displayed: 3 },
    ]);
    // A straggler an hour later makes the steps coarse, and no screen is lost by that.
    await say(id, await screen(), { received_at: t + 3_600_000, displayed_at: t + 3_600_001 });
    const coarse = await points();
    expect(coarse.length).toBeLessThan(200);
    expect(coarse.at(-1)).toEqual({ afterMs: 3_600_001, received: 4, displayed: 4 });
    const stranger = await api.newUser(await api.newTenant('whys stranger'), 'admin');
    const refused = await api.send('GET', `${DEPLOYMENTS}/${id}/timeline`, { as: stranger });
    expect(refused.statusCode).toBe(404);
  });
});
