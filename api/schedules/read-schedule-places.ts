/** Where schedules are deployed now, and what they show: for lists and for whoever edits one. Everybody sees what is in scope. */
import { sql, type Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { CONTENT_COLUMNS, contentJson, type ContentJson } from '../content/content-json.ts';
import type { Actor } from '../context.ts';
import { toIso } from '../iso-time.ts';
import { ownedSql } from '../ownership.ts';
import { listQuery, sortOf, type Call, type Page } from '../route.ts';
import { inScopeSql, isGroupInScope } from '../scope.ts';
import { findSchedule } from './find-schedule.ts';
import { NOWHERE, type DeployedTo } from './schedule-json.ts';

/** By schedule: where it is deployed now, as far as the actor sees it. */
export async function deployedPlaces(
  db: Kysely<Database>,
  actor: Actor,
  scheduleIds: readonly number[],
): Promise<Map<number, DeployedTo>> {
  const places = new Map<number, DeployedTo>(scheduleIds.map((id) => [id, NOWHERE]));
  if (scheduleIds.length === 0) return places;
  const groups = await db
    .selectFrom('schedule_assignments')
    .select(['schedule_id', 'target_id'])
    .where('schedule_id', 'in', scheduleIds)
    .where('tenant_id', '=', actor.tenantId)
    .where('target_kind', '=', 'group')
    .orderBy('target_id')
    .execute();
  const devices = await db
    .selectFrom('schedule_assignments as a')
    .innerJoin('devices', 'devices.id', 'a.target_id')
    .select('a.schedule_id')
    .select((eb) => eb.fn.countAll<number>().as('devices'))
    .where('a.schedule_id', 'in', scheduleIds)
    .where('a.tenant_id', '=', actor.tenantId)
    .where('a.target_kind', '=', 'device')
    .where(inScopeSql(actor, 'devices.group_id'))
    .groupBy('a.schedule_id')
    .execute();
  const change = (id: number, fields: Partial<DeployedTo>): unknown =>
    places.set(id, { ...(places.get(id) ?? NOWHERE), ...fields });
  for (const row of devices) change(row.schedule_id, { devices: Number(row.devices) });
  for (const [id, rows] of Map.groupBy(groups, (row) => row.schedule_id))
    change(id, { groupIds: rows.map((row) => row.target_id).filter((groupId) => isGroupInScope(actor, groupId)) });
  return places;
}

/** By schedule: how many different pieces of content its layout shows. */
export async function contentCounts(
  db: Kysely<Database>,
  scheduleIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (scheduleIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('schedule_content')
    .select('schedule_id')
    .select((eb) => eb.fn.countAll<number>().as('contents'))
    .where('schedule_id', 'in', scheduleIds)
    .groupBy('schedule_id')
    .execute();
  return new Map(rows.map((row) => [row.schedule_id, Number(row.contents)]));
}

export const ScheduleContentQuery = listQuery(['id'], {});

/** The content that a schedule shows as it is edited now, each piece once. NOT_FOUND when the actor can see no such schedule. */
export async function listScheduleContent(
  call: Call<{ id: number }, Static<typeof ScheduleContentQuery>, unknown>,
): Promise<{ data: ContentJson[]; page: Page }> {
  const { ctx, actor, params, query } = call;
  const { page, limit } = query;
  const db = ctx.db.sql;
  await findSchedule(db, actor, params.id);
  const found = db
    .selectFrom('content')
    .where('tenant_id', '=', actor.tenantId)
    .where('id', 'in', db.selectFrom('schedule_content').select('content_id').where('schedule_id', '=', params.id))
    .where(ownedSql(actor, 'content.group_id'));
  const { direction } = sortOf(query.sort, 'id');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(CONTENT_COLUMNS)
    .orderBy('id', direction)
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  const now = ctx.clock.now();
  return { data: rows.map((row) => contentJson(ctx.media, row, now)), page: { page, limit, total: Number(total) } };
}

export const ScheduleTargetsQuery = listQuery(['targetId'], {});

export const ScheduleTargetJson = Type.Object({
  kind: Type.Enum(['group', 'device'], { description: 'A group stands for all that is below it' }),
  targetId: Id,
  name: Type.String(),
  deploymentId: Id,
  scheduleVersion: Type.Integer({ description: 'The version of the schedule that was deployed there' }),
  deployedAt: Timestamp,
});
type ScheduleTargetJson = Static<typeof ScheduleTargetJson>;

interface TargetRow {
  readonly kind: 'group' | 'device';
  readonly id: number;
  readonly name: string;
  readonly deployment_id: number;
  readonly schedule_version: number;
  readonly created_at: number;
}

/** The groups and devices that a schedule is deployed to now, groups first. NOT_FOUND when the actor can see no such schedule. */
export async function listScheduleTargets(
  call: Call<{ id: number }, Static<typeof ScheduleTargetsQuery>, unknown>,
): Promise<{ data: ScheduleTargetJson[]; page: Page }> {
  const { ctx, actor, params, query } = call;
  const { page, limit } = query;
  const db = ctx.db.sql;
  await findSchedule(db, actor, params.id);
  const from = sql`from schedule_assignments a
    join deployments p on p.id = a.deployment_id
    left join ${sql.table('groups')} g on a.target_kind = 'group' and g.id = a.target_id
    left join devices d on a.target_kind = 'device' and d.id = a.target_id
    where a.schedule_id = ${params.id} and a.tenant_id = ${actor.tenantId}
      and (${inScopeSql(actor, 'g.id')} or ${inScopeSql(actor, 'd.group_id')})`;
  const counted = await sql<{ total: number }>`select count(*) as total ${from}`.execute(db);
  const direction = sortOf(query.sort, 'targetId').direction === 'desc' ? sql`desc` : sql`asc`;
  const { rows } =
    await sql<TargetRow>`select a.target_kind as kind, a.target_id as id, coalesce(g.name, d.name) as name,
      a.deployment_id, p.schedule_version, p.created_at ${from}
    order by case when a.target_kind = 'group' then 0 else 1 end, a.target_id ${direction}
    limit ${limit} offset ${(page - 1) * limit}`.execute(db);
  const data = rows.map((row) => ({
    kind: row.kind,
    targetId: row.id,
    name: row.name,
    deploymentId: row.deployment_id,
    scheduleVersion: row.schedule_version,
    deployedAt: toIso(row.created_at),
  }));
  return { data, page: { page, limit, total: Number(counted.rows[0]?.total ?? 0) } };
}
