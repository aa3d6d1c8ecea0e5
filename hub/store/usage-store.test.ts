/** Proof of play over both databases: once however often it is said, beside the alert that was on, with wrong clocks marked. */
import { beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertDeployment, insertDevice, insertTenant } from '../../test/support/hub-rows.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';
import type { HubStore, UsageRow } from '../core/hub-store.ts';
import { createHubStore } from './sql-hub-store.ts';

const NOW = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describeEachDatabase('proof of play', (open) => {
  let db: TestDatabase;
  let store: HubStore;
  /** Another node's store: its own connections. */
  let other: HubStore;
  let tenantId: number;
  let strangers: number;

  beforeAll(async () => {
    db = await open();
    store = createHubStore(db, TEST_MEDIA);
    other = createHubStore(db.reopen(), TEST_MEDIA);
    tenantId = await insertTenant(db);
    strangers = await insertTenant(db);
  });

  function play(deviceId: number, entryId: string, more: Partial<UsageRow> = {}): UsageRow {
    const what = { contentId: 1, scheduleId: null, startedAt: NOW, playMs: 9_000, at: NOW, alertDeploymentId: null };
    return { tenantId, deviceId, entryId, ...what, ...more };
  }

  /** What is stored of a device, by entry id. */
  async function stored(deviceId: number) {
    const rows = await db.sql
      .selectFrom('usage_logs')
      .select(['entry_id', 'alert_deployment_id', 'clock_suspect', 'started_at', 'content_id', 'schedule_id'])
      .where('device_id', '=', deviceId)
      .execute();
    return new Map(rows.map(({ entry_id, ...row }) => [entry_id, row]));
  }

  /** The alert of each entry, in the order asked for. */
  async function alertsOf(deviceId: number, ...entryIds: string[]) {
    const rows = await stored(deviceId);
    return entryIds.map((id) => rows.get(id)?.alert_deployment_id);
  }

  /** An alert that was on from `from` to `to`, both the hub's clock, and displayed by the devices with their clocks off by so much. */
  async function alertShown(deviceIds: readonly number[], from: number, to: number, offMs = 0): Promise<number> {
    const ended = { started_at: from - 200, stopped_at: to, status: 'stopped', expires_at: to + DAY_MS } as const;
    const deploymentId = await insertDeployment(db, tenantId, { deviceIds }, ended);
    for (const deviceId of deviceIds) {
      const words = { tenantId, deviceId, connEpoch: null, deploymentId, sentAt: from - 100, reason: null } as const;
      await store.saveReceipts([
        { ...words, stage: 'displayed', at: from + 50, deviceAt: from + offMs },
        { ...words, stage: 'cleared', at: to + 50, deviceAt: to + offMs },
      ]);
    }
    return deploymentId;
  }

  test('[INV-7] is counted once however often it is said, per device', async () => {
    const [one, two] = [await insertDevice(db, tenantId), await insertDevice(db, tenantId)];
    const batch = [play(one, 'a'), play(one, 'b'), play(one, 'a', { playMs: 1 }), play(two, 'a')];
    expect(await store.saveUsage(batch)).toEqual([true, true, false, true]);
    expect(await store.saveUsage([play(one, 'b'), play(one, 'c')])).toEqual([false, true]);
    expect(await store.saveUsage([play(one, 'b'), play(two, 'a')])).toEqual([false, false]);
    const rows = await db.sql
      .selectFrom('usage_logs')
      .select(['device_id', 'entry_id', 'play_ms'])
      .where('device_id', 'in', [one, two])
      .orderBy('device_id')
      .orderBy('entry_id')
      .execute();
    expect(rows).toEqual([
      { device_id: one, entry_id: 'a', play_ms: 9_000 },
      { device_id: one, entry_id: 'b', play_ms: 9_000 },
      { device_id: one, entry_id: 'c', play_ms: 9_000 },
      { device_id: two, entry_id: 'a', play_ms: 9_000 },
    ]);
  });

  test('two nodes that write the same entries at once store each once', async () => {
    const deviceId = await insertDevice(db, tenantId);
    const batch = Array.from({ length: 40 }, (_, index) => play(deviceId, `race-${index}`));
    await Promise.all([store.saveUsage(batch), other.saveUsage(batch), other.saveUsage(batch)]);
    expect((await stored(deviceId)).size).toBe(40);
  });

  test('is kept although its content or schedule is gone, unknown or another tenant’s', async () => {
    const deviceId = await insertDevice(db, tenantId);
    await store.saveUsage([play(deviceId, 'gone', { contentId: 987_654, scheduleId: 987_655 })]);
    expect((await stored(deviceId)).get('gone')).toMatchObject({ content_id: 987_654, schedule_id: 987_655 });
  });

  test('of a clock that cannot be right is kept and marked; of a batch weeks late it is not', async () => {
    const deviceId = await insertDevice(db, tenantId);
    const offsets = { now: 0, soon: 5 * MINUTE_MS, ahead: 5 * MINUTE_MS + 1, weeks: -60 * DAY_MS, epoch: -NOW };
    const batch = Object.entries(offsets).map(([id, offMs]) => play(deviceId, id, { startedAt: NOW + offMs }));
    expect(await store.saveUsage(batch)).toEqual([true, true, true, true, true]);
    const rows = await stored(deviceId);
    expect(Object.keys(offsets).map((id) => rows.get(id)?.clock_suspect)).toEqual([0, 0, 1, 0, 1]);
    expect(rows.get('epoch')?.started_at).toBe(0);
  });

  describe('during an alert', () => {
    test('names it, and a play before, after or of a device that did not show it does not', async () => {
      const [deviceId, beside] = [await insertDevice(db, tenantId), await insertDevice(db, tenantId)];
      const alert = await alertShown([deviceId], NOW - 10 * MINUTE_MS, NOW - 5 * MINUTE_MS);
      await store.saveUsage([
        play(deviceId, 'before', { startedAt: NOW - 11 * MINUTE_MS, playMs: MINUTE_MS }),
        play(deviceId, 'within', { startedAt: NOW - 9 * MINUTE_MS, playMs: MINUTE_MS }),
        play(deviceId, 'into', { startedAt: NOW - 11 * MINUTE_MS, playMs: 2 * MINUTE_MS }),
        play(deviceId, 'after', { startedAt: NOW - 5 * MINUTE_MS, playMs: MINUTE_MS }),
        play(beside, 'within', { startedAt: NOW - 9 * MINUTE_MS, playMs: MINUTE_MS }),
      ]);
      expect(await alertsOf(deviceId, 'before', 'within', 'into', 'after')).toEqual([null, alert, alert, null]);
      expect(await alertsOf(beside, 'within')).toEqual([null]);
    });

    test('names one that is still on, but none that was received and never displayed', async () => {
      const deviceId = await insertDevice(db, tenantId);
      const life = { started_at: NOW - MINUTE_MS, expires_at: NOW + DAY_MS };
      const [shown, hidden] = [
        await insertDeployment(db, tenantId, { deviceIds: [deviceId] }, life),
        await insertDeployment(db, tenantId, { deviceIds: [deviceId] }, life),
      ];
      const words = { tenantId, deviceId, connEpoch: null, sentAt: null, deviceAt: NOW - 30_000, reason: null };
      await store.saveReceipts([
        { ...words, deploymentId: shown, stage: 'displayed', at: NOW - 30_000 },
        { ...words, deploymentId: hidden, stage: 'received', at: NOW - 30_000 },
      ]);
      await store.saveUsage([play(deviceId, 'now')]);
      expect(await alertsOf(deviceId, 'now')).toEqual([shown]);
    });

    test('that was weeks ago is found for a batch that comes late, beside fresh plays of others', async () => {
      const [late, fresh] = [await insertDevice(db, tenantId), await insertDevice(db, tenantId)];
      const then = NOW - 40 * DAY_MS;
      const alert = await alertShown([late, fresh], then, then + MINUTE_MS);
      await store.saveUsage([
        play(late, 'then', { startedAt: then + 1_000 }),
        play(late, 'later', { startedAt: then + 2 * MINUTE_MS }),
        play(fresh, 'now'),
      ]);
      expect(await alertsOf(late, 'then', 'later')).toEqual([alert, null]);
      expect(await alertsOf(fresh, 'now')).toEqual([null]);
    });

    test.each([-53 * 365 * DAY_MS, -3 * DAY_MS, 10 * 365 * DAY_MS])(
      'is found in a clock that is %d ms off, which the device told both by',
      async (offMs) => {
        const deviceId = await insertDevice(db, tenantId);
        const alert = await alertShown([deviceId], NOW - 10 * MINUTE_MS, NOW - 5 * MINUTE_MS, offMs);
        await store.saveUsage([
          play(deviceId, 'within', { startedAt: NOW - 9 * MINUTE_MS + offMs }),
          play(deviceId, 'after', { startedAt: NOW - 4 * MINUTE_MS + offMs }),
        ]);
        expect(await alertsOf(deviceId, 'within', 'after')).toEqual([alert, null]);
      },
    );

    test('is as the device says, if the alert is its tenant’s', async () => {
      const deviceId = await insertDevice(db, tenantId);
      const shown = await alertShown([deviceId], NOW - 10 * MINUTE_MS, NOW - 5 * MINUTE_MS);
      const [said, foreign] = [await insertDeployment(db, tenantId), await insertDeployment(db, strangers)];
      const within = { startedAt: NOW - 9 * MINUTE_MS };
      await store.saveUsage([
        play(deviceId, 'said', { ...within, alertDeploymentId: said }),
        play(deviceId, 'foreign', { ...within, alertDeploymentId: foreign }),
        play(deviceId, 'unknown', { alertDeploymentId: 987_654 }),
      ]);
      // [INV-10] What is not the tenant's says nothing, and the receipts are asked.
      expect(await alertsOf(deviceId, 'said', 'foreign', 'unknown')).toEqual([said, shown, null]);
    });
  });
});
