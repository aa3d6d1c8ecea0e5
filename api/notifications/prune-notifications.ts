/** Deletes what nobody will ask for again, and buries what nobody could send. */
import type { ApiContext } from '../context.ts';
import { bury } from './due-deliveries.ts';
import { GIVE_UP_AFTER_MS } from './next-attempt.ts';
import type { NotificationMetrics } from './notification-metrics.ts';

/** Events and dead letters are kept for so long, in milliseconds. */
const KEPT_MS = 30 * 24 * 3_600_000;
/** Rows deleted in one statement, and deliveries buried in one go; what is left waits for the next. */
const AT_ONCE = 1_000;
/** A process that has the topic would have given a delivery up long before, in milliseconds. */
const ORPHANED_AFTER_MS = GIVE_UP_AFTER_MS + 3_600_000;

/** Runs it once. */
export async function pruneNotifications(
  { db, clock, notifier }: Pick<ApiContext, 'db' | 'clock' | 'notifier'>,
  metrics: NotificationMetrics,
): Promise<void> {
  const now = clock.now();
  if (notifier === null) await buryOrphans(db, now, metrics);
  await db.sql
    .deleteFrom('notification_dead_letters')
    .where('died_at', '<', now - KEPT_MS)
    .execute();
  const old = await db.sql
    .selectFrom('notifications')
    .select('id')
    .where('created_at', '<', now - KEPT_MS)
    // What may still be sent, now or when an operator says so, needs its text.
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('notification_deliveries as d')
            .select('d.id')
            .whereRef('d.notification_id', '=', 'notifications.id'),
        ),
      ),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('notification_dead_letters as l')
            .select('l.id')
            .whereRef('l.notification_id', '=', 'notifications.id'),
        ),
      ),
    )
    .orderBy('created_at')
    .limit(AT_ONCE)
    .execute();
  if (old.length === 0) return;
  const ids = old.map(({ id }) => id);
  await db.sql.deleteFrom('notifications').where('id', 'in', ids).execute();
}

/** Deliveries to a topic that nobody has any more. */
async function buryOrphans(db: ApiContext['db'], now: number, metrics: NotificationMetrics): Promise<void> {
  const rows = await db.sql
    .selectFrom('notification_deliveries')
    .select(['id', 'tenant_id', 'notification_id', 'channel', 'webhook_id', 'attempts', 'last_error', 'lease_until'])
    .where('channel', '=', 'sns')
    .where('created_at', '<', now - ORPHANED_AFTER_MS)
    .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', now)]))
    .limit(AT_ONCE)
    .execute();
  for (const row of rows) {
    if (await bury(db, { ...row, why: row.last_error ?? 'there is no topic' }, now)) metrics.attempted('sns', 'dead');
  }
}
