/**
 * Sending a schedule to screens, and taking it back. One transaction holds the deployment with its snapshot, the assignments, the
 * versions of the manifests and the change that the hubs learn it from.
 */
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Targets } from '../../hub/core/model.ts';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { Id } from '../../protocol/desired-state.ts';
import type { Layout } from '../../protocol/schedule.ts';
import { TargetCounts, targetCounts } from '../alerts/deployment-json.ts';
import { DEVICE_TARGETS_MAX, findAudience, GROUP_TARGETS_MAX, noneOf } from '../audience.ts';
import type { Actor } from '../context.ts';
import { apiError, versionConflict } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { inScopeSql, isGroupInScope } from '../scope.ts';
import { addAssignments, readAssignments, removeAssignments, type Assignment } from './assignments.ts';
import { holdContent } from './check-schedule.ts';
import { lockSchedule } from './find-schedule.ts';
import { holdManifests, stampManifests } from './manifest-revs.ts';
import type { ScheduleRow } from './schedule-json.ts';

/** Ids of one statement. */
const CHUNK = 1_000;

const TARGETS = {
  groupIds: Type.Optional(Type.Array(Id, { maxItems: GROUP_TARGETS_MAX, description: 'Each with its whole subtree' })),
  deviceIds: Type.Optional(Type.Array(Id, { maxItems: DEVICE_TARGETS_MAX })),
} as const;

export const ScheduleDeploy = Type.Object(
  {
    ...TARGETS,
    version: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Deploy only if this is the current version of the schedule' }),
    ),
  },
  { additionalProperties: false },
);
export const ScheduleWithdraw = Type.Object(TARGETS, {
  additionalProperties: false,
  description: 'Neither: everywhere in your scope',
});

export const DeployedSchedule = Type.Object({
  deploymentId: Id,
  scheduleId: Id,
  version: Type.Integer({ description: 'The version of the schedule that was deployed' }),
  targets: TargetCounts,
});
type DeployedSchedule = Static<typeof DeployedSchedule>;

export const WithdrawnSchedule = Type.Object({
  scheduleId: Id,
  groupIds: Type.Array(Id, { description: 'Groups that it was taken from' }),
  deviceIds: Type.Array(Id, { description: 'Devices that it was taken from' }),
  deployed: Type.Boolean({ description: 'It is still deployed somewhere' }),
});
type WithdrawnSchedule = Static<typeof WithdrawnSchedule>;

type DeployCall = Call<{ id: number }, unknown, Static<typeof ScheduleDeploy>>;
type WithdrawCall = Call<{ id: number }, unknown, Static<typeof ScheduleWithdraw>>;

/**
 * Deploys the schedule as it is now; where it was deployed on one of these targets already, this takes its place. VALIDATION_ERROR
 * without a target; NOT_FOUND naming a group or device that is not there for the actor; CONFLICT for an archived schedule and for
 * content that is not ready; VERSION_CONFLICT when it is not at the `version` asked for.
 */
export async function deploySchedule(call: DeployCall): Promise<DeployedSchedule> {
  const named = requireTargets(call.body);
  return mutate(call, (tx, now) => deploy(tx, call, named, now));
}

function requireTargets({ groupIds = [], deviceIds = [] }: Static<typeof ScheduleWithdraw>): Targets {
  if (groupIds.length + deviceIds.length > 0) return { groupIds, deviceIds };
  throw apiError('VALIDATION_ERROR', 'The request is not valid', [
    { field: 'groupIds', message: 'name at least one group or device' },
  ]);
}

async function deploy(
  tx: Transaction<Database>,
  { ctx, actor, params, body }: DeployCall,
  named: Targets,
  now: number,
): Promise<Mutation<DeployedSchedule>> {
  const { dialect } = ctx.db;
  const schedule = await lockSchedule(tx, dialect, actor, params.id);
  if (body.version !== undefined && body.version !== schedule.version) throw versionConflict(schedule.version);
  if (schedule.status === 'archived') throw apiError('CONFLICT', 'The schedule is archived: publish it first');
  const audience = await findAudience(tx, actor, body);
  await holdTargets(tx, dialect, named);
  const contentIds = await holdContent(tx, dialect, actor, JSON.parse(schedule.layout) as Layout, 'all');
  const deploymentId = await insertDeployment(tx, actor, schedule, audience, now);
  for (let at = 0; at < contentIds.length; at += CHUNK) {
    const used = contentIds.slice(at, at + CHUNK);
    await tx
      .insertInto('deployment_content')
      .values(used.map((id) => ({ tenant_id: actor.tenantId, deployment_id: deploymentId, content_id: id })))
      .execute();
  }
  // All that were named, those under another included: an older deployment there would be nearer and win.
  const replaced = (await readAssignments(tx, schedule.id)).filter(isOn(named));
  const common = { tenant_id: actor.tenantId, schedule_id: schedule.id, deployment_id: deploymentId };
  await addAssignments(tx, common, audience);
  await removeAssignments(tx, replaced, { userId: actor.userId, now });
  await holdManifests(tx, dialect, actor.tenantId, audience);
  await tx
    .updateTable('schedules')
    .set({ status: 'published', deployed_version: schedule.version })
    .where('id', '=', schedule.id)
    .execute();
  const { groupIds, deviceIds, total, online } = audience;
  return {
    data: { deploymentId, scheduleId: schedule.id, version: schedule.version, targets: targetCounts(total, online) },
    changes: [{ kind: 'schedule.assigned', groupIds, deviceIds }],
    audit: {
      action: 'schedule.deployed',
      entity: 'schedule',
      entityId: schedule.id,
      detail: { deploymentId, name: schedule.name, version: schedule.version, groupIds, deviceIds, total },
    },
    stamp: async (locked, [rev = 0]) => {
      await locked.updateTable('deployments').set({ rev }).where('id', '=', deploymentId).execute();
      await locked.updateTable('schedule_assignments').set({ rev }).where('deployment_id', '=', deploymentId).execute();
      await stampManifests(locked, actor.tenantId, audience, rev);
    },
  };
}

