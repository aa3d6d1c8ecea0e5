/** The manifest: what a device plays on its own, its version, and when it is told that there is a new one. */
import { beforeAll, expect, it } from 'vitest';
import { deploySchedule, insertContent, type ScheduleTargets } from '../support/hub-rows.ts';
import { changeDevice, changeGroup, newDevice, newGroup, newScreen } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';

describeEachAdapterSet('the schedule', (start) => {
  let system: System;
  let tenantId: number;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
    const tenant = await system.parts.db.sql.selectFrom('tenants').select('id').executeTakeFirstOrThrow();
    tenantId = tenant.id;
  });

  /** Deploys as the API does: rows and change in one transaction, then the hint. */
  async function deploy(
    targets: ScheduleTargets,
    what: { name?: string; contentIds?: number[] } = {},
  ): Promise<number> {
    const { rev } = await deploySchedule(system.parts.db, tenantId, targets, what);
    system.parts.bus.publish({ kind: 'changes', rev });
    return rev;
  }

  async function manifest(device: TestDevice, etag?: string) {
    await device.token();
    return device.http('GET', '/schedule', undefined, etag === undefined ? {} : { 'if-none-match': etag });
  }

  const told = (device: TestDevice): number[] => device.of('schedule.changed').map(({ version }) => version);

  it('[INV-1] reaches the screens that it concerns with its version, and is fetched with what it plays', async () => {
    const { admin } = system;
    const site = await newGroup(admin);
    const lobby = await newGroup(admin, site.id);
    const [near, far] = [await newScreen(system, lobby.id, 0), await newScreen(system, site.id, 1)];
    const beside = await newScreen(system, (await newGroup(admin)).id, 1);
    expect((await manifest(near)).data).toEqual({ version: null, schedules: [], contentList: [], prefetch: [] });
    const contentId = await insertContent(system.parts.db, tenantId, { name: 'Loop', type: 'video' });
    const version = await deploy({ groupIds: [site.id] }, { name: 'Morning', contentIds: [contentId] });
    for (const device of [near, far]) {
      await device.until('the news', () => told(device).includes(version));
      const { data, status } = await manifest(device);
      expect(status).toBe(200);
      expect(data).toMatchObject({
        version,
        schedules: [{ name: 'Morning', priority: 1 }],
        contentList: [{ id: contentId }],
      });
    }
    const own = await deploy({ deviceIds: [near.deviceId] }, { name: 'Own' });
    await near.until('the news', () => told(near).includes(own));
    const { data } = await manifest(near);
    expect(data).toMatchObject({ version: own });
    expect(data.schedules.map(({ name }: { name: string }) => name)).toEqual(['Own', 'Morning']);
    expect(told(far)).toEqual([version]);
    expect(told(beside)).toEqual([]);
    await Promise.all([near.disconnect(), far.disconnect(), beside.disconnect()]);
  });

  it('is answered 304 while nothing has changed, and anew when it has', async () => {
    const group = await newGroup(system.admin);
    await deploy({ groupIds: [group.id] }, { name: 'One' });
    const device = await newDevice(system, group.id);
    const first = await manifest(device);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(await manifest(device, etag)).toMatchObject({ status: 304 });
    expect((await manifest(device, `"other", W/${etag}`)).status).toBe(304);
    expect((await manifest(device, '"other"')).status).toBe(200);
    const live = await newScreen(system, group.id);
    const version = await deploy({ groupIds: [group.id] }, { name: 'Two' });
    await live.until('the news', () => told(live).includes(version));
    const second = await manifest(device, etag);
    expect(second).toMatchObject({ status: 200, data: { version } });
    expect(second.headers.get('etag')).not.toBe(etag);
    await live.disconnect();
  });

  it('[INV-1] is another after a move of the device, or of a group above it, though nothing was deployed', async () => {
    const { admin } = system;
    const [north, south] = [await newGroup(admin), await newGroup(admin)];
    const lobby = await newGroup(admin, north.id);
    await deploy({ groupIds: [north.id] }, { name: 'North' });
    await deploy({ groupIds: [south.id] }, { name: 'South' });
    const screen = await newScreen(system, lobby.id, 1);
    const names = async () => (await manifest(screen)).data.schedules.map(({ name }: { name: string }) => name);
    const before = screen.screen.scheduleVersion ?? 0;
    expect(await names()).toEqual(['North']);
    await changeGroup(admin, lobby, { parentId: south.id });
    await screen.until('a newer version', () => (screen.screen.scheduleVersion ?? 0) > before);
    expect(await names()).toEqual(['South']);
    const after = screen.screen.scheduleVersion ?? 0;
    await changeDevice(admin, screen.deviceId, { groupId: north.id });
    await screen.until('a newer version', () => (screen.screen.scheduleVersion ?? 0) > after);
    expect(await names()).toEqual(['North']);
    await changeDevice(admin, screen.deviceId, { groupId: null });
    await screen.until('none', () => screen.screen.scheduleVersion === null);
    expect(await names()).toEqual([]);
    await screen.disconnect();
  });

  it('[INV-5] its version is the same from every hub, one that was started later included', async () => {
    const { admin, hubUrls, hubs } = system;
    const [first, second] = [await newGroup(admin), await newGroup(admin)];
    const lobby = await newGroup(admin, first.id);
    await deploy({ groupIds: [first.id, second.id] });
    await changeGroup(admin, lobby, { parentId: second.id });
    const screen = await newScreen(system, lobby.id, 0);
    const version = screen.of('welcome')[0]?.state?.schedule?.version;
    expect(version).toBeGreaterThan(0);
    await screen.disconnect();
    if (system.adapters === 'embedded') await hubs[0]?.stop();
    const { url, hub } = await system.startHub();
    for (const hubUrl of system.adapters === 'embedded' ? [url] : [...hubUrls, url]) {
      screen.hubUrl = hubUrl;
      const { data } = await screen.http('POST', '/heartbeat', {});
      expect(data).toMatchObject({ scheduleVersion: version, state: { schedule: { version } } });
      expect((await manifest(screen)).data.version).toBe(version);
    }
    await hub.stop();
  });
});
