/** Who an alert, a setting or a move concerns: the tree as it is at that moment. */
import { beforeAll, expect, it } from 'vitest';
import { changeDevice, changeGroup, newGroup, newScreen, raise, shows, stopAlert } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';

describeEachAdapterSet('the group tree', (start) => {
  let system: System;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
  });

  /** A site with a floor and a lobby below, and a hall beside. */
  async function tree() {
    const { admin } = system;
    const site = await newGroup(admin, null, { volume: 10, timezone: 'Europe/Berlin' });
    const floor = await newGroup(admin, site.id, { volume: 20 });
    const lobby = await newGroup(admin, floor.id);
    const hall = await newGroup(admin, null, { volume: 90 });
    return { site, floor, lobby, hall };
  }

  async function setting(device: TestDevice, volume: number | undefined): Promise<void> {
    await device.until(`volume ${volume}`, () => device.screen.config.volume === volume);
  }

  async function leave(...devices: readonly TestDevice[]): Promise<void> {
    for (const device of devices) await device.disconnect();
  }

  it('[INV-1] an alert on a group is on every screen below it, on every hub, and on no other', async () => {
    const { site, floor, lobby, hall } = await tree();
    const below = [
      await newScreen(system, site.id, 0),
      await newScreen(system, floor.id, 1, { codec: 'msgpack' }),
      await newScreen(system, lobby.id, 0),
    ];
    const beside = [await newScreen(system, hall.id, 1), await newScreen(system, null, 0)];
    const onSite = await raise(system.admin, { groupIds: [site.id] });
    const inLobby = await raise(system.admin, { groupIds: [lobby.id] });
    await shows(below[0] as TestDevice, [onSite]);
    await shows(below[1] as TestDevice, [onSite]);
    await shows(below[2] as TestDevice, [onSite, inLobby]);
    await stopAlert(system.admin, onSite);
    await shows(below[0] as TestDevice, []);
    await shows(below[2] as TestDevice, [inLobby]);
    for (const screen of beside) expect(screen.of('alert.start')).toEqual([]);
    await leave(...below, ...beside);
  });

  it('an alert on devices by their ids is on those alone, and once on one that is also in a targeted group', async () => {
    const { lobby, hall } = await tree();
    const [named, neighbour, both] = [
      await newScreen(system, lobby.id, 0),
      await newScreen(system, lobby.id, 1),
      await newScreen(system, hall.id, 1),
    ];
    const aim = { deviceIds: [named.deviceId, both.deviceId], groupIds: [hall.id] };
    const deploymentId = await raise(system.admin, aim);
    await shows(named, [deploymentId]);
    await shows(both, [deploymentId]);
    await stopAlert(system.admin, deploymentId);
    await shows(named, []);
    await shows(both, []);
    expect(both.of('alert.start')).toHaveLength(1);
    expect(both.of('alert.stop')).toHaveLength(1);
    expect(neighbour.of('alert.start')).toEqual([]);
    await leave(named, neighbour, both);
  });

  it('[INV-1] a device that is moved gets the alerts of where it comes to and loses those of where it was, at once', async () => {
    const { lobby, hall } = await tree();
    const screen = await newScreen(system, lobby.id, 1);
    const inLobby = await raise(system.admin, { groupIds: [lobby.id] });
    const inHall = await raise(system.admin, { groupIds: [hall.id] });
    const own = await raise(system.admin, { deviceIds: [screen.deviceId] });
    await shows(screen, [inLobby, own]);
    await changeDevice(system.admin, screen.deviceId, { groupId: hall.id });
    await shows(screen, [inHall, own]);
    await setting(screen, 90);
    // From now on it hears what its new group hears.
    const next = await raise(system.admin, { groupIds: [hall.id] });
    const gone = await raise(system.admin, { groupIds: [lobby.id] });
    await shows(screen, [inHall, own, next]);
    await changeDevice(system.admin, screen.deviceId, { groupId: null });
    await shows(screen, [own]);
    await changeDevice(system.admin, screen.deviceId, { groupId: lobby.id });
    await shows(screen, [inLobby, own, gone]);
    expect(screen.closed).toBeNull();
    await leave(screen);
  });

  it('[INV-1] a group that is moved takes its screens with it: alerts, settings and what comes after', async () => {
    const { admin } = system;
    const { site, floor, lobby, hall } = await tree();
    const screens = [await newScreen(system, lobby.id, 0), await newScreen(system, floor.id, 1)];
    const stays = await newScreen(system, site.id, 0);
    const onSite = await raise(admin, { groupIds: [site.id] });
    const inHall = await raise(admin, { groupIds: [hall.id] });
    for (const screen of [...screens, stays]) await shows(screen, [onSite]);
    await changeGroup(admin, floor, { parentId: hall.id });
    for (const screen of screens) {
      await shows(screen, [inHall]);
      await setting(screen, 20);
      expect(screen.screen.config).not.toHaveProperty('timezone');
    }
    await stopAlert(admin, onSite);
    const next = await raise(admin, { groupIds: [hall.id] });
    for (const screen of screens) await shows(screen, [inHall, next]);
    await shows(stays, []);
    expect(stays.of('state')).toEqual([]);
    await leave(...screens, stays);
  });

  it('settings reach the screens that they concern, merged for each', async () => {
    const { admin } = system;
    const { site, floor, lobby, hall } = await tree();
    const [inLobby, onSite, beside] = [
      await newScreen(system, lobby.id, 0),
      await newScreen(system, site.id, 1),
      await newScreen(system, hall.id, 1),
    ];
    expect(inLobby.screen.config).toEqual({ volume: 20, timezone: 'Europe/Berlin' });
    expect(onSite.screen.config).toEqual({ volume: 10, timezone: 'Europe/Berlin' });
    await changeGroup(admin, site, { config: { volume: 11, brightness: 50 } });
    await setting(onSite, 11);
    await inLobby.until('the brightness', () => inLobby.screen.config.brightness === 50);
    expect(inLobby.screen.config).toEqual({ volume: 20, brightness: 50 });
    await changeDevice(admin, inLobby.deviceId, { config: { volume: 1 } });
    await setting(inLobby, 1);
    await changeGroup(admin, floor, { config: {} });
    await changeDevice(admin, inLobby.deviceId, { config: {} });
    await setting(inLobby, 11);
    expect(beside.of('config.changed')).toEqual([]);
    expect(beside.of('state')).toEqual([]);
    await leave(inLobby, onSite, beside);
  });

  it('a screen in no group has its own alerts and settings', async () => {
    const screen = await newScreen(system, null, 1);
    await changeDevice(system.admin, screen.deviceId, { config: { volume: 7 } });
    await setting(screen, 7);
    const deploymentId = await raise(system.admin, { deviceIds: [screen.deviceId] });
    await shows(screen, [deploymentId]);
    expect(screen.screen.config).toEqual({ volume: 7 });
    await leave(screen);
  });

  it('a group that is deleted takes its own alerts with it and leaves its screens, moved before, in peace', async () => {
    const { admin } = system;
    const { lobby, hall } = await tree();
    const screen = await newScreen(system, lobby.id, 1);
    const deploymentId = await raise(admin, { groupIds: [lobby.id] });
    await shows(screen, [deploymentId]);
    await changeDevice(admin, screen.deviceId, { groupId: hall.id });
    await shows(screen, []);
    await admin.must('DELETE', `/groups/${lobby.id}`);
    await stopAlert(admin, deploymentId);
    const next = await raise(admin, { groupIds: [hall.id] });
    await shows(screen, [next]);
    expect(screen.of('alert.stop')).toEqual([]);
    await leave(screen);
  });

  it('[INV-5] revs that a screen applies strictly increase, whatever is done to its group', async () => {
    const { admin } = system;
    const { floor, lobby, hall, site } = await tree();
    const screen = await newScreen(system, lobby.id, 1);
    let group = await changeGroup(admin, lobby, { config: { volume: 2 } });
    const deploymentId = await raise(admin, { groupIds: [floor.id, site.id] });
    group = await changeGroup(admin, group, { parentId: hall.id });
    await changeDevice(admin, screen.deviceId, { config: { volume: 3 } });
    await changeGroup(admin, group, { parentId: site.id });
    const last = await raise(admin, { groupIds: [lobby.id] });
    await shows(screen, [deploymentId, last]);
    expect(screen.appliedRevs.length).toBeGreaterThan(5);
    expect(screen.appliedRevs).toEqual([...new Set(screen.appliedRevs)].sort((a, b) => a - b));
    await leave(screen);
  });
});
