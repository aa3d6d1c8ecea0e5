/**
 * Reading the deployments of a schedule: the list, one, and its devices. They are seen by whoever sees the schedule; of their
 * targets and devices everybody sees those in scope.
 */
import { sql, type Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Targets } from '../../hub/core/model.ts';
import type { DeploymentsTable } from '../../migrations/content-tables.ts';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { toIso, toIsoOrNull } from '../iso-time.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import { inScopeSql, isGroupInScope } from '../scope.ts';
import {
  assignedDevices,
  assignedGroups,
  PROGRESS_STATES,
  ProgressJson,
  scheduleProgress,
  stateSql,
  type Progress,
  type ProgressState,
} from './deployment-progress.ts';
import { findSchedule } from './find-schedule.ts';

const DEPLOYMENT_STATUSES = ['active', 'withdrawn'] as const;
const DeploymentStatus = Type.Enum([...DEPLOYMENT_STATUSES], {
  description: '`withdrawn` once it is assigned to no target any more, be it that a later deployment took its place',
});
const NullableId = Type.Union([Id, Type.Null()]);

const FACTS = {
  id: Id,
  scheduleId: Id,
  scheduleVersion: Type.Integer({ description: 'The version of the schedule that was deployed' }),
  status: DeploymentStatus,
  createdBy: NullableId,
  createdAt: Timestamp,
  withdrawnBy: NullableId,
  withdrawnAt: Type.Union([Timestamp, Type.Null()]),
  progress: ProgressJson,
} as const;
const TOTAL = Type.Integer({ minimum: 0, description: 'Active devices at the time of deploying' });

export const ScheduleDeploymentItem = Type.Object({ ...FACTS, targets: Type.Object({ total: TOTAL }) });
export const ScheduleDeploymentJson = Type.Object({
  ...FACTS,
  targets: Type.Object({
    total: TOTAL,
    groupIds: Type.Array(Id, { description: 'Groups as targeted, each with its subtree' }),
    deviceIds: Type.Array(Id),
  }),
});
type ScheduleDeploymentItem = Static<typeof ScheduleDeploymentItem>;

export const ScheduleDeploymentsQuery = listQuery(['id', 'createdAt'], { status: Type.Optional(DeploymentStatus) });
const SORT_COLUMNS = { id: 'id', createdAt: 'created_at' } as const;

export const DeploymentParams = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'The schedule' }),
  deploymentId: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
});

const COLUMNS = [
  'id',
  'schedule_id',
  'schedule_version',
  'status',
  'targeted_total',
  'created_by',
  'created_at',
  'withdrawn_by',
  'withdrawn_at',
  'rev',
] as const;

interface Row extends Pick<DeploymentsTable, Exclude<(typeof COLUMNS)[number], 'id' | 'targeted_total'>> {
  readonly id: number;
  readonly targeted_total: number;
}

function deploymentJson(row: Row, progress: ReadonlyMap<number, Progress>): ScheduleDeploymentItem {
  const ours = progress.get(row.id);
  if (ours === undefined) throw new Error(`the progress of deployment ${row.id} was not read`);
  return {
    id: row.id,
    scheduleId: row.schedule_id,
    scheduleVersion: row.schedule_version,
    status: row.status,
    createdBy: row.created_by,
    createdAt: toIso(row.created_at),
    withdrawnBy: row.withdrawn_by,
    withdrawnAt: toIsoOrNull(row.withdrawn_at),
    progress: ours,
    targets: { total: row.targeted_total },
  };
}

/** The deployments of a schedule, the newest first. NOT_FOUND when the actor can see no such schedule. */
export async function listScheduleDeployments(
  call: Call<{ id: number }, Static<typeof ScheduleDeploymentsQuery>, unknown>,
): Promise<{ data: ScheduleDeploymentItem[]; page: Page }> {
  const { ctx, actor, params, query } = call;
  const { status, page, limit } = query;
  const db = ctx.db.sql;
  await findSchedule(db, actor, params.id);
  let found = db.selectFrom('deployments').where('schedule_id', '=', params.id).where('tenant_id', '=', actor.tenantId);
  if (status !== undefined) found = found.where('status', '=', status);
  const { column, direction } = sortOf(query.sort, '-id');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('id', direction)
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  const progress = await scheduleProgress(
    db,
    actor,
    rows.map((row) => row.id),
  );
  return {
    data: rows.map((row) => deploymentJson(row, progress)),
    page: { page, limit, total: Number(total) },
  };
}

type OneCall<Q> = Call<Static<typeof DeploymentParams>, Q, unknown>;

