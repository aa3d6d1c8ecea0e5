/** Reading groups: the list and one. */
import { sql, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import { Id } from '../../protocol/desired-state.ts';
import { apiError } from '../errors.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import { inScopeSql, requireGroupInScope } from '../scope.ts';
import { countByGroup, GROUP_COLUMNS, groupJson, subtreeCounts, type GroupJson } from './group-json.ts';
import { readTree } from './tree-rows.ts';

export const GroupsQuery = listQuery(['name', 'id', 'createdAt', 'updatedAt'], {
  parentId: Type.Optional(Id),
});

const SORT_COLUMNS = { name: 'name', id: 'id', createdAt: 'created_at', updatedAt: 'updated_at' } as const;

/** The groups of the actor's scope, with the devices in each one's subtree. */
export async function listGroups(
  call: Call<unknown, Static<typeof GroupsQuery>, unknown>,
): Promise<{ data: GroupJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { q, parentId, page, limit } = query;
  let found = ctx.db.sql
    .selectFrom('groups')
    .where('tenant_id', '=', actor.tenantId)
    .where(inScopeSql(actor, 'groups.id'));
  if (parentId !== undefined) found = found.where('parent_id', '=', parentId);
  if (q !== undefined) found = found.where(sql<SqlBool>`lower(name) like lower(${likePattern(q)}) escape '!'`);
  const { column, direction } = sortOf(query.sort, 'name');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(GROUP_COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('id')
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  const tree = await readTree(ctx.db.sql, actor.tenantId);
  const direct = await countByGroup(ctx.db.sql, actor.tenantId);
  const data = rows.map((row) => groupJson(row, subtreeCounts(tree, direct, row.id)));
  return { data, page: { page, limit, total: Number(total) } };
}

/** One group. NOT_FOUND when the actor has none of this id. */
export async function getGroup(call: Call<{ id: number }, unknown, unknown>): Promise<GroupJson> {
  const { ctx, actor, params } = call;
  requireGroupInScope(actor, params.id);
  const row = await ctx.db.sql
    .selectFrom('groups')
    .select(GROUP_COLUMNS)
    .where('id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such group');
  const tree = await readTree(ctx.db.sql, actor.tenantId);
  return groupJson(row, subtreeCounts(tree, await countByGroup(ctx.db.sql, actor.tenantId), row.id));
}
