/** Reading the tenant's users: the list and one. */
import { sql, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import { normaliseUsername } from '../auth/username.ts';
import { visibleSubtree } from '../groups/tree-rows.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import { noSuchUser } from './user-accounts.ts';
import { readAssignedGroups, Role, USER_COLUMNS, userJson, UserStatus, type UserJson } from './user-json.ts';

const SORT_COLUMNS = {
  username: 'username',
  id: 'id',
  displayName: 'display_name',
  role: 'role',
  status: 'status',
  lastLoginAt: 'last_login_at',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
} as const;

export const UsersQuery = listQuery(
  ['username', 'id', 'displayName', 'role', 'status', 'lastLoginAt', 'createdAt', 'updatedAt'],
  {
    role: Type.Optional(Role),
    status: Type.Optional(UserStatus),
    groupId: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Users to whom this group, or one below it, is assigned',
      }),
    ),
  },
);

/** The tenant's users; `q` looks in username and display name. NOT_FOUND for a group that is not there. */
export async function listUsers(
  call: Call<unknown, Static<typeof UsersQuery>, unknown>,
): Promise<{ data: UserJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { q, role, status, groupId, page, limit } = query;
  let found = ctx.db.sql.selectFrom('users').where('users.tenant_id', '=', actor.tenantId);
  if (role !== undefined) found = found.where('role', '=', role);
  if (status !== undefined) found = found.where('status', '=', status);
  if (groupId !== undefined) {
    const subtree = await visibleSubtree(ctx.db.sql, actor, groupId, 'groupId');
    found = found.where('users.id', 'in', (eb) =>
      eb.selectFrom('user_groups').select('user_id').where('user_groups.group_id', 'in', subtree),
    );
  }
  if (q !== undefined) {
    const name = likePattern(normaliseUsername(q));
    const shown = likePattern(q.normalize('NFC'));
    found = found.where(
      sql<SqlBool>`(username like ${name} escape '!' or lower(display_name) like lower(${shown}) escape '!')`,
    );
  }
  const { column, direction } = sortOf(query.sort, 'username');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(USER_COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('id')
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  const groupIds = await readAssignedGroups(
    ctx.db.sql,
    rows.map((row) => row.id),
  );
  return {
    data: rows.map((row) => userJson(row, groupIds.get(row.id) ?? [])),
    page: { page, limit, total: Number(total) },
  };
}

/** One user. NOT_FOUND when the tenant has none of this id. */
export async function getUser({ ctx, actor, params }: Call<{ id: number }, unknown, unknown>): Promise<UserJson> {
  const row = await ctx.db.sql
    .selectFrom('users')
    .select(USER_COLUMNS)
    .where('id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw noSuchUser();
  const groupIds = await readAssignedGroups(ctx.db.sql, [row.id]);
  return userJson(row, groupIds.get(row.id) ?? []);
}
