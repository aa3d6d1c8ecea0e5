/**
 * How far a deployment has come, counted in the database. Targeted are the active devices under the targets that are assigned to
 * it still; what each has done with it is told by the newest manifest it spoke of: one that is at least as new as the deployment
 * has it in it, an older one leaves it `pending`.
 */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import { subtreesOf, type GroupTree } from '../../hub/core/group-tree.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { readTree } from '../groups/tree-rows.ts';
import { inScopeSql, isGroupInScope } from '../scope.ts';

export const PROGRESS_STATES = ['pending', 'received', 'applied', 'failed'] as const;
export type ProgressState = (typeof PROGRESS_STATES)[number];

const Count = Type.Integer({ minimum: 0 });
export const ProgressJson = Type.Object(
  {
    targeted: Type.Integer({ minimum: 0, description: 'Active devices that it is assigned to now' }),
    pending: Type.Integer({ minimum: 0, description: 'Have not said that they have it' }),
    received: Type.Integer({ minimum: 0, description: 'Have it and are fetching its content' }),
    applied: Count,
    failed: Type.Integer({ minimum: 0, description: 'Said that they cannot play it' }),
  },
  { description: 'Counted over the devices that you may see' },
);
export type Progress = Static<typeof ProgressJson>;

/** The state of a device, over `device_reports as r`, whose columns may all be null. */
export function stateSql(rev: number): RawBuilder<ProgressState> {
  return sql<ProgressState>`(case when coalesce(r.schedule_version, -1) >= ${rev} then r.schedule_state else 'pending' end)`;
}

/** Derived table (id): the devices that a deployment is assigned to and that the actor may see. */
export function assignedDevices(
  actor: Actor,
  deploymentId: number,
  groupIds: readonly number[],
): RawBuilder<{ id: number }> {
  // No id is 0: the list that matches nothing is a list all the same.
  const groups = sql.join(groupIds.length === 0 ? [0] : groupIds);
  return sql`(
    select id from devices where tenant_id = ${actor.tenantId} and group_id in (${groups}) and state = 'active'
    union
    select devices.id from schedule_assignments a join devices on devices.id = a.target_id
    where a.deployment_id = ${deploymentId} and a.target_kind = 'device'
      and devices.tenant_id = ${actor.tenantId} and devices.state = 'active' and ${inScopeSql(actor, 'devices.group_id')}
  )`;
}

/** By deployment: every group that its group targets stand for now and that is in the actor's scope. */
export async function assignedGroups(
  db: Kysely<Database>,
  actor: Actor,
  deploymentIds: readonly number[],
): Promise<Map<number, number[]>> {
  if (deploymentIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('schedule_assignments')
    .select(['deployment_id', 'target_id'])
    .where('deployment_id', 'in', deploymentIds)
    .where('tenant_id', '=', actor.tenantId)
    .where('target_kind', '=', 'group')
    .execute();
  const tree: GroupTree | null = rows.length === 0 ? null : await readTree(db, actor.tenantId);
  return new Map(
    deploymentIds.map((deploymentId) => {
      const targets = rows.filter((row) => row.deployment_id === deploymentId).map((row) => row.target_id);
      const below = tree === null ? [] : [...subtreesOf(tree, targets)];
      return [deploymentId, below.filter((id) => isGroupInScope(actor, id))];
    }),
  );
}

type CountRow = Record<keyof Progress, number | string>;

const NOBODY: Progress = { targeted: 0, pending: 0, received: 0, applied: 0, failed: 0 };

/**
 * The progress of each of these deployments of the actor's tenant, over the devices that the actor may see; ids of others are left
 * out. One statement for each that is active; what is withdrawn is assigned to nobody.
 */
export async function scheduleProgress(
  db: Kysely<Database>,
  actor: Actor,
  deploymentIds: readonly number[],
): Promise<Map<number, Progress>> {
  const progress = new Map<number, Progress>();
  if (deploymentIds.length === 0) return progress;
  const deployments = await db
    .selectFrom('deployments')
    .select(['id', 'rev', 'status'])
    .where('id', 'in', deploymentIds)
    .where('tenant_id', '=', actor.tenantId)
    .execute();
  const active = deployments.filter((row) => row.status === 'active');
  const groupsOf = await assignedGroups(
    db,
    actor,
    active.map(({ id }) => id),
  );
  for (const { id } of deployments) progress.set(id, NOBODY);
  for (const { id, rev } of active) {
    const state = stateSql(rev);
    const count = (wanted: ProgressState): RawBuilder<SqlBool> => sql`count(case when ${state} = ${wanted} then 1 end)`;
    const { rows } = await sql<CountRow>`
      select count(*) as targeted, ${count('pending')} as pending, ${count('received')} as received,
        ${count('applied')} as applied, ${count('failed')} as failed
      from ${assignedDevices(actor, id, groupsOf.get(id) ?? [])} x
      left join device_reports r on r.device_id = x.id`.execute(db);
    const row = rows[0];
    if (row === undefined) throw new Error('a count gave no row');
    progress.set(id, {
      targeted: Number(row.targeted),
      pending: Number(row.pending),
      received: Number(row.received),
      applied: Number(row.applied),
      failed: Number(row.failed),
    });
  }
  return progress;
}