async function findDeployment({
  ctx,
  actor,
  params,
}: OneCall<unknown>): Promise<Row & { readonly targets: string | null }> {
  await findSchedule(ctx.db.sql, actor, params.id);
  const row = await ctx.db.sql
    .selectFrom('deployments')
    .select([...COLUMNS, 'targets'])
    .where('id', '=', params.deploymentId)
    .where('schedule_id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such deployment');
  return row;
}

/** One deployment with its targets and progress. NOT_FOUND for the schedule or the deployment. */
export async function getScheduleDeployment(call: OneCall<unknown>): Promise<Static<typeof ScheduleDeploymentJson>> {
  const { ctx, actor } = call;
  const row = await findDeployment(call);
  const facts = deploymentJson(row, await scheduleProgress(ctx.db.sql, actor, [row.id]));
  return { ...facts, targets: { ...facts.targets, ...(await visibleTargets(ctx.db.sql, actor, row.targets)) } };
}

async function visibleTargets(
  db: Kysely<Database>,
  actor: Actor,
  text: string | null,
): Promise<{ groupIds: number[]; deviceIds: number[] }> {
  const { groupIds, deviceIds } = JSON.parse(text ?? '{"groupIds":[],"deviceIds":[]}') as Targets;
  const groups = groupIds.filter((id) => isGroupInScope(actor, id));
  if (actor.scope === null || deviceIds.length === 0) return { groupIds: groups, deviceIds: [...deviceIds] };
  const rows = await db
    .selectFrom('devices')
    .select('id')
    .where('tenant_id', '=', actor.tenantId)
    .where('id', 'in', deviceIds)
    .where(inScopeSql(actor, 'devices.group_id'))
    .orderBy('id')
    .execute();
  return { groupIds: groups, deviceIds: rows.map((row) => row.id) };
}

export const DeploymentDeviceJson = Type.Object({
  deviceId: Id,
  name: Type.String(),
  groupId: NullableId,
  online: Type.Boolean(),
  state: Type.Enum([...PROGRESS_STATES]),
  reason: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed, in the words of the device' }),
  at: Type.Union([Timestamp, Type.Null()], { description: "When it said so, by the hub's clock; null while pending" }),
});
type DeploymentDeviceJson = Static<typeof DeploymentDeviceJson>;

export const DeploymentDevicesQuery = listQuery(['deviceId', 'name', 'at'], {
  state: Type.Optional(Type.Enum([...PROGRESS_STATES])),
});
const DEVICE_SORT_COLUMNS = { deviceId: 'd.id', name: 'd.name', at: 'r.schedule_at' } as const;

interface DeviceRow {
  readonly id: number;
  readonly name: string;
  readonly group_id: number | null;
  readonly status: 'online' | 'offline';
  readonly state: ProgressState;
  readonly reason: string | null;
  readonly at: number | null;
}

/** The devices that a deployment is assigned to now, each with what became of it there. NOT_FOUND as getScheduleDeployment. */
export async function listDeploymentDevices(
  call: OneCall<Static<typeof DeploymentDevicesQuery>>,
): Promise<{ data: DeploymentDeviceJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { state, q, page, limit } = query;
  const { id, rev } = await findDeployment(call);
  const groups = (await assignedGroups(ctx.db.sql, actor, [id])).get(id) ?? [];
  const pattern = q === undefined ? null : likePattern(q);
  const from = sql`from ${assignedDevices(actor, id, groups)} x join devices d on d.id = x.id
    left join device_reports r on r.device_id = x.id
    where ${state === undefined ? sql`1 = 1` : sql`${stateSql(rev)} = ${state}`}
      and ${pattern === null ? sql`1 = 1` : sql`lower(d.name) like lower(${pattern}) escape '!'`}`;
  const counted = await sql<{ total: number }>`select count(*) as total ${from}`.execute(ctx.db.sql);
  const { column, direction } = sortOf(query.sort, 'deviceId');
  const order = sql`${sql.ref(DEVICE_SORT_COLUMNS[column])} ${direction === 'desc' ? sql`desc` : sql`asc`}`;
  const { rows } = await sql<DeviceRow>`select d.id, d.name, d.group_id, d.status, ${stateSql(rev)} as state,
      r.schedule_reason as reason, r.schedule_at as at ${from}
    order by ${order}, d.id limit ${limit} offset ${(page - 1) * limit}`.execute(ctx.db.sql);
  const total = Number(counted.rows[0]?.total ?? 0);
  return { data: rows.map(deviceJson), page: { page, limit, total } };
}

function deviceJson(row: DeviceRow): DeploymentDeviceJson {
  return {
    deviceId: row.id,
    name: row.name,
    groupId: row.group_id,
    online: row.status === 'online',
    state: row.state,
    reason: row.state === 'failed' ? row.reason : null,
    at: row.state === 'pending' ? null : toIsoOrNull(row.at),
  };
}
