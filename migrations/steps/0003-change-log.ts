import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** The change log and its durable readers. No foreign key: every mutation inserts here while it holds the counter's lock. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('changes')
        .ifNotExists()
        .addColumn('rev', 'bigint', (column) => column.notNull().primaryKey())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('kind', 'varchar(64)', (column) => column.notNull())
        .addColumn('payload', dialect.longText, (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('consumers')
        .ifNotExists()
        .addColumn('name', 'varchar(190)', (column) => column.notNull().primaryKey())
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
}
