import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** People of the CMS, the groups assigned to them, and failed logins. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('users')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('username', 'varchar(190)', (column) => column.notNull())
        .addColumn('display_name', 'varchar(190)', (column) => column.notNull())
        .addColumn('password_hash', 'varchar(255)', (column) => column.notNull())
        .addColumn('role', 'varchar(16)', (column) => column.notNull())
        .addColumn('status', 'varchar(16)', (column) => column.notNull())
        .addColumn('must_change_password', 'integer', (column) => column.notNull())
        .addColumn('token_version', 'bigint', (column) => column.notNull())
        .addColumn('last_login_at', 'bigint')
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('users_username_key', ['username'])
        .addForeignKeyConstraint('users_tenant_id_fk', ['tenant_id'], 'tenants', ['id']),
    )
    .execute();
  await db.schema.createIndex('users_tenant_id_idx').ifNotExists().on('users').columns(['tenant_id']).execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('user_groups')
        .ifNotExists()
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('user_id', 'bigint', (column) => column.notNull())
        .addColumn('group_id', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('user_groups_pk', ['user_id', 'group_id'])
        .addForeignKeyConstraint('user_groups_user_id_fk', ['user_id'], 'users', ['id'], (key) =>
          key.onDelete('cascade'),
        )
        .addForeignKeyConstraint('user_groups_group_id_fk', ['group_id'], 'groups', ['id'], (key) =>
          key.onDelete('cascade'),
        ),
    )
    .execute();
  await db.schema
    .createIndex('user_groups_group_id_idx')
    .ifNotExists()
    .on('user_groups')
    .columns(['group_id'])
    .execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('login_failures')
        .ifNotExists()
        .addColumn('subject', 'varchar(255)', (column) => column.notNull().primaryKey())
        .addColumn('failures', 'integer', (column) => column.notNull())
        .addColumn('last_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
}
