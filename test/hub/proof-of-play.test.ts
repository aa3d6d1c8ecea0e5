/** Proof of play from the screen to the report's rows: acknowledged once it is stored, told apart by alert and by clock. */
import { beforeAll, expect, it } from 'vitest';
import type { LogEntry } from '../../protocol/up.ts';
import { eventually } from '../support/eventually.ts';
import { newDevice, newGroup, newScreen, raise, shows, stopAlert, type Group } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';
import type { TestDevice } from '../support/test-device.ts';

const DAY_MS = 86_400_000;

describeEachAdapterSet('proof of play', (start) => {
  let system: System;
  let group: Group;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
    group = await newGroup(system.admin);
  });

  function entry(id: string, agoMs: number, more: Partial<LogEntry> = {}): LogEntry {
    return { id, contentId: 1, startedAt: new Date(Date.now() - agoMs).toISOString(), playSeconds: 1, ...more };
  }

  async function poller(hubAt = 0): Promise<TestDevice> {
    const device = await newDevice(system, group.id, hubAt);
    await device.token();
    return device;
  }

  /** Stored entries by id. */
  async function stored(device: TestDevice) {
    const rows = await system.parts.db.sql
      .selectFrom('usage_logs')
      .select(['entry_id', 'alert_deployment_id', 'clock_suspect', 'started_at'])
      .where('device_id', '=', device.deviceId)
      .execute();
    return Object.fromEntries(
      rows.map((row) => [row.entry_id, { alert: row.alert_deployment_id, isSuspect: row.clock_suspect === 1 }]),
    );
  }

  /** Waits until the receipts of a stage are stored. */
  async function confirmed(deploymentId: number, stage: 'displayed_at' | 'cleared_at', count: number): Promise<void> {
    await eventually(async () => {
      const rows = await system.parts.db.sql
        .selectFrom('alert_receipts')
        .select('device_id')
        .where('deployment_id', '=', deploymentId)
        .where(stage, 'is not', null)
        .execute();
      return rows.length === count;
    });
  }

  const acked = (device: TestDevice): string[] => device.of('ack').flatMap((ack) => ack.ids ?? []);

  it('[INV-4] is acknowledged when it is stored, and again when it is said again over another hub or transport', async () => {
    const screen = await newScreen(system, group.id, 0);
    const entries = [entry('a', 3_000), entry('b', 2_000)];
    screen.send({ type: 'log', entries });
    await screen.until('the acknowledgement', () => acked(screen).length === 2);
    expect(Object.keys(await stored(screen)).toSorted()).toEqual(['a', 'b']);
    screen.send({ type: 'log', entries: [...entries, entry('c', 1_000)] });
    await screen.until('the acknowledgement of all three', () => acked(screen).length === 5);
    expect(acked(screen).slice(2).toSorted()).toEqual(['a', 'b', 'c']);
    await screen.disconnect();
    screen.hubUrl = system.hubUrls.at(-1) ?? '';
    const { status, data } = await screen.http('POST', '/log', { entries: [...entries, entry('d', 0)] });
    expect({ status, data }).toEqual({ status: 200, data: { accepted: 1, duplicates: 2 } });
    expect(Object.keys(await stored(screen)).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is taken days and weeks late in batches, whichever way it comes', async () => {
    const device = await poller();
    const late = Array.from({ length: 100 }, (_, index) => entry(`late-${index}`, 60 * DAY_MS - (index * DAY_MS) / 2));
    expect((await device.http('POST', '/log', { entries: late })).data).toEqual({ accepted: 100, duplicates: 0 });
    expect((await device.http('POST', '/log', { entries: late })).data).toEqual({ accepted: 0, duplicates: 100 });
    const beat = await device.http('POST', '/heartbeat', { logs: [...late.slice(0, 50), entry('fresh', 0)] });
    expect(beat.status).toBe(200);
    const rows = await stored(device);
    expect(Object.keys(rows)).toHaveLength(101);
    expect(Object.values(rows).every(({ alert, isSuspect }) => alert === null && !isSuspect)).toBe(true);
  });

  it('of clocks that are wrong by years is kept, and told apart from what is late', async () => {
    const device = await poller();
    const years = { late: 300, past: 20_000, ahead: -3_650 };
    const entries = Object.entries(years).map(([id, days]) => entry(id, days * DAY_MS));
    expect((await device.http('POST', '/log', { entries })).data).toEqual({ accepted: 3, duplicates: 0 });
    const right = { alert: null, isSuspect: false };
    const wrong = { alert: null, isSuspect: true };
    expect(await stored(device)).toEqual({ late: right, past: wrong, ahead: wrong });
  });

  it('during an alert names it, on the screen that showed it and for as long as it did', async () => {
    const screens = [await newScreen(system, group.id, 0), await newScreen(system, group.id, 1)];
    const beside = await newScreen(system, (await newGroup(system.admin)).id, 1);
    const [first] = screens;
    if (first === undefined) throw new Error('no screen');
    const before = entry('before', 60_000);
    const deploymentId = await raise(system.admin, { groupIds: [group.id] });
    for (const screen of screens) await shows(screen, [deploymentId]);
    await confirmed(deploymentId, 'displayed_at', 2);
    const during = entry('during', 0);
    for (const device of [...screens, beside]) device.send({ type: 'log', entries: [before, during] });
    for (const device of [...screens, beside])
      await device.until('the acknowledgement', () => acked(device).length === 2);
    await stopAlert(system.admin, deploymentId);
    for (const screen of screens) await shows(screen, []);
    await confirmed(deploymentId, 'cleared_at', 2);
    // A play that began while the alert was on comes in after it ended; one that began after it does not count.
    const after = entry('after', -2_000);
    first.send({ type: 'log', entries: [{ ...during, id: 'late' }, after] });
    await first.until('the acknowledgement', () => acked(first).length === 4);
    const of = (alert: number | null) => ({ alert, isSuspect: false });
    const shown = { before: of(null), during: of(deploymentId) };
    expect(await stored(first)).toEqual({ ...shown, late: of(deploymentId), after: of(null) });
    expect(await stored(screens[1] ?? first)).toEqual(shown);
    expect(await stored(beside)).toEqual({ before: of(null), during: of(null) });
    for (const device of [...screens, beside]) await device.disconnect();
  });

  it('that comes in one heartbeat with the receipt of the alert names that alert', async () => {
    const device = await poller(1);
    const deploymentId = await raise(system.admin, { deviceIds: [device.deviceId] });
    const at = new Date().toISOString();
    const receipts = [{ deploymentId, stage: 'displayed', at }];
    const { status } = await device.http('POST', '/heartbeat', { receipts, logs: [entry('with', -100)] });
    expect(status).toBe(200);
    expect(await stored(device)).toEqual({ with: { alert: deploymentId, isSuspect: false } });
    await stopAlert(system.admin, deploymentId);
  });

  it('names the alert that the device says, if it is the tenant’s', async () => {
    const device = await poller();
    const deploymentId = await raise(system.admin, { groupIds: [(await newGroup(system.admin)).id] });
    const entries = [
      entry('said', 0, { alertDeploymentId: deploymentId }),
      entry('unknown', 0, { alertDeploymentId: 987_654_321 }),
    ];
    expect((await device.http('POST', '/log', { entries })).data).toEqual({ accepted: 2, duplicates: 0 });
    const rows = await stored(device);
    expect([rows['said']?.alert, rows['unknown']?.alert]).toEqual([deploymentId, null]);
    await stopAlert(system.admin, deploymentId);
  });
});
