/** Plays in the database, as the hub would have stored them. */
import type { Insertable } from 'kysely';
import type { OpenDatabase } from '../../../migrations/dialect.ts';
import type { UsageLogsTable } from '../../../migrations/content-tables.ts';
import type { Database } from '../../../migrations/tables.ts';

/** Rows of one statement. */
const CHUNK = 1_000;

let made = 0;

export type Play = Pick<UsageLogsTable, 'device_id' | 'content_id' | 'started_at'> &
  Partial<Omit<Insertable<UsageLogsTable>, 'tenant_id'>>;

/** Inserts plays: ten seconds each, with a good clock, outside any alert and schedule unless told otherwise. */
export async function insertPlays(db: OpenDatabase<Database>, tenantId: number, plays: readonly Play[]): Promise<void> {
  for (let at = 0; at < plays.length; at += CHUNK) {
    const rows = plays.slice(at, at + CHUNK).map((play) => ({
      tenant_id: tenantId,
      entry_id: `entry-${(made += 1)}`,
      schedule_id: null,
      play_ms: 10_000,
      received_at: play.started_at,
      alert_deployment_id: null,
      clock_suspect: 0 as const,
      ...play,
    }));
    await db.sql.insertInto('usage_logs').values(rows).execute();
  }
}
