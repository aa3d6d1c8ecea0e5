import { sql, type Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Plays during an alert, plays whose clock cannot be right, and the indexes that reports read. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect.addColumn(db, 'usage_logs', 'alert_deployment_id', sql`bigint`);
  await dialect.addColumn(db, 'usage_logs', 'clock_suspect', sql`integer not null default 0`);
  // Holds all that reports sum, so that a million plays are counted without a look at their rows; and the id, so that plays are paged
  // through in the order of time.
  await db.schema
    .createIndex('usage_logs_report_idx')
    .ifNotExists()
    .on('usage_logs')
    .columns([
      'tenant_id',
      'started_at',
      'id',
      'content_id',
      'device_id',
      'schedule_id',
      'play_ms',
      'alert_deployment_id',
      'clock_suspect',
    ])
    .execute();
  await dialect.dropIndex(db, 'usage_logs', 'usage_logs_tenant_id_started_at_idx');
  await db.schema
    .createIndex('alert_receipts_device_id_idx')
    .ifNotExists()
    .on('alert_receipts')
    .columns(['device_id', 'displayed_at'])
    .execute();
}
