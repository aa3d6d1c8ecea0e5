import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import type { TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice, insertReceipt } from '../testing/device-rows.ts';
import { insertScheduleReport, layoutOf } from '../testing/schedule-samples.ts';
import { openLiveApi, type LiveApi } from './testing/live-api.ts';
import type { LiveClient } from './testing/live-client.ts';
import { setPresence } from './testing/live-world.ts';

const ALERT = { severity: 'critical', title: 'Fire', message: 'Leave' };

describeEachDatabase('the live feed', (open) => {
  let api: LiveApi;
  let tenantId: number;
  let groupId: number;
  let admin: TestUser;
  let devices: number[];
  let client: LiveClient;

  beforeAll(async () => {
    api = await openLiveApi(await open());
    tenantId = await api.newTenant('owner');
    groupId = await api.newGroup(tenantId, 'Lobby');
    admin = await api.newUser(tenantId, 'admin');
    devices = [];
    for (let at = 0; at < 100; at += 1) devices.push(await insertDevice(api.ctx.db, tenantId, { group_id: groupId }));
    client = await api.console(admin);
  });
  afterAll(() => api.close());

  const post = async (url: string, body: object) => {
    const answer = await api.send('POST', url, { as: admin, body });
    expect([url, answer.statusCode]).toEqual([url, 201]);
    return answer.json().data;
  };

  test('tells of devices that come, change their transport and go, with the counts', async () => {
    const [first = 0, second = 0] = devices;
    const counts = () => client.of('presence').at(-1)?.counts;
    const now = api.clock.now();
    expect(counts()).toEqual({ total: 100, online: 0, offline: 100, http: 0 });
    await setPresence(api.ctx.db, tenantId, [first, second], 'websocket', now);
    await client.until('two online', () => counts()?.online === 2);
    const came = client.of('presence').flatMap((message) => message.devices);
    expect(came.map(({ deviceId }) => deviceId).sort((a, b) => a - b)).toEqual([first, second]);
    expect(came[0]).toMatchObject({ status: 'online', transport: 'websocket', lastSeen: new Date(now).toISOString() });
    await setPresence(api.ctx.db, tenantId, [first], 'http', now);
    await client.until('one over HTTP', () => counts()?.http === 1);
    await setPresence(api.ctx.db, tenantId, [first, second], null, now);
    await client.until('none online', () => counts()?.online === 0);
    expect(
      client
        .of('presence')
        .at(-1)
        ?.devices.every(({ transport }) => transport === null),
    ).toBe(true);
    expect(client.of('presence').some(({ resync }) => resync)).toBe(false);
  });

  test('an id that commits after a higher one is told all the same', async () => {
    const [, , third = 0, fourth = 0] = devices;
    const { sql } = api.ctx.db;
    const row = { tenant_id: tenantId, status: 'online', transport: 'websocket', at: api.clock.now() } as const;
    const last = await sql
      .selectFrom('device_presence')
      .select((eb) => eb.fn.max('id').as('id'))
      .executeTakeFirstOrThrow();
    const base = Number(last.id);
    const told = () => client.of('presence').flatMap((message) => message.devices.map(({ deviceId }) => deviceId));
    await sql
      .insertInto('device_presence')
      .values({ ...row, id: base + 3, device_id: fourth })
      .execute();
    await client.until('the higher id', () => told().includes(fourth));
    await sql
      .insertInto('device_presence')
      .values({ ...row, id: base + 1, device_id: third })
      .execute();
    await client.until('the lower id', () => told().includes(third));
    expect(told().filter((id) => id === fourth)).toHaveLength(1);
  });

  test('more devices at once than one message holds are a resync', async () => {
    const crowd = await api.newTenant('crowd');
    const user = await api.newUser(crowd, 'admin');
    const ids: number[] = [];
    for (let at = 0; at < 501; at += 1) ids.push(await insertDevice(api.ctx.db, crowd));
    const crowded = await api.console(user);
    await setPresence(api.ctx.db, crowd, ids, 'websocket', api.clock.now());
    await crowded.until('all online', () => crowded.of('presence').at(-1)?.counts.online === 501);
    expect(crowded.of('presence').at(-1)).toMatchObject({ devices: [], resync: true });
  });

  test('a ladder climbs, a hundred receipts in a few messages, and its end is told', async () => {
    const { deploymentId } = await post('/api/v1/alerts/deploy', { alert: ALERT, groupIds: [groupId] });
    await client.until('the deployment', () => client.ladderOf(deploymentId) !== undefined);
    expect(client.ladderOf(deploymentId)).toMatchObject({ status: 'active', ladder: { targeted: 100, displayed: 0 } });
    expect(client.changed).toContain(`alertDeployment:${deploymentId}`);
    const before = client.of('ladder').length;
    const at = api.clock.now() + 40;
    const beganAtMs = performance.now();
    for (const id of devices) {
      const said = { sent_at: at, received_at: at, displayed_at: at };
      await insertReceipt(api.ctx.db, tenantId, deploymentId, id, said);
    }
    await client.until('all displayed', () => client.ladderOf(deploymentId)?.ladder.displayed === 100);
    // Two a second at most, however long the database took for the receipts.
    const most = 2 + (performance.now() - beganAtMs) / 500;
    expect(client.of('ladder').length - before).toBeLessThanOrEqual(most);
    const shown = client.ladderOf(deploymentId);
    expect(shown?.ladder).toMatchObject({ targeted: 100, sent: 100, received: 100, unconfirmed: 0 });
    expect(shown?.latency.displayedP99Ms).toBeGreaterThan(0);
    const rest = await api.send('GET', `/api/v1/alerts/deployments/${deploymentId}`, { as: admin });
    expect({ ladder: shown?.ladder, latency: shown?.latency }).toEqual({
      ladder: rest.json().data.ladder,
      latency: rest.json().data.latency,
    });
    // Nothing is said while nothing happens.
    const quiet = client.of('ladder').length;
    await post('/api/v1/groups', { name: 'Beside' });
    await client.until('the group', () => client.changed.some((entry) => entry.startsWith('group:')));
    expect(client.of('ladder').length).toBe(quiet);
    await api.send('POST', '/api/v1/alerts/stop', { as: admin, body: { deploymentId } });
    await client.until('the stop', () => client.ladderOf(deploymentId)?.status === 'stopped');
    const late = await api.console(admin);
    await late.until('what ended a moment ago', () => late.ladderOf(deploymentId)?.status === 'stopped');
    await late.close();

    // Over before anybody could look.
    const brief = await post('/api/v1/alerts/deploy', { alert: ALERT, groupIds: [groupId] });
    await api.send('POST', '/api/v1/alerts/stop', { as: admin, body: { deploymentId: brief.deploymentId } });
    await client.until('the short one', () => client.ladderOf(brief.deploymentId)?.status === 'stopped');
  });

  test('a schedule is followed until every device has applied it', async () => {
    const image = await insertContent(api.ctx.db, tenantId);
    const small = await api.newGroup(tenantId, 'Small');
    const screens = [1, 2].map(() => insertDevice(api.ctx.db, tenantId, { group_id: small }));
    const ids = await Promise.all(screens);
    const made = await post('/api/v1/schedules', { name: 'Morning', layout: layoutOf(image) });
    const { deploymentId } = await post(`/api/v1/schedules/${made.id}/deploy`, { groupIds: [small] });
    const last = () =>
      client
        .of('deployments')
        .flatMap(({ items }) => items)
        .findLast((item) => item.deploymentId === deploymentId);
    await client.until('the deployment', () => last()?.progress.pending === 2);
    expect(last()?.scheduleId).toBe(made.id);
    const rev = Number(
      (
        await api.ctx.db.sql
          .selectFrom('deployments')
          .select('rev')
          .where('id', '=', deploymentId)
          .executeTakeFirstOrThrow()
      ).rev,
    );
    const said = { schedule_version: rev, schedule_reason: null, schedule_at: api.clock.now() } as const;
    await insertScheduleReport(api.ctx.db, tenantId, ids[0] ?? 0, { ...said, schedule_state: 'received' });
    await client.until('one received', () => last()?.progress.received === 1);
    for (const id of ids) await insertScheduleReport(api.ctx.db, tenantId, id, { ...said, schedule_state: 'applied' });
    await client.until('both applied', () => last()?.progress.applied === 2);
    const late = await api.console(admin);
    expect(late.of('deployments')).toEqual([]);
    await late.close();
  });

  test('tells what was changed, made and removed, once each', async () => {
    const before = client.changed.length;
    const told = () => client.changed.slice(before);
    const alert = await post('/api/v1/alerts', { name: 'Prepared', ...ALERT });
    const image = await insertContent(api.ctx.db, tenantId);
    const user = await api.newUser(tenantId, 'user');
    await api.send('PUT', `/api/v1/users/${user.id}`, { as: admin, body: { displayName: 'New', version: 1 } });
    await api.send('DELETE', `/api/v1/content/${image}`, { as: admin });
    const [device = 0] = devices;
    await api.send('PUT', `/api/v1/devices/${device}`, { as: admin, body: { name: 'Renamed', version: 1 } });
    const wanted = [`alert:${alert.id}`, `content:${image}`, `device:${device}`, `user:${user.id}`];
    await client.until('all of them', () => wanted.every((entry) => told().includes(entry)));
    expect(told().filter((entry) => entry === `alert:${alert.id}`)).toHaveLength(1);
  });

  test('is narrowed to topics and deployments', async () => {
    const narrow = await api.console(admin);
    narrow.send({ type: 'subscribe', topics: ['ladder'], deploymentIds: [1_000_000] });
    const other = await api.console(admin);
    other.send({ type: 'subscribe', topics: ['presence'] });
    const since = [narrow.messages.length, other.messages.length];
    const { deploymentId } = await post('/api/v1/alerts/deploy', { alert: ALERT, groupIds: [groupId] });
    await setPresence(api.ctx.db, tenantId, devices.slice(0, 3), 'websocket', api.clock.now());
    await client.until('the deployment', () => client.ladderOf(deploymentId)?.ladder.online === 3);
    await other.until('presence', () => other.of('presence').at(-1)?.counts.online === 3);
    expect(narrow.messages.slice(since[0])).toEqual([]);
    expect(new Set(other.messages.slice(since[1]).map(({ type }) => type))).toEqual(new Set(['presence']));
    narrow.send({ type: 'subscribe' });
    await setPresence(api.ctx.db, tenantId, devices.slice(0, 4), 'websocket', api.clock.now());
    await narrow.until('everything again', () => narrow.ladderOf(deploymentId)?.ladder.online === 4);
  });
});
