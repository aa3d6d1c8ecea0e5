/** A user as admins see it. Passwords and token versions are in no answer. */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database, UsersTable } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { toIso, toIsoOrNull } from '../iso-time.ts';

export const Role = Type.Enum(['admin', 'manager', 'user'], {
  description:
    'admin: everything in the tenant; manager: devices, content, schedules and alerts inside the assigned groups and their subtrees; user: reads there',
});
export const UserStatus = Type.Enum(['active', 'disabled'], {
  description: 'Who is disabled is out within two seconds, on every node, and cannot sign in',
});

export const UserJson = Type.Object({
  id: Id,
  username: Type.String({ description: 'Unique over all tenants, in lower case' }),
  displayName: Type.String(),
  role: Role,
  status: UserStatus,
  groupIds: Type.Array(Id, { description: 'Assigned groups, ascending; of no meaning for an admin, who has them all' }),
  mustChangePassword: Type.Boolean({ description: 'Nothing else may be done before the user has chosen a password' }),
  lastLoginAt: Type.Union([Timestamp, Type.Null()]),
  version: Type.Integer({ description: 'To be sent with an edit' }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type UserJson = Static<typeof UserJson>;

/** The answer to what may have made a password up. */
export const UserWithPassword = Type.Object({
  ...UserJson.properties,
  generatedPassword: Type.Optional(
    Type.String({ description: 'Only when none was given: the password to hand to the user. It is never shown again' }),
  ),
});
export type UserWithPassword = Static<typeof UserWithPassword>;

export const USER_COLUMNS = [
  'id',
  'username',
  'display_name',
  'role',
  'status',
  'must_change_password',
  'last_login_at',
  'version',
  'created_at',
  'updated_at',
] as const;

type Column = (typeof USER_COLUMNS)[number];
export interface UserRow extends Pick<UsersTable, Exclude<Column, 'id'>> {
  readonly id: number;
}

/** The groups assigned to each of these users, ascending. */
export async function readAssignedGroups(
  db: Kysely<Database>,
  userIds: readonly number[],
): Promise<Map<number, number[]>> {
  const groupIds = new Map(userIds.map((id): [number, number[]] => [id, []]));
  if (userIds.length === 0) return groupIds;
  const rows = await db
    .selectFrom('user_groups')
    .select(['user_id', 'group_id'])
    .where('user_id', 'in', userIds)
    .orderBy('group_id')
    .execute();
  for (const row of rows) groupIds.get(row.user_id)?.push(row.group_id);
  return groupIds;
}

export function userJson(row: UserRow, groupIds: readonly number[]): UserJson {
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    role: row.role,
    status: row.status,
    groupIds: [...groupIds],
    mustChangePassword: row.must_change_password === 1,
    lastLoginAt: toIsoOrNull(row.last_login_at),
    version: row.version,
    createdAt: toIso(row.created_at),
    updatedAt: toIso(row.updated_at),
  };
}

/** One user as it is in the database; it has to be there. */
export async function readUserJson(db: Kysely<Database>, id: number): Promise<UserJson> {
  const row = await db.selectFrom('users').select(USER_COLUMNS).where('id', '=', id).executeTakeFirstOrThrow();
  const groupIds = await readAssignedGroups(db, [id]);
  return userJson(row, groupIds.get(id) ?? []);
}
