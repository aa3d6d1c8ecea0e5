/** A user as the contract shows it. */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { apiError } from '../errors.ts';
import { toIsoOrNull } from '../iso-time.ts';

/** A display name as callers give it; spaces around it are cut off. */
export const DisplayName = Type.String({
  minLength: 1,
  maxLength: 120,
  pattern: '\\S',
  description: 'How the user is shown, in characters',
});

export const UserView = Type.Object({
  id: Id,
  username: Type.String({ description: 'Unique over all tenants, in lower case' }),
  displayName: Type.String(),
  role: Type.Enum(['admin', 'manager', 'user']),
  tenantId: Id,
  tenantName: Type.String(),
  groupIds: Type.Array(Id, { description: 'Assigned groups; of no meaning for an admin, who has them all' }),
  mustChangePassword: Type.Boolean({
    description: 'Until it is changed, /auth/me, /auth/password, /auth/refresh and /auth/logout alone may be called',
  }),
  lastLoginAt: Type.Union([Timestamp, Type.Null()]),
});
export type UserView = Static<typeof UserView>;

/** Reads the calling user with its tenant's name and its groups. UNAUTHENTICATED when it was deleted a moment ago. */
export async function readUserView(db: Kysely<Database>, userId: number): Promise<UserView> {
  const row = await db
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
    .executeTakeFirst();
  if (row === undefined) throw apiError('UNAUTHENTICATED', 'The access token is not valid any more');
  const groups = await db
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
