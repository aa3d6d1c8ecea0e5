/** Reading schedules: the list and one. */
import { sql, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import { Id } from '../../protocol/desired-state.ts';
import { visibleSubtree } from '../groups/tree-rows.ts';
import { ownedSql } from '../ownership.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import { deployedOf, findSchedule } from './find-schedule.ts';
import { contentCounts, deployedPlaces } from './read-schedule-places.ts';
import {
  NOWHERE,
  SCHEDULE_LIST_COLUMNS,
  scheduleJson,
  scheduleListItem,
  ScheduleStatus,
  type ScheduleJson,
  type ScheduleListItem,
} from './schedule-json.ts';

const SORT_COLUMNS = {
  name: 'name',
  id: 'id',
  priority: 'priority',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
} as const;

export const SchedulesQuery = listQuery(['name', 'id', 'priority', 'createdAt', 'updatedAt'], {
  status: Type.Optional(ScheduleStatus),
  groupId: Type.Optional({ ...Id, description: 'Schedules of this group and of those below it' }),
  contentId: Type.Optional({ ...Id, description: 'Schedules that show this content' }),
});

/** Schedules that the actor may see. NOT_FOUND when the group to look in is not there for the actor. */
export async function listSchedules(
  call: Call<unknown, Static<typeof SchedulesQuery>, unknown>,
): Promise<{ data: ScheduleListItem[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { q, status, groupId, contentId, page, limit } = query;
  const db = ctx.db.sql;
  let found = db.selectFrom('schedules').where('tenant_id', '=', actor.tenantId);
  if (groupId === undefined) found = found.where(ownedSql(actor, 'schedules.group_id'));
  else found = found.where('group_id', 'in', await visibleSubtree(db, actor, groupId, 'groupId'));
  if (status !== undefined) found = found.where('status', '=', status);
  if (contentId !== undefined) {
    const showing = db.selectFrom('schedule_content').select('schedule_id').where('content_id', '=', contentId);
    found = found.where('id', 'in', showing);
  }
  if (q !== undefined) found = found.where(sql<SqlBool>`lower(name) like lower(${likePattern(q)}) escape '!'`);
  const { column, direction } = sortOf(query.sort, 'name');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(SCHEDULE_LIST_COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('id')
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  const ids = rows.map((row) => row.id);
  const deployed = await deployedOf(db, ids);
  const places = await deployedPlaces(db, actor, ids);
  const contents = await contentCounts(db, ids);
  return {
    data: rows.map((row) =>
      scheduleListItem(row, deployed.has(row.id), {
        contents: contents.get(row.id) ?? 0,
        deployedTo: places.get(row.id) ?? NOWHERE,
      }),
    ),
    page: { page, limit, total: Number(total) },
  };
}

/** One schedule as it is edited now. NOT_FOUND when the actor can see none of this id. */
export async function getSchedule({
  ctx,
  actor,
  params,
}: Call<{ id: number }, unknown, unknown>): Promise<ScheduleJson> {
  const row = await findSchedule(ctx.db.sql, actor, params.id);
  return scheduleJson(row, (await deployedOf(ctx.db.sql, [row.id])).has(row.id));
}
