/** How long the history of presence is kept. */
import type { Kysely } from 'kysely';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

/** Transitions are kept this long, in milliseconds: a year's report and a month to make it in. */
export const PRESENCE_KEPT_MS = 400 * 86_400_000;
/** Rows looked at in one statement, and deleted in one run: a backlog is taken piece by piece. */
const PAGE_ROWS = 1_000;
const DELETED_MAX = 100_000;

/**
 * Deletes transitions that are too old, but never a device's last one, which tells what it has been since. Nothing is kept of
 * devices that are deleted.
 */
export async function prunePresence({ sql: db }: OpenDatabase<Database>, now: number): Promise<void> {
  const before = now - PRESENCE_KEPT_MS;
  let cursor = 0;
  let deleted = 0;
  while (deleted < DELETED_MAX) {
    // In the order of their ids, which is about that of time: the history needs no index for this alone.
    const rows = await db
      .selectFrom('device_presence')
      .select(['id', 'at'])
      .where('id', '>', cursor)
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute();
    const last = rows.at(-1);
    if (last === undefined || rows.every((row) => row.at >= before)) return;
    const ids = await replaced(db, cursor, last.id, before);
    if (ids.length > 0) await db.deleteFrom('device_presence').where('id', 'in', ids).execute();
    deleted += ids.length;
    cursor = last.id;
  }
}

/** Old rows of a page that a later one of the same device follows, or whose device is gone. */
async function replaced(db: Kysely<Database>, after: number, upTo: number, before: number): Promise<number[]> {
  const rows = await db
    .selectFrom('device_presence as p')
    .select('p.id')
    .where('p.id', '>', after)
    .where('p.id', '<=', upTo)
    .where('p.at', '<', before)
    .where((eb) =>
      eb.or([
        eb.exists(
          eb
            .selectFrom('device_presence as later')
            .select('later.id')
            .whereRef('later.device_id', '=', 'p.device_id')
            .whereRef('later.at', '>=', 'p.at')
            .whereRef('later.id', '>', 'p.id'),
        ),
        eb.not(eb.exists(eb.selectFrom('devices as d').select('d.id').whereRef('d.id', '=', 'p.device_id'))),
      ]),
    )
    .execute();
  return rows.map((row) => row.id);
}
