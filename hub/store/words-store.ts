/** What devices say, written in batches: receipts, command updates, proof of play. Repeats change nothing. */
import { sql, type Transaction } from 'kysely';
import { isFinished, nextCommandState } from '../core/command-life.ts';
import type { NewChange } from '../core/changes.ts';
import type { CommandUpdateRow, ReceiptOutcome, ReceiptRow } from '../core/hub-store.ts';
import { appendChanges } from '../../migrations/change-log.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

const STAGE_COLUMNS = [
  'sent_at',
  'received_at',
  'displayed_at',
  'cleared_at',
  'failed_at',
  'device_displayed_at',
] as const;
type StageColumn = (typeof STAGE_COLUMNS)[number];
const COLUMN_OF = {
  sent: 'sent_at',
  received: 'received_at',
  displayed: 'displayed_at',
  cleared: 'cleared_at',
  failed: 'failed_at',
} as const satisfies Record<ReceiptRow['stage'], StageColumn>;

type Ladder = Record<StageColumn, number | null> & { reason: string | null; tenantId: number; connEpoch: number };

const IGNORED: ReceiptOutcome = { accepted: 0, duplicates: 0, ignored: 1 };
const ACCEPTED: ReceiptOutcome = { accepted: 1, duplicates: 0, ignored: 0 };
const DUPLICATE: ReceiptOutcome = { accepted: 0, duplicates: 1, ignored: 0 };

const unique = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);

async function connEpochs(tx: Transaction<Database>, deviceIds: readonly number[]): Promise<Map<number, number>> {
  const rows = await tx.selectFrom('devices').select(['id', 'conn_epoch']).where('id', 'in', deviceIds).execute();
  return new Map(rows.map((row) => [row.id, row.conn_epoch]));
}

export async function saveReceipts(db: OpenDatabase<Database>, rows: readonly ReceiptRow[]): Promise<ReceiptOutcome[]> {
  return db.sql.transaction().execute(async (tx) => {
    const deployments = await tx
      .selectFrom('alert_deployments')
      .select(['id', 'tenant_id'])
      .where('id', 'in', unique(rows.map((row) => row.deploymentId)))
      .execute();
    const tenantOf = new Map(deployments.map((row) => [row.id, row.tenant_id]));
    const deviceIds = unique(rows.map((row) => row.deviceId));
    const epochs = await connEpochs(tx, deviceIds);
    const ladders = await readLadders(tx, [...tenantOf.keys()], deviceIds);
    const touched = new Set<string>();
    const outcomes = rows.map((row): ReceiptOutcome => {
      const epoch = epochs.get(row.deviceId);
      // Another tenant's deployment, a deleted device, or a connection that was replaced: says nothing. [INV-10]
      if (tenantOf.get(row.deploymentId) !== row.tenantId || epoch === undefined) return IGNORED;
      if (row.connEpoch !== null && row.connEpoch < epoch) return IGNORED;
      const key = `${row.deploymentId}:${row.deviceId}`;
      const ladder = ladders.get(key) ?? emptyLadder(row);
      ladders.set(key, ladder);
      if (ladder[COLUMN_OF[row.stage]] !== null) return DUPLICATE;
      climb(ladder, row);
      touched.add(key);
      return ACCEPTED;
    });
    await writeLadders(tx, db, ladders, touched);
    return outcomes;
  });
}

function emptyLadder(row: ReceiptRow): Ladder {
  return {
    sent_at: null,
    received_at: null,
    displayed_at: null,
    cleared_at: null,
    failed_at: null,
    device_displayed_at: null,
    reason: null,
    tenantId: row.tenantId,
    connEpoch: row.connEpoch ?? 0,
  };
}

function climb(ladder: Ladder, row: ReceiptRow): void {
  ladder[COLUMN_OF[row.stage]] = row.at;
  ladder.sent_at ??= row.sentAt;
  if (row.stage === 'displayed') ladder.device_displayed_at = row.deviceAt;
  if (row.reason !== null) ladder.reason = row.reason;
  ladder.connEpoch = Math.max(ladder.connEpoch, row.connEpoch ?? 0);
}

