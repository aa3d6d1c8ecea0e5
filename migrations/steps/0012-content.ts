import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Media items. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('content')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('type', 'varchar(16)', (column) => column.notNull())
        .addColumn('name', 'varchar(255)', (column) => column.notNull())
        .addColumn('url', 'text')
        .addColumn('storage_key', 'varchar(255)')
        .addColumn('sha256', 'varchar(64)')
        .addColumn('size_bytes', 'bigint')
        .addColumn('mime_type', 'varchar(128)')
        .addColumn('duration_ms', 'bigint')
        .addColumn('status', 'varchar(16)', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addForeignKeyConstraint('content_tenant_id_fk', ['tenant_id'], 'tenants', ['id']),
    )
    .execute();
  await db.schema.createIndex('content_tenant_id_idx').ifNotExists().on('content').columns(['tenant_id']).execute();
}
