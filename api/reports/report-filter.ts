/** Which devices, content and schedules a report is about, checked against what the caller may see. */
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { visibleSubtree } from '../groups/tree-rows.ts';
import { requireDeviceInScope } from '../scope.ts';

export interface AskedFor {
  readonly groupId?: number;
  readonly deviceId?: number;
  readonly contentId?: number;
  readonly scheduleId?: number;
}

export interface ReportFilter {
  /** Only devices that stand in one of these groups now; null: all, also deleted ones. */
  readonly groupIds: readonly number[] | null;
  /** What was asked for, in words. */
  readonly criteria: readonly string[];
}

function none(field: string, what: string, id: number): Error {
  return apiError('NOT_FOUND', `No such ${what}`, [{ field, message: `there is no ${what} ${id}` }]);
}

/**
 * The groups whose devices are meant: the subtree asked for, or the actor's scope. NOT_FOUND naming the field for an id that the actor
 * has not: a group or device out of scope, content or a schedule of another tenant.
 */
export async function readFilter(db: OpenDatabase<Database>, actor: Actor, asked: AskedFor): Promise<ReportFilter> {
  const { groupId, deviceId, contentId, scheduleId } = asked;
  const criteria: string[] = [];
  let groupIds = actor.scope === null ? null : [...actor.scope];
  if (groupId !== undefined) {
    groupIds = await visibleSubtree(db.sql, actor, groupId, 'groupId');
    criteria.push(`Group: ${await nameOf(db, actor, 'groups', groupId)}`);
  }
  if (deviceId !== undefined) {
    const device = await db.sql
      .selectFrom('devices')
      .select(['name', 'group_id'])
      .where('id', '=', deviceId)
      .where('tenant_id', '=', actor.tenantId)
      .executeTakeFirst();
    if (device === undefined) throw none('deviceId', 'device', deviceId);
    requireDeviceInScope(actor, device);
    criteria.push(`Device: ${device.name}`);
  }
  if (contentId !== undefined) criteria.push(`Content: ${await nameOf(db, actor, 'content', contentId)}`);
  if (scheduleId !== undefined) criteria.push(`Schedule: ${await nameOf(db, actor, 'schedules', scheduleId)}`);
  return { groupIds, criteria };
}

const WHAT = { groups: 'group', content: 'content', schedules: 'schedule' } as const;
const FIELD = { groups: 'groupId', content: 'contentId', schedules: 'scheduleId' } as const;

async function nameOf(db: OpenDatabase<Database>, actor: Actor, table: keyof typeof WHAT, id: number): Promise<string> {
  const row = await db.sql
    .selectFrom(table)
    .select('name')
    .where('id', '=', id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw none(FIELD[table], WHAT[table], id);
  return row.name;
}
