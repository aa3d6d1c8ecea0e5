/** When a device was online, and over what. */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Timestamp } from '../../protocol/desired-state.ts';
import { toIso, toIsoOrNull } from '../iso-time.ts';
import { listQuery, sortOf, type Call, type Page } from '../route.ts';
import { DEVICE_TRANSPORTS, findDevice } from './device-json.ts';

const { page, limit, sort } = listQuery(['from'], {}).properties;
export const SessionsQuery = Type.Object({ page, limit, sort }, { additionalProperties: false });

export const SessionJson = Type.Object({
  from: Timestamp,
  to: Type.Union([Timestamp, Type.Null()], { description: 'null: still online' }),
  transport: Type.Union([Type.Enum([...DEVICE_TRANSPORTS]), Type.Null()], {
    description: 'A change of transport ends one and begins the next at the same instant',
  }),
});
export type SessionJson = Static<typeof SessionJson>;

/** Clocks of two hub nodes may differ by this, in milliseconds: a transition may be told by so much before the one it follows. */
const CLOCK_SKEW_MS = 60_000;

/** The device's times online, the newest first unless asked otherwise. NOT_FOUND when it is not there for the actor. */
export async function listSessions(
  call: Call<{ id: number }, Static<typeof SessionsQuery>, unknown>,
): Promise<{ data: SessionJson[]; page: Page }> {
  const { ctx, actor, params, query } = call;
  await findDevice(ctx.db.sql, actor, params.id);
  const online = ctx.db.sql
    .selectFrom('device_presence as p')
    .where('p.device_id', '=', params.id)
    .where('p.tenant_id', '=', actor.tenantId)
    .where('p.status', '=', 'online');
  const { total } = await online.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const { direction } = sortOf(query.sort, '-from');
  const rows = await online
    .select(['p.id', 'p.at', 'p.transport'])
    .orderBy('p.at', direction)
    .orderBy('p.id', direction)
    .limit(query.limit)
    .offset((query.page - 1) * query.limit)
    .execute();
  const following = await readFollowing(ctx.db.sql, params.id, rows);
  return {
    data: rows.map((row) => {
      const end = following.find((next) => next.id > row.id && next.at >= row.at - CLOCK_SKEW_MS);
      const endedAt = end === undefined ? null : Math.max(row.at, end.at);
      return { from: toIso(row.at), to: toIsoOrNull(endedAt), transport: row.transport };
    }),
    page: { page: query.page, limit: query.limit, total: Number(total) },
  };
}

interface Mark {
  readonly id: number;
  readonly at: number;
}

/** The transitions of the device that came after the oldest of these beginnings, to the end of the newest one. */
async function readFollowing(db: Kysely<Database>, deviceId: number, begun: readonly Mark[]): Promise<Mark[]> {
  if (begun.length === 0) return [];
  return (
    db
      .selectFrom('device_presence')
      .select(['id', 'at'])
      .where('device_id', '=', deviceId)
      .where('at', '>=', Math.min(...begun.map((row) => row.at)) - CLOCK_SKEW_MS)
      .where('id', '>', Math.min(...begun.map((row) => row.id)))
      .orderBy('at')
      .orderBy('id')
      // Between two beginnings there is one end at most; a few more for what clocks have put out of order.
      .limit(2 * begun.length + 10)
      .execute()
  );
}
