/**
 * Creating, changing, copying and deleting schedules. What is deployed is a snapshot: nothing done here reaches a screen before
 * the next deployment.
 */
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { Id } from '../../protocol/desired-state.ts';
import { LayoutInput, TimingInput, type Layout, type Timing } from '../../protocol/schedule.ts';
import type { Actor } from '../context.ts';
import { apiError, versionConflict } from '../errors.ts';
import { holdGroup } from '../groups/tree-rows.ts';
import { mutate, type Mutation } from '../mutation.ts';
import { ownerGroup, requireOwner } from '../ownership.ts';
import type { Call } from '../route.ts';
import { namedTargets } from './assignments.ts';
import { checkSchedule, holdContent } from './check-schedule.ts';
import { deployedOf, findSchedule, lockSchedule } from './find-schedule.ts';
import { PRIORITY_MAX, scheduleJson, ScheduleStatus, type ScheduleJson, type ScheduleRow } from './schedule-json.ts';

const NAME_MAX = 120;
const Name = Type.String({ minLength: 1, maxLength: NAME_MAX, pattern: '\\S' });
const GroupId = Type.Union([Id, Type.Null()], {
  description:
    "Whose it is; null: the whole tenant's. Left out at creation: the whole tenant's for admins, else the creator's first group",
});
const Priority = Type.Integer({
  minimum: -PRIORITY_MAX,
  maximum: PRIORITY_MAX,
  default: 0,
  description: 'Among schedules of equally near targets the higher wins',
});

export const ScheduleCreate = Type.Object(
  {
    name: Name,
    groupId: Type.Optional(GroupId),
    priority: Type.Optional(Priority),
    layout: LayoutInput,
    timing: Type.Optional(TimingInput),
  },
  { additionalProperties: false },
);
export const ScheduleUpdate = Type.Object(
  {
    name: Type.Optional(Name),
    groupId: Type.Optional(GroupId),
    priority: Type.Optional(Priority),
    layout: Type.Optional(LayoutInput),
    timing: Type.Optional(TimingInput),
    status: Type.Optional(ScheduleStatus),
    version: Type.Integer({ minimum: 1, description: 'The version that the change is based on' }),
  },
  { additionalProperties: false },
);
export const ScheduleCopy = Type.Object(
  { name: Type.Optional(Name), groupId: Type.Optional(GroupId) },
  { additionalProperties: false },
);

/** Creates a draft. VALIDATION_ERROR, NOT_FOUND and CONFLICT (content that is not ready) name the field. */
export async function createSchedule(
  call: Call<unknown, unknown, Static<typeof ScheduleCreate>>,
): Promise<ScheduleJson> {
  const { ctx, body } = call;
  const { layout, timing = {} } = body;
  checkSchedule({ layout, timing });
  return mutate(call, async (tx, now) => {
    const text = { name: body.name.trim(), priority: body.priority ?? 0, layout, timing };
    const row = await insertDraft(tx, ctx.db.dialect, call.actor, body.groupId, text, now);
    return created('schedule.created', row, {});
  });
}

/** Makes a draft of the schedule as it is now, not as it was deployed. NOT_FOUND for the schedule or the group. */
export async function copySchedule(
  call: Call<{ id: number }, unknown, Static<typeof ScheduleCopy>>,
): Promise<ScheduleJson> {
  const { ctx, actor, params, body } = call;
  return mutate(call, async (tx, now) => {
    const from = await findSchedule(tx, actor, params.id);
    const text = {
      name: body.name?.trim() ?? `${from.name.slice(0, NAME_MAX - ' (copy)'.length)} (copy)`,
      priority: from.priority,
      layout: JSON.parse(from.layout) as Layout,
      timing: JSON.parse(from.timing) as Timing,
    };
    const row = await insertDraft(tx, ctx.db.dialect, actor, body.groupId, text, now, 'all');
    return created('schedule.copied', row, { from: params.id });
  });
}

function created(action: string, row: ScheduleRow, detail: object): Mutation<ScheduleJson> {
  const { name, priority, group_id: groupId, zone_count: zones } = row;
  return {
    data: scheduleJson(row, false),
    changes: [],
    audit: { action, entity: 'schedule', entityId: row.id, detail: { name, groupId, priority, zones, ...detail } },
  };
}

async function insertDraft(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Actor,
  askedGroupId: number | null | undefined,
  { name, priority, layout, timing }: { name: string; priority: number; layout: Layout; timing: Timing },
  now: number,
  inUse: ReadonlySet<number> | 'all' = new Set(),
): Promise<ScheduleRow> {
  const groupId = await ownerGroup(tx, actor, askedGroupId);
  if (groupId !== null) await holdGroup(tx, dialect, actor, groupId, 'groupId');
  const contentIds = await holdContent(tx, dialect, actor, layout, inUse);
  const row = {
    name,
    group_id: groupId,
    priority,
    layout: JSON.stringify(layout),
    timing: JSON.stringify(timing),
    status: 'draft' as const,
    version: 1,
    deployed_version: null,
    zone_count: layout.zones.length,
    created_by: actor.userId,
    created_at: now,
    updated_at: now,
  };
  const { insertId } = await tx
    .insertInto('schedules')
    .values({ tenant_id: actor.tenantId, ...row })
    .executeTakeFirstOrThrow();
  const id = Number(insertId);
  await writeContent(tx, actor.tenantId, id, contentIds);
  return { id, ...row };
}

