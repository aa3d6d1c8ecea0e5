import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/**
 * Each time a device came online or went: what availability is counted from. Only transitions, never a repeat. One index and no
 * more, because a fleet that comes back writes a row for each device.
 */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('device_presence')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('device_id', 'bigint', (column) => column.notNull())
        .addColumn('status', 'varchar(16)', (column) => column.notNull())
        .addColumn('transport', 'varchar(16)')
        .addColumn('at', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await db.schema
    .createIndex('device_presence_device_id_at_idx')
    .ifNotExists()
    .on('device_presence')
    .columns(['device_id', 'at'])
    .execute();
}
