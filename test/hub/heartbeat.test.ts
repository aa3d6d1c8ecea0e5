/** The HTTP half: the same desired state, asked for; held until something changes; and what devices say, stored before it is answered. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { DesiredState } from '../../protocol/desired-state.ts';
import type { HeartbeatResponse } from '../../protocol/sync.ts';
import { eventually } from '../support/eventually.ts';
import {
  allRead,
  changeDevice,
  changeGroup,
  newDevice,
  newGroup,
  raise,
  stopAlert,
  type Group,
} from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';

/** Longest wait a heartbeat may ask for, in seconds. */
const LONG = 25;

describeEachAdapterSet('a heartbeat', (start) => {
  let system: System;
  let group: Group;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
    group = await newGroup(system.admin);
  });

  async function poller(hubAt = 0, groupId: number | null = group.id): Promise<TestDevice> {
    const device = await newDevice(system, groupId, hubAt);
    await device.token();
    return device;
  }

  async function beat(device: TestDevice, body: object = {}) {
    const { status, data } = await device.http('POST', '/heartbeat', body);
    expect(status).toBe(200);
    return data;
  }

  /** What a device that has everything says. */
  async function claimOf(device: TestDevice): Promise<{ epoch: number; rev: number }> {
    const { epoch, rev } = await beat(device);
    return { epoch, rev };
  }

  const held = (): number => system.hubs.reduce((sum, hub) => sum + hub.gauges().heldHeartbeats, 0);

  /** Sends a heartbeat that is held, and waits until it is. */
  async function hold(device: TestDevice, body: object = {}, signal?: AbortSignal) {
    const before = held();
    const claim = await claimOf(device);
    const sentAtMs = performance.now();
    const answer = fetch(`${device.hubUrl}/api/v1/sync/heartbeat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await device.token()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...claim, waitSeconds: LONG, ...body }),
      ...(signal === undefined ? {} : { signal }),
    }).then(async (response) => {
      // Woken, and not at the end of its time.
      if (performance.now() - sentAtMs > (LONG * 1_000) / 2) throw new Error('nothing woke the heartbeat');
      return ((await response.json()) as { data: HeartbeatResponse }).data;
    });
    await eventually(() => held() === before + 1);
    return { answer, claim };
  }

  it('[INV-1] brings the whole state to who has not got it, and only the rev to who has', async () => {
    const device = await poller(1);
    const first = await beat(device);
    expect(first).toMatchObject({ hasUpdate: true, alert: false, alertContent: null, scheduleVersion: null });
    expect(first.state).toMatchObject({ epoch: first.epoch, rev: first.rev, alerts: [], commands: [] });
    const second = await beat(device, { epoch: first.epoch, rev: first.rev });
    expect(second).toMatchObject({ hasUpdate: false, epoch: first.epoch });
    expect(second).not.toHaveProperty('state');
    for (const claim of [{ epoch: first.epoch + 1, rev: first.rev }, { epoch: first.epoch }, { rev: first.rev }]) {
      expect(await beat(device, claim)).toMatchObject({ hasUpdate: true });
    }
    const lying = { epoch: first.epoch, rev: first.rev, status: { displayed: [987_654] } };
    expect(await beat(device, lying)).toMatchObject({ hasUpdate: true, state: { alerts: [] } });
  });

  it('[INV-1] that is held is answered by an alert at once, and by its end, on whichever hub', async () => {
    const device = await poller(1);
    const { answer } = await hold(device);
    const deploymentId = await raise(system.admin, { groupIds: [group.id] });
    const shown = await answer;
    expect(shown).toMatchObject({ hasUpdate: true, alert: true, alertContent: { deploymentId } });
    expect(shown.state?.alerts).toMatchObject([{ deploymentId }]);
    expect(shown.nextHeartbeatSeconds).toBeLessThanOrEqual(5);
    const again = await hold(device);
    await stopAlert(system.admin, deploymentId);
    expect(await again.answer).toMatchObject({ hasUpdate: true, alert: false, state: { alerts: [] } });
  });

  it('that is held is not woken by what concerns others', async () => {
    const other = await newGroup(system.admin);
    const neighbour = await poller(0, other.id);
    const device = await poller(0);
    const { answer } = await hold(device);
    const woken = await hold(neighbour);
    await raise(system.admin, { groupIds: [other.id] });
    expect(await woken.answer).toMatchObject({ hasUpdate: true });
    expect(held()).toBe(1);
    const own = await raise(system.admin, { deviceIds: [device.deviceId] });
    expect((await answer).state?.alerts).toMatchObject([{ deploymentId: own }]);
    expect(held()).toBe(0);
  });

  it('that is held ends with its time, and says that nothing has changed', async () => {
    const device = await poller(1);
    const claim = await claimOf(device);
    const sentAtMs = performance.now();
    expect(await beat(device, { ...claim, waitSeconds: 1 })).toMatchObject({ hasUpdate: false });
    expect(performance.now() - sentAtMs).toBeGreaterThan(990);
    expect(held()).toBe(0);
  });

  it.each<[string, (device: TestDevice) => Promise<unknown>, (state: DesiredState | undefined) => void]>([
    [
      'a setting of its group',
      async () => {
        group = await changeGroup(system.admin, group, { config: { volume: 42 } });
      },
      (state) => expect(state?.config).toEqual({ volume: 42 }),
    ],
    [
      'a setting of its own',
      (device) => changeDevice(system.admin, device.deviceId, { config: { brightness: 9 } }),
      (state) => expect(state?.config).toMatchObject({ brightness: 9 }),
    ],
    [
      'a move',
      async (device) => {
        const elsewhere = await newGroup(system.admin, null, { volume: 77 });
        await changeDevice(system.admin, device.deviceId, { groupId: elsewhere.id });
      },
      (state) => expect(state?.config).toEqual({ volume: 77 }),
    ],
  ])('that is held is answered by %s', async (_what, change, check) => {
    const device = await poller(1);
    const { answer } = await hold(device);
    await change(device);
    const data = await answer;
    expect(data.hasUpdate).toBe(true);
    check(data.state);
  });

  it('whose device goes away is let go', async () => {
    const device = await poller();
    const away = new AbortController();
    const { answer } = await hold(device, {}, away.signal);
    away.abort();
    await expect(answer).rejects.toThrow();
    await eventually(() => held() === 0);
    expect(await beat(device)).toMatchObject({ hasUpdate: true });
  });

  it('makes its device present over HTTP, and a socket takes precedence', async () => {
    const device = await poller();
    const presence = () => system.admin.must('GET', `/devices/${device.deviceId}`);
    expect(await presence()).toMatchObject({ status: 'offline', transport: null, lastSeen: null });
    await beat(device);
    await eventually(async () => (await presence()).status === 'online');
    expect(await presence()).toMatchObject({ transport: 'http', lastSeen: expect.any(String) });
    await device.connect();
    await device.until('the welcome', () => device.of('welcome').length === 1);
    expect(await presence()).toMatchObject({ status: 'online', transport: 'websocket' });
    await device.disconnect();
    await eventually(async () => (await presence()).status === 'offline');
  });

  it('stores what its device says of itself, and the API shows it beside what it should be', async () => {
    const device = await poller();
    const claim = await claimOf(device);
    await beat(device, { ...claim, status: { volume: 12, appVersion: '3.1', displayed: [] } });
    await eventually(async () => {
      const { reported } = await system.admin.must('GET', `/devices/${device.deviceId}/state`);
      return reported !== null;
    });
    const state = await system.admin.must('GET', `/devices/${device.deviceId}/state`);
    expect(state).toMatchObject({ inSync: true, reported: { ...claim, status: { volume: 12 }, displayed: [] } });
    expect(await system.admin.must('GET', `/devices/${device.deviceId}`)).toMatchObject({ appVersion: '3.1' });
  });

  describe('and what comes with it', () => {
    const at = (): string => new Date().toISOString();

    it('[INV-7] receipts are stored before they are answered, once: over both routes', async () => {
      const device = await poller(1);
      const deploymentId = await raise(system.admin, { deviceIds: [device.deviceId] });
      const items = (['received', 'displayed'] as const).map((stage) => ({ deploymentId, stage, at: at() }));
      const first = await device.http('POST', '/receipts', { items });
      expect(first).toMatchObject({ status: 200, data: { accepted: 2, duplicates: 0 } });
      const { ladder } = await system.admin.must('GET', `/alerts/deployments/${deploymentId}`);
      expect(ladder).toMatchObject({ targeted: 1, received: 1, displayed: 1, unconfirmed: 0 });
      const again = await device.http('POST', '/receipts', { items: [...items, { ...items[0], stage: 'cleared' }] });
      expect(again.data).toEqual({ accepted: 1, duplicates: 2 });
      await beat(device, { receipts: items });
      const after = await system.admin.must('GET', `/alerts/deployments/${deploymentId}`);
      expect(after.ladder).toMatchObject({ received: 1, displayed: 1, cleared: 1 });
    });

    it('a heartbeat that brings an alert counts as sent', async () => {
      const device = await poller();
      const deploymentId = await raise(system.admin, { deviceIds: [device.deviceId] });
      await allRead(system);
      expect(await beat(device)).toMatchObject({ alert: true });
      await eventually(async () => {
        const { ladder } = await system.admin.must('GET', `/alerts/deployments/${deploymentId}`);
        return ladder.sent === 1;
      });
    });

    it('[INV-7] plays are stored before they are answered, once: over HTTP, with a heartbeat and over the socket', async () => {
      const device = await poller();
      const entry = (id: string) => ({ id, contentId: 5, startedAt: at(), playSeconds: 1.5 });
      const first = await device.http('POST', '/log', { entries: [entry('a'), entry('b')] });
      expect(first).toMatchObject({ status: 200, data: { accepted: 2, duplicates: 0 } });
      const again = await device.http('POST', '/log', { entries: [entry('b'), entry('c')] });
      expect(again.data).toEqual({ accepted: 1, duplicates: 1 });
      await beat(device, { logs: [entry('c'), entry('d')] });
      await device.connect();
      device.send({ type: 'log', entries: [entry('d'), entry('e')] });
      await device.until('the acknowledgement', () => device.of('ack').length === 1);
      expect(device.of('ack')[0]?.ids).toEqual(['d', 'e']);
      const rows = await system.parts.db.sql
        .selectFrom('usage_logs')
        .select(['entry_id', 'play_ms'])
        .where('device_id', '=', device.deviceId)
        .orderBy('entry_id')
        .execute();
      expect(rows).toEqual(['a', 'b', 'c', 'd', 'e'].map((id) => ({ entry_id: id, play_ms: 1_500 })));
      await device.disconnect();
    });

    it('a body that is no heartbeat is refused, and so is another method', async () => {
      const device = await poller();
      const wrong = await device.http('POST', '/heartbeat', { rev: 'seven' });
      expect(wrong).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR', details: [{ field: 'rev' }] } });
      expect((await device.http('POST', '/heartbeat', { waitSeconds: LONG + 1 })).status).toBe(400);
      expect((await device.http('GET', '/heartbeat')).status).toBe(404);
      expect((await device.http('POST', '/receipts', { items: [] })).status).toBe(400);
    });
  });
});
