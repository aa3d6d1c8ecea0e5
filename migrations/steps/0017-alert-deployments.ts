import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Acts of raising an alert, and their targets. No foreign key: raising an alert waits for nobody else's row. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('alert_deployments')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('alert_id', 'bigint')
        .addColumn('severity', 'varchar(16)', (column) => column.notNull())
        .addColumn('title', 'varchar(255)', (column) => column.notNull())
        .addColumn('message', 'text', (column) => column.notNull())
        .addColumn('content_id', 'bigint')
        .addColumn('drill', 'integer', (column) => column.notNull())
        .addColumn('status', 'varchar(16)', (column) => column.notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('stopped_at', 'bigint')
        .addColumn('stopped_by', 'bigint')
        .addColumn('created_by', 'bigint')
        .addColumn('targeted_total', 'bigint', (column) => column.notNull())
        .addColumn('targeted_online', 'bigint', (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addColumn('stop_rev', 'bigint'),
    )
    .execute();
  await db.schema
    .createIndex('alert_deployments_tenant_id_status_idx')
    .ifNotExists()
    .on('alert_deployments')
    .columns(['tenant_id', 'status'])
    .execute();
  await db.schema
    .createIndex('alert_deployments_status_expires_at_idx')
    .ifNotExists()
    .on('alert_deployments')
    .columns(['status', 'expires_at'])
    .execute();
  await db.schema
    .createIndex('alert_deployments_alert_id_idx')
    .ifNotExists()
    .on('alert_deployments')
    .columns(['alert_id'])
    .execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('alert_targets')
        .ifNotExists()
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('deployment_id', 'bigint', (column) => column.notNull())
        .addColumn('target_kind', 'varchar(16)', (column) => column.notNull())
        .addColumn('target_id', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('alert_targets_pk', ['deployment_id', 'target_kind', 'target_id']),
    )
    .execute();
}
