import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Prepared alerts. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('alerts')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('name', 'varchar(190)', (column) => column.notNull())
        .addColumn('severity', 'varchar(16)', (column) => column.notNull())
        .addColumn('title', 'varchar(255)', (column) => column.notNull())
        .addColumn('message', 'text', (column) => column.notNull())
        .addColumn('content_id', 'bigint')
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addForeignKeyConstraint('alerts_tenant_id_fk', ['tenant_id'], 'tenants', ['id'])
        .addForeignKeyConstraint('alerts_content_id_fk', ['content_id'], 'content', ['id']),
    )
    .execute();
  await db.schema.createIndex('alerts_tenant_id_idx').ifNotExists().on('alerts').columns(['tenant_id']).execute();
  await db.schema.createIndex('alerts_content_id_idx').ifNotExists().on('alerts').columns(['content_id']).execute();
}