/** Content that the schedule uses, for whoever wants to delete some. */
async function writeContent(
  tx: Transaction<Database>,
  tenantId: number,
  scheduleId: number,
  contentIds: readonly number[],
): Promise<void> {
  await tx.deleteFrom('schedule_content').where('schedule_id', '=', scheduleId).execute();
  for (let at = 0; at < contentIds.length; at += 1_000) {
    const rows = contentIds.slice(at, at + 1_000);
    await tx
      .insertInto('schedule_content')
      .values(rows.map((id) => ({ tenant_id: tenantId, schedule_id: scheduleId, content_id: id })))
      .execute();
  }
}

type UpdateCall = Call<{ id: number }, unknown, Static<typeof ScheduleUpdate>>;

/**
 * Changes the fields that are given. NOT_FOUND, VALIDATION_ERROR and CONFLICT name the field; FORBIDDEN for what is not the
 * actor's to edit; VERSION_CONFLICT for a stale `version`; CONFLICT when it is deployed and is to be a draft or archived.
 */
export async function updateSchedule(call: UpdateCall): Promise<ScheduleJson> {
  const { ctx, actor, params, body } = call;
  const { dialect } = ctx.db;
  const { layout, timing } = body;
  checkSchedule({ layout, timing });
  return mutate(call, async (tx, now): Promise<Mutation<ScheduleJson>> => {
    const old = await lockSchedule(tx, dialect, actor, params.id);
    requireOwner(actor, old.group_id);
    if (old.version !== body.version) throw versionConflict(old.version);
    const isDeployed = (await deployedOf(tx, [old.id])).has(old.id);
    requireStatus(old, body.status, isDeployed);
    const groupId = await nextOwner(tx, dialect, actor, old, body.groupId);
    if (layout !== undefined) {
      const inUse = await usedContent(tx, old.id);
      await writeContent(tx, actor.tenantId, old.id, await holdContent(tx, dialect, actor, layout, inUse));
    }
    const next = {
      name: body.name?.trim() ?? old.name,
      group_id: groupId,
      priority: body.priority ?? old.priority,
      layout: layout === undefined ? old.layout : JSON.stringify(layout),
      timing: timing === undefined ? old.timing : JSON.stringify(timing),
      status: body.status ?? old.status,
      zone_count: layout === undefined ? old.zone_count : layout.zones.length,
      updated_at: now,
    };
    await tx
      .updateTable('schedules')
      .set((eb) => ({ ...next, version: eb('version', '+', 1) }))
      .where('id', '=', old.id)
      .execute();
    const { layout: _layout, ...said } = body;
    const detail = { ...said, ...(layout !== undefined && { zones: layout.zones.length }) };
    return {
      data: scheduleJson({ ...old, ...next, version: old.version + 1 }, isDeployed),
      changes: [],
      audit: { action: 'schedule.updated', entity: 'schedule', entityId: old.id, detail },
    };
  });
}

function requireStatus(old: ScheduleRow, status: ScheduleRow['status'] | undefined, isDeployed: boolean): void {
  if (status === undefined || status === old.status || status === 'published' || !isDeployed) return;
  throw apiError('CONFLICT', 'The schedule is deployed: withdraw it first', [
    { field: 'status', message: `what is deployed cannot be ${status}` },
  ]);
}

async function nextOwner(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Actor,
  old: ScheduleRow,
  groupId: number | null | undefined,
): Promise<number | null> {
  if (groupId === undefined || groupId === old.group_id) return old.group_id;
  if (groupId === null) requireOwner(actor, null);
  else await holdGroup(tx, dialect, actor, groupId, 'groupId');
  return groupId;
}

async function usedContent(tx: Transaction<Database>, scheduleId: number): Promise<Set<number>> {
  const rows = await tx
    .selectFrom('schedule_content')
    .select('content_id')
    .where('schedule_id', '=', scheduleId)
    .execute();
  return new Set(rows.map((row) => row.content_id));
}

/** Deletes a schedule; its past deployments stay as history. CONFLICT while it is deployed, naming where. */
export async function removeSchedule(call: Call<{ id: number }, unknown, unknown>): Promise<Record<string, never>> {
  const { ctx, actor, params } = call;
  return mutate(call, async (tx): Promise<Mutation<Record<string, never>>> => {
    const old = await lockSchedule(tx, ctx.db.dialect, actor, params.id);
    requireOwner(actor, old.group_id);
    const targets = await namedTargets(tx, actor, old.id);
    if (targets.length > 0) throw apiError('CONFLICT', 'The schedule is deployed: withdraw it first', targets);
    await tx.deleteFrom('schedule_content').where('schedule_id', '=', old.id).execute();
    await tx.deleteFrom('schedules').where('id', '=', old.id).execute();
    return {
      data: {},
      changes: [],
      audit: {
        action: 'schedule.removed',
        entity: 'schedule',
        entityId: old.id,
        detail: { name: old.name, groupId: old.group_id },
      },
    };
  });
}
