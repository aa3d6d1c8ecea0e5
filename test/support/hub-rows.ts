/** Rows that the API would write, for tests that look at the hub's half of the database. Everything has a default. */
import type { Insertable, Transaction } from 'kysely';
import type { NewChange } from '../../hub/core/changes.ts';
import { appendChanges } from '../../migrations/change-log.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { ContentTable, ManifestRevsTable } from '../../migrations/content-tables.ts';
import type {
  AlertDeploymentsTable,
  CommandsTable,
  Database,
  DevicesTable,
  GroupsTable,
  PairingsTable,
} from '../../migrations/tables.ts';

type Db = OpenDatabase<Database>;
let made = 0;

export async function insertTenant(db: Db): Promise<number> {
  made += 1;
  const row = { name: `tenant ${made}`, created_at: 1_000 };
  return Number((await db.sql.insertInto('tenants').values(row).executeTakeFirstOrThrow()).insertId);
}

export async function insertGroup(
  db: Db,
  tenantId: number,
  columns: Partial<Insertable<GroupsTable>> = {},
): Promise<number> {
  made += 1;
  const row = { tenant_id: tenantId, parent_id: null, name: `group ${made}`, config: '{}', rev: 0, placement_rev: 0 };
  const times = { version: 1, created_at: 1_000, updated_at: 1_000 };
  const inserted = await db.sql
    .insertInto('groups')
    .values({ ...row, ...times, ...columns })
    .executeTakeFirstOrThrow();
  return Number(inserted.insertId);
}

/** Active, offline, never connected, in no group. */
export async function insertDevice(
  db: Db,
  tenantId: number,
  columns: Partial<Insertable<DevicesTable>> = {},
): Promise<number> {
  made += 1;
  const software = { model: null, os_version: null, app_version: null, capabilities: '[]', config: '{}' };
  const presence = { status: 'offline', transport: null, conn_epoch: 0, node_id: null, last_seen_at: null } as const;
  const row = await db.sql
    .insertInto('devices')
    .values({
      tenant_id: tenantId,
      group_id: null,
      player_id: `player-${made}`,
      name: `Screen ${made}`,
      state: 'active',
      credential_hash: null,
      credential_version: 1,
      rev: 0,
      placement_rev: 0,
      version: 1,
      created_at: 1_000,
      updated_at: 1_000,
      ...software,
      ...presence,
      ...columns,
    })
    .executeTakeFirstOrThrow();
  return Number(row.insertId);
}

export async function insertDeployment(
  db: Db,
  tenantId: number,
  targets: { readonly groupIds?: readonly number[]; readonly deviceIds?: readonly number[] } = {},
  columns: Partial<Insertable<AlertDeploymentsTable>> = {},
): Promise<number> {
  const row = await db.sql
    .insertInto('alert_deployments')
    .values({
      tenant_id: tenantId,
      alert_id: null,
      severity: 'critical',
      title: 'Fire',
      message: 'Leave by the stairs',
      content_id: null,
      drill: 0,
      status: 'active',
      started_at: 1_000,
      expires_at: 9_000_000_000_000,
      stopped_at: null,
      stopped_by: null,
      created_by: null,
      targeted_total: 1,
      targeted_online: 0,
      rev: 0,
      stop_rev: null,
      ...columns,
    })
    .executeTakeFirstOrThrow();
  const deploymentId = Number(row.insertId);
  const { groupIds = [], deviceIds = [] } = targets;
  const aimed = [
    ...groupIds.map((id) => ({ target_kind: 'group' as const, target_id: id })),
    ...deviceIds.map((id) => ({ target_kind: 'device' as const, target_id: id })),
  ];
  if (aimed.length > 0) {
    const rows = aimed.map((target) => ({ tenant_id: tenantId, deployment_id: deploymentId, ...target }));
    await db.sql.insertInto('alert_targets').values(rows).execute();
  }
  return deploymentId;
}

export async function insertCommand(
  db: Db,
  tenantId: number,
  deviceId: number,
  columns: Partial<Insertable<CommandsTable>> = {},
): Promise<number> {
  const ends = {
    acknowledged_at: null,
    finished_at: null,
    result: null,
    reason: null,
    file_key: null,
    file_type: null,
  };
  const row = await db.sql
    .insertInto('commands')
    .values({
      tenant_id: tenantId,
      device_id: deviceId,
      name: 'identify',
      args: '{}',
      state: 'pending',
      issued_by: null,
      issued_at: 1_000,
      expires_at: 9_000_000_000_000,
      rev: 0,
      ...ends,
      ...columns,
    })
    .executeTakeFirstOrThrow();
  return Number(row.insertId);
}

