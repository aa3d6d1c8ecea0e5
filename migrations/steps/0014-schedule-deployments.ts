import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Acts of deploying a schedule, and what each target is assigned now. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('deployments')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('schedule_id', 'bigint', (column) => column.notNull())
        .addColumn('schedule_version', 'bigint', (column) => column.notNull())
        .addColumn('snapshot', dialect.longText, (column) => column.notNull())
        .addColumn('status', 'varchar(16)', (column) => column.notNull())
        .addColumn('created_by', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await db.schema
    .createIndex('deployments_tenant_id_schedule_id_idx')
    .ifNotExists()
    .on('deployments')
    .columns(['tenant_id', 'schedule_id'])
    .execute();
  await db.schema
    .createIndex('deployments_schedule_id_idx')
    .ifNotExists()
    .on('deployments')
    .columns(['schedule_id'])
    .execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('schedule_assignments')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('schedule_id', 'bigint', (column) => column.notNull())
        .addColumn('deployment_id', 'bigint', (column) => column.notNull())
        .addColumn('target_kind', 'varchar(16)', (column) => column.notNull())
        .addColumn('target_id', 'bigint', (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await db.schema
    .createIndex('schedule_assignments_tenant_id_target_kind_target_id_idx')
    .ifNotExists()
    .on('schedule_assignments')
    .columns(['tenant_id', 'target_kind', 'target_id'])
    .execute();
  await db.schema
    .createIndex('schedule_assignments_schedule_id_idx')
    .ifNotExists()
    .on('schedule_assignments')
    .columns(['schedule_id'])
    .execute();
  await db.schema
    .createIndex('schedule_assignments_deployment_id_idx')
    .ifNotExists()
    .on('schedule_assignments')
    .columns(['deployment_id'])
    .execute();
}
