/** Going down gently: readiness first, goodbyes, what was said is stored, and nobody is left as a ghost. */
import { beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { newDevice, newGroup, newScreen, raise, shows } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';

/** Long enough to look around meanwhile. */
const DRAIN_MS = 1_500;

describeEachAdapterSet('a hub that is stopped', (start) => {
  let system: System;
  let groupId: number;

  beforeEach(async () => {
    system = await start({ hubs: 2, env: { PODOH_DRAIN_MS: String(DRAIN_MS) } });
    groupId = (await newGroup(system.admin)).id;
  });

  const stopFirst = (): Promise<void> => system.hubs[0]?.stop() ?? Promise.resolve();

  it('[INV-4] stores what was said before, sends everybody away with 4000, and marks them offline', async () => {
    const { admin, hubUrls } = system;
    const screens = [];
    for (let count = 0; count < 5; count += 1)
      screens.push(await newScreen(system, groupId, 0, { wellBehaved: false }));
    const deploymentId = await raise(admin, { groupIds: [groupId] });
    for (const screen of screens) await shows(screen, [deploymentId]);
    const stopped = stopFirst();
    const at = new Date().toISOString();
    for (const screen of screens) {
      await screen.until('the goodbye', () => screen.of('goaway').length === 1);
      expect(screen.of('goaway')[0]).toMatchObject({ reason: 'drain' });
      expect(screen.of('goaway')[0]?.afterMs).toBeLessThanOrEqual(DRAIN_MS);
      // Said between the goodbye and the end.
      screen.send({ type: 'receipt', items: [{ deploymentId, stage: 'displayed', at }] });
    }
    const ready = await fetch(`${hubUrls[0]}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ success: false, data: { status: 'not-ready', draining: true } });
    expect((await fetch(`${hubUrls[0]}/health/live`)).status).toBe(200);
    await stopped;
    for (const screen of screens) {
      await screen.until('the close', () => screen.closed !== null);
      expect(screen.closed).toEqual({ code: 4000, reason: 'drain' });
    }
    const { ladder } = await admin.must('GET', `/alerts/deployments/${deploymentId}`);
    expect(ladder).toMatchObject({ displayed: 5, online: 0 });
    for (const screen of screens) {
      expect(await admin.must('GET', `/devices/${screen.deviceId}`)).toMatchObject({
        status: 'offline',
        transport: null,
      });
    }
    const nodes = await system.parts.db.sql.selectFrom('nodes').select('node_id').execute();
    expect(nodes).toHaveLength(system.hubs.length - 1);
  });

  it('[INV-4] has written what it took, when it is gone', async () => {
    const quick = await start({ env: { PODOH_DRAIN_MS: '0' } });
    const screen = await newScreen(quick, null);
    // Reports gather for a second: longer than this hub takes to stop.
    screen.send({ type: 'status', volume: 55 });
    screen.send({ type: 'ping' });
    await screen.until('the pong, so that the status was heard', () => screen.of('pong').length === 1);
    await quick.hubs[0]?.stop();
    const { reported } = await quick.admin.must('GET', `/devices/${screen.deviceId}/state`);
    expect(reported).toMatchObject({ status: { volume: 55 } });
  });

  it('answers heartbeats that it holds at once, and takes no new sessions', async () => {
    const { hubs } = system;
    const [poller, late] = [await newDevice(system, groupId, 0), await newDevice(system, groupId, 0)];
    const screen = await newScreen(system, groupId, 0);
    await Promise.all([poller.token(), late.token()]);
    const { data } = await poller.http('POST', '/heartbeat', {});
    const held = poller.http('POST', '/heartbeat', { epoch: data.epoch, rev: data.rev, waitSeconds: 25 });
    await eventually(() => hubs[0]?.gauges().heldHeartbeats === 1);
    const stopped = stopFirst();
    expect(await held).toMatchObject({ status: 200, data: { hasUpdate: false } });
    await screen.until('the goodbye', () => screen.of('goaway').length === 1);
    await expect(late.connect()).rejects.toThrow('upgrade refused: 503');
    await stopped;
    // Twice is once.
    await stopFirst();
  });
});
