import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Organisations. The name is unique, so that several first starts create one `default`. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('tenants')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('name', 'varchar(190)', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('tenants_name_key', ['name']),
    )
    .execute();
}
