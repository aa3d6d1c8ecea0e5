/** The notifications' numbers for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { NotificationChannel } from '../../migrations/notification-tables.ts';

/** What is counted as it happens, and what is measured now and then. */
export interface NotificationMetrics {
  /** An attempt: the other side took it, it is tried again, or it was given up. */
  attempted(channel: NotificationChannel, outcome: 'delivered' | 'failed' | 'dead'): void;
  /** A change or a watched alert that could not be turned into an event was passed over. */
  skipped(): void;
  setLag(changes: number): void;
  setCounts(counts: { readonly pending: number; readonly dead: number }): void;
}

/** Registers them; once for a registry. */
export function createNotificationMetrics(registry: Registry): NotificationMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter<'channel'>({ name, help, labelNames: ['channel'], registers });
  const outcomes = {
    delivered: counter('podoh_notifications_delivered_total', 'Notifications that the other side took'),
    failed: counter('podoh_notifications_failed_total', 'Attempts to deliver that failed and are made again'),
    dead: counter('podoh_notifications_dead_total', 'Notifications that were given up'),
  };
  const skipped = new Counter({
    name: 'podoh_notifications_skipped_total',
    help: 'Changes that could not be turned into a notification',
    registers,
  });
  const lag = new Gauge({
    name: 'podoh_notifications_cursor_lag',
    help: 'Committed changes not looked at yet for notifications; told by the process that reads',
    registers,
  });
  const pending = new Gauge({ name: 'podoh_notifications_pending', help: 'Deliveries not made yet', registers });
  const dead = new Gauge({ name: 'podoh_notifications_dead', help: 'Deliveries given up and kept', registers });
  return {
    attempted: (channel, outcome) => outcomes[outcome].inc({ channel }),
    skipped: () => skipped.inc(),
    setLag: (changes) => lag.set(changes),
    setCounts(counts) {
      pending.set(counts.pending);
      dead.set(counts.dead);
    },
  };
}
