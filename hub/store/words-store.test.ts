/** What devices say, over both databases: repeats, races and replaced connections change nothing that stands. */
import { beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertCommand, insertDeployment, insertDevice, insertTenant } from '../../test/support/hub-rows.ts';
import type { CommandUpdateRow, HubStore, ReceiptRow, ReportRow } from '../core/hub-store.ts';
import { createHubStore } from './sql-hub-store.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';

const NOW = 1_700_000_000_000;
const ACCEPTED = { accepted: 1, duplicates: 0, ignored: 0 };
const DUPLICATE = { accepted: 0, duplicates: 1, ignored: 0 };
const IGNORED = { accepted: 0, duplicates: 0, ignored: 1 };

interface Bench {
  readonly db: TestDatabase;
  readonly store: HubStore;
  /** Another node's store: its own connections. */
  readonly other: HubStore;
  readonly tenantId: number;
  readonly strangers: number;
}

describeEachDatabase('what devices say', (open) => {
  const bench = {} as { -readonly [K in keyof Bench]: Bench[K] };

  beforeAll(async () => {
    bench.db = await open();
    bench.store = createHubStore(bench.db, TEST_MEDIA);
    bench.other = createHubStore(bench.db.reopen(), TEST_MEDIA);
    bench.tenantId = await insertTenant(bench.db);
    bench.strangers = await insertTenant(bench.db);
  });

  describe('receipts', () => describeReceipts(bench));
  describe('reports', () => describeReports(bench));
  describe('command updates', () => describeCommandUpdates(bench));
});

