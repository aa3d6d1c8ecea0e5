import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** What each device last said of itself. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('device_reports')
        .ifNotExists()
        .addColumn('device_id', 'bigint', (column) => column.notNull().primaryKey())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('epoch', 'bigint')
        .addColumn('rev', 'bigint')
        .addColumn('status', dialect.longText, (column) => column.notNull())
        .addColumn('displayed', dialect.longText, (column) => column.notNull())
        .addColumn('reported_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await db.schema
    .createIndex('device_reports_tenant_id_idx')
    .ifNotExists()
    .on('device_reports')
    .columns(['tenant_id'])
    .execute();
}
