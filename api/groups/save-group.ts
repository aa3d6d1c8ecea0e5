/** Creating, changing and deleting groups. Every one of them is decided over the tree as read under its lock. */
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import { checkPlacement, GROUP_DEPTH_MAX } from '../../hub/core/group-tree.ts';
import type { DeviceConfig } from '../../hub/core/model.ts';
import type { Database } from '../../migrations/tables.ts';
import { Config, Id } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { checkDeviceConfig } from '../device-config.ts';
import { apiError, versionConflict } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { forgetTarget } from '../schedules/assignments.ts';
import { isGroupInScope, requireGroupInScope } from '../scope.ts';
import { countByGroup, GROUP_COLUMNS, groupJson, subtreeCounts, type GroupJson } from './group-json.ts';
import { lockTree, noSuchGroup, treeOfRows, type TreeRow } from './tree-rows.ts';

const Name = Type.String({ minLength: 1, maxLength: 120, pattern: '\\S', description: 'Unique among its siblings' });
const ParentId = Type.Union([Id, Type.Null()], { description: 'null: at the top' });

export const GroupCreate = Type.Object(
  { name: Name, parentId: Type.Optional(ParentId), config: Type.Optional(Config) },
  { additionalProperties: false },
);
export const GroupUpdate = Type.Object(
  {
    name: Type.Optional(Name),
    parentId: Type.Optional(ParentId),
    config: Type.Optional(Config),
    version: Type.Integer({ minimum: 1, description: 'The version that the change is based on' }),
  },
  { additionalProperties: false },
);

/** Throws unless the actor may put groups under this parent. */
function requireParent(actor: Actor, parentId: number | null): void {
  if (parentId !== null) {
    if (!isGroupInScope(actor, parentId)) throw noSuchGroup(parentId, 'parentId');
  } else if (actor.scope !== null) {
    throw apiError('FORBIDDEN', 'Only an administrator may put a group at the top', [
      { field: 'parentId', message: 'name a group of yours' },
    ]);
  }
}

/** Throws unless a group (null: a new one) may stand under this parent with this name. */
function requirePlace(rows: readonly TreeRow[], groupId: number | null, parentId: number | null, name: string): void {
  const placement = checkPlacement(treeOfRows(rows), groupId, parentId);
  if (placement === 'no-such-parent') throw noSuchGroup(parentId as number, 'parentId');
  if (placement === 'cycle') {
    throw apiError('CONFLICT', 'A group cannot stand under itself', [
      { field: 'parentId', message: 'is the group or below it' },
    ]);
  }
  if (placement === 'too-deep') {
    throw apiError('CONFLICT', `A tree has at most ${GROUP_DEPTH_MAX} levels`, [
      { field: 'parentId', message: 'is too deep' },
    ]);
  }
  if (rows.some((row) => row.id !== groupId && row.parent_id === parentId && row.name === name)) {
    throw apiError('CONFLICT', 'There is a group of this name already', [
      { field: 'name', message: 'is taken by a sibling' },
    ]);
  }
}

async function readGroup(
  tx: Transaction<Database>,
  rows: readonly TreeRow[],
  tenantId: number,
  id: number,
): Promise<GroupJson> {
  const row = await tx.selectFrom('groups').select(GROUP_COLUMNS).where('id', '=', id).executeTakeFirstOrThrow();
  return groupJson(row, subtreeCounts(treeOfRows(rows), await countByGroup(tx, tenantId), id));
}

/** Creates a group. NOT_FOUND for the parent; CONFLICT when the name is taken or the tree gets too deep. */
export async function createGroup(call: Call<unknown, unknown, Static<typeof GroupCreate>>): Promise<GroupJson> {
  const { ctx, actor, body } = call;
  const parentId = body.parentId ?? null;
  const config = body.config ?? {};
  const name = body.name.trim();
  checkDeviceConfig(config);
  requireParent(actor, parentId);
  return mutate(call, async (tx, now) => {
    requirePlace(await lockTree(tx, ctx.db.dialect, actor.tenantId), null, parentId, name);
    const text = JSON.stringify(config);
    const times = { created_at: now, updated_at: now };
    const { insertId } = await tx
      .insertInto('groups')
      .values({
        tenant_id: actor.tenantId,
        parent_id: parentId,
        name,
        config: text,
        rev: 0,
        placement_rev: 0,
        version: 1,
        ...times,
      })
      .executeTakeFirstOrThrow();
    const id = Number(insertId);
    return {
      data: groupJson({ id, parent_id: parentId, name, config: text, version: 1, ...times }, { total: 0, online: 0 }),
      changes: [{ kind: 'group.saved', groupId: id, parentId, config }],
      audit: { action: 'group.created', entity: 'group', entityId: id, detail: { name, parentId, config } },
      stamp: (locked, [rev = 0]) => stampGroup(locked, id, rev, false),
    };
  });
}