function describeReceipts(bench: Bench): void {
  async function targets(): Promise<{ deviceId: number; deploymentId: number }> {
    const { db, tenantId } = bench;
    const deviceId = await insertDevice(db, tenantId, { conn_epoch: 5 });
    return { deviceId, deploymentId: await insertDeployment(db, tenantId, { deviceIds: [deviceId] }) };
  }

  function receipt(who: { deviceId: number; deploymentId: number }, more: Partial<ReceiptRow> = {}): ReceiptRow {
    const words = { stage: 'received', at: NOW, sentAt: null, deviceAt: null, reason: null } as const;
    return { tenantId: bench.tenantId, connEpoch: 5, ...words, ...who, ...more };
  }

  function ladder({ deviceId, deploymentId }: { deviceId: number; deploymentId: number }) {
    return bench.db.sql
      .selectFrom('alert_receipts')
      .select(['sent_at', 'received_at', 'displayed_at', 'cleared_at', 'failed_at', 'device_displayed_at', 'reason'])
      .select(['tenant_id', 'conn_epoch'])
      .where('deployment_id', '=', deploymentId)
      .where('device_id', '=', deviceId)
      .execute();
  }

  const NOTHING = {
    sent_at: null,
    received_at: null,
    displayed_at: null,
    cleared_at: null,
    failed_at: null,
    device_displayed_at: null,
    reason: null,
  };

  test('one device climbs the ladder, in one batch or several, with the hub’s own times', async () => {
    const who = await targets();
    const batch = [
      receipt(who, { sentAt: NOW - 50 }),
      receipt(who, { stage: 'displayed', at: NOW + 1, deviceAt: NOW - 9_000, sentAt: NOW - 40 }),
    ];
    expect(await bench.store.saveReceipts(batch)).toEqual([ACCEPTED, ACCEPTED]);
    expect(await bench.store.saveReceipts([receipt(who, { stage: 'cleared', at: NOW + 2 })])).toEqual([ACCEPTED]);
    expect(await ladder(who)).toEqual([
      {
        ...NOTHING,
        sent_at: NOW - 50,
        received_at: NOW,
        displayed_at: NOW + 1,
        cleared_at: NOW + 2,
        device_displayed_at: NOW - 9_000,
        tenant_id: bench.tenantId,
        conn_epoch: 5,
      },
    ]);
  });

  test('[INV-7] what is said again changes nothing: the first instant of each stage stands', async () => {
    const who = await targets();
    await bench.store.saveReceipts([receipt(who), receipt(who, { stage: 'displayed', at: NOW + 1, deviceAt: 7 })]);
    const before = await ladder(who);
    const again = [
      receipt(who, { at: NOW + 100 }),
      receipt(who, { stage: 'displayed', at: NOW + 100, deviceAt: 8 }),
      receipt(who, { stage: 'failed', at: NOW + 101, reason: 'decoder' }),
      receipt(who, { stage: 'failed', at: NOW + 102, reason: 'another' }),
    ];
    expect(await bench.store.saveReceipts(again)).toEqual([DUPLICATE, DUPLICATE, ACCEPTED, DUPLICATE]);
    expect(await ladder(who)).toEqual([{ ...before[0], failed_at: NOW + 101, reason: 'decoder' }]);
  });

  test('a hub’s own `sent` and a receipt that says when it was sent are one rung', async () => {
    const who = await targets();
    expect(await bench.store.saveReceipts([receipt(who, { stage: 'sent', at: NOW, sentAt: NOW })])).toEqual([ACCEPTED]);
    await bench.store.saveReceipts([receipt(who, { sentAt: NOW + 5, at: NOW + 9 })]);
    expect(await bench.store.saveReceipts([receipt(who, { stage: 'sent', at: NOW + 20 })])).toEqual([DUPLICATE]);
    expect(await ladder(who)).toMatchObject([{ sent_at: NOW, received_at: NOW + 9 }]);
  });

  test('a connection that was replaced says nothing; over HTTP the token alone speaks', async () => {
    const who = await targets();
    const rows = [
      receipt(who, { connEpoch: 4 }),
      receipt(who, { connEpoch: null, stage: 'displayed' }),
      receipt(who, { connEpoch: 6, stage: 'cleared' }),
    ];
    expect(await bench.store.saveReceipts(rows)).toEqual([IGNORED, ACCEPTED, ACCEPTED]);
    expect(await ladder(who)).toMatchObject([{ received_at: null, displayed_at: NOW, cleared_at: NOW }]);
  });

  test('[INV-10] another tenant’s deployment, an unknown one and a device that is gone say nothing', async () => {
    const who = await targets();
    const foreign = await insertDeployment(bench.db, bench.strangers);
    const rows = [
      receipt({ ...who, deploymentId: foreign }),
      receipt({ ...who, deploymentId: 999_999 }),
      receipt({ ...who, deviceId: 999_999 }),
      receipt(who, { tenantId: bench.strangers }),
      receipt(who),
    ];
    expect(await bench.store.saveReceipts(rows)).toEqual([IGNORED, IGNORED, IGNORED, IGNORED, ACCEPTED]);
    const all = await bench.db.sql
      .selectFrom('alert_receipts')
      .select('device_id')
      .where((eb) => eb.or([eb('deployment_id', '=', foreign), eb('deployment_id', '=', 999_999)]))
      .execute();
    expect(all).toEqual([]);
  });

  test('[INV-7] two nodes that write the same ladders at once lose nothing, and the first instant stands', async () => {
    const { db, tenantId, store, other } = bench;
    const devices = await Promise.all(Array.from({ length: 30 }, () => insertDevice(db, tenantId, { conn_epoch: 5 })));
    const deploymentId = await insertDeployment(db, tenantId, { deviceIds: devices });
    const batch = (stages: readonly ReceiptRow['stage'][], at: number, order: readonly number[]): ReceiptRow[] =>
      order.flatMap((deviceId) => stages.map((stage) => receipt({ deviceId, deploymentId }, { stage, at })));
    const save = async (by: HubStore, rows: readonly ReceiptRow[]): Promise<void> => {
      // As the batch writer does: a deadlock's loser tries again.
      for (let attempt = 1; ; attempt += 1) {
        try {
          await by.saveReceipts(rows);
          return;
        } catch (error) {
          if (attempt >= 5 || !by.isUnavailable(error)) throw error;
        }
      }
    };
    await store.saveReceipts(batch(['received'], NOW, devices));
    await Promise.all([
      save(store, batch(['displayed', 'received'], NOW + 10, devices)),
      save(other, batch(['failed', 'received'], NOW + 20, devices.toReversed())),
      save(other, batch(['cleared'], NOW + 30, devices)),
      save(store, batch(['sent'], NOW + 40, devices.toReversed())),
    ]);
    const rows = await db.sql
      .selectFrom('alert_receipts')
      .select(['sent_at', 'received_at', 'displayed_at', 'failed_at', 'cleared_at'])
      .where('deployment_id', '=', deploymentId)
      .execute();
    const whole = {
      sent_at: NOW + 40,
      received_at: NOW,
      displayed_at: NOW + 10,
      failed_at: NOW + 20,
      cleared_at: NOW + 30,
    };
    expect(rows).toEqual(devices.map(() => whole));
  });
}

