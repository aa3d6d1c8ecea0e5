import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Hub processes and their leases. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('nodes')
        .ifNotExists()
        .addColumn('node_id', 'varchar(64)', (column) => column.notNull().primaryKey())
        .addColumn('lease_until', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
}
