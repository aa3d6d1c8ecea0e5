import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Refresh tokens, stored hashed; a family is one login. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('refresh_tokens')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('user_id', 'bigint', (column) => column.notNull())
        .addColumn('family_id', 'varchar(64)', (column) => column.notNull())
        .addColumn('token_hash', 'varchar(64)', (column) => column.notNull())
        .addColumn('issued_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('used_at', 'bigint')
        .addColumn('successor', 'text')
        .addColumn('revoked_at', 'bigint')
        .addUniqueConstraint('refresh_tokens_token_hash_key', ['token_hash'])
        .addForeignKeyConstraint('refresh_tokens_user_id_fk', ['user_id'], 'users', ['id'], (key) =>
          key.onDelete('cascade'),
        ),
    )
    .execute();
  await db.schema
    .createIndex('refresh_tokens_family_id_idx')
    .ifNotExists()
    .on('refresh_tokens')
    .columns(['family_id'])
    .execute();
  await db.schema
    .createIndex('refresh_tokens_user_id_idx')
    .ifNotExists()
    .on('refresh_tokens')
    .columns(['user_id'])
    .execute();
  await db.schema
    .createIndex('refresh_tokens_expires_at_idx')
    .ifNotExists()
    .on('refresh_tokens')
    .columns(['expires_at'])
    .execute();
}
