/** Reading the audit. */
import type { Selectable } from 'kysely';
import Type, { type Static } from 'typebox';
import type { AuditLogsTable } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { fromInstantQuery, InstantQuery, toIso } from '../iso-time.ts';
import { API_BASE, likePattern, listQuery, route, sortOf, type Call, type Page, type Route } from '../route.ts';
import { sql } from 'kysely';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const AuditLine = Type.Object({
  id: Id,
  userId: Nullable(Id),
  username: Nullable(Type.String()),
  action: Type.String(),
  entity: Type.String(),
  entityId: Nullable(Id),
  detail: Type.Unknown({ description: 'What was done, as the action has it' }),
  ip: Nullable(Type.String()),
  requestId: Nullable(Type.String()),
  createdAt: Timestamp,
});
type AuditLine = Static<typeof AuditLine>;

const AuditQuery = listQuery(['createdAt'], {
  userId: Type.Optional(Id),
  username: Type.Optional(Type.String({ maxLength: 190 })),
  action: Type.Optional(Type.String({ maxLength: 64 })),
  entity: Type.Optional(Type.String({ maxLength: 64 })),
  entityId: Type.Optional(Id),
  from: Type.Optional(InstantQuery),
  to: Type.Optional(InstantQuery),
});

function lineOf(row: Omit<Selectable<AuditLogsTable>, 'tenant_id'>): AuditLine {
  return {
    id: row.id,
    userId: row.user_id,
    username: row.username,
    action: row.action,
    entity: row.entity,
    entityId: row.entity_id,
    detail: JSON.parse(row.detail),
    ip: row.ip,
    requestId: row.request_id,
    createdAt: toIso(row.created_at),
  };
}

/** One page of the tenant's audit, the newest first unless asked otherwise. */
async function listAudit({
  ctx,
  actor,
  query,
}: Call<unknown, Static<typeof AuditQuery>>): Promise<{ data: AuditLine[]; page: Page }> {
  let found = ctx.db.sql.selectFrom('audit_logs').where('tenant_id', '=', actor.tenantId);
  if (query.userId !== undefined) found = found.where('user_id', '=', query.userId);
  if (query.username !== undefined) found = found.where('username', '=', query.username);
  if (query.action !== undefined) found = found.where('action', '=', query.action);
  if (query.entity !== undefined) found = found.where('entity', '=', query.entity);
  if (query.entityId !== undefined) found = found.where('entity_id', '=', query.entityId);
  if (query.from !== undefined) found = found.where('created_at', '>=', fromInstantQuery('from', query.from));
  if (query.to !== undefined) found = found.where('created_at', '<', fromInstantQuery('to', query.to));
  if (query.q !== undefined) {
    const pattern = likePattern(query.q);
    found = found.where(
      sql<boolean>`(action like ${pattern} escape '!' or username like ${pattern} escape '!' or detail like ${pattern} escape '!')`,
    );
  }
  const { direction } = sortOf(query.sort, '-createdAt');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(['id', 'user_id', 'username', 'action', 'entity', 'entity_id', 'detail', 'ip', 'request_id', 'created_at'])
    // Ids grow with time, and the index on (tenant_id, id) serves this order.
    .orderBy('id', direction)
    .limit(query.limit)
    .offset((query.page - 1) * query.limit)
    .execute();
  return { data: rows.map(lineOf), page: { page: query.page, limit: query.limit, total: Number(total) } };
}

/** The routes of the audit. */
export function auditRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${API_BASE}/audit`,
      policy: 'admin',
      operationId: 'listAudit',
      summary: 'Who did what in this tenant, and when',
      query: AuditQuery,
      data: Type.Array(AuditLine),
      paged: true,
      handler: listAudit,
    }),
  ];
}
