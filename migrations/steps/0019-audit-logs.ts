import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Who did what. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('audit_logs')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('user_id', 'bigint')
        .addColumn('username', 'varchar(190)')
        .addColumn('action', 'varchar(64)', (column) => column.notNull())
        .addColumn('entity', 'varchar(64)', (column) => column.notNull())
        .addColumn('entity_id', 'bigint')
        .addColumn('detail', dialect.longText, (column) => column.notNull())
        .addColumn('ip', 'varchar(64)')
        .addColumn('request_id', 'varchar(128)')
        .addColumn('created_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await db.schema
    .createIndex('audit_logs_tenant_id_id_idx')
    .ifNotExists()
    .on('audit_logs')
    .columns(['tenant_id', 'id'])
    .execute();
}
