/** Reading a tenant's group tree, and the lock under which it is changed. */
import { sql, type Kysely, type Transaction } from 'kysely';
import { subtreesOf, treeOf, type GroupTree } from '../../hub/core/group-tree.ts';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { isGroupInScope } from '../scope.ts';

export interface TreeRow {
  readonly id: number;
  readonly parent_id: number | null;
  readonly name: string;
}

export function treeOfRows(rows: readonly { readonly id: number; readonly parent_id: number | null }[]): GroupTree {
  return treeOf(rows.map((row) => ({ id: row.id, parentId: row.parent_id })));
}

/** The tenant's tree as it is now. */
export async function readTree(db: Kysely<Database>, tenantId: number): Promise<GroupTree> {
  return treeOfRows(
    await db.selectFrom('groups').select(['id', 'parent_id']).where('tenant_id', '=', tenantId).execute(),
  );
}

/**
 * Takes the lock on group trees and reads the tenant's, so that what is decided over it holds until commit: two moves that
 * are each harmless must not make a cycle together.
 *
 * The lock is a row of `counters` (it counts edits), one for all tenants: the locking read that follows also locks the gaps
 * of the index, and edits of two tenants next to each other would otherwise wait for one another for ever.
 * Take it before any other lock but the idempotency row's.
 */
export async function lockTree(tx: Transaction<Database>, dialect: Dialect, tenantId: number): Promise<TreeRow[]> {
  const counted = dialect.upsert(['name'], { value: sql`${sql.ref('counters.value')} + 1` });
  await sql`insert into counters (name, value) values ('group_tree', 1) ${counted}`.execute(tx);
  return tx
    .selectFrom('groups')
    .select(['id', 'parent_id', 'name'])
    .where('tenant_id', '=', tenantId)
    .modifyEnd(dialect.forUpdate)
    .execute();
}

/**
 * Makes sure that devices may be put into the group, and keeps it from being deleted until commit. Take these locks before
 * any device's. NOT_FOUND when it is not there for the actor; null (no group) is the admins' alone: FORBIDDEN.
 */
export async function holdGroup(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Actor,
  groupId: number | null,
  field: string,
): Promise<void> {
  if (groupId === null) {
    if (actor.scope === null) return;
    throw apiError('FORBIDDEN', 'Only an administrator may leave a device without a group', [
      { field, message: 'name a group of yours' },
    ]);
  }
  const row = await tx
    .selectFrom('groups')
    .select('id')
    .where('id', '=', groupId)
    .where('tenant_id', '=', actor.tenantId)
    .modifyEnd(dialect.forUpdate)
    .executeTakeFirst();
  if (row === undefined || !isGroupInScope(actor, groupId)) throw noSuchGroup(groupId, field);
}

export function noSuchGroup(groupId: number, field: string): Error {
  return apiError('NOT_FOUND', 'No such group', [{ field, message: `there is no group ${groupId}` }]);
}

/** The group and everything below it, as far as the actor sees it. NOT_FOUND when the group is not there for the actor. */
export async function visibleSubtree(
  db: Kysely<Database>,
  actor: Actor,
  groupId: number,
  field: string,
): Promise<number[]> {
  const tree = await readTree(db, actor.tenantId);
  if (!tree.parentOf.has(groupId) || !isGroupInScope(actor, groupId)) throw noSuchGroup(groupId, field);
  return [...subtreesOf(tree, [groupId])].filter((id) => isGroupInScope(actor, id));
}
