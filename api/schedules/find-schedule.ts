/** Finding the schedule that a call names. */
import type { Kysely, Transaction } from 'kysely';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { ownedSql } from '../ownership.ts';
import { SCHEDULE_LIST_COLUMNS, type ScheduleRow } from './schedule-json.ts';

/** The schedule's row. NOT_FOUND when the actor can see none of this id. */
export async function findSchedule(db: Kysely<Database>, actor: Actor, scheduleId: number): Promise<ScheduleRow> {
  const row = await scheduleQuery(db, actor, scheduleId).executeTakeFirst();
  if (row === undefined) throw noSuchSchedule();
  return row;
}

/** The row, locked until commit. Take this lock before those of groups, devices and content. NOT_FOUND as findSchedule. */
export async function lockSchedule(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Actor,
  scheduleId: number,
): Promise<ScheduleRow> {
  const row = await scheduleQuery(tx, actor, scheduleId).modifyEnd(dialect.forUpdate).executeTakeFirst();
  if (row === undefined) throw noSuchSchedule();
  return row;
}

function scheduleQuery(db: Kysely<Database>, actor: Actor, scheduleId: number) {
  return db
    .selectFrom('schedules')
    .select([...SCHEDULE_LIST_COLUMNS, 'layout'])
    .where('id', '=', scheduleId)
    .where('tenant_id', '=', actor.tenantId)
    .where(ownedSql(actor, 'schedules.group_id'));
}

function noSuchSchedule(): Error {
  return apiError('NOT_FOUND', 'No such schedule');
}

/** Which of these schedules are assigned to a target now. */
export async function deployedOf(db: Kysely<Database>, scheduleIds: readonly number[]): Promise<Set<number>> {
  if (scheduleIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('schedule_assignments')
    .select('schedule_id')
    .distinct()
    .where('schedule_id', 'in', scheduleIds)
    .execute();
  return new Set(rows.map((row) => row.schedule_id));
}