async function insertDeployment(
  tx: Transaction<Database>,
  actor: Actor,
  schedule: ScheduleRow,
  { groupIds, deviceIds, total }: Targets & { readonly total: number },
  now: number,
): Promise<number> {
  const { name, priority, layout, timing } = schedule;
  // Both are JSON text already.
  const snapshot = `{"name":${JSON.stringify(name)},"priority":${priority},"layout":${layout},"timing":${timing}}`;
  const { insertId } = await tx
    .insertInto('deployments')
    .values({
      tenant_id: actor.tenantId,
      schedule_id: schedule.id,
      schedule_version: schedule.version,
      snapshot,
      status: 'active',
      targets: JSON.stringify({ groupIds, deviceIds }),
      targeted_total: total,
      created_by: actor.userId,
      created_at: now,
      rev: 0,
    })
    .executeTakeFirstOrThrow();
  return Number(insertId);
}

/** Keeps the targets from being deleted until commit. They were found a moment ago; NOT_FOUND for one that is gone since. */
async function holdTargets(tx: Transaction<Database>, dialect: Dialect, named: Targets): Promise<void> {
  const hold = async (table: 'groups' | 'devices', field: string, what: string, ids: readonly number[]) => {
    const wanted = [...new Set(ids)].sort((a, b) => a - b);
    for (let at = 0; at < wanted.length; at += CHUNK) {
      const some = wanted.slice(at, at + CHUNK);
      const rows = await tx
        .selectFrom(table)
        .select('id')
        .where('id', 'in', some)
        .orderBy('id')
        .modifyEnd(dialect.forUpdate)
        .execute();
      const held = new Set(rows.map((row) => row.id));
      const gone = some.filter((id) => !held.has(id));
      if (gone.length > 0) throw noneOf(field, what, gone);
    }
  };
  await hold('groups', 'groupIds', 'group', named.groupIds);
  await hold('devices', 'deviceIds', 'device', named.deviceIds);
}

function isOn({ groupIds, deviceIds }: Targets): (row: Assignment) => boolean {
  const groups = new Set(groupIds);
  const devices = new Set(deviceIds);
  return (row) => (row.target_kind === 'group' ? groups : devices).has(row.target_id);
}

/**
 * Takes the schedule from targets that it was deployed to; where neither list is given, from all in the actor's scope.
 * VALIDATION_ERROR for lists that are empty; NOT_FOUND for the schedule or a target; CONFLICT when it was deployed to none of them.
 */
export async function withdrawSchedule(call: WithdrawCall): Promise<WithdrawnSchedule> {
  const { ctx, actor, params, body } = call;
  const { dialect } = ctx.db;
  const named = body.groupIds === undefined && body.deviceIds === undefined ? null : requireTargets(body);
  return mutate(call, async (tx, now): Promise<Mutation<WithdrawnSchedule>> => {
    const schedule = await lockSchedule(tx, dialect, actor, params.id);
    const assigned = await readAssignments(tx, schedule.id);
    const removed = await withdrawable(tx, actor, assigned, schedule.id, named);
    if (removed.length === 0) throw apiError('CONFLICT', 'The schedule is not deployed there');
    await removeAssignments(tx, removed, { userId: actor.userId, now });
    const targets = targetsOf(removed);
    await holdManifests(tx, dialect, actor.tenantId, targets);
    return {
      data: { scheduleId: schedule.id, ...targets, deployed: removed.length < assigned.length },
      changes: [{ kind: 'schedule.assigned', ...targets }],
      audit: {
        action: 'schedule.withdrawn',
        entity: 'schedule',
        entityId: schedule.id,
        detail: { name: schedule.name, ...targets },
      },
      stamp: (locked, [rev = 0]) => stampManifests(locked, actor.tenantId, targets, rev),
    };
  });
}

async function withdrawable(
  tx: Transaction<Database>,
  actor: Actor,
  assigned: readonly Assignment[],
  scheduleId: number,
  named: Targets | null,
): Promise<Assignment[]> {
  if (named !== null) {
    await findAudience(tx, actor, named);
    return assigned.filter(isOn(named));
  }
  if (actor.scope === null) return [...assigned];
  const devices = await tx
    .selectFrom('schedule_assignments as a')
    .innerJoin('devices', 'devices.id', 'a.target_id')
    .select('a.id')
    .where('a.schedule_id', '=', scheduleId)
    .where('a.target_kind', '=', 'device')
    .where(inScopeSql(actor, 'devices.group_id'))
    .execute();
  const own = new Set(devices.map((row) => row.id));
  return assigned.filter((row) =>
    row.target_kind === 'group' ? isGroupInScope(actor, row.target_id) : own.has(row.id),
  );
}

function targetsOf(rows: readonly Assignment[]): { groupIds: number[]; deviceIds: number[] } {
  const ids = (kind: Assignment['target_kind']) =>
    [...new Set(rows.filter((row) => row.target_kind === kind).map((row) => row.target_id))].sort((a, b) => a - b);
  return { groupIds: ids('group'), deviceIds: ids('device') };
}
