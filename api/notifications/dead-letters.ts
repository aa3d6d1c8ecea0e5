/** Deliveries that were given up: to be read, and to be tried once more. */
import { sql, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import type { NotificationChannel } from '../../migrations/notification-tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { Actor, ApiContext } from '../context.ts';
import { apiError } from '../errors.ts';
import { toIso } from '../iso-time.ts';
import { mutate, type Mutation } from '../mutation.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import { AlertEvent, EventKindJson, type EventKind } from './event-json.ts';

const Channel = Type.Enum(['sns', 'webhook'], { description: "`sns`: the installation's topic" });
const OptionalText = Type.Union([Type.String(), Type.Null()]);

export const DeadLetterJson = Type.Object({
  id: Id,
  eventId: Type.String(),
  kind: EventKindJson,
  channel: Channel,
  webhookId: Type.Union([Id, Type.Null()]),
  webhookName: { ...OptionalText, description: 'null for the topic, and when the webhook was deleted since' },
  attempts: Type.Integer({ minimum: 0, description: 'How often it was tried' }),
  lastError: { ...OptionalText, description: 'Why the last attempt failed' },
  toldAt: { ...Timestamp, description: 'When there was something to tell' },
  diedAt: { ...Timestamp, description: 'When it was given up; it is kept for 30 days' },
});
type DeadLetterJson = Static<typeof DeadLetterJson>;
export const DeadLetterDetailJson = Type.Object({ ...DeadLetterJson.properties, event: AlertEvent });

export const DeadLettersQuery = listQuery(['diedAt', 'id'], {
  channel: Type.Optional(Channel),
  kind: Type.Optional(EventKindJson),
  webhookId: Type.Optional(Id),
});
const SORT_COLUMNS = { diedAt: 'l.died_at', id: 'l.id' } as const;

interface Row {
  readonly id: number;
  readonly event_id: string;
  readonly kind: string;
  readonly channel: NotificationChannel;
  readonly webhook_id: number | null;
  readonly webhook_name: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly created_at: number;
  readonly died_at: number;
}

function deadLetterJson(row: Row): DeadLetterJson {
  return {
    id: row.id,
    eventId: row.event_id,
    kind: row.kind as EventKind,
    channel: row.channel,
    webhookId: row.webhook_id,
    webhookName: row.webhook_name,
    attempts: row.attempts,
    lastError: row.last_error,
    toldAt: toIso(row.created_at),
    diedAt: toIso(row.died_at),
  };
}

function ofTenant({ db }: ApiContext, actor: Actor) {
  return db.sql
    .selectFrom('notification_dead_letters as l')
    .innerJoin('notifications as n', 'n.id', 'l.notification_id')
    .leftJoin('webhooks as w', 'w.id', 'l.webhook_id')
    .where('l.tenant_id', '=', actor.tenantId);
}

const COLUMNS = [
  'l.id',
  'n.event_id',
  'n.kind',
  'l.channel',
  'l.webhook_id',
  'w.name as webhook_name',
  'l.attempts',
  'l.last_error',
  'n.created_at',
  'l.died_at',
] as const;

/** The tenant's dead letters, the newest first. */
export async function listDeadLetters(
  call: Call<unknown, Static<typeof DeadLettersQuery>, unknown>,
): Promise<{ data: DeadLetterJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { channel, kind, webhookId, q, page, limit } = query;
  let found = ofTenant(ctx, actor);
  if (channel !== undefined) found = found.where('l.channel', '=', channel);
  if (kind !== undefined) found = found.where('n.kind', '=', kind);
  if (webhookId !== undefined) found = found.where('l.webhook_id', '=', webhookId);
  if (q !== undefined) {
    const pattern = likePattern(q);
    found = found.where(
      sql<SqlBool>`(lower(n.event_id) like lower(${pattern}) escape '!' or lower(l.last_error) like lower(${pattern}) escape '!')`,
    );
  }
  const { column, direction } = sortOf(query.sort, '-diedAt');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('l.id', direction)
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  return { data: rows.map(deadLetterJson), page: { page, limit, total: Number(total) } };
}

/** One dead letter with the event that was not delivered. NOT_FOUND. */
export async function getDeadLetter({
  ctx,
  actor,
  params,
}: Call<{ id: number }, unknown, unknown>): Promise<Static<typeof DeadLetterDetailJson>> {
  const row = await ofTenant(ctx, actor)
    .select(COLUMNS)
    .select('n.payload')
    .where('l.id', '=', params.id)
    .executeTakeFirst();
  if (row === undefined) throw noSuchDeadLetter();
  return { ...deadLetterJson(row), event: JSON.parse(row.payload) as AlertEvent };
}

/**
 * Makes a delivery of it again, with a day to be made in. NOT_FOUND; CONFLICT when there is nobody to deliver it to: the webhook was
 * deleted or is disabled, or the installation has no topic any more.
 */
export async function retryDeadLetter(call: Call<{ id: number }, unknown, unknown>): Promise<Record<string, never>> {
  const { ctx, actor, params } = call;
  return mutate(call, async (tx, now): Promise<Mutation<Record<string, never>>> => {
    const row = await tx
      .selectFrom('notification_dead_letters')
      .select(['id', 'notification_id', 'channel', 'webhook_id'])
      .where('id', '=', params.id)
      .where('tenant_id', '=', actor.tenantId)
      .modifyEnd(ctx.db.dialect.forUpdate)
      .executeTakeFirst();
    if (row === undefined) throw noSuchDeadLetter();
    if (row.channel === 'sns' && ctx.notifier === null) throw apiError('CONFLICT', 'There is no topic to publish to');
    if (row.webhook_id !== null) {
      const webhook = await tx
        .selectFrom('webhooks')
        .select('enabled')
        .where('id', '=', row.webhook_id)
        .where('tenant_id', '=', actor.tenantId)
        .executeTakeFirst();
      if (webhook === undefined) throw apiError('CONFLICT', 'The webhook was deleted');
      if (webhook.enabled === 0) throw apiError('CONFLICT', 'The webhook is disabled');
    }
    await tx.deleteFrom('notification_dead_letters').where('id', '=', row.id).execute();
    await tx
      .insertInto('notification_deliveries')
      .values({
        tenant_id: actor.tenantId,
        notification_id: row.notification_id,
        channel: row.channel,
        webhook_id: row.webhook_id,
        attempts: 0,
        next_attempt_at: now,
        lease_until: null,
        last_error: null,
        created_at: now,
      })
      .execute();
    return {
      data: {},
      changes: [],
      audit: {
        action: 'dead_letter.retried',
        entity: 'dead_letter',
        entityId: row.id,
        detail: { channel: row.channel, webhookId: row.webhook_id },
      },
    };
  });
}

function noSuchDeadLetter(): Error {
  return apiError('NOT_FOUND', 'No such dead letter');
}