async function stampGroup(tx: Transaction<Database>, id: number, rev: number, moved: boolean): Promise<void> {
  const placed = moved ? { placement_rev: rev } : {};
  await tx
    .updateTable('groups')
    .set({ rev, ...placed })
    .where('id', '=', id)
    .execute();
}

/**
 * Changes the fields that are given. NOT_FOUND, VERSION_CONFLICT for a stale `version`, CONFLICT when the name is taken or
 * the move would make a cycle or a tree too deep.
 */
export async function updateGroup(call: Call<{ id: number }, unknown, Static<typeof GroupUpdate>>): Promise<GroupJson> {
  const { ctx, actor, params, body } = call;
  requireGroupInScope(actor, params.id);
  if (body.config !== undefined) checkDeviceConfig(body.config);
  return mutate(call, async (tx, now): Promise<Mutation<GroupJson>> => {
    const rows = await lockTree(tx, ctx.db.dialect, actor.tenantId);
    const old = rows.find((row) => row.id === params.id);
    if (old === undefined) throw apiError('NOT_FOUND', 'No such group');
    const { version, config } = await tx
      .selectFrom('groups')
      .select(['version', 'config'])
      .where('id', '=', params.id)
      .modifyEnd(ctx.db.dialect.forUpdate)
      .executeTakeFirstOrThrow();
    if (version !== body.version) throw versionConflict(version);
    const next = {
      name: body.name?.trim() ?? old.name,
      parentId: body.parentId === undefined ? old.parent_id : body.parentId,
      config: body.config ?? (JSON.parse(config) as DeviceConfig),
    };
    const moved = next.parentId !== old.parent_id;
    if (moved) requireParent(actor, next.parentId);
    requirePlace(rows, params.id, next.parentId, next.name);
    await tx
      .updateTable('groups')
      .set((eb) => ({
        name: next.name,
        parent_id: next.parentId,
        config: JSON.stringify(next.config),
        version: eb('version', '+', 1),
        updated_at: now,
      }))
      .where('id', '=', params.id)
      .execute();
    const placed = rows.map((row) => (row === old ? { ...row, parent_id: next.parentId } : row));
    return {
      data: await readGroup(tx, placed, actor.tenantId, params.id),
      changes: [{ kind: 'group.saved', groupId: params.id, parentId: next.parentId, config: next.config }],
      audit: { action: 'group.updated', entity: 'group', entityId: params.id, detail: { ...body } },
      stamp: (locked, [rev = 0]) => stampGroup(locked, params.id, rev, moved),
    };
  });
}

/** Throws while content or schedules belong to the group: who may see them then is not to be guessed. */
async function requireNothingOwned(tx: Transaction<Database>, tenantId: number, groupId: number): Promise<void> {
  for (const table of ['content', 'schedules'] as const) {
    const { owned } = await tx
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('owned'))
      .where('tenant_id', '=', tenantId)
      .where('group_id', '=', groupId)
      .executeTakeFirstOrThrow();
    if (Number(owned) === 0) continue;
    const what = table === 'content' ? 'items of content' : 'schedules';
    throw apiError(
      'CONFLICT',
      `${Number(owned)} ${what} belong to the group: delete them or give them to another first`,
    );
  }
}

/** Deletes an empty group, and what was assigned to it. CONFLICT while it has subgroups, devices, content or schedules. */
export async function removeGroup(call: Call<{ id: number }, unknown, unknown>): Promise<Record<string, never>> {
  const { ctx, actor, params } = call;
  requireGroupInScope(actor, params.id);
  return mutate(call, async (tx, now) => {
    const rows = await lockTree(tx, ctx.db.dialect, actor.tenantId);
    const old = rows.find((row) => row.id === params.id);
    if (old === undefined) throw apiError('NOT_FOUND', 'No such group');
    const subgroups = rows.filter((row) => row.parent_id === params.id);
    if (subgroups.length > 0)
      throw apiError('CONFLICT', `The group has ${subgroups.length} subgroups: move or delete them first`);
    // A locking read sees what was committed since this transaction began, and keeps others out until it ends.
    const device = await tx
      .selectFrom('devices')
      .select('id')
      .where('tenant_id', '=', actor.tenantId)
      .where('group_id', '=', params.id)
      .limit(1)
      .modifyEnd(ctx.db.dialect.forUpdate)
      .executeTakeFirst();
    if (device !== undefined) throw apiError('CONFLICT', 'The group has devices: move or delete them first');
    await tx.deleteFrom('user_groups').where('group_id', '=', params.id).execute();
    await requireNothingOwned(tx, actor.tenantId, params.id);
    await forgetTarget(tx, actor.tenantId, 'group', params.id, { userId: actor.userId, now });
    await tx.deleteFrom('groups').where('id', '=', params.id).execute();
    return {
      data: {},
      changes: [{ kind: 'group.removed', groupId: params.id }],
      audit: { action: 'group.removed', entity: 'group', entityId: params.id, detail: { name: old.name } },
    };
  });
}
