/**
 * Whose content and schedules are. What belongs to a group is seen and edited by those whose scope holds that group; what belongs
 * to none is the whole tenant's: everybody sees it, admins edit it.
 */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import type { Database } from '../migrations/tables.ts';
import type { Actor } from './context.ts';
import { apiError } from './errors.ts';
import { readTree } from './groups/tree-rows.ts';
import { inScopeSql, isGroupInScope } from './scope.ts';

/** SQL condition that keeps rows whose group column, e.g. `content.group_id`, lets the actor see them. */
export function ownedSql(actor: Pick<Actor, 'scope'>, groupColumn: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.ref(groupColumn)} is null or ${inScopeSql(actor, groupColumn)})`;
}

/** Throws 403 unless the actor may edit what belongs to this group; null is the whole tenant's, and the admins'. */
export function requireOwner(actor: Pick<Actor, 'scope'>, groupId: number | null): void {
  if (!isGroupInScope(actor, groupId))
    throw apiError('FORBIDDEN', 'This belongs to the whole tenant: only an admin may change it');
}

/**
 * The group that something new belongs to. Named: it must be in scope (404 naming `groupId`). Left out: an admin's is the whole
 * tenant's (null), anybody else's goes to the first group assigned to them, the one with the lowest id. 403 for who has none.
 */
export async function ownerGroup(
  db: Kysely<Database>,
  actor: Pick<Actor, 'scope' | 'tenantId'>,
  groupId: number | null | undefined,
): Promise<number | null> {
  if (groupId == null && actor.scope === null) return null;
  const tree = await readTree(db, actor.tenantId);
  if (groupId != null) {
    if (!tree.parentOf.has(groupId) || !isGroupInScope(actor, groupId)) {
      throw apiError('NOT_FOUND', 'No such group', [{ field: 'groupId', message: `there is no group ${groupId}` }]);
    }
    return groupId;
  }
  const own = [...(actor.scope ?? [])].filter((id) => {
    const parentId = tree.parentOf.get(id);
    return parentId !== undefined && (parentId === null || !isGroupInScope(actor, parentId));
  });
  if (own.length === 0) throw apiError('FORBIDDEN', 'No group is assigned to you');
  return Math.min(...own);
}
