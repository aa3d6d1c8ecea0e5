/** A user as the contract shows it. */
import Type, { type Static } from 'typebox';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { toIsoOrNull } from '../iso-time.ts';

export const UserView = Type.Object({
  id: Id,
  username: Type.String(),
  displayName: Type.String(),
  role: Type.Enum(['admin', 'manager', 'user']),
  tenantId: Id,
  tenantName: Type.String(),
  groupIds: Type.Array(Id, { description: 'Assigned groups; of no meaning for an admin, who has them all' }),
  mustChangePassword: Type.Boolean(),
  lastLoginAt: Type.Union([Timestamp, Type.Null()]),
});
export type UserView = Static<typeof UserView>;

/** Reads one user with its tenant's name and its groups. Rejects when there is no such user. */
export async function readUserView(db: OpenDatabase<Database>, userId: number): Promise<UserView> {
  const row = await db.sql
    .selectFrom('users')
    .innerJoin('tenants', 'tenants.id', 'users.tenant_id')
    .select([
      'users.id',
      'users.username',
      'users.display_name',
      'users.role',
      'users.tenant_id',
      'tenants.name as tenant_name',
      'users.must_change_password',
      'users.last_login_at',
    ])
    .where('users.id', '=', userId)
    .executeTakeFirstOrThrow();
  const groups = await db.sql
    .selectFrom('user_groups')
    .select('group_id')
    .where('user_id', '=', userId)
    .orderBy('group_id')
    .execute();
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    role: row.role,
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    groupIds: groups.map((group) => group.group_id),
    mustChangePassword: row.must_change_password === 1,
    lastLoginAt: toIsoOrNull(row.last_login_at),
  };
}
