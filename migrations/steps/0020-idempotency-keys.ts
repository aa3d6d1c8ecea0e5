import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Answers kept for requests that carry an Idempotency-Key. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('idempotency_keys')
        .ifNotExists()
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('user_id', 'bigint', (column) => column.notNull())
        .addColumn('idempotency_key', 'varchar(255)', (column) => column.notNull())
        .addColumn('route', 'varchar(255)', (column) => column.notNull())
        .addColumn('body_hash', 'varchar(64)', (column) => column.notNull())
        .addColumn('state', 'varchar(16)', (column) => column.notNull())
        .addColumn('status_code', 'integer')
        .addColumn('response', dialect.longText)
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('idempotency_keys_pk', ['tenant_id', 'user_id', 'idempotency_key']),
    )
    .execute();
  await db.schema
    .createIndex('idempotency_keys_created_at_idx')
    .ifNotExists()
    .on('idempotency_keys')
    .columns(['created_at'])
    .execute();
}
