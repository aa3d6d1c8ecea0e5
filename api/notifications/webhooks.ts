/** The tenant's webhooks: the list, one, and what changes them. They are the administrators'. */
import { sql, type SqlBool, type Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import type { ApiContext } from '../context.ts';
import { apiError, versionConflict } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import { EVENT_KINDS, EventKindJson, type EventKind } from './event-json.ts';
import {
  WEBHOOK_COLUMNS,
  webhookJson,
  WebhookSecret,
  type WebhookJson,
  type WebhookRow,
  type WebhookWithSecret,
} from './webhook-json.ts';
import { newWebhookSecret, sealWebhookSecret } from './webhook-secret.ts';

/** Webhooks of one tenant. Past it: CONFLICT. */
export const WEBHOOKS_MAX = 20;

const Name = Type.String({ minLength: 1, maxLength: 120, pattern: '\\S', description: 'For operators' });
const Url = Type.String({
  minLength: 1,
  maxLength: 2_000,
  description:
    'Begins with https:// and stands for addresses of the public Internet alone, unless PODOH_PRIVATE_WEBHOOKS is `allow`; no ' +
    'user name or password. Redirects are not followed',
});
const Events = Type.Array(EventKindJson, {
  minItems: 1,
  maxItems: EVENT_KINDS.length,
  uniqueItems: true,
  description: 'Kinds of events to be sent',
});

export const WebhookCreate = Type.Object(
  { name: Name, url: Url, events: Events, enabled: Type.Optional(Type.Boolean({ default: true })) },
  { additionalProperties: false },
);
export const WebhookUpdate = Type.Object(
  {
    name: Type.Optional(Name),
    url: Type.Optional(Url),
    events: Type.Optional(Events),
    enabled: Type.Optional(Type.Boolean()),
    version: Type.Integer({ minimum: 1, description: 'The version that the change is based on' }),
  },
  { additionalProperties: false },
);
export const RotatedSecret = Type.Object({ secret: WebhookSecret });

export const WebhooksQuery = listQuery(['name', 'id', 'createdAt', 'updatedAt'], {
  enabled: Type.Optional(Type.Boolean()),
});
const SORT_COLUMNS = { name: 'name', id: 'id', createdAt: 'created_at', updatedAt: 'updated_at' } as const;

type OneWebhook = Call<{ id: number }, unknown, unknown>;

export async function listWebhooks(
  call: Call<unknown, Static<typeof WebhooksQuery>, unknown>,
): Promise<{ data: WebhookJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { q, enabled, page, limit } = query;
  let found = ctx.db.sql.selectFrom('webhooks').where('tenant_id', '=', actor.tenantId);
  if (enabled !== undefined) found = found.where('enabled', '=', enabled ? 1 : 0);
  if (q !== undefined) found = found.where(sql<SqlBool>`lower(name) like lower(${likePattern(q)}) escape '!'`);
  const { column, direction } = sortOf(query.sort, 'name');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(WEBHOOK_COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('id')
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  return { data: rows.map(webhookJson), page: { page, limit, total: Number(total) } };
}

/** One webhook. NOT_FOUND when the tenant has none of this id. */
export async function getWebhook({ ctx, actor, params }: OneWebhook): Promise<WebhookJson> {
  const row = await ctx.db.sql
    .selectFrom('webhooks')
    .select(WEBHOOK_COLUMNS)
    .where('id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw noSuchWebhook();
  return webhookJson(row);
}

/** Makes a webhook and its secret. VALIDATION_ERROR for an address that nothing may be sent to; CONFLICT past WEBHOOKS_MAX. */
export async function createWebhook(
  call: Call<unknown, unknown, Static<typeof WebhookCreate>>,
): Promise<WebhookWithSecret> {
  const { ctx, actor, body } = call;
  checkUrl(ctx, body.url);
  return mutate(call, async (tx, now): Promise<Mutation<WebhookWithSecret>> => {
    await requireRoom(tx, ctx, actor.tenantId);
    const secret = newWebhookSecret(ctx);
    const row = {
      name: body.name.trim(),
      url: body.url,
      events: eventsText(body.events),
      enabled: body.enabled === false ? (0 as const) : (1 as const),
      version: 1,
      created_at: now,
      updated_at: now,
    };
    const { insertId } = await tx
      .insertInto('webhooks')
      .values({
        tenant_id: actor.tenantId,
        created_by: actor.userId,
        secret: sealWebhookSecret(ctx, actor.tenantId, secret),
        ...row,
      })
      .executeTakeFirstOrThrow();
    const id = Number(insertId);
    const detail = { name: row.name, host: new URL(row.url).host, events: body.events, enabled: row.enabled === 1 };
    return {
      data: { ...webhookJson({ id, ...row }), secret },
      changes: [],
      audit: { action: 'webhook.created', entity: 'webhook', entityId: id, detail },
    };
  });
}

/** Changes the fields that are given. NOT_FOUND; VALIDATION_ERROR for the address; VERSION_CONFLICT for a stale `version`. */
export async function updateWebhook(
  call: Call<{ id: number }, unknown, Static<typeof WebhookUpdate>>,
): Promise<WebhookJson> {
  const { ctx, params, body } = call;
  if (body.url !== undefined) checkUrl(ctx, body.url);
  return mutate(call, async (tx, now): Promise<Mutation<WebhookJson>> => {
    const old = await lockWebhook(tx, call);
    if (old.version !== body.version) throw versionConflict(old.version);
    const next = {
      name: body.name?.trim() ?? old.name,
      url: body.url ?? old.url,
      events: body.events === undefined ? old.events : eventsText(body.events),
      enabled: body.enabled === undefined ? old.enabled : body.enabled ? (1 as const) : (0 as const),
      updated_at: now,
    };
    await tx
      .updateTable('webhooks')
      .set((eb) => ({ ...next, version: eb('version', '+', 1) }))
      .where('id', '=', params.id)
      .execute();
    const { url, ...rest } = body;
    const detail = { ...rest, ...(url !== undefined && { host: new URL(url).host }) };
    return {
      data: webhookJson({ ...old, ...next, version: old.version + 1 }),
      changes: [],
      audit: { action: 'webhook.updated', entity: 'webhook', entityId: params.id, detail },
    };
  });
}

/** Deletes a webhook and what still waits for it. Dead letters stay as a record. */
export async function removeWebhook(call: OneWebhook): Promise<Record<string, never>> {
  return mutate(call, async (tx): Promise<Mutation<Record<string, never>>> => {
    const { id, name } = await lockWebhook(tx, call);
    await tx.deleteFrom('webhooks').where('id', '=', id).execute();
    await tx
      .deleteFrom('notification_deliveries')
      .where('channel', '=', 'webhook')
      .where('webhook_id', '=', id)
      .execute();
    return {
      data: {},
      changes: [],
      audit: { action: 'webhook.removed', entity: 'webhook', entityId: id, detail: { name } },
    };
  });
}

/** Gives the webhook another secret; from now on nothing is signed with the old one. */
export async function rotateSecret(call: OneWebhook): Promise<Static<typeof RotatedSecret>> {
  const { ctx, actor } = call;
  return mutate(call, async (tx, now): Promise<Mutation<Static<typeof RotatedSecret>>> => {
    const { id, name } = await lockWebhook(tx, call);
    const secret = newWebhookSecret(ctx);
    await tx
      .updateTable('webhooks')
      .set((eb) => ({
        secret: sealWebhookSecret(ctx, actor.tenantId, secret),
        updated_at: now,
        version: eb('version', '+', 1),
      }))
      .where('id', '=', id)
      .execute();
    return {
      data: { secret },
      changes: [],
      audit: { action: 'webhook.secret_rotated', entity: 'webhook', entityId: id, detail: { name } },
    };
  });
}

/** Reads a webhook of the tenant, locked until commit. NOT_FOUND. */
export async function lockWebhook(tx: Transaction<Database>, { ctx, actor, params }: OneWebhook): Promise<WebhookRow> {
  const row = await tx
    .selectFrom('webhooks')
    .select(WEBHOOK_COLUMNS)
    .where('id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .modifyEnd(ctx.db.dialect.forUpdate)
    .executeTakeFirst();
  if (row === undefined) throw noSuchWebhook();
  return row;
}

function noSuchWebhook(): Error {
  return apiError('NOT_FOUND', 'No such webhook');
}

function checkUrl({ webhooks }: Pick<ApiContext, 'webhooks'>, url: string): void {
  const refusal = webhooks.refusal(url);
  if (refusal !== null) {
    throw apiError('VALIDATION_ERROR', 'The request is not valid', [{ field: 'url', message: refusal }]);
  }
}

/** In the order in which the kinds are declared. */
function eventsText(events: readonly EventKind[]): string {
  return JSON.stringify(EVENT_KINDS.filter((kind) => events.includes(kind)));
}

async function requireRoom(tx: Transaction<Database>, { db }: ApiContext, tenantId: number): Promise<void> {
  // The tenant's row is the lock: two that are each the last one must not both be let in.
  await tx.selectFrom('tenants').select('id').where('id', '=', tenantId).modifyEnd(db.dialect.forUpdate).execute();
  const { total } = await tx
    .selectFrom('webhooks')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow();
  if (Number(total) >= WEBHOOKS_MAX) throw apiError('CONFLICT', `There are ${WEBHOOKS_MAX} webhooks already`);
}
