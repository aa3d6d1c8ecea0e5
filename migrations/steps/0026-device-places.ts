import { sql, type Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Where a device stands, for maps: degrees of WGS 84, both or neither. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect.addColumn(db, 'devices', 'latitude', sql`double`);
  await dialect.addColumn(db, 'devices', 'longitude', sql`double`);
}
