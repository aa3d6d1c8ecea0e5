/** How the screens of a deployment came to show it, over time: what a chart of it draws. */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { receiptRows } from './deployment-ladder.ts';

/** Points of one line, about: as many as a chart can show. */
const POINTS = 200;

const Point = Type.Object({
  afterMs: Type.Integer({ minimum: 0, description: 'milliseconds since it was raised' }),
  received: Type.Integer({ minimum: 0, description: 'Devices that had received it by then' }),
  displayed: Type.Integer({ minimum: 0, description: 'Devices that had displayed it by then' }),
});
export const TimelineJson = Type.Object({
  points: Type.Array(Point, { description: 'In the order of time; between two of them nothing is told' }),
});
export type TimelinePoint = Static<typeof Point>;

type Stage = 'received' | 'displayed';
const INSTANT: Readonly<Record<Stage, RawBuilder<number>>> = {
  received: sql`coalesce(r.received_at, r.displayed_at)`,
  displayed: sql`r.displayed_at`,
};

/** Cumulative counts over the devices that the actor may see; empty while nobody has said anything. */
export async function readTimeline(
  db: Kysely<Database>,
  actor: Actor,
  deploymentId: number,
  startedAt: number,
): Promise<TimelinePoint[]> {
  const rows = receiptRows(actor, deploymentId);
  const last = await sql<{ at: number | null }>`select max(${INSTANT.received}) as at ${rows}`.execute(db);
  const { at = null } = last.rows[0] ?? {};
  const { at: shownAt = null } =
    (await sql<{ at: number | null }>`select max(${INSTANT.displayed}) as at ${rows}`.execute(db)).rows[0] ?? {};
  const lengthMs = Math.max(at ?? startedAt, shownAt ?? startedAt) - startedAt;
  const stepMs = Math.max(1, Math.ceil(lengthMs / POINTS));
  const arrivals = async (stage: Stage): Promise<{ afterMs: number; stage: Stage; count: number }[]> => {
    const sinceStart = sql`(${INSTANT[stage]} - ${startedAt})`;
    const found = await sql<{ step: number; count: number; last: number }>`
      select ${sinceStart} - (${sinceStart} % ${stepMs}) as step, count(*) as count, max(${sinceStart}) as last
      ${rows} and ${INSTANT[stage]} is not null group by step order by step`.execute(db);
    // A clock set back between two hubs must not show what came before the beginning.
    return found.rows.map((row) => ({ afterMs: Math.max(0, Number(row.last)), stage, count: Number(row.count) }));
  };
  const all = [...(await arrivals('received')), ...(await arrivals('displayed'))];
  return accumulate(all);
}

function accumulate(arrivals: readonly { afterMs: number; stage: Stage; count: number }[]): TimelinePoint[] {
  const points = new Map<number, TimelinePoint>();
  let now: TimelinePoint = { afterMs: 0, received: 0, displayed: 0 };
  for (const { afterMs, stage, count } of arrivals.toSorted((a, b) => a.afterMs - b.afterMs)) {
    now = { ...now, afterMs, [stage]: now[stage] + count };
    points.set(afterMs, now);
  }
  return [...points.values()];
}
