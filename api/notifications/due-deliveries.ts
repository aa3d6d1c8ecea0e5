/**
 * Deliveries in the database, from a sender's side: what is due, taking it for a while, and what became of it. Whoever has taken a
 * delivery is known by the end of its lease: it is written only while that is still what stands there.
 */
import type { ExpressionBuilder, Kysely, SqlBool, Expression } from 'kysely';
import type { OutsideEvent } from '../../hub/core/ports.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { NotificationChannel, NotificationDeliveriesTable } from '../../migrations/notification-tables.ts';
import type { Database } from '../../migrations/tables.ts';
import { inTransaction } from '../transaction.ts';

/** A delivery is its sender's for so long, in milliseconds: far longer than an attempt can take. Past it: anybody's. */
export const DELIVERY_LEASE_MS = 60_000;
/** Listeners looked at in one go, those first who have waited longest. */
const LISTENERS_AT_ONCE = 500;
const ERROR_LENGTH_MAX = 500;

/** One whom deliveries are for: the topic, or a webhook. */
export interface DueListener {
  readonly channel: NotificationChannel;
  readonly webhookId: number | null;
  /** Whose webhook it is; of the topic, whose event waits, if only one tenant's do. */
  readonly tenantId: number;
}

/** A delivery that is ours until `leaseUntil`. */
export interface TakenDelivery {
  readonly id: number;
  readonly tenantId: number;
  readonly notificationId: number;
  readonly channel: NotificationChannel;
  readonly webhookId: number | null;
  readonly attempts: number;
  readonly createdAt: number;
  readonly leaseUntil: number;
  readonly event: OutsideEvent;
  /** Null for the topic, and for a webhook that is not there any more. */
  readonly webhook: { readonly url: string; readonly sealedSecret: string; readonly enabled: boolean } | null;
}

type Builder = ExpressionBuilder<Database, 'notification_deliveries'>;

function isFree(eb: Builder, now: number): Expression<SqlBool> {
  return eb.or([
    eb('notification_deliveries.lease_until', 'is', null),
    eb('notification_deliveries.lease_until', '<=', now),
  ]);
}

function isFor(eb: Builder, { channel, webhookId }: Pick<DueListener, 'channel' | 'webhookId'>): Expression<SqlBool> {
  return eb.and([
    eb('notification_deliveries.channel', '=', channel),
    webhookId === null
      ? eb('notification_deliveries.webhook_id', 'is', null)
      : eb('notification_deliveries.webhook_id', '=', webhookId),
  ]);
}

/** Who has anything due, those first who have waited longest. */
export async function dueListeners(db: Kysely<Database>, now: number): Promise<DueListener[]> {
  const rows = await db
    .selectFrom('notification_deliveries')
    .select(['channel', 'webhook_id'])
    .select((eb) => [eb.fn.min('tenant_id').as('tenant_id'), eb.fn.min('next_attempt_at').as('due_at')])
    .where('next_attempt_at', '<=', now)
    .where((eb) => isFree(eb, now))
    .groupBy(['channel', 'webhook_id'])
    .orderBy('due_at')
    .limit(LISTENERS_AT_ONCE)
    .execute();
  return rows.map((row) => ({
    channel: row.channel,
    webhookId: row.webhook_id,
    tenantId: Number(row.tenant_id),
  }));
}

