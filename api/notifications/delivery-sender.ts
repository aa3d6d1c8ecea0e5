/**
 * Sends what is due, a bounded number at a time, apart from every request: nobody waits for it but the deliveries themselves.
 *
 * States: sending, and stopped (takes nothing more; what is under way is waited for a moment and then given back).
 * Invariants: no listener has more than its share under way, no tenant and no channel more than theirs, so that one that hangs
 * delays itself alone; a delivery is dropped only after the other side has taken it: at least once, and more than once where we
 * die in between.
 */
import { NotDeliveredError } from '../../hub/core/ports.ts';
import type { NotificationChannel } from '../../migrations/notification-tables.ts';
import type { ApiContext } from '../context.ts';
import { loggedError } from '../failure-answer.ts';
import {
  bury,
  callBack,
  dropDelivered,
  dueListeners,
  giveBack,
  putOff,
  takeDeliveries,
  type Deceased,
  type DueListener,
  type TakenDelivery,
} from './due-deliveries.ts';
import { nextAttemptAt } from './next-attempt.ts';
import type { NotificationMetrics } from './notification-metrics.ts';
import { openWebhookSecret } from './webhook-secret.ts';

/** Deliveries under way in this process, by channel. */
const CHANNEL_MAX: Readonly<Record<NotificationChannel, number>> = { sns: 8, webhook: 64 };
/** Deliveries under way to one listener, by channel. */
const LISTENER_MAX: Readonly<Record<NotificationChannel, number>> = { sns: 8, webhook: 2 };
/** Deliveries under way to all webhooks of a tenant. */
const TENANT_WEBHOOKS_MAX = 8;

export type SenderParts = Pick<ApiContext, 'db' | 'clock' | 'ids' | 'log' | 'notifier' | 'webhooks' | 'secret'> & {
  readonly metrics: NotificationMetrics;
};

type Listener = Pick<DueListener, 'channel' | 'webhookId'>;

function keyOf({ channel, webhookId }: Listener): string {
  return `${channel} ${webhookId ?? ''}`;
}

function deceased(delivery: TakenDelivery, why: string): Deceased {
  const { id, tenantId, notificationId, channel, webhookId, attempts, leaseUntil } = delivery;
  return {
    id,
    tenant_id: tenantId,
    notification_id: notificationId,
    channel,
    webhook_id: webhookId,
    attempts: attempts + 1,
    lease_until: leaseUntil,
    why,
  };
}

