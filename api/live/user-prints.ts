/** A look at many users at once: has anything changed that decides what they may see? */
import type { Kysely } from 'kysely';
import type { Database } from '../../migrations/tables.ts';

/** Users asked for in one statement. */
const CHUNK = 500;

/** By user: role, status, token version and groups as text. Users that are gone are missing. */
export async function readUserPrints(db: Kysely<Database>, userIds: readonly number[]): Promise<Map<number, string>> {
  const prints = new Map<number, string>();
  for (let at = 0; at < userIds.length; at += CHUNK) {
    const rows = await db
      .selectFrom('users as u')
      .leftJoin('user_groups as g', 'g.user_id', 'u.id')
      .select(['u.id', 'u.role', 'u.status', 'u.token_version', 'u.must_change_password', 'g.group_id'])
      .where('u.id', 'in', userIds.slice(at, at + CHUNK))
      .orderBy('u.id')
      .orderBy('g.group_id')
      .execute();
    for (const row of rows) {
      const own = prints.get(row.id) ?? [row.role, row.status, row.token_version, row.must_change_password].join(' ');
      prints.set(row.id, `${own} ${row.group_id}`);
    }
  }
  return prints;
}
