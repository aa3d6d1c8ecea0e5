import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** The tenant's tree. That names are unique among siblings is the use case's rule: a NULL parent defeats a unique key. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect
    .tableOptions(
      db.schema
        .createTable('groups')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('parent_id', 'bigint')
        .addColumn('name', 'varchar(190)', (column) => column.notNull())
        .addColumn('config', dialect.longText, (column) => column.notNull())
        .addColumn('rev', 'bigint', (column) => column.notNull())
        .addColumn('placement_rev', 'bigint', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addForeignKeyConstraint('groups_tenant_id_fk', ['tenant_id'], 'tenants', ['id'])
        .addForeignKeyConstraint('groups_parent_id_fk', ['parent_id'], 'groups', ['id']),
    )
    .execute();
  await db.schema
    .createIndex('groups_tenant_id_parent_id_idx')
    .ifNotExists()
    .on('groups')
    .columns(['tenant_id', 'parent_id'])
    .execute();
  await db.schema.createIndex('groups_parent_id_idx').ifNotExists().on('groups').columns(['parent_id']).execute();
}
