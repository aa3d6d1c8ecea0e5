/** Statements that must not get slower, or get in each other's way, as a fleet and its history grow. */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from '../../migrations/open.ts';
import { databaseMaker, describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertDevice, insertTenant } from '../../test/support/hub-rows.ts';
import { describeWithMariaDb } from '../../test/support/server-suites.ts';
import type { UsageRow } from '../core/hub-store.ts';
import { createHubStore } from './sql-hub-store.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';

const NOW = 1_700_000_000_000;

function plays(tenantId: number, devices: number, entryId: string): UsageRow[] {
  const play = { contentId: 1, scheduleId: null, startedAt: NOW, playMs: 1_000, at: NOW, alertDeploymentId: null };
  return Array.from({ length: devices }, (_unused, at) => ({
    ...play,
    tenantId,
    deviceId: at + 1,
    entryId: `${entryId}-${at}`,
  }));
}

describeEachDatabase('a full batch', (open) => {
  test('of proof of play, each entry of another device, is written once', async () => {
    const db = await open();
    const store = createHubStore(db, TEST_MEDIA);
    const rows = plays(await insertTenant(db), 500, 'entry');
    expect((await store.saveUsage(rows)).every(Boolean)).toBe(true);
    expect((await store.saveUsage(rows)).some(Boolean)).toBe(false);
    expect((await store.saveUsage([...rows, ...plays(1, 1, 'other')])).filter(Boolean)).toHaveLength(1);
  });

  test('of devices of a dead node, and more, is marked offline in one go; those of the living are left alone', async () => {
    const db = await open();
    const store = createHubStore(db, TEST_MEDIA);
    const tenantId = await insertTenant(db);
    const online = { status: 'online', transport: 'websocket' } as const;
    await db.sql.transaction().execute(async (tx) => {
      const on = { ...db, sql: tx } as unknown as TestDatabase;
      for (let at = 0; at < 501; at += 1) await insertDevice(on, tenantId, { ...online, node_id: 'dead' });
    });
    const living = await insertDevice(db, tenantId, { ...online, node_id: 'living' });
    const polling = await insertDevice(db, tenantId, { status: 'online', transport: 'http', last_seen_at: NOW });
    const silent = await insertDevice(db, tenantId, { status: 'online', transport: 'http', last_seen_at: NOW - 2 });
    await store.renewLease('living', NOW, NOW + 1);
    await store.renewLease('dead', NOW, NOW);
    expect(await store.reapAbsent(NOW, NOW - 1)).toBe(502);
    const left = await db.sql.selectFrom('devices').select('id').where('status', '=', 'online').orderBy('id').execute();
    expect(left.map(({ id }) => id)).toEqual([living, polling]);
    expect(silent).toBeGreaterThan(0);
    expect(await store.reapAbsent(NOW, NOW - 1)).toBe(0);
  });

  test('a backlog of the log is pruned piece by piece', async () => {
    const db = await open();
    const store = createHubStore(db, TEST_MEDIA);
    const kept = 5;
    const changes = 20_000 + 10 + kept;
    const row = { tenant_id: 1, kind: 'user.changed', payload: '{}', created_at: 1 };
    await db.sql.transaction().execute(async (tx) => {
      for (let from = 1; from <= changes; from += 500) {
        const revs = Array.from({ length: Math.min(500, changes - from + 1) }, (_unused, at) => from + at);
        await tx
          .insertInto('changes')
          .values(revs.map((rev) => ({ rev, ...row })))
          .execute();
      }
      await tx.updateTable('counters').set({ value: changes }).where('name', '=', 'rev').execute();
    });
    const first = await store.pruneLog(NOW, kept, 0);
    expect(first).toBeGreaterThan(10_000);
    expect(first).toBeLessThan(changes - kept);
    expect(first + (await store.pruneLog(NOW, kept, 0))).toBe(changes - kept);
    expect(await store.pruneLog(NOW, kept, 0)).toBe(0);
  });
});

describeWithMariaDb('on MariaDB', () => {
  const open = databaseMaker('mariadb');

  test('looking for the devices of dead nodes waits for nobody who writes to those of a living one', async () => {
    const db = await open();
    const store = createHubStore(db, TEST_MEDIA);
    const tenantId = await insertTenant(db);
    const online = { status: 'online', transport: 'websocket', node_id: 'living' } as const;
    const deviceId = await insertDevice(db, tenantId, online);
    await store.renewLease('living', NOW, NOW + 1);
    const reaped = await db.sql.transaction().execute(async (tx) => {
      await tx.updateTable('devices').set({ last_seen_at: NOW }).where('id', '=', deviceId).execute();
      return createHubStore(db.reopen(), TEST_MEDIA).reapAbsent(NOW, NOW - 1);
    });
    expect(reaped).toBe(0);
  });

  test('whether a play is known already is found without reading all that its device ever played', async () => {
    const db = await open();
    const [devices, entries] = [500, 100];
    await sql`insert into usage_logs (tenant_id, device_id, entry_id, content_id, started_at, play_ms, received_at)
      select 1, d.seq, concat('old-', e.seq), 1, 0, 0, 0 from seq_1_to_500 d, seq_1_to_100 e`.execute(db.sql);
    if (!('url' in db.place)) throw new Error('not a MariaDB');
    // One connection: the counters are the session's own.
    const single = openDatabase({ ...db.place, poolSize: 1, logWarn: () => undefined });
    try {
      const rowsRead = async (): Promise<number> => {
        const { rows } = await sql<{ Value: string }>`show session status like 'Handler_read_next'`.execute(single.sql);
        return Number(rows[0]?.Value);
      };
      const before = await rowsRead();
      const fresh = await createHubStore(single, TEST_MEDIA).saveUsage(plays(1, devices, 'new'));
      expect(fresh.every(Boolean)).toBe(true);
      expect((await rowsRead()) - before).toBeLessThan((devices * entries) / 10);
    } finally {
      await single.close();
    }
  });
});
