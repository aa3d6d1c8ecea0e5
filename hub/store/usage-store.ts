/**
 * Proof of play on its way to the database: each entry once, with the alert that was on the screen meanwhile and with a mark
 * where the device's clock cannot have been right. Content and schedules are stored as the device names them: they may be
 * gone by now, and a report names only what is the tenant's.
 */
import { sql, type Transaction } from 'kysely';
import type { UsageRow } from '../core/hub-store.ts';
import { alertDuring, isClockSuspect, type ShownAlert } from '../core/proof-of-play.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

type Tx = Transaction<Database>;

/**
 * A play that started less than this before it came in is looked up together with the other fresh ones, in milliseconds: one
 * device that was away for weeks must not make a whole batch look through weeks.
 */
const FRESH_MS = 3_600_000;
/** When a play of a wrong clock really was nobody knows: alerts of so long before it came in are compared, in milliseconds. */
const WRONG_CLOCK_LOOKBACK_MS = 7 * 86_400_000;
/** A clock may be ahead by this without being suspect, so the alert may have ended this much before the play, in milliseconds. */
const CLOCK_SLACK_MS = 5 * 60_000;

const unique = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);

export async function saveUsage(db: OpenDatabase<Database>, rows: readonly UsageRow[]): Promise<boolean[]> {
  return db.sql.transaction().execute(async (tx) => {
    const existing = await tx
      .selectFrom('usage_logs')
      .select(['device_id', 'entry_id'])
      // Device by device: two lists would stand for every pair of theirs, and MariaDB then reads all that these devices ever said.
      .where((eb) =>
        eb.or([...entriesOf(rows)].map(([id, ids]) => eb.and([eb('device_id', '=', id), eb('entry_id', 'in', ids)]))),
      )
      .execute();
    const seen = new Set(existing.map((row) => `${row.device_id}:${row.entry_id}`));
    const isNew = rows.map((row) => {
      const key = `${row.deviceId}:${row.entryId}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
    const fresh = rows.filter((_row, index) => isNew[index]);
    if (fresh.length > 0) await insertPlays(tx, db, fresh);
    return isNew;
  });
}

function entriesOf(rows: readonly UsageRow[]): Map<number, string[]> {
  const entries = new Map<number, string[]>();
  for (const { deviceId, entryId } of rows) {
    const ids = entries.get(deviceId);
    if (ids === undefined) entries.set(deviceId, [entryId]);
    else ids.push(entryId);
  }
  return entries;
}

async function insertPlays(tx: Tx, db: OpenDatabase<Database>, rows: readonly UsageRow[]): Promise<void> {
  const alertOf = await findAlerts(tx, rows);
  const values = rows.map(
    (row) =>
      sql`(${row.tenantId}, ${row.deviceId}, ${row.entryId}, ${row.contentId}, ${row.scheduleId}, ${row.startedAt}, ${row.playMs}, ${row.at}, ${sql.lit(alertOf(row))}, ${sql.lit(isClockSuspect(row.startedAt, row.at) ? 1 : 0)})`,
  );
  const { prefix, suffix } = db.dialect.insertIgnore;
  await sql`${prefix} into usage_logs (tenant_id, device_id, entry_id, content_id, schedule_id, started_at, play_ms, received_at,
    alert_deployment_id, clock_suspect) values ${sql.join(values)} ${suffix}`.execute(tx);
}

/** For each play the alert that was on the screen meanwhile: as its device says, if it is the tenant's, or as its receipts tell. */
async function findAlerts(tx: Tx, rows: readonly UsageRow[]): Promise<(row: UsageRow) => number | null> {
  const tenantOf = await tenantsOfSaid(tx, rows);
  const isSaid = (row: UsageRow): boolean =>
    row.alertDeploymentId !== null && tenantOf.get(row.alertDeploymentId) === row.tenantId;
  const shown = await shownDuring(
    tx,
    rows.filter((row) => !isSaid(row)),
  );
  return (row) => (isSaid(row) ? row.alertDeploymentId : alertDuring(row, shown.get(row.deviceId) ?? []));
}

/** Whose the deployments are that devices named. */
async function tenantsOfSaid(tx: Tx, rows: readonly UsageRow[]): Promise<Map<number, number>> {
  const said = unique(rows.flatMap((row) => row.alertDeploymentId ?? []));
  if (said.length === 0) return new Map();
  const found = await tx.selectFrom('alert_deployments').select(['id', 'tenant_id']).where('id', 'in', said).execute();
  return new Map(found.map((row) => [row.id, row.tenant_id]));
}

interface Deployment {
  readonly id: number;
  readonly tenant_id: number;
  readonly started_at: number;
  readonly stopped_at: number | null;
  readonly expires_at: number;
}

/** Alerts that were on after an instant. */
const isOnAfter =
  (instant: number) =>
  (deployment: Deployment): boolean =>
    Math.min(deployment.stopped_at ?? Infinity, deployment.expires_at) > instant;

/**
 * The alerts that each device had on glass around its plays. Deployments are looked for first: there are few, mostly none, and
 * only where there are some are receipts read.
 */
async function shownDuring(tx: Tx, rows: readonly UsageRow[]): Promise<Map<number, ShownAlert[]>> {
  const classes = [rows.filter(isFresh), rows.filter((row) => !isFresh(row))].filter((some) => some.length > 0);
  const sinces = classes.map((some) => Math.min(...some.map(lookedAtSince)));
  const shown = new Map<number, ShownAlert[]>();
  if (classes.length === 0) return shown;
  const since = Math.min(...sinces);
  const deployments: Deployment[] = await tx
    .selectFrom('alert_deployments')
    .select(['id', 'tenant_id', 'started_at', 'stopped_at', 'expires_at'])
    .where('status', 'in', ['active', 'stopped'])
    .where('expires_at', '>', since)
    .where((eb) => eb.or([eb('stopped_at', 'is', null), eb('stopped_at', '>', since)]))
    .where('tenant_id', 'in', unique(rows.map((row) => row.tenantId)))
    .execute();
  for (const [at, some] of classes.entries()) {
    const deviceIds = unique(some.map((row) => row.deviceId));
    await readShown(tx, deployments.filter(isOnAfter(sinces[at] ?? since)), deviceIds, shown);
  }
  return shown;
}

function isFresh({ startedAt, at }: UsageRow): boolean {
  return startedAt > at - FRESH_MS && !isClockSuspect(startedAt, at);
}

function lookedAtSince({ startedAt, at }: UsageRow): number {
  return isClockSuspect(startedAt, at) ? at - WRONG_CLOCK_LOOKBACK_MS : startedAt - CLOCK_SLACK_MS;
}

/** Adds to `shown` which of the deployments the devices had on glass. A device that is there already gets each once. */
async function readShown(
  tx: Tx,
  deployments: readonly Deployment[],
  deviceIds: readonly number[],
  shown: Map<number, ShownAlert[]>,
): Promise<void> {
  if (deployments.length === 0) return;
  const byId = new Map(deployments.map((row) => [row.id, row]));
  const receipts = await tx
    .selectFrom('alert_receipts')
    .select(['deployment_id', 'device_id', 'displayed_at', 'device_displayed_at', 'cleared_at'])
    .where('deployment_id', 'in', [...byId.keys()])
    .where('device_id', 'in', deviceIds)
    .where('displayed_at', 'is not', null)
    .execute();
  for (const row of receipts) {
    const deployment = byId.get(row.deployment_id);
    const list = shown.get(row.device_id) ?? [];
    if (deployment === undefined || row.displayed_at === null) continue;
    if (list.some(({ deploymentId }) => deploymentId === deployment.id)) continue;
    list.push({
      deploymentId: deployment.id,
      raisedAt: deployment.started_at,
      displayedAt: row.displayed_at,
      deviceDisplayedAt: row.device_displayed_at,
      clearedAt: row.cleared_at,
      stoppedAt: deployment.stopped_at,
      expiresAt: deployment.expires_at,
    });
    shown.set(row.device_id, list);
  }
}