function describeReports(bench: Bench): void {
  const SILENT = {
    status: null,
    displayed: null,
    appVersion: null,
    osVersion: null,
    capabilities: null,
    schedule: null,
  };

  function report(deviceId: number, more: Partial<ReportRow> = {}): ReportRow {
    return { tenantId: bench.tenantId, deviceId, connEpoch: 3, at: NOW, epoch: 9, rev: 40, ...SILENT, ...more };
  }

  async function stored(deviceId: number) {
    const { db } = bench;
    const of = await db.sql
      .selectFrom('device_reports')
      .select(['epoch', 'rev', 'status', 'displayed', 'reported_at'])
      .where('device_id', '=', deviceId)
      .execute();
    const device = await db.sql
      .selectFrom('devices')
      .select(['app_version', 'os_version', 'capabilities', 'last_seen_at'])
      .where('id', '=', deviceId)
      .executeTakeFirstOrThrow();
    return { ...of[0], ...device };
  }

  test('are kept, and what a later one does not say stays', async () => {
    const deviceId = await insertDevice(bench.db, bench.tenantId, { conn_epoch: 3 });
    const facts = {
      appVersion: '1.2',
      osVersion: '14',
      capabilities: ['reboot'],
      displayed: [4],
      status: '{"volume":3}',
    };
    expect(await bench.store.saveReports([report(deviceId, facts)])).toEqual([]);
    expect(await bench.store.saveReports([report(deviceId, { at: NOW + 5, rev: null, epoch: null })])).toEqual([]);
    expect(await stored(deviceId)).toEqual({
      epoch: 9,
      rev: 40,
      status: '{"volume":3}',
      displayed: '[4]',
      reported_at: NOW + 5,
      app_version: '1.2',
      os_version: '14',
      capabilities: '["reboot"]',
      last_seen_at: NOW + 5,
    });
    await bench.store.saveReports([report(deviceId, { displayed: [], rev: 41, at: NOW + 6 })]);
    expect(await stored(deviceId)).toMatchObject({ displayed: '[]', rev: 41, status: '{"volume":3}' });
  });

  test('of a replaced connection change nothing and are named; a device that is gone is passed over', async () => {
    const replaced = await insertDevice(bench.db, bench.tenantId, { conn_epoch: 4 });
    const polling = await insertDevice(bench.db, bench.tenantId, { conn_epoch: 4 });
    const rows = [report(replaced), report(polling, { connEpoch: null, displayed: [1] }), report(999_999)];
    expect(await bench.store.saveReports(rows)).toEqual([replaced]);
    expect(await stored(replaced)).toMatchObject({ last_seen_at: null });
    expect(await stored(replaced)).not.toHaveProperty('rev');
    expect(await stored(polling)).toMatchObject({ displayed: '[1]', last_seen_at: NOW });
    expect(await bench.store.saveReports([])).toEqual([]);
  });
}

