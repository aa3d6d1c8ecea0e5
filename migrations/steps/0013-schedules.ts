import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Schedules and the content they use. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('schedules')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('name', 'varchar(190)', (column) => column.notNull())
        .addColumn('priority', 'integer', (column) => column.notNull())
        .addColumn('layout', dialect.longText, (column) => column.notNull())
        .addColumn('timing', dialect.longText, (column) => column.notNull())
        .addColumn('status', 'varchar(16)', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addForeignKeyConstraint('schedules_tenant_id_fk', ['tenant_id'], 'tenants', ['id']),
    )
    .execute();
  await db.schema.createIndex('schedules_tenant_id_idx').ifNotExists().on('schedules').columns(['tenant_id']).execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('schedule_content')
        .ifNotExists()
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('schedule_id', 'bigint', (column) => column.notNull())
        .addColumn('content_id', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('schedule_content_pk', ['schedule_id', 'content_id'])
        .addForeignKeyConstraint('schedule_content_schedule_id_fk', ['schedule_id'], 'schedules', ['id'], (key) =>
          key.onDelete('cascade'),
        )
        .addForeignKeyConstraint('schedule_content_content_id_fk', ['content_id'], 'content', ['id']),
    )
    .execute();
  await db.schema
    .createIndex('schedule_content_content_id_idx')
    .ifNotExists()
    .on('schedule_content')
    .columns(['content_id'])
    .execute();
}
