import { sql, type Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** What the outside is told: webhooks, events, their deliveries, what could not be delivered, and alerts watched for confirmation. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect.addColumn(db, 'consumers', 'lease_owner', sql`varchar(64)`);
  await dialect.addColumn(db, 'consumers', 'lease_until', sql`bigint`);
  await createWebhooks(db, dialect);
  await createNotifications(db, dialect);
  await createDeliveries(db, dialect);
  await createDeadLetters(db, dialect);
  await createAlertWatches(db, dialect);
  for (const [index, table, columns] of INDEXES) {
    await db.schema
      .createIndex(index)
      .ifNotExists()
      .on(table)
      .columns([...columns])
      .execute();
  }
}

const INDEXES = [
  ['webhooks_tenant_id_idx', 'webhooks', ['tenant_id']],
  ['notifications_created_at_idx', 'notifications', ['created_at']],
  // Who has anything due; what is due for one listener; a tenant's count; what still needs a notification.
  ['notification_deliveries_next_attempt_at_idx', 'notification_deliveries', ['next_attempt_at']],
  ['notification_deliveries_listener_idx', 'notification_deliveries', ['channel', 'webhook_id', 'next_attempt_at']],
  ['notification_deliveries_tenant_id_idx', 'notification_deliveries', ['tenant_id']],
  ['notification_deliveries_notification_id_idx', 'notification_deliveries', ['notification_id']],
  ['notification_dead_letters_tenant_id_idx', 'notification_dead_letters', ['tenant_id', 'died_at']],
  ['notification_dead_letters_notification_id_idx', 'notification_dead_letters', ['notification_id']],
  ['alert_watches_due_at_idx', 'alert_watches', ['due_at']],
] as const;

async function createWebhooks(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('webhooks')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('name', 'varchar(190)', (column) => column.notNull())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('events', 'text', (column) => column.notNull())
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('enabled', 'integer', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
}

async function createNotifications(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('notifications')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('event_id', 'varchar(64)', (column) => column.notNull())
        .addColumn('kind', 'varchar(32)', (column) => column.notNull())
        .addColumn('payload', dialect.longText, (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('notifications_event_id_key', ['event_id']),
    )
    .execute();
}

async function createDeliveries(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('notification_deliveries')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('notification_id', 'bigint', (column) => column.notNull())
        .addColumn('channel', 'varchar(16)', (column) => column.notNull())
        .addColumn('webhook_id', 'bigint')
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('next_attempt_at', 'bigint', (column) => column.notNull())
        .addColumn('lease_until', 'bigint')
        .addColumn('last_error', 'varchar(500)')
        .addColumn('created_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
}

async function createDeadLetters(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('notification_dead_letters')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('notification_id', 'bigint', (column) => column.notNull())
        .addColumn('channel', 'varchar(16)', (column) => column.notNull())
        .addColumn('webhook_id', 'bigint')
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('last_error', 'varchar(500)')
        .addColumn('died_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
}

async function createAlertWatches(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('alert_watches')
        .ifNotExists()
        .addColumn('deployment_id', 'bigint', (column) => column.notNull().primaryKey())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('due_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
}