function describeCommandUpdates(bench: Bench): void {
  function update(deviceId: number, commandId: number, more: Partial<CommandUpdateRow> = {}): CommandUpdateRow {
    const words = { state: 'acknowledged', result: null, reason: null, at: NOW } as const;
    return { tenantId: bench.tenantId, deviceId, commandId, ...words, ...more };
  }

  function stored(commandId: number) {
    return bench.db.sql
      .selectFrom('commands')
      .select(['state', 'result', 'reason', 'acknowledged_at', 'finished_at', 'rev'])
      .where('id', '=', commandId)
      .executeTakeFirstOrThrow();
  }

  async function headRev(): Promise<number> {
    const page = await bench.store.readLog(0, 1);
    return page.headRev;
  }

  test('an acknowledgement is kept; the end of a command goes into the log in the same transaction', async () => {
    const { db, tenantId, store } = bench;
    const deviceId = await insertDevice(db, tenantId, { rev: 1 });
    const commandId = await insertCommand(db, tenantId, deviceId);
    const before = await headRev();
    expect(await store.saveCommandUpdates([update(deviceId, commandId)])).toBeNull();
    expect(await stored(commandId)).toMatchObject({ state: 'acknowledged', acknowledged_at: NOW, finished_at: null });
    expect(await headRev()).toBe(before);
    const end = update(deviceId, commandId, { state: 'succeeded', result: '{"ok":true}', at: NOW + 5 });
    const rev = await store.saveCommandUpdates([end]);
    expect(rev).toBe(before + 1);
    expect(await stored(commandId)).toEqual({
      state: 'succeeded',
      result: '{"ok":true}',
      reason: null,
      acknowledged_at: NOW,
      finished_at: NOW + 5,
      rev,
    });
    const page = await store.readLog(before, 10);
    expect(page.changes).toEqual([{ rev, tenantId, change: { kind: 'command.finished', deviceId, commandId } }]);
  });

  test('[INV-7] an end stands: repeats and later words change nothing and append nothing', async () => {
    const { db, tenantId, store } = bench;
    const deviceId = await insertDevice(db, tenantId);
    const commandId = await insertCommand(db, tenantId, deviceId);
    const failed = update(deviceId, commandId, { state: 'failed', reason: 'no camera' });
    await store.saveCommandUpdates([failed, update(deviceId, commandId), { ...failed, reason: 'again' }]);
    const before = await stored(commandId);
    expect(before).toMatchObject({ state: 'failed', reason: 'no camera', acknowledged_at: NOW });
    const rev = await headRev();
    const later = { at: NOW + 9 };
    const words = (['acknowledged', 'succeeded', 'rejected'] as const).map((state) =>
      update(deviceId, commandId, { state, ...later }),
    );
    expect(await store.saveCommandUpdates(words)).toBeNull();
    expect(await stored(commandId)).toEqual(before);
    expect(await headRev()).toBe(rev);
    expect(await store.saveCommandUpdates([])).toBeNull();
  });

  test('[INV-10] nobody speaks for another device’s command', async () => {
    const { db, tenantId, strangers, store } = bench;
    const deviceId = await insertDevice(db, tenantId);
    const neighbour = await insertDevice(db, tenantId);
    const commandId = await insertCommand(db, tenantId, deviceId);
    const rows = [
      update(neighbour, commandId, { state: 'succeeded' }),
      update(deviceId, commandId, { tenantId: strangers, state: 'succeeded' }),
      update(deviceId, 999_999, { state: 'succeeded' }),
    ];
    expect(await store.saveCommandUpdates(rows)).toBeNull();
    expect(await stored(commandId)).toMatchObject({ state: 'pending', acknowledged_at: null });
    expect(await store.findCommand(tenantId, neighbour, commandId)).toBeNull();
    expect(await store.findCommand(strangers, deviceId, commandId)).toBeNull();
    expect(await store.findCommand(tenantId, deviceId, commandId)).toEqual({ name: 'identify', finished: false });
  });

  test('[INV-5] commands of several tenants that end in one batch get revs without a gap', async () => {
    const { db, tenantId, strangers, store } = bench;
    const rows: CommandUpdateRow[] = [];
    for (const tenant of [tenantId, strangers, tenantId]) {
      const deviceId = await insertDevice(db, tenant);
      const commandId = await insertCommand(db, tenant, deviceId);
      rows.push(update(deviceId, commandId, { tenantId: tenant, state: 'succeeded' }));
    }
    const before = await headRev();
    expect(await store.saveCommandUpdates(rows)).toBe(before + 3);
    const { changes } = await store.readLog(before, 10);
    expect(changes.map(({ rev }) => rev)).toEqual([before + 1, before + 2, before + 3]);
    const tenants = changes.map((change) => change.tenantId);
    expect(new Set(tenants)).toEqual(new Set([tenantId, strangers]));
  });
}
