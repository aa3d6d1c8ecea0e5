import { sql, type Kysely } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** Where a prepared alert usually goes, for how long, and whether it is an exercise. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await dialect.addColumn(db, 'alerts', 'defaults', sql`text`);
}
