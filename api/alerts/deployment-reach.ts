/**
 * How far a deployment reaches into what an actor may see. Managers and users see a deployment that reaches any screen of
 * theirs (a site-wide alert of the administrator's, say), with their own screens only; they may stop one that reaches
 * nothing else.
 */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import { chainOf, subtreesOf, type GroupTree } from '../../hub/core/group-tree.ts';
import type { TargetKind } from '../../migrations/columns.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { readTree } from '../groups/tree-rows.ts';
import { isGroupInScope } from '../scope.ts';

export interface DeploymentReach {
  readonly deploymentId: number;
  /** Targets as deployed, as far as the actor may see them. */
  readonly groupIds: readonly number[];
  readonly deviceIds: readonly number[];
  /** Every group that the targets stand for now and that is in the actor's scope. */
  readonly visibleGroupIds: readonly number[];
  /** True when no target lies outside the actor's scope. */
  readonly isWhole: boolean;
}

/** Reads what a deployment reaches. NOT_FOUND when it reaches nothing that the actor may see. */
export async function readReach(db: Kysely<Database>, actor: Actor, deploymentId: number): Promise<DeploymentReach> {
  const targets = await db
    .selectFrom('alert_targets')
    .select(['target_kind', 'target_id'])
    .where('deployment_id', '=', deploymentId)
    .where('tenant_id', '=', actor.tenantId)
    .execute();
  const idsOf = (kind: TargetKind) => targets.filter((row) => row.target_kind === kind).map((row) => row.target_id);
  const tree = await readTree(db, actor.tenantId);
  // Groups and devices that were deleted since reach nobody: they are neither seen nor in the way.
  const groupIds = idsOf('group').filter((id) => tree.parentOf.has(id));
  const devices = await splitDevices(db, actor, deploymentId, idsOf('device'));
  const visibleGroupIds = [...subtreesOf(tree, groupIds)].filter((id) => isGroupInScope(actor, id));
  if (actor.scope !== null && visibleGroupIds.length + devices.visible.length === 0) throw noSuchDeployment();
  return {
    deploymentId,
    groupIds: groupIds.filter((id) => isGroupInScope(actor, id)),
    deviceIds: devices.visible,
    visibleGroupIds,
    isWhole: devices.hidden === 0 && groupIds.every((id) => isGroupInScope(actor, id)),
  };
}

/** Targeted devices that the actor may see, and how many he may not. */
async function splitDevices(
  db: Kysely<Database>,
  actor: Actor,
  deploymentId: number,
  deviceIds: readonly number[],
): Promise<{ visible: readonly number[]; hidden: number }> {
  if (actor.scope === null || deviceIds.length === 0) return { visible: deviceIds, hidden: 0 };
  const rows = await db
    .selectFrom('alert_targets as t')
    .innerJoin('devices as d', 'd.id', 't.target_id')
    .select(['d.id', 'd.group_id'])
    .where('t.deployment_id', '=', deploymentId)
    .where('t.target_kind', '=', 'device')
    .where('d.tenant_id', '=', actor.tenantId)
    .execute();
  const visible = rows.filter((row) => isGroupInScope(actor, row.group_id)).map((row) => row.id);
  return { visible, hidden: rows.length - visible.length };
}

export function noSuchDeployment(): Error {
  return apiError('NOT_FOUND', 'No such deployment');
}

/** SQL condition on `alert_deployments as d`: those that reach something the actor may see. */
export function visibleDeployments(actor: Actor, tree: GroupTree): RawBuilder<SqlBool> {
  const { scope } = actor;
  if (scope === null) return sql<SqlBool>`1 = 1`;
  if (scope.size === 0) return sql<SqlBool>`1 = 0`;
  const groups = sql.join([...scope]);
  // What is aimed at a group above one of the actor's reaches down to it.
  const reaching = sql.join([...new Set([...scope].flatMap((id) => [id, ...chainOf(tree, id)]))]);
  // The second one is no `exists`: MariaDB would look at every device target of every deployment before the first row.
  return sql<SqlBool>`(
    exists (
      select 1 from alert_targets t
      where t.deployment_id = d.id and t.target_kind = 'group' and t.target_id in (${reaching})
    ) or (
      select 1 from alert_targets t join devices on devices.id = t.target_id
      where t.deployment_id = d.id and t.target_kind = 'device' and devices.group_id in (${groups})
      limit 1
    ) = 1
  )`;
}