export class DeliverySender {
  readonly #parts: SenderParts;
  readonly #underWay = new Map<TakenDelivery, Promise<void>>();
  /** Listeners whose last attempt failed. */
  readonly #ailing = new Set<string>();
  #stopped = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Takes what is due and there is room for, and begins to send it. Rejects when the database is away. */
  async tick(): Promise<void> {
    const { db, clock, notifier } = this.#parts;
    for (const listener of await dueListeners(db.sql, clock.now())) {
      // Another process may have the topic.
      if (listener.channel === 'sns' && notifier === null) continue;
      await this.#fill(listener);
    }
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values());
  }

  /** Takes nothing more; waits for what is under way, at most so long, and gives the rest back for others to send. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped = true;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), withinMs);
    await Promise.race([this.settled(), late.promise]);
    clearTimeout(timer);
    const left = [...this.#underWay.keys()];
    // Whatever becomes of them now, the row is not ours to write any more.
    this.#underWay.clear();
    for (const delivery of left) await giveBack(this.#parts.db.sql, delivery);
  }

  /** @param given places that are about to become free */
  async #fill(listener: DueListener, given = 0): Promise<void> {
    const room = this.#stopped ? 0 : this.#room(listener) + given;
    if (room <= 0) return;
    const taken = await takeDeliveries(this.#parts.db.sql, listener, room, this.#parts.clock.now());
    for (const delivery of taken) {
      if (this.#stopped) {
        await giveBack(this.#parts.db.sql, delivery);
        continue;
      }
      const sending = this.#send(delivery).finally(() => this.#underWay.delete(delivery));
      this.#underWay.set(delivery, sending);
    }
  }

  #room({ channel, webhookId, tenantId }: DueListener): number {
    const all = [...this.#underWay.keys()].filter((delivery) => delivery.channel === channel);
    const own = all.filter((delivery) => delivery.webhookId === webhookId);
    const room = Math.min(CHANNEL_MAX[channel] - all.length, LISTENER_MAX[channel] - own.length);
    if (channel === 'sns') return room;
    return Math.min(room, TENANT_WEBHOOKS_MAX - all.filter((delivery) => delivery.tenantId === tenantId).length);
  }

  /** Never rejects: what cannot be written down is sent again when its lease has run out. */
  async #send(delivery: TakenDelivery): Promise<void> {
    const failure = await this.#attempt(delivery);
    if (!this.#underWay.has(delivery)) return;
    try {
      await (failure === null ? this.#delivered(delivery) : this.#failed(delivery, failure));
    } catch (error) {
      const { id, channel } = delivery;
      this.#parts.log.warn(
        { deliveryId: id, channel, error: loggedError(error) },
        'notifications: what became of a delivery could not be written down; it is made again',
      );
    }
  }

  /** Null when the other side has taken it. */
  async #attempt(delivery: TakenDelivery): Promise<NotDeliveredError | null> {
    try {
      await this.#publish(delivery);
      return null;
    } catch (error) {
      if (error instanceof NotDeliveredError) return error;
      this.#parts.log.error(
        { deliveryId: delivery.id, channel: delivery.channel, error: loggedError(error) },
        'notifications: a channel failed in a way of its own',
      );
      return new NotDeliveredError('the channel failed', true, { cause: error });
    }
  }

  async #publish({ channel, tenantId, webhook, event }: TakenDelivery): Promise<void> {
    const { notifier, webhooks } = this.#parts;
    if (channel === 'sns') {
      if (notifier === null) throw new NotDeliveredError('there is no topic', true);
      await notifier.publish(event);
      return;
    }
    if (webhook === null) throw new NotDeliveredError('the webhook was deleted', false);
    if (!webhook.enabled) throw new NotDeliveredError('the webhook is disabled', false);
    await webhooks.open({ url: webhook.url, secret: this.#secretOf(tenantId, webhook.sealedSecret) }).publish(event);
  }

  #secretOf(tenantId: number, sealed: string): string {
    try {
      return openWebhookSecret(this.#parts, tenantId, sealed);
    } catch (error) {
      throw new NotDeliveredError('the secret cannot be opened under the present signing key: rotate it', true, {
        cause: error,
      });
    }
  }

  async #delivered(delivery: TakenDelivery): Promise<void> {
    const { db, clock, metrics } = this.#parts;
    await dropDelivered(db.sql, delivery);
    metrics.attempted(delivery.channel, 'delivered');
    if (this.#ailing.delete(keyOf(delivery))) await callBack(db.sql, delivery, clock.now());
    await this.#fill(delivery, 1);
  }

  async #failed(delivery: TakenDelivery, failure: NotDeliveredError): Promise<void> {
    const { db, clock, ids, log, metrics } = this.#parts;
    const { id, channel, webhookId, tenantId, attempts, createdAt, event } = delivery;
    const now = clock.now();
    const { message: why, retryAfterMs } = failure;
    const at = failure.retry ? nextAttemptAt({ attempts: attempts + 1, createdAt, retryAfterMs }, now, ids) : null;
    this.#ailing.add(keyOf(delivery));
    const about = { deliveryId: id, tenantId, channel, webhookId, eventId: event.eventId, attempts: attempts + 1, why };
    if (at !== null) {
      await putOff(db.sql, delivery, at, why);
      metrics.attempted(channel, 'failed');
      log.info(about, 'notifications: an attempt failed and is made again');
    } else if (await bury(db, deceased(delivery, why), now)) {
      metrics.attempted(channel, 'dead');
      log.warn(about, 'notifications: a delivery was given up');
    }
  }
}
