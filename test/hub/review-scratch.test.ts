import { it } from 'vitest';
import { sql } from 'kysely';
import { createHubStore } from '../../hub/store/sql-hub-store.ts';
import { databaseMaker } from '../support/databases.ts';
import { describeWithMariaDb } from '../support/server-suites.ts';

describeWithMariaDb('scratch', () => {
  const open = databaseMaker('mariadb');
  it('usage', async () => {
    const db = await open();
    const devices = 500, per = 2000;
    for (let d = 1; d <= devices; d += 10) {
      await sql.raw(`insert into usage_logs (tenant_id, device_id, entry_id, content_id, started_at, play_ms, received_at)
        select 1, ${d} + s2.seq, concat('entry-of-a-device-', s2.seq, '-', s.seq), 1, 0, 0, 0 from seq_1_to_${per} s, seq_0_to_9 s2`).execute(db.sql);
    }
    await sql.raw('analyze table usage_logs').execute(db.sql);
    const store = createHubStore(db);
    const rows = Array.from({ length: 500 }, (_u, at) => ({ tenantId: 1, deviceId: at + 1, entryId: `new-${at}`, contentId: 1, scheduleId: null, startedAt: 0, playMs: 1, at: 0 }));
    for (let i = 0; i < 2; i++) {
      const t = performance.now();
      await store.saveUsage(rows.map((r) => ({ ...r, entryId: `${r.entryId}-${i}` })));
      console.log('saveUsage ms', performance.now() - t);
    }
  }, 120000);
  it('reap against connect', async () => {
    const db = await open();
    await sql.raw(`insert into tenants (name, created_at) values ('t', 0)`).execute(db.sql);
    const { rows: [t] } = await sql<{ id: number }>`select id from tenants limit 1`.execute(db.sql);
    await sql.raw(`insert into devices (tenant_id, player_id, name, capabilities, config, state, credential_version, status, transport, conn_epoch, node_id, rev, placement_rev, version, created_at, updated_at)
      select ${t!.id}, concat('p', seq), 'n', '[]', '{}', 'active', 1, 'online', 'websocket', 1, 'node-a', 0, 0, 1, 0, 0 from seq_1_to_30000`).execute(db.sql);
    const other = db.reopen();
    const a = createHubStore(db), b = createHubStore(other);
    const now = Date.now();
    await a.renewLease('node-a', 0, now + 1e9); await a.renewLease('node-b', 0, now + 1e9);
    const { rows: ids } = await sql<{ id: number }>`select id from devices order by id`.execute(db.sql);
    const t1 = performance.now(); await a.reapAbsent(now, 0); console.log('reap alone ms', performance.now() - t1);
    const failures = new Map<string, number>();
    const note = (what: string) => (e: unknown) => { const k = `${what} ${(e as { code?: string }).code}`; failures.set(k, (failures.get(k) ?? 0) + 1); };
    let on = true, connects = 0, slow = 0, reaps = 0;
    const conn = async (store: typeof a, node: string, from: number) => { let at = from; while (on) {
      const batch = ids.slice(at, at + 200).map((r) => ({ deviceId: r.id, credentialVersion: 1 })); at = (at + 200) % 30000;
      const s = performance.now();
      const got = await store.connect(batch, node, now).catch((e) => { note('connect')(e); return new Map(); }); connects++;
      slow = Math.max(slow, performance.now() - s);
      await store.disconnect([...got.entries()].slice(0, 100).map(([deviceId, c]) => ({ deviceId, connEpoch: (c as { connEpoch: number }).connEpoch })), now).catch(note('disconnect'));
    } };
    const reap = async (store: typeof a) => { while (on) { await store.reapAbsent(now, 0).catch(note('reap')); reaps++; await new Promise((r) => setTimeout(r, 50)); } };
    setTimeout(() => { on = false; }, 6000);
    await Promise.all([conn(a, 'node-a', 0), conn(b, 'node-b', 15000), reap(a), reap(b)]);
    console.log({ connects, slow, reaps, failures: [...failures] });
  }, 60000);
});
