import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** The ladder of each device on each deployment. No foreign key: this is the hottest insert path. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('alert_receipts')
        .ifNotExists()
        .addColumn('deployment_id', 'bigint', (column) => column.notNull())
        .addColumn('device_id', 'bigint', (column) => column.notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('sent_at', 'bigint')
        .addColumn('received_at', 'bigint')
        .addColumn('displayed_at', 'bigint')
        .addColumn('cleared_at', 'bigint')
        .addColumn('failed_at', 'bigint')
        .addColumn('device_displayed_at', 'bigint')
        .addColumn('reason', 'varchar(500)')
        .addColumn('conn_epoch', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('alert_receipts_pk', ['deployment_id', 'device_id']),
    )
    .execute();
}
