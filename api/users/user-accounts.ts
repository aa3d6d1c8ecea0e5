/**
 * The rules that hold over all accounts of a tenant, and the lock under which they are decided.
 *
 * Invariant: a tenant has an active admin. Whoever disables, demotes or deletes one decides under the lock, so that two
 * admins who demote each other at once do not both succeed.
 */
import { sql, type Transaction } from 'kysely';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { noneOf } from '../audience.ts';
import type { Actor } from '../context.ts';
import { apiError, type ApiError } from '../errors.ts';
import { USER_COLUMNS, type UserRow } from './user-json.ts';

/** Groups assigned to one user. Past it: VALIDATION_ERROR; assign the group above them instead. */
export const USER_GROUPS_MAX = 500;

export function noSuchUser(): ApiError {
  return apiError('NOT_FOUND', 'No such user');
}

/**
 * Takes the lock on accounts and then the user's row. NOT_FOUND when the tenant has none of this id.
 *
 * The lock is a row of `counters` (it counts edits), as the group trees' is: locking the admins themselves would lock the
 * gaps between them, and with them the users of other tenants. Take it before any other lock but the idempotency row's.
 */
export async function lockUser(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Actor,
  id: number,
): Promise<UserRow> {
  const counted = dialect.upsert(['name'], { value: sql`${sql.ref('counters.value')} + 1` });
  await sql`insert into counters (name, value) values ('user_accounts', 1) ${counted}`.execute(tx);
  const row = await tx
    .selectFrom('users')
    .select(USER_COLUMNS)
    .where('id', '=', id)
    .where('tenant_id', '=', actor.tenantId)
    .modifyEnd(dialect.forUpdate)
    .executeTakeFirst();
  if (row === undefined) throw noSuchUser();
  return row;
}

/**
 * To be called under the lock before `user` stops being an active admin. CONFLICT when it is the caller, who would be locked
 * out, or the tenant's last one; `field` names what asked for it.
 */
export async function requireOtherAdmin(
  tx: Transaction<Database>,
  actor: Actor,
  user: UserRow,
  field?: string,
): Promise<void> {
  const refuse = (message: string): ApiError =>
    apiError('CONFLICT', message, field === undefined ? undefined : [{ field, message }]);
  if (user.id === actor.userId) throw refuse('You cannot take your own account away: ask another admin');
  if (user.role !== 'admin' || user.status !== 'active') return;
  const other = await tx
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', actor.tenantId)
    .where('role', '=', 'admin')
    .where('status', '=', 'active')
    .where('id', '!=', user.id)
    .limit(1)
    .executeTakeFirst();
  if (other === undefined) throw refuse('This is the last active admin of the tenant');
}

/**
 * Makes sure that the groups are there and keeps them from being deleted until commit; returns each once, ascending.
 * NOT_FOUND naming `groupIds`.
 */
export async function holdGroups(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Actor,
  given: readonly number[],
): Promise<number[]> {
  const groupIds = [...new Set(given)].toSorted((a, b) => a - b);
  if (groupIds.length === 0) return groupIds;
  const rows = await tx
    .selectFrom('groups')
    .select('id')
    .where('tenant_id', '=', actor.tenantId)
    .where('id', 'in', groupIds)
    .orderBy('id')
    .modifyEnd(dialect.forUpdate)
    .execute();
  const held = new Set(rows.map((row) => row.id));
  const missing = groupIds.filter((id) => !held.has(id));
  if (missing.length > 0) throw noneOf('groupIds', 'group', missing);
  return groupIds;
}

/** Assigns these groups to a user, and no others. */
export async function assignGroups(
  tx: Transaction<Database>,
  tenantId: number,
  userId: number,
  groupIds: readonly number[],
): Promise<void> {
  await tx.deleteFrom('user_groups').where('user_id', '=', userId).execute();
  if (groupIds.length === 0) return;
  await tx
    .insertInto('user_groups')
    .values(groupIds.map((groupId) => ({ tenant_id: tenantId, user_id: userId, group_id: groupId })))
    .execute();
}
