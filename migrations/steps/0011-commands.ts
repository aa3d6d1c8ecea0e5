import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** One-shot orders to devices. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('commands')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('device_id', 'bigint', (column) => column.notNull())
        .addColumn('name', 'varchar(64)', (column) => column.notNull())
        .addColumn('args', dialect.longText, (column) => column.notNull())
        .addColumn('state', 'varchar(16)', (column) => column.notNull())
        .addColumn('result', dialect.longText)
        .addColumn('reason', 'varchar(500)')
        .addColumn('file_key', 'varchar(255)')
        .addColumn('file_type', 'varchar(128)')
        .addColumn('issued_by', 'bigint')
        .addColumn('issued_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('acknowledged_at', 'bigint')
        .addColumn('finished_at', 'bigint')
        .addColumn('rev', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await db.schema
    .createIndex('commands_device_id_state_idx')
    .ifNotExists()
    .on('commands')
    .columns(['device_id', 'state'])
    .execute();
  await db.schema.createIndex('commands_tenant_id_idx').ifNotExists().on('commands').columns(['tenant_id']).execute();
  await db.schema
    .createIndex('commands_state_expires_at_idx')
    .ifNotExists()
    .on('commands')
    .columns(['state', 'expires_at'])
    .execute();
}
