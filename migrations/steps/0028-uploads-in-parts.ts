import { sql, type Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Uploads that come in parts: what the store calls them, how long each part is, and which of them are to be dropped with an object. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect.addColumn(db, 'uploads', 'parts_id', sql`varchar(1024)`);
  await dialect.addColumn(db, 'uploads', 'part_bytes', sql`bigint`);
  await dialect.addColumn(db, 'object_claims', 'parts_id', sql`varchar(1024)`);
}