/** Takes up to `room` deliveries that are due for a listener, the oldest first. */
export async function takeDeliveries(
  db: Kysely<Database>,
  listener: Pick<DueListener, 'channel' | 'webhookId'>,
  room: number,
  now: number,
): Promise<TakenDelivery[]> {
  const rows = await db
    .selectFrom('notification_deliveries')
    .innerJoin('notifications', 'notifications.id', 'notification_deliveries.notification_id')
    .leftJoin('webhooks', 'webhooks.id', 'notification_deliveries.webhook_id')
    .select([
      'notification_deliveries.id',
      'notification_deliveries.tenant_id',
      'notification_deliveries.notification_id',
      'notification_deliveries.attempts',
      'notification_deliveries.created_at',
      'notifications.event_id',
      'notifications.kind',
      'notifications.payload',
      'webhooks.url',
      'webhooks.secret',
      'webhooks.enabled',
    ])
    .where((eb) => isFor(eb as unknown as Builder, listener))
    .where('notification_deliveries.next_attempt_at', '<=', now)
    .where((eb) => isFree(eb as unknown as Builder, now))
    .orderBy('notification_deliveries.next_attempt_at')
    .orderBy('notification_deliveries.id')
    .limit(room)
    .execute();
  const taken: TakenDelivery[] = [];
  const leaseUntil = now + DELIVERY_LEASE_MS;
  for (const row of rows) {
    const { numUpdatedRows } = await db
      .updateTable('notification_deliveries')
      .set({ lease_until: leaseUntil })
      .where('id', '=', row.id)
      .where((eb) => isFree(eb, now))
      .executeTakeFirst();
    // Another process was quicker.
    if (Number(numUpdatedRows) !== 1) continue;
    taken.push({
      id: row.id,
      tenantId: row.tenant_id,
      notificationId: row.notification_id,
      channel: listener.channel,
      webhookId: listener.webhookId,
      attempts: row.attempts,
      createdAt: row.created_at,
      leaseUntil,
      event: { eventId: row.event_id, kind: row.kind, tenantId: row.tenant_id, body: row.payload },
      webhook:
        row.url === null || row.secret === null
          ? null
          : { url: row.url, sealedSecret: row.secret, enabled: row.enabled === 1 },
    });
  }
  return taken;
}

type Held = Pick<TakenDelivery, 'id' | 'leaseUntil'>;

/** The other side has taken it: the delivery goes. */
export async function dropDelivered(db: Kysely<Database>, { id, leaseUntil }: Held): Promise<void> {
  await db.deleteFrom('notification_deliveries').where('id', '=', id).where('lease_until', '=', leaseUntil).execute();
}

/** It is to be tried again at `at`. */
export async function putOff(
  db: Kysely<Database>,
  { id, leaseUntil, attempts }: Pick<TakenDelivery, 'id' | 'leaseUntil' | 'attempts'>,
  at: number,
  why: string,
): Promise<void> {
  await db
    .updateTable('notification_deliveries')
    .set({ attempts: attempts + 1, next_attempt_at: at, lease_until: null, last_error: why.slice(0, ERROR_LENGTH_MAX) })
    .where('id', '=', id)
    .where('lease_until', '=', leaseUntil)
    .execute();
}

/** What a dead letter is made of; `lease_until` says who may make it. */
export interface Deceased extends Pick<
  NotificationDeliveriesTable,
  'tenant_id' | 'notification_id' | 'channel' | 'webhook_id' | 'attempts'
> {
  readonly id: number;
  /** The end of the lease under which it is ours; null when nobody holds it. */
  readonly lease_until: number | null;
  readonly why: string;
}

/** It is given up: a dead letter takes its place. False when somebody else has seen to it. */
export async function bury(db: OpenDatabase<Database>, dead: Deceased, now: number): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('notification_deliveries')
      .where('id', '=', dead.id)
      .where('lease_until', dead.lease_until === null ? 'is' : '=', dead.lease_until)
      .executeTakeFirst();
    if (Number(numDeletedRows) === 0) return false;
    await tx
      .insertInto('notification_dead_letters')
      .values({
        tenant_id: dead.tenant_id,
        notification_id: dead.notification_id,
        channel: dead.channel,
        webhook_id: dead.webhook_id,
        attempts: dead.attempts,
        last_error: dead.why.slice(0, ERROR_LENGTH_MAX),
        died_at: now,
      })
      .execute();
    return true;
  });
}

/** Gives a delivery back untried. */
export async function giveBack(db: Kysely<Database>, { id, leaseUntil }: Held): Promise<void> {
  await db
    .updateTable('notification_deliveries')
    .set({ lease_until: null })
    .where('id', '=', id)
    .where('lease_until', '=', leaseUntil)
    .execute();
}

/** The listener is well again: what was put off for it is due now. */
export async function callBack(
  db: Kysely<Database>,
  listener: Pick<DueListener, 'channel' | 'webhookId'>,
  now: number,
): Promise<void> {
  await db
    .updateTable('notification_deliveries')
    .set({ next_attempt_at: now })
    .where((eb) => isFor(eb, listener))
    .where('next_attempt_at', '>', now)
    .execute();
}
