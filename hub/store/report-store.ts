/** What devices say of themselves, written in batches: their software, their last status, what became of their manifest. */
import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { ReportRow } from '../core/hub-store.ts';
import type { Dialect, OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

/** Each once and in order, so that two nodes that write the same devices lock them in the same order. */
function deviceIds(rows: readonly ReportRow[]): number[] {
  return [...new Set(rows.map((row) => row.deviceId))].sort((a, b) => a - b);
}

export async function saveReports(db: OpenDatabase<Database>, rows: readonly ReportRow[]): Promise<number[]> {
  if (rows.length === 0) return [];
  return db.sql.transaction().execute(async (tx) => {
    const ids = deviceIds(rows);
    const devices = await tx
      .selectFrom('devices')
      .select(['id', 'conn_epoch', 'app_version', 'os_version', 'capabilities'])
      .where('id', 'in', ids)
      .execute();
    const known = new Map(devices.map((row) => [row.id, row]));
    const replaced: number[] = [];
    const speaking = rows.filter((row) => {
      const device = known.get(row.deviceId);
      if (device === undefined) return false;
      if (row.connEpoch === null || row.connEpoch >= device.conn_epoch) return true;
      replaced.push(row.deviceId);
      return false;
    });
    for (const row of speaking) {
      const device = known.get(row.deviceId);
      const capabilities = row.capabilities === null ? null : JSON.stringify(row.capabilities);
      const facts = {
        ...(row.appVersion !== null && row.appVersion !== device?.app_version ? { app_version: row.appVersion } : {}),
        ...(row.osVersion !== null && row.osVersion !== device?.os_version ? { os_version: row.osVersion } : {}),
        ...(capabilities !== null && capabilities !== device?.capabilities ? { capabilities } : {}),
      };
      if (Object.keys(facts).length > 0)
        await tx.updateTable('devices').set(facts).where('id', '=', row.deviceId).execute();
    }
    if (speaking.length > 0) {
      const headRev = speaking.some((row) => row.schedule !== null) ? await readHead(tx) : 0;
      const seenAt = Math.max(...speaking.map((row) => row.at));
      await tx.updateTable('devices').set({ last_seen_at: seenAt }).where('id', 'in', deviceIds(speaking)).execute();
      await writeReports(tx, db, speaking, headRev);
    }
    return replaced;
  });
}

async function readHead(tx: Transaction<Database>): Promise<number> {
  const head = await tx.selectFrom('counters').select('value').where('name', '=', 'rev').executeTakeFirstOrThrow();
  return head.value;
}

async function writeReports(
  tx: Transaction<Database>,
  db: OpenDatabase<Database>,
  rows: readonly ReportRow[],
  headRev: number,
): Promise<void> {
  const { dialect } = db;
  const ids = deviceIds(rows);
  const existing = await tx
    .selectFrom('device_reports')
    .select(['device_id', 'epoch', 'rev', 'status', 'displayed'])
    .where('device_id', 'in', ids)
    .execute();
  const before = new Map(existing.map((row) => [row.device_id, row]));
  const values = sql.join(
    rows.map((row) => {
      const old = before.get(row.deviceId);
      const displayed = row.displayed === null ? (old?.displayed ?? '[]') : JSON.stringify(row.displayed);
      // A manifest of a history that is over, or of none: believed, it would stand above all that are to come.
      const schedule = row.schedule !== null && row.schedule.version <= headRev ? row.schedule : null;
      const { version = null, state = null, reason = null } = schedule ?? {};
      return sql`(${row.deviceId}, ${row.tenantId}, ${row.epoch ?? old?.epoch ?? null}, ${row.rev ?? old?.rev ?? null}, ${row.status ?? old?.status ?? '{}'}, ${displayed}, ${row.at}, ${version}, ${state}, ${reason}, ${schedule === null ? null : row.at})`;
    }),
  );
  const set = Object.fromEntries(
    ['epoch', 'rev', 'status', 'displayed', 'reported_at'].map((column) => [column, dialect.offered(column)]),
  );
  await sql`insert into device_reports (device_id, tenant_id, epoch, rev, status, displayed, reported_at,
    schedule_version, schedule_state, schedule_reason, schedule_at) values ${values}
    ${dialect.upsert(['device_id'], { ...set, ...laterSchedule(dialect) })}`.execute(tx);
}

/**
 * The law of `laterReport` in SQL, so that two nodes that write the same device at once keep it too. MariaDB sets column after
 * column and reads what it has set: state goes after what depends on it, and the version, on which all depends, goes last.
 */
function laterSchedule(dialect: Dialect): Record<string, RawBuilder<unknown>> {
  const held = (column: string) => sql.ref(`device_reports.${column}`);
  const [version, state] = [dialect.offered('schedule_version'), dialect.offered('schedule_state')];
  const isNewer = sql`(${version} > coalesce(${held('schedule_version')}, -1))`;
  const isLater = sql`(${isNewer} or (${version} = ${held('schedule_version')} and ${state} <> 'received'
    and ${state} <> ${held('schedule_state')}))`;
  const taken = (column: string, condition = isLater) =>
    sql`case when ${condition} then ${dialect.offered(column)} else ${held(column)} end`;
  return {
    schedule_reason: taken('schedule_reason'),
    schedule_at: taken('schedule_at'),
    schedule_state: taken('schedule_state'),
    schedule_version: taken('schedule_version', isNewer),
  };
}
