/**
 * Which schedule is assigned to which target. Per schedule and target there is one row, which names the deployment that counts
 * there; a deployment is `active` exactly while a row names it. Every writer holds the lock of the schedule's row, or deletes the
 * target.
 */
import { sql, type Kysely, type SqlBool, type Transaction } from 'kysely';
import type { Targets } from '../../hub/core/model.ts';
import type { TargetKind } from '../../migrations/columns.ts';
import type { Database } from '../../migrations/tables.ts';
import type { ErrorDetail } from '../../protocol/errors.ts';
import type { Actor } from '../context.ts';
import { isGroupInScope } from '../scope.ts';

/** Rows of one statement. */
const CHUNK = 1_000;
/** Targets that a refusal names. */
const NAMED_MAX = 20;

export interface Assignment {
  readonly id: number;
  readonly deployment_id: number;
  readonly target_kind: TargetKind;
  readonly target_id: number;
}

export async function readAssignments(db: Kysely<Database>, scheduleId: number): Promise<Assignment[]> {
  return db
    .selectFrom('schedule_assignments')
    .select(['id', 'deployment_id', 'target_kind', 'target_id'])
    .where('schedule_id', '=', scheduleId)
    .execute();
}

/** Assigns the deployment to its targets; `rev` is stamped later. */
export async function addAssignments(
  tx: Transaction<Database>,
  common: { readonly tenant_id: number; readonly schedule_id: number; readonly deployment_id: number },
  { groupIds, deviceIds }: Targets,
): Promise<void> {
  const rows = [
    ...groupIds.map((id) => ({ ...common, target_kind: 'group' as const, target_id: id, rev: 0 })),
    ...deviceIds.map((id) => ({ ...common, target_kind: 'device' as const, target_id: id, rev: 0 })),
  ];
  for (let at = 0; at < rows.length; at += CHUNK) {
    await tx
      .insertInto('schedule_assignments')
      .values(rows.slice(at, at + CHUNK))
      .execute();
  }
}

/** Takes assignments away; deployments that are left without one are withdrawn. */
export async function removeAssignments(
  tx: Transaction<Database>,
  rows: readonly Assignment[],
  author: { readonly userId: number; readonly now: number },
): Promise<void> {
  for (let at = 0; at < rows.length; at += CHUNK) {
    const ids = rows.slice(at, at + CHUNK).map((row) => row.id);
    await tx.deleteFrom('schedule_assignments').where('id', 'in', ids).execute();
  }
  await closeUnassigned(tx, [...new Set(rows.map((row) => row.deployment_id))], author);
}

/** For a target that is being deleted: what was assigned to it goes, and the version of its manifest with it. */
export async function forgetTarget(
  tx: Transaction<Database>,
  tenantId: number,
  kind: TargetKind,
  targetId: number,
  author: { readonly userId: number; readonly now: number },
): Promise<void> {
  await forgetTargets(tx, tenantId, kind, [targetId], author);
}

/** The same for several targets of one kind. */
export async function forgetTargets(
  tx: Transaction<Database>,
  tenantId: number,
  kind: TargetKind,
  targetIds: readonly number[],
  author: { readonly userId: number; readonly now: number },
): Promise<void> {
  for (let at = 0; at < targetIds.length; at += CHUNK) {
    const ids = targetIds.slice(at, at + CHUNK);
    const rows = await tx
      .selectFrom('schedule_assignments')
      .select(['id', 'deployment_id', 'target_kind', 'target_id'])
      .where('tenant_id', '=', tenantId)
      .where('target_kind', '=', kind)
      .where('target_id', 'in', ids)
      .execute();
    await removeAssignments(tx, rows, author);
    await tx
      .deleteFrom('manifest_revs')
      .where('tenant_id', '=', tenantId)
      .where('target_kind', '=', kind)
      .where('target_id', 'in', ids)
      .execute();
  }
}

async function closeUnassigned(
  tx: Transaction<Database>,
  deploymentIds: readonly number[],
  { userId, now }: { readonly userId: number; readonly now: number },
): Promise<void> {
  for (let at = 0; at < deploymentIds.length; at += CHUNK) {
    await tx
      .updateTable('deployments')
      .set({ status: 'withdrawn', withdrawn_at: now, withdrawn_by: userId })
      .where('id', 'in', deploymentIds.slice(at, at + CHUNK))
      .where('status', '=', 'active')
      .where(sql<SqlBool>`not exists (select 1 from schedule_assignments a where a.deployment_id = deployments.id)`)
      .execute();
  }
}

/** Where a schedule is deployed, in words for a refusal; targets that the actor may not see are only counted. */
export async function namedTargets(db: Kysely<Database>, actor: Actor, scheduleId: number): Promise<ErrorDetail[]> {
  const { rows } = await sql<{ kind: TargetKind; id: number; name: string | null; group_id: number | null }>`
    select a.target_kind as kind, a.target_id as id, coalesce(g.name, d.name) as name, coalesce(g.id, d.group_id) as group_id
    from schedule_assignments a
    left join ${sql.table('groups')} g on a.target_kind = 'group' and g.id = a.target_id
    left join devices d on a.target_kind = 'device' and d.id = a.target_id
    where a.schedule_id = ${scheduleId} order by a.target_kind desc, a.target_id`.execute(db);
  const visible = rows.filter((row) => isGroupInScope(actor, row.group_id));
  const details = visible.slice(0, NAMED_MAX).map(({ kind, id, name }) => ({
    field: `${kind}Ids`,
    message: `it is deployed to ${kind} ${id}${name === null ? '' : ` (${name})`}`,
  }));
  const others = rows.length - details.length;
  if (others > 0) details.push({ field: 'groupIds', message: `it is deployed to ${others} more targets` });
  return details;
}
