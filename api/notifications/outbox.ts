/**
 * The outbox: an event and its deliveries, one for each listener, are written in the transaction of what the event was learned
 * from. From there on the senders see to it.
 */
import type { Kysely, Transaction } from 'kysely';
import type { NotificationChannel } from '../../migrations/notification-tables.ts';
import type { Database } from '../../migrations/tables.ts';
import { eventText, type AlertEvent, type EventKind } from './event-json.ts';

/** One who is told: the installation's topic, or a webhook of the tenant. */
interface Listener {
  readonly channel: NotificationChannel;
  readonly webhookId: number | null;
}

/** Who is told of what, as of now. */
export type Listeners = (tenantId: number, kind: EventKind) => readonly Listener[];

/** Reads the listeners of these tenants. `hasTopic`: the installation has an SNS topic, which is told everything. */
export async function readListeners(
  db: Kysely<Database>,
  tenantIds: readonly number[],
  hasTopic: boolean,
): Promise<Listeners> {
  const rows =
    tenantIds.length === 0
      ? []
      : await db
          .selectFrom('webhooks')
          .select(['id', 'tenant_id', 'events'])
          .where('tenant_id', 'in', [...new Set(tenantIds)])
          .where('enabled', '=', 1)
          .orderBy('id')
          .execute();
  const webhooks = rows.map((row) => ({ ...row, kinds: new Set(JSON.parse(row.events) as string[]) }));
  const topic: Listener[] = hasTopic ? [{ channel: 'sns', webhookId: null }] : [];
  return (tenantId, kind) => [
    ...topic,
    ...webhooks
      .filter((row) => row.tenant_id === tenantId && row.kinds.has(kind))
      .map((row): Listener => ({ channel: 'webhook', webhookId: row.id })),
  ];
}

/**
 * Stores events that anybody listens to, each once however often it is given. The caller's transaction is the only one that can
 * be storing these events. Returns how many deliveries were made.
 */
export async function storeEvents(
  tx: Transaction<Database>,
  events: readonly AlertEvent[],
  listeners: Listeners,
  now: number,
): Promise<number> {
  const heard = events
    .map((event) => ({ event, to: listeners(event.tenantId, event.kind) }))
    .filter(({ to }) => to.length > 0);
  if (heard.length === 0) return 0;
  const stored = await tx
    .selectFrom('notifications')
    .select('event_id')
    .where(
      'event_id',
      'in',
      heard.map(({ event }) => event.eventId),
    )
    .execute();
  const known = new Set(stored.map((row) => row.event_id));
  let made = 0;
  for (const { event, to } of heard) {
    if (known.has(event.eventId)) continue;
    known.add(event.eventId);
    await storeEvent(tx, event, to, now);
    made += to.length;
  }
  return made;
}

async function storeEvent(
  tx: Transaction<Database>,
  event: AlertEvent,
  to: readonly Listener[],
  now: number,
): Promise<void> {
  const { insertId } = await tx
    .insertInto('notifications')
    .values({
      tenant_id: event.tenantId,
      event_id: event.eventId,
      kind: event.kind,
      payload: eventText(event),
      created_at: now,
    })
    .executeTakeFirstOrThrow();
  await tx
    .insertInto('notification_deliveries')
    .values(
      to.map(({ channel, webhookId }) => ({
        tenant_id: event.tenantId,
        notification_id: Number(insertId),
        channel,
        webhook_id: webhookId,
        attempts: 0,
        next_attempt_at: now,
        lease_until: null,
        last_error: null,
        created_at: now,
      })),
    )
    .execute();
}
