import { sql, type Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Counters and settings, with the two rows everything needs: `rev`, and `epoch`, the identity of this history. */
export async function up(db: Kysely<unknown>, dialect: Dialect, now: number): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('counters')
        .ifNotExists()
        .addColumn('name', 'varchar(64)', (column) => column.notNull().primaryKey())
        .addColumn('value', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('settings')
        .ifNotExists()
        .addColumn('name', 'varchar(64)', (column) => column.notNull().primaryKey())
        .addColumn('value', 'text', (column) => column.notNull()),
    )
    .execute();
  const { prefix } = dialect.insertIgnore;
  await sql`${prefix} into counters (name, value) values ('rev', 0)`.execute(db);
  await sql`${prefix} into settings (name, value) values ('epoch', ${String(now)})`.execute(db);
}
