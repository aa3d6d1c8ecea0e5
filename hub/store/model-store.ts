/** The read model's snapshot and the change log, from the reader's side. */
import { sql, type Kysely } from 'kysely';
import type { Change, NewChange } from '../core/changes.ts';
import { ALERT_MEDIA_GRACE_MS, contentUrl, type MediaSigner } from '../core/content-url.ts';
import type { ModelSnapshot } from '../core/hub-model.ts';
import type { LogPage } from '../core/hub-store.ts';
import type { AlertContent, DeviceConfig, Targets } from '../core/model.ts';
import type { TargetedAlert, TenantSnapshot } from '../core/tenant-model.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

/** Tokens live an hour: devices revoked longer ago than this have none left. */
const REVOKED_WITHIN_MS = 2 * 3_600_000;
/** Changes pruned in one statement. */
const PRUNED_AT_ONCE = 20_000;

export async function loadModel(db: OpenDatabase<Database>, media: MediaSigner, now: number): Promise<ModelSnapshot> {
  // One transaction: on MariaDB its first read fixes the snapshot for all that follow (REPEATABLE READ). [INV-5]
  return db.sql.transaction().execute(async (tx) => {
    const { rev, epoch } = await readPosition(tx);
    const tenants = await tx.selectFrom('tenants').select('id').execute();
    const groups = await tx
      .selectFrom('groups')
      .select(['id', 'tenant_id', 'parent_id', 'config', 'rev', 'placement_rev'])
      .execute();
    const alerts = await loadAlerts(tx, media, now);
    const schedules = await tx
      .selectFrom('manifest_revs')
      .select(['tenant_id', 'target_kind', 'target_id', 'rev'])
      .execute();
    const revoked = await tx
      .selectFrom('devices')
      .select('id')
      .where('state', '=', 'revoked')
      .where('updated_at', '>', now - REVOKED_WITHIN_MS)
      .execute();
    const anyDevice = await tx.selectFrom('devices').select('id').limit(1).executeTakeFirst();
    const byTenant = tenants.map(({ id: tenantId }): TenantSnapshot => ({
      tenantId,
      groups: groups
        .filter((row) => row.tenant_id === tenantId)
        .map((row) => ({
          groupId: row.id,
          parentId: row.parent_id,
          config: JSON.parse(row.config) as DeviceConfig,
          rev: row.rev,
          placementRev: row.placement_rev,
        })),
      alerts: alerts.get(tenantId) ?? [],
      schedules: schedules
        .filter((row) => row.tenant_id === tenantId)
        .map((row) => ({ kind: row.target_kind, targetId: row.target_id, rev: row.rev })),
    }));
    return {
      epoch,
      rev,
      tenants: byTenant,
      revokedDeviceIds: revoked.map((row) => row.id),
      holdsDevices: anyDevice !== undefined,
    };
  });
}

async function readPosition(db: Kysely<Database>): Promise<{ rev: number; epoch: number }> {
  const row = await db
    .selectFrom('counters')
    .innerJoin('settings', (join) => join.on('settings.name', '=', 'epoch'))
    .select(['counters.value as rev', 'settings.value as epoch'])
    .where('counters.name', '=', 'rev')
    .executeTakeFirstOrThrow();
  return { rev: row.rev, epoch: Number(row.epoch) };
}

