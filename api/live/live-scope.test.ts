import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import type { TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice, insertReceipt } from '../testing/device-rows.ts';
import { layoutOf } from '../testing/schedule-samples.ts';
import { openLiveApi, type LiveApi } from './testing/live-api.ts';
import type { LiveClient } from './testing/live-client.ts';
import { setPresence } from './testing/live-world.ts';

const ALERT = { severity: 'critical', title: 'Fire', message: 'Leave' };

describeEachDatabase('what the live feed tells to whom', (open) => {
  let api: LiveApi;
  let tenantId: number;
  let ours: number;
  let theirs: number;
  let ourDevice: number;
  let theirDevice: number;
  let admin: TestUser;
  let manager: TestUser;

  beforeAll(async () => {
    api = await openLiveApi(await open());
    tenantId = await api.newTenant('owner');
    ours = await api.newGroup(tenantId, 'Ours');
    theirs = await api.newGroup(tenantId, 'Theirs');
    ourDevice = await insertDevice(api.ctx.db, tenantId, { group_id: ours });
    theirDevice = await insertDevice(api.ctx.db, tenantId, { group_id: theirs });
    admin = await api.newUser(tenantId, 'admin');
    manager = await api.newUser(tenantId, 'manager', [ours]);
  });
  afterAll(() => api.close());

  const call = async (method: 'POST' | 'PUT' | 'DELETE', url: string, body?: object) => {
    const answer = await api.send(method, `/api/v1${url}`, { as: admin, ...(body && { body }) });
    expect([method, url, answer.statusCode < 300]).toEqual([method, url, true]);
    return answer.json().data;
  };

  /** Everything that the feed tells of, in our group. Resolves to the entries of `changed` that belong to it. */
  const happenings = async (deploymentWanted: (id: number) => Promise<void>): Promise<string[]> => {
    const { id: deviceId, version } = (await api.send('GET', `/api/v1/devices/${ourDevice}`, { as: admin })).json()
      .data;
    await call('PUT', `/devices/${deviceId}`, { name: 'Renamed', version });
    const image = await insertContent(api.ctx.db, tenantId, { group_id: ours });
    const removed = await insertContent(api.ctx.db, tenantId, { group_id: ours });
    await call('DELETE', `/content/${removed}`);
    const schedule = await call('POST', '/schedules', { name: 'Ours', layout: layoutOf(image), groupId: ours });
    await call('POST', `/schedules/${schedule.id}/deploy`, { groupIds: [ours] });
    const { deploymentId } = await call('POST', '/alerts/deploy', { alert: ALERT, groupIds: [ours] });
    await deploymentWanted(deploymentId);
    const at = api.clock.now();
    await insertReceipt(api.ctx.db, tenantId, deploymentId, ourDevice, { sent_at: at, displayed_at: at });
    await setPresence(api.ctx.db, tenantId, [ourDevice], 'websocket', at);
    return [`device:${ourDevice}`, `content:${removed}`, `schedule:${schedule.id}`, `alertDeployment:${deploymentId}`];
  };
  const sawAll = (client: LiveClient, deploymentId: number, entries: readonly string[]): boolean =>
    entries.every((entry) => client.changed.includes(entry)) &&
    client.ladderOf(deploymentId)?.ladder.displayed === 1 &&
    client.of('deployments').length > 0 &&
    client.of('presence').some(({ devices }) => devices.some((device) => device.deviceId === ourDevice));

  test('[INV-10] nothing reaches another tenant or another scope; control: all of it reaches those who may see it', async () => {
    const strangers = await api.newTenant('stranger');
    const strangeDevice = await insertDevice(api.ctx.db, strangers);
    const stranger = await api.console(await api.newUser(strangers, 'admin'));
    const beside = await api.console(await api.newUser(tenantId, 'manager', [theirs]));
    const nobody = await api.console(await api.newUser(tenantId, 'user'));
    const boss = await api.console(admin);
    const mine = await api.console(manager);
    const since = new Map([stranger, beside, nobody].map((client) => [client, client.messages.length]));

    // A group made below the manager's own is another scope: what is told then is told without ids.
    const below = await call('POST', '/groups', { name: 'Below', parentId: ours });
    await boss.until('the group', () => boss.changed.includes(`group:${below.id}`));
    await mine.until('another scope', () => mine.of('presence').length === 2 && mine.changed.includes('group:*'));
    let deployed = 0;
    const entries = await happenings(async (id) => {
      deployed = id;
    });
    await boss.until('all of it', () => sawAll(boss, deployed, entries));
    await mine.until('all of it', () => sawAll(mine, deployed, entries));

    // Whatever was to come has come before what is meant for them.
    const at = api.clock.now();
    await setPresence(api.ctx.db, strangers, [strangeDevice], 'http', at);
    await setPresence(api.ctx.db, tenantId, [theirDevice], 'http', at);
    await stranger.until('their own', () => stranger.of('presence').at(-1)?.counts.http === 1);
    await beside.until('their own', () => beside.of('presence').at(-1)?.counts.http === 1);
    const heard = (client: LiveClient) => client.messages.slice(since.get(client));
    const counts = { total: 1, online: 1, offline: 0, http: 1 };
    const came = (deviceId: number) => ({
      type: 'presence',
      devices: [{ deviceId, status: 'online', transport: 'http', lastSeen: new Date(at).toISOString() }],
      counts,
    });
    expect(heard(stranger)).toEqual([came(strangeDevice)]);
    expect(heard(beside)).toEqual([came(theirDevice)]);
    expect(heard(nobody)).toEqual([]);
    for (const client of [stranger, beside, nobody, boss, mine]) await client.close();
  });

  test('an alert of the whole site shows to each what it does to their screens', async () => {
    const mine = await api.console(manager);
    const { deploymentId } = await call('POST', '/alerts/deploy', { alert: ALERT, groupIds: [ours, theirs] });
    await mine.until('the deployment', () => mine.ladderOf(deploymentId) !== undefined);
    expect(mine.ladderOf(deploymentId)?.ladder.targeted).toBe(1);
    const at = api.clock.now();
    await insertReceipt(api.ctx.db, tenantId, deploymentId, theirDevice, { sent_at: at, displayed_at: at });
    await insertReceipt(api.ctx.db, tenantId, deploymentId, ourDevice, { sent_at: at });
    await mine.until('ours', () => mine.ladderOf(deploymentId)?.ladder.sent === 1);
    expect(mine.ladderOf(deploymentId)?.ladder.displayed).toBe(0);
    await mine.close();
  });

  test('another scope and another role show at once, to the sockets that are open', async () => {
    const user = await api.newUser(tenantId, 'manager', [ours]);
    const client = await api.console(user);
    const last = () => client.of('presence').at(-1);
    expect(last()?.counts.total).toBe(1);
    await call('PUT', `/users/${user.id}`, { groupIds: [ours, theirs], version: 1 });
    await client.until('both', () => last()?.counts.total === 2);
    expect(last()?.resync).toBe(true);
    expect(client.changed).toEqual(expect.arrayContaining(['group:*', 'device:*']));
    await call('PUT', `/users/${user.id}`, { groupIds: [], version: 2 });
    await client.until('none', () => last()?.counts.total === 0);
    await call('PUT', `/users/${user.id}`, { role: 'admin', version: 3 });
    await client.until('all', () => last()?.counts.total === 2);
    // A group that moves takes its devices along.
    await call('PUT', `/users/${user.id}`, { role: 'manager', groupIds: [ours], version: 4 });
    await client.until('ours again', () => last()?.counts.total === 1);
    await call('PUT', `/groups/${theirs}`, { parentId: ours, version: 1 });
    await client.until('what came below', () => last()?.counts.total === 2);
    await call('PUT', `/groups/${theirs}`, { parentId: null, version: 2 });
    await client.until('what went', () => last()?.counts.total === 1);
    expect(client.closed).toBe(null);
    await client.close();
  });

  test('a device that leaves the scope is told as a resync', async () => {
    const client = await api.console(manager);
    const { version } = (await api.send('GET', `/api/v1/devices/${ourDevice}`, { as: admin })).json().data;
    await call('PUT', `/devices/${ourDevice}`, { groupId: theirs, version });
    await client.until('the counts', () => client.of('presence').at(-1)?.counts.total === 0);
    expect(client.of('presence').at(-1)).toMatchObject({ devices: [], resync: true });
    await client.close();
  });
});

describeEachDatabase('a live feed whose database fails', (open) => {
  test('says nothing meanwhile, and then that more changed than it knows', async () => {
    const api = await openLiveApi(await open());
    const user = await api.newUser(await api.newTenant('owner'), 'admin');
    const client = await api.console(user);
    const { schema } = api.ctx.db.sql;
    await schema.alterTable('device_presence').renameTo('away').execute();
    const failed = () => api.logLines.filter((line) => line.includes('the live feed could not look')).length;
    await client.until('the failure', () => failed() === 1);
    const group = await api.send('POST', '/api/v1/groups', { as: user, body: { name: 'Unheard of' } });
    expect(group.statusCode).toBe(201);
    expect(client.changed).toEqual([]);
    await schema.alterTable('away').renameTo('device_presence').execute();
    await client.until('the resync', () => client.of('presence').some(({ resync }) => resync));
    expect(client.changed).toContain('group:*');
    const works = () => api.logLines.filter((line) => line.includes('the live feed works again')).length;
    await client.until('the log', () => works() > 0);
    expect(works()).toBe(1);
    expect(failed()).toBe(1);
    await api.close();
  });
});
