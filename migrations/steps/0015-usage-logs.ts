import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Proof of play. The device's own entry id makes a repeat a duplicate. No foreign key: this is a hot insert path. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('usage_logs')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('device_id', 'bigint', (column) => column.notNull())
        .addColumn('entry_id', 'varchar(64)', (column) => column.notNull())
        .addColumn('content_id', 'bigint', (column) => column.notNull())
        .addColumn('schedule_id', 'bigint')
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('play_ms', 'bigint', (column) => column.notNull())
        .addColumn('received_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('usage_logs_device_id_entry_id_key', ['device_id', 'entry_id']),
    )
    .execute();
  await db.schema
    .createIndex('usage_logs_tenant_id_started_at_idx')
    .ifNotExists()
    .on('usage_logs')
    .columns(['tenant_id', 'started_at'])
    .execute();
}
