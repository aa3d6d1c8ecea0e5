import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/**
 * Devices. Other tables name a device without a foreign key: its row is rewritten by presence all the time, and the key's
 * check would queue behind that.
 */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('devices')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('group_id', 'bigint')
        .addColumn('player_id', 'varchar(128)', (column) => column.notNull())
        .addColumn('name', 'varchar(190)', (column) => column.notNull())
        .addColumn('model', 'varchar(190)')
        .addColumn('os_version', 'varchar(190)')
        .addColumn('app_version', 'varchar(190)')
        .addColumn('capabilities', dialect.longText, (column) => column.notNull())
        .addColumn('config', dialect.longText, (column) => column.notNull())
        .addColumn('state', 'varchar(16)', (column) => column.notNull())
        .addColumn('credential_hash', 'varchar(64)')
        .addColumn('credential_version', 'bigint', (column) => column.notNull())
        .addColumn('status', 'varchar(16)', (column) => column.notNull())
        .addColumn('transport', 'varchar(16)')
        .addColumn('conn_epoch', 'bigint', (column) => column.notNull())
        .addColumn('node_id', 'varchar(64)')
        .addColumn('last_seen_at', 'bigint')
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addColumn('placement_rev', 'bigint', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('devices_tenant_id_player_id_key', ['tenant_id', 'player_id'])
        .addForeignKeyConstraint('devices_tenant_id_fk', ['tenant_id'], 'tenants', ['id'])
        .addForeignKeyConstraint('devices_group_id_fk', ['group_id'], 'groups', ['id']),
    )
    .execute();
  await db.schema
    .createIndex('devices_tenant_id_group_id_idx')
    .ifNotExists()
    .on('devices')
    .columns(['tenant_id', 'group_id'])
    .execute();
  await db.schema.createIndex('devices_group_id_idx').ifNotExists().on('devices').columns(['group_id']).execute();
  await db.schema.createIndex('devices_node_id_idx').ifNotExists().on('devices').columns(['node_id']).execute();
  await db.schema.createIndex('devices_status_idx').ifNotExists().on('devices').columns(['status']).execute();
}