/** Content that is ready and plays from elsewhere. */
export async function insertContent(
  db: Db,
  tenantId: number,
  columns: Partial<Insertable<ContentTable>> = {},
): Promise<number> {
  const stored = { storage_key: null, sha256: null, size_bytes: null, mime_type: null, duration_ms: null };
  const times = { version: 1, created_by: null, created_at: 1_000, updated_at: 1_000 };
  const row = await db.sql
    .insertInto('content')
    .values({
      tenant_id: tenantId,
      type: 'image',
      name: 'Map',
      url: 'https://example.com/map.png',
      status: 'ready',
      ...stored,
      ...times,
      ...columns,
    })
    .executeTakeFirstOrThrow();
  return Number(row.insertId);
}

export interface ScheduleTargets {
  readonly groupIds?: readonly number[];
  readonly deviceIds?: readonly number[];
}

export interface DeployedSchedule {
  readonly scheduleId: number;
  readonly deploymentId: number;
  readonly rev: number;
}

/** A schedule, deployed with one change as the API would; the one of `scheduleId` is there already. */
export async function deploySchedule(
  db: Db,
  tenantId: number,
  { groupIds = [], deviceIds = [] }: ScheduleTargets,
  {
    name = 'Morning',
    priority = 1,
    contentIds = [],
    scheduleId: known = null,
  }: { name?: string; priority?: number; contentIds?: readonly number[]; scheduleId?: number | null } = {},
): Promise<DeployedSchedule> {
  const snapshot = { name, priority, layout: { zones: [] }, timing: {} };
  return db.sql.transaction().execute(async (tx) => {
    const scheduleId = known ?? (await insertSchedule(tx, tenantId, name, priority));
    const deployment = await tx
      .insertInto('deployments')
      .values({
        tenant_id: tenantId,
        schedule_id: scheduleId,
        schedule_version: 1,
        snapshot: JSON.stringify(snapshot),
        status: 'active',
        created_by: null,
        created_at: 1_000,
        rev: 0,
      })
      .executeTakeFirstOrThrow();
    const deploymentId = Number(deployment.insertId);
    if (contentIds.length > 0) {
      const used = contentIds.map((id) => ({ tenant_id: tenantId, deployment_id: deploymentId, content_id: id }));
      await tx.insertInto('deployment_content').values(used).execute();
    }
    const [rev = 0] = await append(tx, tenantId, [{ kind: 'schedule.assigned', groupIds, deviceIds }]);
    await tx.updateTable('deployments').set({ rev }).where('id', '=', deploymentId).execute();
    for (const target of [
      ...groupIds.map((id) => ({ target_kind: 'group' as const, target_id: id })),
      ...deviceIds.map((id) => ({ target_kind: 'device' as const, target_id: id })),
    ]) {
      const of = { tenant_id: tenantId, ...target };
      const row = { ...of, schedule_id: scheduleId, deployment_id: deploymentId, rev };
      await tx.insertInto('schedule_assignments').values(row).execute();
      await raiseManifestRev(tx, of, rev);
    }
    return { scheduleId, deploymentId, rev };
  });
}

async function insertSchedule(
  tx: Transaction<Database>,
  tenantId: number,
  name: string,
  priority: number,
): Promise<number> {
  const text = { name, priority, layout: '{}', timing: '{}', status: 'published' as const, deployed_version: 1 };
  const times = { version: 1, created_by: null, created_at: 1_000, updated_at: 1_000 };
  const { insertId } = await tx
    .insertInto('schedules')
    .values({ tenant_id: tenantId, ...text, ...times })
    .executeTakeFirstOrThrow();
  return Number(insertId);
}

/** Says that the manifest of a target changed with this rev. */
export async function raiseManifestRev(
  tx: Transaction<Database>,
  target: Omit<ManifestRevsTable, 'rev'>,
  rev: number,
): Promise<void> {
  await tx
    .deleteFrom('manifest_revs')
    .where('tenant_id', '=', target.tenant_id)
    .where('target_kind', '=', target.target_kind)
    .where('target_id', '=', target.target_id)
    .execute();
  await tx
    .insertInto('manifest_revs')
    .values({ ...target, rev })
    .execute();
}

/** Appends changes as the API does, last in its transaction. */
export function append(tx: Transaction<Database>, tenantId: number, changes: readonly NewChange[]): Promise<number[]> {
  return appendChanges(tx, tenantId, changes, 1_000);
}

export async function insertPairing(db: Db, columns: Partial<Insertable<PairingsTable>> = {}): Promise<number> {
  made += 1;
  const row = await db.sql
    .insertInto('pairings')
    .values({
      player_id: `player-${made}`,
      code: 'AAAA0000',
      poll_secret_hash: 'hash',
      name: null,
      model: null,
      os_version: null,
      app_version: null,
      capabilities: '[]',
      state: 'pending',
      tenant_id: null,
      device_id: null,
      created_at: 1_000,
      expires_at: 600_000,
      ...columns,
    })
    .executeTakeFirstOrThrow();
  return Number(row.insertId);
}
