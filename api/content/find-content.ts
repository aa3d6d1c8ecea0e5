/** Finding content that the actor may see, and reading lists of it. */
import { sql, type Kysely, type SqlBool, type Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { ownedSql } from '../ownership.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import {
  CONTENT_COLUMNS,
  contentJson,
  ContentStatus,
  ContentType,
  type ContentJson,
  type ContentRow,
} from './content-json.ts';

export const ContentQuery = listQuery(['name', 'createdAt', 'sizeBytes', 'id'], {
  type: Type.Optional(ContentType),
  status: Type.Optional(ContentStatus),
  groupId: Type.Optional(
    Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Only what belongs to this group' }),
  ),
});
const SORT_COLUMNS = { name: 'name', createdAt: 'created_at', sizeBytes: 'size_bytes', id: 'id' } as const;

/** The content with this id. NOT_FOUND when the actor may see none. */
export async function findContent(
  db: Kysely<Database>,
  actor: Pick<Actor, 'tenantId' | 'scope'>,
  id: number,
): Promise<ContentRow> {
  const row = await db
    .selectFrom('content')
    .select(CONTENT_COLUMNS)
    .where('id', '=', id)
    .where('tenant_id', '=', actor.tenantId)
    .where(ownedSql(actor, 'content.group_id'))
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such content');
  return row;
}

/** The same, locked for a change until the transaction ends. */
export async function lockContent(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Pick<Actor, 'tenantId' | 'scope'>,
  id: number,
): Promise<ContentRow> {
  const row = await tx
    .selectFrom('content')
    .select(CONTENT_COLUMNS)
    .where('id', '=', id)
    .where('tenant_id', '=', actor.tenantId)
    .where(ownedSql(actor, 'content.group_id'))
    .modifyEnd(dialect.forUpdate)
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such content');
  return row;
}

/** One piece of content. NOT_FOUND when the actor may see none. */
export async function getContent({ ctx, actor, params }: Call<{ id: number }>): Promise<ContentJson> {
  return contentJson(ctx.media, await findContent(ctx.db.sql, actor, params.id), ctx.clock.now());
}

/** Content that the actor may see, the newest first. */
export async function listContent(
  call: Call<unknown, Static<typeof ContentQuery>>,
): Promise<{ data: ContentJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { q, type, status, groupId, page, limit } = query;
  let found = ctx.db.sql
    .selectFrom('content')
    .where('tenant_id', '=', actor.tenantId)
    .where(ownedSql(actor, 'content.group_id'));
  if (type !== undefined) found = found.where('type', '=', type);
  if (status !== undefined) found = found.where('status', '=', status);
  if (groupId !== undefined) found = found.where('group_id', '=', groupId);
  if (q !== undefined) {
    const pattern = likePattern(q);
    found = found.where(
      sql<SqlBool>`(lower(name) like lower(${pattern}) escape '!' or lower(file_name) like lower(${pattern}) escape '!')`,
    );
  }
  const { column, direction } = sortOf(query.sort, '-createdAt');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(CONTENT_COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('id', direction)
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  const now = ctx.clock.now();
  return { data: rows.map((row) => contentJson(ctx.media, row, now)), page: { page, limit, total: Number(total) } };
}