async function loadAlerts(
  db: Kysely<Database>,
  media: MediaSigner,
  now: number,
): Promise<Map<number, TargetedAlert[]>> {
  const rows = await db
    .selectFrom('alert_deployments as d')
    .leftJoin('content as c', 'c.id', 'd.content_id')
    .select([
      'd.id',
      'd.tenant_id',
      'd.alert_id',
      'd.severity',
      'd.title',
      'd.message',
      'd.drill',
      'd.started_at',
      'd.expires_at',
      'd.rev',
      'c.id as content_id',
      'c.type as content_type',
      'c.url as content_url',
      'c.storage_key',
      'c.sha256',
    ])
    .where('d.status', '=', 'active')
    .where('d.expires_at', '>', now)
    .execute();
  const targets = await db
    .selectFrom('alert_targets as t')
    .innerJoin('alert_deployments as d', 'd.id', 't.deployment_id')
    .select(['t.deployment_id', 't.target_kind', 't.target_id'])
    .where('d.status', '=', 'active')
    .where('d.expires_at', '>', now)
    .execute();
  const targetsOf = new Map<number, { groupIds: number[]; deviceIds: number[] }>();
  for (const row of targets) {
    const found = targetsOf.get(row.deployment_id) ?? { groupIds: [], deviceIds: [] };
    (row.target_kind === 'group' ? found.groupIds : found.deviceIds).push(row.target_id);
    targetsOf.set(row.deployment_id, found);
  }
  const byTenant = new Map<number, TargetedAlert[]>();
  for (const row of rows) {
    const list = byTenant.get(row.tenant_id) ?? [];
    const aimed: Targets = targetsOf.get(row.id) ?? { groupIds: [], deviceIds: [] };
    list.push({
      targets: aimed,
      alert: {
        deploymentId: row.id,
        alertId: row.alert_id,
        rev: row.rev,
        severity: row.severity,
        title: row.title,
        message: row.message,
        content: contentOf(row, media),
        startedAt: row.started_at,
        expiresAt: row.expires_at,
        drill: row.drill === 1,
      },
    });
    byTenant.set(row.tenant_id, list);
  }
  return byTenant;
}

function contentOf(
  row: {
    content_id: number | null;
    content_type: AlertContent['type'] | null;
    storage_key: string | null;
    content_url: string | null;
    sha256: string | null;
    expires_at: number;
  },
  media: MediaSigner,
): AlertContent | null {
  const url = contentUrl(media, row.storage_key, row.content_url, row.expires_at + ALERT_MEDIA_GRACE_MS);
  if (row.content_id === null || row.content_type === null || url === null) return null;
  return { id: row.content_id, type: row.content_type, url, sha256: row.sha256 };
}

export async function readLog(db: OpenDatabase<Database>, cursor: number, limit: number): Promise<LogPage> {
  // One statement, so that the head, the epoch and the rows are of one instant.
  const { rows } = await sql<{
    head: number;
    epoch: string;
    rev: number | null;
    tenant_id: number;
    kind: string;
    payload: string;
  }>`select c.value as head, s.value as epoch, ch.rev, ch.tenant_id, ch.kind, ch.payload
     from counters c join settings s on s.name = 'epoch' left join changes ch on ch.rev > ${cursor}
     where c.name = 'rev' order by ch.rev limit ${limit}`.execute(db.sql);
  const first = rows[0];
  if (first === undefined)
    throw new Error('the counter rev or the setting epoch is missing: was the database migrated?');
  const changes: Change[] = [];
  for (const row of rows) {
    if (row.rev === null) continue;
    const change = { kind: row.kind, ...(JSON.parse(row.payload) as object) } as NewChange;
    changes.push({ rev: row.rev, tenantId: row.tenant_id, change });
  }
  return { epoch: Number(first.epoch), headRev: first.head, changes };
}

export async function pruneLog(
  db: OpenDatabase<Database>,
  before: number,
  keep: number,
  aliveSince: number,
): Promise<number> {
  const { rev: head } = await readPosition(db.sql);
  const oldest = await db.sql
    .selectFrom('consumers')
    .select((eb) => eb.fn.min('rev').as('rev'))
    .where('updated_at', '>=', aliveSince)
    .executeTakeFirst();
  const newest = await db.sql
    .selectFrom('changes')
    .select((eb) => eb.fn.max('rev').as('rev'))
    .where('created_at', '<', before)
    .executeTakeFirst();
  const { rev: first } = await db.sql
    .selectFrom('changes')
    .select((eb) => eb.fn.min('rev').as('rev'))
    .executeTakeFirstOrThrow();
  // A backlog is taken piece by piece: one long delete would be stopped by its deadline, again and again.
  const upTo = Math.min(head - keep, oldest?.rev ?? head, newest?.rev ?? 0, (first ?? 0) + PRUNED_AT_ONCE);
  if (upTo <= 0) return 0;
  const result = await db.sql.deleteFrom('changes').where('rev', '<=', upTo).executeTakeFirst();
  return Number(result.numDeletedRows);
}
