/** Who may touch what inside a tenant. What is out of scope answers as if it did not exist. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { UserRole } from '../migrations/tables.ts';
import type { Actor } from './context.ts';
import { apiError } from './errors.ts';

const RANK: Readonly<Record<UserRole, number>> = { user: 0, manager: 1, admin: 2 };

/** True when `role` may do what `least` may. */
export function roleReaches(role: UserRole, least: UserRole): boolean {
  return RANK[role] >= RANK[least];
}

/** True when the actor may see things of this group; things in no group (null) are the admins' alone. */
export function isGroupInScope(actor: Pick<Actor, 'scope'>, groupId: number | null): boolean {
  if (actor.scope === null) return true;
  return groupId !== null && actor.scope.has(groupId);
}

/** Throws 404 unless the group is in the actor's scope. That it exists in the tenant is for the caller's query to find. */
export function requireGroupInScope(actor: Pick<Actor, 'scope'>, groupId: number | null, what = 'No such group'): void {
  if (!isGroupInScope(actor, groupId)) throw apiError('NOT_FOUND', what);
}

/** Throws 404 unless the device's group is in the actor's scope. */
export function requireDeviceInScope(actor: Pick<Actor, 'scope'>, device: { readonly group_id: number | null }): void {
  if (!isGroupInScope(actor, device.group_id)) throw apiError('NOT_FOUND', 'No such device');
}

/** Throws 403 unless the actor has at least this role; for rules finer than a route's policy. */
export function requireRole(actor: Pick<Actor, 'role'>, least: UserRole): void {
  if (!roleReaches(actor.role, least)) throw apiError('FORBIDDEN', 'Your role may not do this');
}

/** SQL condition that keeps rows whose group column, e.g. `devices.group_id`, is in the actor's scope. */
export function inScopeSql(actor: Pick<Actor, 'scope'>, groupColumn: string): RawBuilder<SqlBool> {
  if (actor.scope === null) return sql<SqlBool>`1 = 1`;
  if (actor.scope.size === 0) return sql<SqlBool>`1 = 0`;
  return sql<SqlBool>`${sql.ref(groupColumn)} in (${sql.join([...actor.scope])})`;
}
