/** How many devices were online over time, from the history of presence. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { visibleSubtree } from '../groups/tree-rows.ts';
import { toIso } from '../iso-time.ts';
import type { Call } from '../route.ts';
import { inScopeSql } from '../scope.ts';
import { FleetCount, instantsOf, type FleetPoint } from './fleet-count.ts';
import { readTransitions, readTransportAt } from './presence-reading.ts';
import { RANGE_QUERY, readRange } from './report-range.ts';
import { inReportTurn } from './report-turns.ts';

/** Longest time that the report is about, in days. */
const FLEET_DAYS_MAX = 92;
/** How far it reaches back when nobody says, in days. */
const FLEET_DAYS = 1;
const POINTS_MAX = 300;
/** Ten minutes apart over a day. */
const POINTS = 145;
/** Devices whose transitions are read together. */
const DEVICES_AT_ONCE = 500;

export const FleetQuery = Type.Object(
  {
    ...RANGE_QUERY,
    from: Type.Optional({
      ...RANGE_QUERY.from,
      description:
        'From this instant on: ISO 8601 UTC, or YYYY-MM-DD for the first midnight of that day in `timezone`. Default: 24 hours before `to`',
    }),
    groupId: Type.Optional({ ...Id, description: 'Devices in this group and below it' }),
    points: Type.Integer({
      minimum: 2,
      maximum: POINTS_MAX,
      default: POINTS,
      description: 'Instants to count at, as far from each other',
    }),
  },
  { additionalProperties: false },
);

const Count = Type.Integer({ minimum: 0 });

export const FleetJson = Type.Object({
  from: Timestamp,
  to: { ...Timestamp, description: 'The last instant: no later than now' },
  points: Type.Array(
    Type.Object({
      at: Timestamp,
      online: Count,
      offline: { ...Count, description: 'Devices that existed and were not online' },
      http: { ...Count, description: 'Of the online, over HTTP' },
    }),
    {
      description:
        'Counted over the devices that are active now, where they stand now; between two instants more may have happened',
    },
  ),
});
export type FleetJson = Static<typeof FleetJson>;

/** VALIDATION_ERROR for a time that is none, too long or all to come; NOT_FOUND for a group that is not there for the actor. */
export async function reportFleet(call: Call<unknown, Static<typeof FleetQuery>, unknown>): Promise<FleetJson> {
  const { ctx, actor, query } = call;
  const now = ctx.clock.now();
  const { fromMs, toMs: askedMs } = readRange(query, now, FLEET_DAYS_MAX, FLEET_DAYS);
  const toMs = Math.max(fromMs, Math.min(askedMs, now));
  const groupIds =
    query.groupId === undefined ? null : await visibleSubtree(ctx.db.sql, actor, query.groupId, 'groupId');
  const instants = instantsOf(fromMs, toMs, query.points);
  const points = await inReportTurn(ctx.db, () => countFleet(ctx.db.sql, actor, groupIds, instants));
  return {
    from: toIso(fromMs),
    to: toIso(toMs),
    points: points.map(({ at, total, online, http }) => ({ at: toIso(at), online, offline: total - online, http })),
  };
}

/** Counts the actor's active devices at the instants, some devices at a time. */
async function countFleet(
  db: Kysely<Database>,
  actor: Actor,
  groupIds: readonly number[] | null,
  instants: readonly number[],
): Promise<FleetPoint[]> {
  const [fromMs = 0, toMs = 0] = [instants[0], instants.at(-1)];
  const count = new FleetCount(instants);
  for (let last = 0; ;) {
    let chosen = db
      .selectFrom('devices')
      .where('tenant_id', '=', actor.tenantId)
      .where('state', '=', 'active')
      .where('id', '>', last);
    if (groupIds === null) chosen = chosen.where(inScopeSql(actor, 'devices.group_id'));
    else chosen = chosen.where('group_id', 'in', groupIds);
    const devices = await chosen
      .select(['id', 'created_at', 'status', 'transport'])
      .orderBy('id')
      .limit(DEVICES_AT_ONCE)
      .execute();
    const ids = devices.map(({ id }) => id);
    if (ids.length > 0) {
      const before = await readTransportAt(db, ids, fromMs);
      const takers = new Map(
        devices.map(({ id, created_at, status, transport }) => {
          const isNow = status === 'online' ? (transport ?? 'websocket') : null;
          const was = before.get(id);
          return [id, count.device(created_at, was === undefined ? isNow : was)];
        }),
      );
      // The last instant is counted too.
      for await (const transitions of readTransitions(db, ids, fromMs, toMs + 1))
        for (const transition of transitions) takers.get(transition.deviceId)?.(transition);
    }
    if (ids.length < DEVICES_AT_ONCE) return count.finish();
    last = ids.at(-1) ?? last;
    await nextTurn();
  }
}
