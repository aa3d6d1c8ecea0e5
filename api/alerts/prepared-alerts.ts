/** Prepared alerts: texts ready to be raised, and where they usually go. They belong to the tenant, not to a group; devices learn of their content alone, to fetch it ahead. */
import { sql, type Kysely, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { readyContent } from '../content-reference.ts';
import { apiError, versionConflict } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import { DEFAULTS_INPUT, editDefaults, readDefaults, visibleDefaults, type AlertDefaults } from './alert-defaults.ts';
import {
  ALERT_COLUMNS,
  ALERT_TEXT,
  alertJson,
  AlertMessage,
  AlertName,
  AlertSeverity,
  AlertTitle,
  type AlertJson,
  type AlertRow,
} from './alert-json.ts';
import { lockPrefetched, prefetchedChange } from './prefetched-content.ts';

export const AlertCreate = Type.Object(
  { name: Type.Optional(AlertName), ...ALERT_TEXT, ...DEFAULTS_INPUT },
  { additionalProperties: false },
);
export const AlertUpdate = Type.Object(
  {
    name: Type.Optional(AlertName),
    severity: Type.Optional(AlertSeverity),
    title: Type.Optional(AlertTitle),
    message: Type.Optional(AlertMessage),
    contentId: ALERT_TEXT.contentId,
    ...DEFAULTS_INPUT,
    version: Type.Integer({ minimum: 1, description: 'The version that the change is based on' }),
  },
  { additionalProperties: false },
);

export const AlertsQuery = listQuery(['name', 'id', 'title', 'createdAt', 'updatedAt'], {
  severity: Type.Optional(AlertSeverity),
});
const SORT_COLUMNS = {
  name: 'name',
  id: 'id',
  title: 'title',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
} as const;

type StoredAlert = AlertRow & { readonly defaults: string | null };

/** Alerts as the actor may see them. */
async function shown(db: Kysely<Database>, actor: Actor, rows: readonly StoredAlert[]): Promise<AlertJson[]> {
  const defaults = await visibleDefaults(
    db,
    actor,
    rows.map((row) => readDefaults(row.defaults)),
  );
  return rows.map((row, at) => alertJson(row, defaults[at] ?? readDefaults(null)));
}

async function shownOne(db: Kysely<Database>, actor: Actor, row: StoredAlert): Promise<AlertJson> {
  const [one] = await shown(db, actor, [row]);
  if (one === undefined) throw new Error('one alert was shown as none');
  return one;
}

/** Of a request, what it proposes. */
function given({ groupIds, deviceIds, expiresInSeconds, drill }: Partial<AlertDefaults>): Partial<AlertDefaults> {
  return {
    ...(groupIds === undefined ? {} : { groupIds }),
    ...(deviceIds === undefined ? {} : { deviceIds }),
    ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
    ...(drill === undefined ? {} : { drill }),
  };
}

export async function listAlerts(
  call: Call<unknown, Static<typeof AlertsQuery>, unknown>,
): Promise<{ data: AlertJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { q, severity, page, limit } = query;
  let found = ctx.db.sql.selectFrom('alerts').where('tenant_id', '=', actor.tenantId);
  if (severity !== undefined) found = found.where('severity', '=', severity);
  if (q !== undefined) {
    const pattern = likePattern(q);
    found = found.where(
      sql<SqlBool>`(lower(name) like lower(${pattern}) escape '!' or lower(title) like lower(${pattern}) escape '!')`,
    );
  }
  const { column, direction } = sortOf(query.sort, 'name');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(ALERT_COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('id')
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  return { data: await shown(ctx.db.sql, actor, rows), page: { page, limit, total: Number(total) } };
}

/** One prepared alert. NOT_FOUND when the tenant has none of this id. */
export async function getAlert({ ctx, actor, params }: Call<{ id: number }, unknown, unknown>): Promise<AlertJson> {
  const row = await ctx.db.sql
    .selectFrom('alerts')
    .select(ALERT_COLUMNS)
    .where('id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such alert');
  return shownOne(ctx.db.sql, actor, row);
}

/** Prepares an alert; without a name it is called by its title. NOT_FOUND or CONFLICT for the content. */
export async function createAlert(call: Call<unknown, unknown, Static<typeof AlertCreate>>): Promise<AlertJson> {
  const { ctx, actor, body } = call;
  const { dialect } = ctx.db;
  return mutate(call, async (tx, now): Promise<Mutation<AlertJson>> => {
    const contentId = body.contentId ?? null;
    if (contentId !== null) {
      await lockPrefetched(tx, dialect, actor.tenantId);
      await readyContent(tx, actor, contentId, 'contentId', dialect);
    }
    const using = { alertId: null, before: null, after: contentId };
    const told = await prefetchedChange(tx, dialect, actor.tenantId, using);
    const text = { severity: body.severity, title: body.title.trim(), message: body.message, content_id: contentId };
    const defaults = await editDefaults(tx, actor, readDefaults(null), given(body));
    const row = {
      ...text,
      defaults: JSON.stringify(defaults),
      name: (body.name ?? body.title).trim().slice(0, 120),
      version: 1,
      created_at: now,
      updated_at: now,
    };
    const { insertId } = await tx
      .insertInto('alerts')
      .values({ tenant_id: actor.tenantId, created_by: actor.userId, ...row })
      .executeTakeFirstOrThrow();
    const id = Number(insertId);
    return {
      data: alertJson({ id, ...row }, defaults),
      ...told,
      audit: { action: 'alert.created', entity: 'alert', entityId: id, detail: { ...body } },
    };
  });
}

/** Changes the fields that are given. NOT_FOUND for the alert or the content; VERSION_CONFLICT for a stale `version`. */
export async function updateAlert(call: Call<{ id: number }, unknown, Static<typeof AlertUpdate>>): Promise<AlertJson> {
  const { ctx, actor, params, body } = call;
  const { dialect } = ctx.db;
  return mutate(call, async (tx, now): Promise<Mutation<AlertJson>> => {
    if (body.contentId !== undefined) await lockPrefetched(tx, dialect, actor.tenantId);
    const old = await tx
      .selectFrom('alerts')
      .select(ALERT_COLUMNS)
      .where('id', '=', params.id)
      .where('tenant_id', '=', actor.tenantId)
      .modifyEnd(dialect.forUpdate)
      .executeTakeFirst();
    if (old === undefined) throw apiError('NOT_FOUND', 'No such alert');
    if (old.version !== body.version) throw versionConflict(old.version);
    if (body.contentId != null) await readyContent(tx, actor, body.contentId, 'contentId', dialect);
    const next = {
      name: body.name?.trim() ?? old.name,
      severity: body.severity ?? old.severity,
      title: body.title?.trim() ?? old.title,
      message: body.message ?? old.message,
      content_id: body.contentId === undefined ? old.content_id : body.contentId,
      defaults: JSON.stringify(await editDefaults(tx, actor, readDefaults(old.defaults), given(body))),
      updated_at: now,
    };
    const using = { alertId: params.id, before: old.content_id, after: next.content_id };
    const told = await prefetchedChange(tx, dialect, actor.tenantId, using);
    await tx
      .updateTable('alerts')
      .set((eb) => ({ ...next, version: eb('version', '+', 1) }))
      .where('id', '=', params.id)
      .execute();
    return {
      data: await shownOne(tx, actor, { ...old, ...next, version: old.version + 1 }),
      ...told,
      audit: { action: 'alert.updated', entity: 'alert', entityId: params.id, detail: { ...body } },
    };
  });
}

/** Deletes a prepared alert. Deployments of it carry their own text and go on. */
export async function removeAlert(call: Call<{ id: number }, unknown, unknown>): Promise<Record<string, never>> {
  const { ctx, actor, params } = call;
  const { dialect } = ctx.db;
  return mutate(call, async (tx): Promise<Mutation<Record<string, never>>> => {
    await lockPrefetched(tx, dialect, actor.tenantId);
    const old = await tx
      .selectFrom('alerts')
      .select(['id', 'name', 'content_id'])
      .where('id', '=', params.id)
      .where('tenant_id', '=', actor.tenantId)
      .modifyEnd(dialect.forUpdate)
      .executeTakeFirst();
    if (old === undefined) throw apiError('NOT_FOUND', 'No such alert');
    const using = { alertId: params.id, before: old.content_id, after: null };
    const told = await prefetchedChange(tx, dialect, actor.tenantId, using);
    await tx.deleteFrom('alerts').where('id', '=', params.id).execute();
    return {
      data: {},
      ...told,
      audit: { action: 'alert.removed', entity: 'alert', entityId: params.id, detail: { name: old.name } },
    };
  });
}