async function readLadders(
  tx: Transaction<Database>,
  deploymentIds: readonly number[],
  deviceIds: readonly number[],
): Promise<Map<string, Ladder>> {
  if (deploymentIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom('alert_receipts')
    .select(['deployment_id', 'device_id', 'tenant_id', 'reason', 'conn_epoch', ...STAGE_COLUMNS])
    .where('deployment_id', 'in', deploymentIds)
    .where('device_id', 'in', deviceIds)
    .execute();
  return new Map(
    rows.map(({ deployment_id, device_id, tenant_id, conn_epoch, ...stages }) => [
      `${deployment_id}:${device_id}`,
      { ...stages, tenantId: tenant_id, connEpoch: conn_epoch },
    ]),
  );
}

async function writeLadders(
  tx: Transaction<Database>,
  db: OpenDatabase<Database>,
  ladders: ReadonlyMap<string, Ladder>,
  touched: ReadonlySet<string>,
): Promise<void> {
  if (touched.size === 0) return;
  const { dialect } = db;
  // In key order, so that two nodes that write the same ladders lock them in the same order.
  const rows = [...touched]
    .map((key) => ({ ids: key.split(':').map(Number) as [number, number], ladder: ladders.get(key) as Ladder }))
    .sort((a, b) => a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]);
  const values = sql.join(
    rows.map(
      ({ ids: [deploymentId, deviceId], ladder: l }) =>
        sql`(${deploymentId}, ${deviceId}, ${l.tenantId}, ${l.sent_at}, ${l.received_at}, ${l.displayed_at}, ${l.cleared_at}, ${l.failed_at}, ${l.device_displayed_at}, ${l.reason}, ${l.connEpoch})`,
    ),
  );
  // Another node may have written the same ladder since we read it: the first instant of a stage stands.
  const firstStands = (column: StageColumn | 'reason') =>
    sql`coalesce(${sql.ref(`alert_receipts.${column}`)}, ${dialect.offered(column)})`;
  const set = Object.fromEntries([...STAGE_COLUMNS, 'reason' as const].map((column) => [column, firstStands(column)]));
  await sql`insert into alert_receipts (deployment_id, device_id, tenant_id, sent_at, received_at, displayed_at, cleared_at, failed_at,
    device_displayed_at, reason, conn_epoch) values ${values} ${dialect.upsert(['deployment_id', 'device_id'], set)}`.execute(
    tx,
  );
}

export async function saveCommandUpdates(
  db: OpenDatabase<Database>,
  rows: readonly CommandUpdateRow[],
): Promise<number | null> {
  if (rows.length === 0) return null;
  return db.sql.transaction().execute(async (tx) => {
    const commands = await tx
      .selectFrom('commands')
      .select(['id', 'tenant_id', 'device_id', 'state'])
      .where('id', 'in', unique(rows.map((row) => row.commandId)))
      .modifyEnd(db.dialect.forUpdate)
      .execute();
    const states = new Map(commands.map((row) => [row.id, { ...row, state: row.state }]));
    const finished: { commandId: number; deviceId: number; tenantId: number }[] = [];
    for (const row of rows) {
      const command = states.get(row.commandId);
      // Another device's command is as good as none. [INV-10]
      if (command === undefined || command.device_id !== row.deviceId || command.tenant_id !== row.tenantId) continue;
      const next = nextCommandState(command.state, row.state);
      if (next === null) continue;
      command.state = next;
      const final = isFinished(next);
      await tx
        .updateTable('commands')
        .set((eb) => ({
          state: next,
          acknowledged_at: eb.fn.coalesce('acknowledged_at', eb.val(row.at)),
          ...(final ? { finished_at: row.at, result: row.result, reason: row.reason } : {}),
        }))
        .where('id', '=', row.commandId)
        .execute();
      if (final) finished.push({ commandId: row.commandId, deviceId: row.deviceId, tenantId: row.tenantId });
    }
    return finished.length === 0 ? null : appendFinished(tx, finished, rows[0]?.at ?? 0);
  });
}

/** A finished command leaves the desired state: the other nodes learn it from the log. */
async function appendFinished(
  tx: Transaction<Database>,
  finished: readonly { commandId: number; deviceId: number; tenantId: number }[],
  now: number,
): Promise<number> {
  let last = 0;
  for (const tenantId of unique(finished.map((row) => row.tenantId))) {
    const ours = finished.filter((row) => row.tenantId === tenantId);
    const changes = ours.map(({ deviceId, commandId }): NewChange => ({
      kind: 'command.finished',
      deviceId,
      commandId,
    }));
    const revs = await appendChanges(tx, tenantId, changes, now);
    for (const [index, { commandId }] of ours.entries()) {
      const rev = revs[index] ?? 0;
      await tx.updateTable('commands').set({ rev }).where('id', '=', commandId).execute();
      last = Math.max(last, rev);
    }
  }
  return last;
}
