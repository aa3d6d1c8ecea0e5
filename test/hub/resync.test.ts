/** Only the device may say that it has something: what it does not confirm is said again, whole, and not for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { bentClock } from '../support/bent-clock.ts';
import { eventually } from '../support/eventually.ts';
import { newGroup, newScreen, raise, shows } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';

/** The hub looks this often for what was not confirmed, in milliseconds; twice that is enough for one look. */
const SWEEP_MS = 500;

describeEachAdapterSet('a push that is not confirmed', (start) => {
  const clock = bentClock();
  let system: System;

  beforeAll(async () => {
    system = await start({ clock });
  });

  /** Lets the hub look, at a time that seems later by so much. In all less than a node's lease, or it takes itself for lost. */
  async function later(ms: number): Promise<void> {
    clock.stretch(ms);
    await sleep(2 * SWEEP_MS);
  }

  async function ladder(deploymentId: number) {
    return (await system.admin.must('GET', `/alerts/deployments/${deploymentId}`)).ladder;
  }

  it('[INV-1] is followed by the whole state after three seconds, until the device confirms', async () => {
    const groupId = (await newGroup(system.admin)).id;
    const silent = await newScreen(system, groupId, 0, { wellBehaved: false });
    const good = await newScreen(system, groupId, 0);
    // Whoever says nothing has not confirmed its welcome either.
    silent.send({ type: 'applied', rev: silent.screen.rev });
    const deploymentId = await raise(system.admin, { groupIds: [groupId] });
    await shows(silent, [deploymentId]);
    await shows(good, [deploymentId]);
    await later(0);
    expect(silent.of('state')).toEqual([]);
    await later(3_000);
    await silent.until('the state again', () => silent.of('state').length === 1);
    expect(silent.of('state')[0]?.state.alerts).toMatchObject([{ deploymentId }]);
    expect(good.of('state')).toEqual([]);
    // Once it confirms, it is left in peace.
    silent.send({ type: 'applied', rev: silent.screen.rev });
    await later(4_000);
    expect(silent.of('state')).toHaveLength(1);
    await Promise.all([silent.disconnect(), good.disconnect()]);
  });

  it('[INV-5] no rev is confirmed that was not reached, and none is lost by confirming too little', async () => {
    const screen = await newScreen(system, null, 0, { wellBehaved: false });
    screen.send({ type: 'applied', rev: Number.MAX_SAFE_INTEGER });
    const deploymentId = await raise(system.admin, { deviceIds: [screen.deviceId] });
    await shows(screen, [deploymentId]);
    screen.send({ type: 'applied', rev: screen.screen.rev - 1 });
    await later(3_000);
    await screen.until('the state again', () => screen.of('state').length === 1);
    expect(screen.of('state')[0]?.state.alerts).toMatchObject([{ deploymentId }]);
    await screen.disconnect();
  });

  it('is on the ladder as sent, and a device that says nothing climbs no further', async () => {
    const { admin } = system;
    const silent = await newScreen(system, null, 0, { wellBehaved: false });
    const deploymentId = await raise(admin, { deviceIds: [silent.deviceId] });
    await shows(silent, [deploymentId]);
    expect(await ladder(deploymentId)).toMatchObject({ sent: 0, received: 0, unconfirmed: 1 });
    await eventually(async () => (await ladder(deploymentId)).sent === 1);
    expect(await ladder(deploymentId)).toMatchObject({ sent: 1, received: 0, displayed: 0, unconfirmed: 1 });
    await silent.disconnect();
  });

  it('a screen that fails says so, and one that displays after all is displayed', async () => {
    const { admin } = system;
    const screen = await newScreen(system, null, 0, { wellBehaved: false });
    const deploymentId = await raise(admin, { deviceIds: [screen.deviceId] });
    await shows(screen, [deploymentId]);
    await say(screen, deploymentId, 'failed', 'no decoder');
    expect(await ladder(deploymentId)).toMatchObject({ received: 1, displayed: 0, failed: 1, unconfirmed: 0 });
    const failed = await admin.must('GET', `/alerts/deployments/${deploymentId}/receipts?stage=failed`);
    expect(failed).toMatchObject([{ deviceId: screen.deviceId, reason: 'no decoder' }]);
    await say(screen, deploymentId, 'displayed');
    expect(await ladder(deploymentId)).toMatchObject({ displayed: 1, failed: 0 });
    await screen.disconnect();
  });
});

/** Says a stage, and waits until it is stored. */
async function say(
  screen: TestDevice,
  deploymentId: number,
  stage: 'failed' | 'displayed',
  reason?: string,
): Promise<void> {
  const before = screen.of('ack').length;
  const at = new Date().toISOString();
  screen.send({ type: 'receipt', items: [{ deploymentId, stage, at, ...(reason === undefined ? {} : { reason }) }] });
  await screen.until('the acknowledgement', () => screen.of('ack').length > before);
}
