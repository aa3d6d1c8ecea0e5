/**
 * A schedule's way to the screen and back, end to end: deployed over the API, told to the screens, fetched, reported, counted;
 * withdrawn; and the same for a screen that moves, one that only polls, and content that is to be there before an alert is.
 */
import { beforeAll, expect, it } from 'vitest';
import { createPasswordHasher } from '../../api/auth/passwords.ts';
import { createTenant } from '../../api/tenants/create-tenant.ts';
import { ApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { insertContent } from '../support/hub-rows.ts';
import {
  allRead,
  changeDevice,
  join,
  newDevice,
  newGroup,
  newScreen,
  raise,
  shows,
  type Place,
} from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';

interface Progress {
  readonly targeted: number;
  readonly pending: number;
  readonly received: number;
  readonly applied: number;
  readonly failed: number;
}

describeEachAdapterSet('a schedule that is deployed', (start) => {
  let system: System;
  let tenantId: number;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
    const tenant = await system.parts.db.sql.selectFrom('tenants').select('id').executeTakeFirstOrThrow();
    tenantId = tenant.id;
  });

  async function newSchedule(name: string, contentIds?: readonly number[]): Promise<number> {
    const ids = contentIds ?? [await insertContent(system.parts.db, tenantId)];
    const zone = { id: 'main', x: 0, y: 0, width: 1920, height: 1080, items: ids.map((contentId) => ({ contentId })) };
    const body = { name, layout: { width: 1920, height: 1080, zones: [zone] } };
    return (await system.admin.must('POST', '/schedules', body)).id;
  }
  const deploy = async (id: number, targets: object): Promise<number> =>
    (await system.admin.must('POST', `/schedules/${id}/deploy`, targets)).deploymentId;
  const withdraw = (id: number, targets: object = {}) =>
    system.admin.must('POST', `/schedules/${id}/withdraw`, targets);
  const progress = async (id: number, deploymentId: number): Promise<Progress> =>
    (await system.admin.must('GET', `/schedules/${id}/deployments/${deploymentId}`)).progress;

  const version = (device: TestDevice): number => device.screen.scheduleVersion ?? 0;
  const news = (device: TestDevice, since: number) => device.until('a newer manifest', () => version(device) > since);

  async function manifest(device: TestDevice, etag?: string) {
    await device.token();
    return device.http('GET', '/schedule', undefined, etag === undefined ? {} : { 'if-none-match': etag });
  }
  const names = async (device: TestDevice): Promise<string[]> =>
    (await manifest(device)).data.schedules.map(({ name }: { name: string }) => name);

  it('is told, fetched with an ETag, reported and counted, and withdrawn', async () => {
    const { admin } = system;
    const site = await newGroup(admin);
    const lobby = await newGroup(admin, site.id);
    const [near, far] = [await newScreen(system, lobby.id, 0), await newScreen(system, site.id, 1)];
    const contentId = await insertContent(system.parts.db, tenantId, { type: 'video', storage_key: 'k/v' });
    const id = await newSchedule('Morning', [contentId]);
    const deploymentId = await deploy(id, { groupIds: [site.id] });
    await Promise.all([near, far].map((screen) => news(screen, 0)));
    const { data, headers, status } = await manifest(near);
    expect(status).toBe(200);
    expect(data).toMatchObject({
      version: version(near),
      schedules: [{ id, name: 'Morning', deploymentId, distance: 2 }],
      contentList: [{ id: contentId, url: expect.stringMatching(/^\/media\/k\/v\?expires=\d+&signature=/) }],
    });
    const etag = headers.get('etag') ?? '';
    expect((await manifest(near, etag)).status).toBe(304);
    expect(await progress(id, deploymentId)).toEqual({ targeted: 2, pending: 2, received: 0, applied: 0, failed: 0 });
    const told = (wanted: Partial<Progress>) =>
      eventually(async () => {
        const now = await progress(id, deploymentId);
        return Object.entries(wanted).every(([key, value]) => now[key as keyof Progress] === value);
      });
    near.send({ type: 'status', scheduleVersion: version(near), scheduleState: 'received' });
    await told({ received: 1, pending: 1 });
    near.send({ type: 'status', scheduleVersion: version(near) });
    far.send({ type: 'status', scheduleVersion: version(far), scheduleState: 'failed', scheduleReason: 'no codec' });
    await told({ applied: 1, failed: 1, received: 0 });
    const failed = await admin.must('GET', `/schedules/${id}/deployments/${deploymentId}/devices?state=failed`);
    expect(failed).toMatchObject([{ deviceId: far.deviceId, reason: 'no codec', online: true }]);
    const before = version(near);
    await withdraw(id, { groupIds: [site.id] });
    await Promise.all([near, far].map((screen) => news(screen, before)));
    expect(await manifest(near, etag)).toMatchObject({ status: 200, data: { schedules: [], contentList: [] } });
    expect(await progress(id, deploymentId)).toMatchObject({ targeted: 0 });
    await Promise.all([near.disconnect(), far.disconnect()]);
  });

  it('is replaced by the next deployment alone, never by an edit', async () => {
    const { admin } = system;
    const group = await newGroup(admin);
    const screen = await newScreen(system, group.id);
    const id = await newSchedule('First');
    await deploy(id, { groupIds: [group.id] });
    await news(screen, 0);
    const first = version(screen);
    await admin.must('PUT', `/schedules/${id}`, { name: 'Second', version: 1 });
    expect(await names(screen)).toEqual(['First']);
    await deploy(id, { groupIds: [group.id] });
    await news(screen, first);
    expect(await names(screen)).toEqual(['Second']);
    await screen.disconnect();
  });

  it('[INV-1] follows the groups that a device is moved through, and its version never goes down', async () => {
    const { admin } = system;
    const [north, south] = [await newGroup(admin), await newGroup(admin)];
    const [one, two] = [await newSchedule('North'), await newSchedule('South')];
    await deploy(two, { groupIds: [south.id] });
    const inNorth = await deploy(one, { groupIds: [north.id] });
    const screen = await newScreen(system, north.id, 1);
    const versions = [version(screen)];
    expect(await names(screen)).toEqual(['North']);
    expect((await progress(one, inNorth)).targeted).toBe(1);
    await changeDevice(admin, screen.deviceId, { groupId: south.id });
    await news(screen, versions.at(-1) ?? 0);
    versions.push(version(screen));
    expect(await names(screen)).toEqual(['South']);
    expect((await progress(one, inNorth)).targeted).toBe(0);
    await withdraw(two);
    await news(screen, versions.at(-1) ?? 0);
    versions.push(version(screen));
    await changeDevice(admin, screen.deviceId, { groupId: north.id });
    await news(screen, versions.at(-1) ?? 0);
    expect(await names(screen)).toEqual(['North']);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    await screen.disconnect();
  });

  it('reaches a device that was away, and one that only polls, whose heartbeat tells what became of it', async () => {
    const { admin } = system;
    const group = await newGroup(admin);
    const [away, polling] = [await newDevice(system, group.id, 0), await newDevice(system, group.id, 1)];
    await polling.token();
    const id = await newSchedule('While away');
    const deploymentId = await deploy(id, { groupIds: [group.id] });
    await allRead(system);
    await join(away);
    expect(version(away)).toBeGreaterThan(0);
    expect(await names(away)).toEqual(['While away']);
    const { data } = await polling.http('POST', '/heartbeat', {});
    expect(data.scheduleVersion).toBe(version(away));
    const status = { scheduleVersion: data.scheduleVersion, scheduleState: 'applied' };
    await polling.http('POST', '/heartbeat', { epoch: data.epoch, rev: data.rev, status });
    await eventually(async () => (await progress(id, deploymentId)).applied === 1);
    const devices = await admin.must('GET', `/schedules/${id}/deployments/${deploymentId}/devices?state=applied`);
    expect(devices).toMatchObject([{ deviceId: polling.deviceId }]);
    await away.disconnect();
  });

  it('[INV-10] has beside it what prepared alerts show, for all of the tenant, grouped or not, and for nobody else', async () => {
    const { admin, parts } = system;
    const group = await newGroup(admin);
    const screens = [await newScreen(system, group.id, 0), await newScreen(system, null, 1)];
    const theirs = await otherTenant();
    const foreign = await newScreen(theirs, null, 0);
    const ours = await heldHeartbeat(await newDevice(system, null, 0));
    const others = await heldHeartbeat(await newDevice(theirs, null, 0));
    const before = screens.map(version);
    const contentId = await insertContent(parts.db, tenantId);
    const prepared = { severity: 'critical', title: 'Fire', message: '', contentId };
    const { id } = await admin.must('POST', '/alerts', prepared);
    for (const [index, screen] of screens.entries()) await news(screen, before[index] ?? 0);
    const newest = version(screens[0] as TestDevice);
    expect(screens.map(version)).toEqual([newest, newest]);
    expect((await ours.answer).data).toMatchObject({ hasUpdate: true, scheduleVersion: newest });
    for (const device of [...screens, ours.device]) {
      const { data } = await manifest(device);
      expect(data).toMatchObject({ version: newest, prefetch: [{ id: contentId }] });
    }
    expect(others.isAnswered()).toBe(false);
    const raised = await raise(theirs.admin, { deviceIds: [foreign.deviceId, others.device.deviceId] });
    await shows(foreign, [raised]);
    expect(foreign.of('schedule.changed')).toEqual([]);
    expect((await others.answer).data).toMatchObject({ alert: true, scheduleVersion: null });
    expect((await manifest(others.device)).data).toMatchObject({ version: null, prefetch: [] });
    await admin.must('DELETE', `/alerts/${id}`);
    for (const screen of screens) await news(screen, newest);
    expect((await manifest(screens[1] as TestDevice)).data.prefetch).toEqual([]);
    await Promise.all([...screens, foreign].map((screen) => screen.disconnect()));
  });

  async function otherTenant(): Promise<Place> {
    const { db, clock, ids } = system.parts;
    const password = 'another horse, another battery';
    await createTenant({ db, clock, ids, passwords: createPasswordHasher() }, 'Other', 'other-admin', password);
    const admin = new ApiClient(system.apiUrl);
    await admin.login('other-admin', password);
    return { admin, hubUrls: system.hubUrls };
  }

  /** A device that polls and is told when something is new. */
  async function heldHeartbeat(device: TestDevice) {
    await device.token();
    const { data } = await device.http('POST', '/heartbeat', {});
    let answered = false;
    const answer = device
      .http('POST', '/heartbeat', { epoch: data.epoch, rev: data.rev, waitSeconds: 25 })
      .finally(() => {
        answered = true;
      });
    return { device, answer, isAnswered: () => answered };
  }
});
