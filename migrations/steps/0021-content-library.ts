import { sql, type Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** What content needs to be uploaded, verified, owned by a group and shown in a list; and uploads that are under way. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect.addColumn(db, 'content', 'group_id', sql`bigint`);
  await dialect.addColumn(db, 'content', 'file_name', sql`varchar(255)`);
  await dialect.addColumn(db, 'content', 'width', sql`integer`);
  await dialect.addColumn(db, 'content', 'height', sql`integer`);
  await dialect.addColumn(db, 'content', 'thumbnail_key', sql`varchar(255)`);
  await dialect.addColumn(db, 'content', 'failure', sql`varchar(500)`);
  await dialect.addColumn(db, 'content', 'probe', sql`text`);
  await db.schema.createIndex('content_storage_key_idx').ifNotExists().on('content').columns(['storage_key']).execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('uploads')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('content_id', 'bigint', (column) => column.notNull())
        .addColumn('object_key', 'varchar(255)', (column) => column.notNull())
        .addColumn('declared_bytes', 'bigint', (column) => column.notNull())
        .addColumn('state', 'varchar(16)', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('lease_until', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('uploads_content_id_key', ['content_id']),
    )
    .execute();
  await db.schema
    .createIndex('uploads_state_idx')
    .ifNotExists()
    .on('uploads')
    .columns(['state', 'expires_at'])
    .execute();
  await dialect
    .tableOptions(
      db.schema
        .createTable('object_claims')
        .ifNotExists()
        .addColumn('id', dialect.idType, (column) => dialect.idColumn(column).notNull())
        .addColumn('tenant_id', 'bigint', (column) => column.notNull())
        .addColumn('object_key', 'varchar(255)', (column) => column.notNull())
        .addColumn('kind', 'varchar(16)', (column) => column.notNull())
        .addColumn('until_at', 'bigint', (column) => column.notNull()),
    )
    .execute();
  for (const column of ['object_key', 'until_at']) {
    await db.schema
      .createIndex(`object_claims_${column}_idx`)
      .ifNotExists()
      .on('object_claims')
      .columns([column])
      .execute();
  }
}
