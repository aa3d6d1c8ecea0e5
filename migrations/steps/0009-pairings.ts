import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Players waiting to be paired. A code is unique among those that have not expired: the use case looks before it gives one. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('pairings')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('player_id', 'varchar(128)', (column) => column.notNull())
        .addColumn('code', 'varchar(16)', (column) => column.notNull())
        .addColumn('poll_secret_hash', 'varchar(64)', (column) => column.notNull())
        .addColumn('name', 'varchar(190)')
        .addColumn('model', 'varchar(190)')
        .addColumn('os_version', 'varchar(190)')
        .addColumn('app_version', 'varchar(190)')
        .addColumn('capabilities', dialect.longText, (column) => column.notNull())
        .addColumn('state', 'varchar(16)', (column) => column.notNull())
        .addColumn('tenant_id', 'bigint')
        .addColumn('device_id', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
  await db.schema.createIndex('pairings_code_idx').ifNotExists().on('pairings').columns(['code']).execute();
  await db.schema.createIndex('pairings_player_id_idx').ifNotExists().on('pairings').columns(['player_id']).execute();
  await db.schema.createIndex('pairings_expires_at_idx').ifNotExists().on('pairings').columns(['expires_at']).execute();
}
