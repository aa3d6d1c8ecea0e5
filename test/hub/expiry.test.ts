/** [INV-3] What has run out is handed out to nobody, over no transport, whatever else happens. */
import { beforeAll, expect, it } from 'vitest';
import { bentClock, type BentClock } from '../support/bent-clock.ts';
import { join, newDevice, newGroup, newScreen, raise } from '../support/screens.ts';
import { ADMIN, describeEachAdapterSet, type System } from '../support/system.ts';

describeEachAdapterSet('an alert that has run out', (start) => {
  let clock: BentClock;
  let system: System;
  let groupId: number;

  beforeAll(async () => {
    clock = bentClock();
    system = await start({ clock });
    groupId = (await newGroup(system.admin)).id;
  });

  it('[INV-3] is in no welcome, no state and no answer, and one that has not is', async () => {
    const { admin } = system;
    const live = await newScreen(system, groupId);
    const brief = await raise(admin, { groupIds: [groupId], expiresInSeconds: 60 }, 'Brief');
    const long = await raise(admin, { groupIds: [groupId], expiresInSeconds: 600 }, 'Long');
    await live.until('both', () => live.of('alert.start').length === 2);
    const poller = await newDevice(system, groupId);
    await poller.token();
    const before = await poller.http('POST', '/heartbeat', {});
    expect(before.data).toMatchObject({ alert: true, alertContent: { deploymentId: long } });
    expect(before.data.state.alerts.map((alert: { deploymentId: number }) => alert.deploymentId)).toEqual([
      long,
      brief,
    ]);
    clock.putForward(61_000);

    const fresh = await newScreen(system, groupId);
    expect(fresh.of('welcome')[0]?.state?.alerts).toMatchObject([{ deploymentId: long }]);
    const answer = await poller.http('POST', '/heartbeat', {});
    expect(answer.data.state.alerts).toMatchObject([{ deploymentId: long }]);
    // Nothing was committed: who had everything still has, and hides by itself what has run out.
    const { epoch, rev } = before.data;
    expect((await poller.http('POST', '/heartbeat', { epoch, rev })).data).toMatchObject({ hasUpdate: false });
    // A move makes the hub say the whole state: without it, too.
    await admin.login(ADMIN.username, ADMIN.password);
    const { version } = await admin.must('GET', `/devices/${live.deviceId}`);
    await admin.must('PUT', `/devices/${live.deviceId}`, { version, config: { volume: 3 } });
    await live.until('the state', () => live.of('state').length === 1);
    expect(live.of('state')[0]?.state.alerts).toMatchObject([{ deploymentId: long }]);

    clock.putForward(600_000);
    const last = await poller.http('POST', '/heartbeat', {});
    expect(last.data).toMatchObject({ alert: false, alertContent: null, state: { alerts: [] } });
    expect(last.data.nextHeartbeatSeconds).toBeGreaterThan(before.data.nextHeartbeatSeconds);
    await Promise.all([live.disconnect(), fresh.disconnect()]);
  });

  it('[INV-3] is told to a screen that shows it all the same: with the whole state, without it', async () => {
    await system.admin.login(ADMIN.username, ADMIN.password);
    const screen = await newScreen(system, groupId);
    const deploymentId = await raise(system.admin, { deviceIds: [screen.deviceId], expiresInSeconds: 30 });
    await screen.until('the alert', () => screen.of('alert.start').length === 1);
    await screen.disconnect();
    clock.putForward(31_000);
    const { epoch, stateRev } = screen.screen;
    await screen.connect({ hello: false });
    const claim = { epoch: epoch ?? 1, rev: Math.max(stateRev, screen.screen.rev) };
    screen.send({ type: 'hello', ...claim, displayed: [deploymentId] });
    await screen.until('the welcome', () => screen.of('welcome').length === 2);
    expect(screen.of('welcome')[1]?.state?.alerts).toEqual([]);
    await screen.disconnect();
    // One that shows nothing has all it should have.
    await screen.connect({ hello: false });
    screen.send({ type: 'hello', ...claim, displayed: [] });
    await screen.until('the welcome', () => screen.of('welcome').length === 3);
    expect(screen.of('welcome')[2]).not.toHaveProperty('state');
    await screen.disconnect();
  });

  it('[INV-3] a hub that starts later does not know it, and a stop after the end does no harm', async () => {
    const { admin } = system;
    await admin.login(ADMIN.username, ADMIN.password);
    const deploymentId = await raise(admin, { groupIds: [groupId], expiresInSeconds: 30 });
    clock.putForward(31_000);
    const { hubs } = system;
    if (system.adapters === 'embedded') await hubs[0]?.stop();
    const { url, hub } = await system.startHub();
    const screen = await newDevice({ admin, hubUrls: [url] }, groupId);
    await join(screen);
    expect(screen.of('welcome')[0]?.state?.alerts).toEqual([]);
    await admin.must('POST', '/alerts/stop', { deploymentId });
    const next = await raise(admin, { groupIds: [groupId] });
    await screen.until('the next alert', () =>
      screen.of('alert.start').some(({ alert }) => alert.deploymentId === next),
    );
    expect(screen.of('alert.stop')).toEqual([]);
    await screen.disconnect();
    await hub.stop();
  });
});
