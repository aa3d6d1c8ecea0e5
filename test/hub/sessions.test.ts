/** Sessions: what a hello is told, and that the newest session of a device wins and only it may speak. */
import { beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { allRead, join, newDevice, newGroup, newScreen, raise, shows } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import { TestDevice } from '../support/test-device.ts';

describeEachAdapterSet('a session', (start) => {
  let system: System;
  let groupId: number;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
    groupId = (await newGroup(system.admin)).id;
  });

  /** The same device once more: another board with the same credential, or the same one on another way. */
  async function twin(device: TestDevice, hubAt: number): Promise<TestDevice> {
    const { hubUrls } = system;
    const other = new TestDevice(hubUrls[hubAt % hubUrls.length] ?? '', { deviceId: device.deviceId, credential: '' });
    other.useToken(await device.token());
    return other;
  }

  async function device(deviceId: number) {
    return system.admin.must('GET', `/devices/${deviceId}`);
  }

  it('[INV-1] is told nothing when its device has everything, and the whole state when it lacks anything', async () => {
    const screen = await newScreen(system, groupId);
    expect(screen.of('welcome').at(-1)?.state).toBeDefined();
    await screen.disconnect();
    await join(screen);
    expect(screen.of('welcome').at(-1)?.state).toBeUndefined();
    await screen.disconnect();
    const elsewhere = await newGroup(system.admin);
    await raise(system.admin, { groupIds: [elsewhere.id] }, 'Not for us');
    await allRead(system);
    await join(screen);
    expect(screen.of('welcome').at(-1)?.state).toBeUndefined();
    await screen.disconnect();
    const deploymentId = await raise(system.admin, { deviceIds: [screen.deviceId] });
    await allRead(system);
    await join(screen);
    expect(screen.of('welcome').at(-1)?.state?.alerts).toMatchObject([{ deploymentId }]);
    await screen.disconnect();
  });

  it.each([
    ['has the revs of another history', (epoch: number, rev: number) => ({ epoch: epoch + 1, rev })],
    ['says no rev', (epoch: number) => ({ epoch })],
    ['says nothing', () => ({})],
    ['shows what it should not', (epoch: number, rev: number) => ({ epoch, rev, displayed: [987_654] })],
    ['is behind', (epoch: number) => ({ epoch, rev: 1 })],
  ])('is told the whole state when its device %s', async (_what, claim) => {
    const screen = await newScreen(system, groupId);
    const { stateRev } = screen.screen;
    const epoch = screen.screen.epoch ?? 0;
    await screen.disconnect();
    await screen.connect({ hello: false });
    screen.send({ type: 'hello', ...claim(epoch, stateRev) });
    await screen.until('the second welcome', () => screen.of('welcome').length === 2);
    expect(screen.of('welcome').at(-1)?.state).toMatchObject({ epoch, alerts: [] });
    await screen.disconnect();
  });

  it('is replaced by a newer one on the same hub, whose device stays online', async () => {
    const old = await newScreen(system, groupId);
    const young = await twin(old, 0);
    await join(young);
    await old.until('the close', () => old.closed !== null);
    expect(old.closed).toEqual({ code: 4202, reason: 'replaced 30000' });
    expect(young.of('welcome')[0]?.connEpoch).toBe((old.of('welcome')[0]?.connEpoch ?? 0) + 1);
    const deploymentId = await raise(system.admin, { deviceIds: [old.deviceId] });
    await shows(young, [deploymentId]);
    expect(old.showing).toEqual([]);
    await eventually(async () => (await device(old.deviceId)).lastSeen !== null);
    expect(await device(old.deviceId)).toMatchObject({ status: 'online', transport: 'websocket' });
    await young.disconnect();
    await eventually(async () => (await device(old.deviceId)).status === 'offline');
  });

  it('is replaced by a newer one on another hub, and its late disconnect does not mark the device offline', async () => {
    const old = await newScreen(system, groupId, 0);
    // Its report is written: from now on it is the hint alone that tells its hub.
    await eventually(async () => (await system.admin.must('GET', `/devices/${old.deviceId}/state`)).reported !== null);
    const young = await twin(old, 1);
    await join(young);
    await old.until('the close', () => old.closed !== null);
    expect(old.closed?.code).toBe(4202);
    // A disconnect that is written after the takeover is seen to change nothing by one that is written later still.
    const marker = await newScreen(system, groupId, 0);
    await marker.disconnect();
    await eventually(async () => (await device(marker.deviceId)).status === 'offline');
    expect(await device(old.deviceId)).toMatchObject({
      status: 'online',
      connEpoch: young.of('welcome')[0]?.connEpoch,
    });
    await young.disconnect();
  });

  it('may not speak once it was replaced: its receipts change nothing', async () => {
    const old = await newScreen(system, groupId, 0, { wellBehaved: false });
    const deploymentId = await raise(system.admin, { deviceIds: [old.deviceId] });
    await shows(old, [deploymentId]);
    // The hint that a newer session exists is held back: the older one lives on, as with a bus that is away.
    await system.parts.db.sql
      .updateTable('devices')
      .set((eb) => ({ conn_epoch: eb('conn_epoch', '+', 1) }))
      .where('id', '=', old.deviceId)
      .execute();
    const at = new Date().toISOString();
    old.send({ type: 'receipt', items: [{ deploymentId, stage: 'displayed', at }] });
    await old.until('the acknowledgement', () => old.of('ack').length > 0);
    const { ladder } = await system.admin.must('GET', `/alerts/deployments/${deploymentId}`);
    expect(ladder).toMatchObject({ received: 0, displayed: 0 });
    // Its next report finds out that it was replaced.
    old.send({ type: 'status', volume: 3 });
    await old.until('the close', () => old.closed !== null);
    expect(old.closed?.code).toBe(4202);
  });

  it('of two that race exactly one is left, the one with the higher connEpoch', async () => {
    const first = await newDevice(system, groupId, 0);
    const racers = [first, await twin(first, 1), await twin(first, 0), await twin(first, 1)];
    await Promise.all(racers.map((racer) => racer.connect()));
    await eventually(() => racers.filter((racer) => racer.closed === null).length === 1);
    const [left] = racers.filter((racer) => racer.closed === null);
    await left?.until('its welcome', () => left.of('welcome').length === 1);
    for (const racer of racers) if (racer !== left) expect(racer.closed?.code).toBe(4202);
    const epochs = racers.flatMap((racer) => racer.of('welcome').map((welcome) => welcome.connEpoch));
    expect(left?.of('welcome')[0]?.connEpoch).toBe(Math.max(...epochs));
    expect(await device(first.deviceId)).toMatchObject({ status: 'online', connEpoch: Math.max(...epochs) });
    await left?.disconnect();
  });

  it('speaks MessagePack as it speaks JSON', async () => {
    const screen = await newScreen(system, groupId, 0, { codec: 'msgpack' });
    const deploymentId = await raise(system.admin, { deviceIds: [screen.deviceId] });
    await shows(screen, [deploymentId]);
    await eventually(async () => {
      const { ladder } = await system.admin.must('GET', `/alerts/deployments/${deploymentId}`);
      return ladder.displayed === 1;
    });
    await screen.until('the acknowledgement', () => screen.of('ack').length > 0);
    expect(screen.closed).toBeNull();
    await screen.disconnect();
  });

  it('answers a ping with the hub’s time', async () => {
    const screen = await newScreen(system, groupId);
    screen.send({ type: 'ping', id: 7 });
    await screen.until('the pong', () => screen.of('pong').length === 1);
    expect(screen.of('pong')[0]).toMatchObject({ id: 7, serverTime: expect.stringMatching(/^\d{4}-.*Z$/) });
    await screen.disconnect();
  });
});
