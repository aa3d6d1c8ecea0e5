/**
 * Everything that tells the outside, in one API process: it follows the change log (one process at a time), looks after alerts that
 * stay unconfirmed, and sends (every process). No request waits for any of it: it begins with what requests have committed.
 */
import { sql } from 'kysely';
import type { ApiContext } from '../context.ts';
import { AlertWatcher } from './alert-watcher.ts';
import { ChangeConsumer, ensureCursor } from './change-consumer.ts';
import { DeliverySender } from './delivery-sender.ts';
import { createNotificationMetrics, type NotificationMetrics } from './notification-metrics.ts';
import { PacedLoop } from './paced-loop.ts';
import { pruneNotifications } from './prune-notifications.ts';

/** The screens come first: what was committed is looked at so much later, together with what came since, in milliseconds. */
const FOLLOW_AFTER_MS = 50;
/** A stop waits for what is being sent at most so long, in milliseconds. */
const STOP_WITHIN_MS = 2_000;
/** How often deliveries are counted, in milliseconds. */
const COUNT_EVERY_MS = 10_000;
/** How often old rows are deleted, in milliseconds. */
const PRUNE_EVERY_MS = 10 * 60_000;

export interface Notifications {
  /** Ends the loops, waits a moment for what is being sent, and gives back what this process held. */
  stop(): Promise<void>;
}

/** Begins. Rejects when the database is away. When it resolves, whatever is committed from then on will be told. */
export async function startNotifications(ctx: ApiContext): Promise<Notifications> {
  await ensureCursor(ctx);
  const metrics = createNotificationMetrics(ctx.registry);
  const parts = { ...ctx, metrics };
  const consumer = new ChangeConsumer(parts, ctx.ids.uuid());
  const watcher = new AlertWatcher(parts);
  const sender = new DeliverySender(parts);
  const counted = everySoOften(ctx, COUNT_EVERY_MS, () => countDeliveries(ctx, metrics));
  const pruned = everySoOften(ctx, PRUNE_EVERY_MS, () => pruneNotifications(ctx, metrics));

  const sending = new PacedLoop({ name: 'sending notifications', delayMs: 0 }, () => sender.tick(), ctx);
  const following = new PacedLoop(
    { name: 'following the change log for notifications', delayMs: FOLLOW_AFTER_MS },
    async () => {
      const { reads, stored } = await consumer.step();
      if (stored > 0) sending.wake();
      if (reads && (await watcher.step()) > 0) sending.wake();
      await counted();
      if (reads) await pruned();
    },
    ctx,
  );
  const stopListening = ctx.bus.subscribe((hint) => {
    if (hint.kind !== 'session') following.wake();
  });
  following.wake();
  sending.wake();
  return {
    async stop() {
      stopListening();
      await Promise.all([following.stop(), sending.stop()]);
      try {
        await sender.stop(STOP_WITHIN_MS);
        await consumer.release();
      } catch (error) {
        // The leases run out by themselves.
        ctx.log.warn({ reason: String(error) }, 'notifications: what was held could not be given back');
      }
    },
  };
}

/** The work, at most once in so long. */
function everySoOften({ clock }: ApiContext, everyMs: number, work: () => Promise<void>): () => Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = clock.monotonicMs();
    if (now - last < everyMs) return;
    last = now;
    await work();
  };
}

async function countDeliveries({ db }: ApiContext, metrics: NotificationMetrics): Promise<void> {
  const { rows } = await sql<{ pending: number; dead: number }>`
    select (select count(*) from notification_deliveries) as pending,
      (select count(*) from notification_dead_letters) as dead`.execute(db.sql);
  const counts = rows[0];
  if (counts === undefined) throw new Error('a count gave no row');
  metrics.setCounts({ pending: Number(counts.pending), dead: Number(counts.dead) });
}
