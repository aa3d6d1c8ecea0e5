/** The history of presence, read for many devices at once and a piece at a time. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import type { Database, DevicePresenceTable } from '../../migrations/tables.ts';
import type { Transition } from './availability-count.ts';

interface DeviceTransition extends Transition {
  readonly deviceId: number;
  readonly transport: Transport;
}

/** Over what a device is online; null while it is offline. */
export type Transport = 'websocket' | 'http' | null;

/** Transitions read in one statement. */
const PAGE_ROWS = 4_000;
/**
 * Clocks of two hub nodes may differ by this, in milliseconds: among the last transitions before an instant the one that happened
 * last, by its id, may be told as this much earlier.
 */
const CLOCK_SKEW_MS = 60_000;

/**
 * Whether each device was online at an instant: as its last transition before tells; without one the first one after tells that it was
 * the other way before. Devices that have no transition at all are missing.
 */
export async function readOnlineAt(
  db: Kysely<Database>,
  deviceIds: readonly number[],
  at: number,
): Promise<Map<number, boolean>> {
  const transports = await readTransportAt(db, deviceIds, at);
  return new Map([...transports].map(([id, transport]) => [id, transport !== null]));
}

/** As `readOnlineAt`; where the first transition after tells that the device was online, it was so over a socket. */
export async function readTransportAt(
  db: Kysely<Database>,
  deviceIds: readonly number[],
  at: number,
): Promise<Map<number, Transport>> {
  const lastAt = await db
    .selectFrom('devices as d')
    .select((eb) => [
      'd.id',
      eb
        .selectFrom('device_presence as p')
        .select('p.at')
        .whereRef('p.device_id', '=', 'd.id')
        .where('p.at', '<', at)
        .orderBy('p.at', 'desc')
        .limit(1)
        .as('last_at'),
      eb
        .selectFrom('device_presence as p')
        .select('p.status')
        .whereRef('p.device_id', '=', 'd.id')
        .where('p.at', '>=', at)
        .orderBy('p.at')
        .orderBy('p.id')
        .limit(1)
        .as('next_status'),
    ])
    .where('d.id', 'in', deviceIds)
    .execute();
  const transports = new Map<number, Transport>();
  for (const row of lastAt)
    if (row.next_status !== null) transports.set(row.id, row.next_status === 'offline' ? 'websocket' : null);
  const known = lastAt.flatMap((row) => (row.last_at === null ? [] : [{ id: row.id, lastAt: row.last_at }]));
  for (const [id, transport] of await readLast(db, known, at)) transports.set(id, transport);
  return transports;
}

/** What each device's last transition before `at` says. */
async function readLast(
  db: Kysely<Database>,
  devices: readonly { readonly id: number; readonly lastAt: number }[],
  at: number,
): Promise<Map<number, Transport>> {
  if (devices.length === 0) return new Map();
  const rows = await db
    .selectFrom('device_presence')
    .select(['device_id', 'status', 'transport'])
    .where((eb) =>
      eb.or(
        devices.map(({ id, lastAt }) =>
          eb.and([eb('device_id', '=', id), eb('at', '>=', lastAt - CLOCK_SKEW_MS), eb('at', '<', at)]),
        ),
      ),
    )
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.device_id, transportOf(row)]));
}

function transportOf(row: Pick<DevicePresenceTable, 'status' | 'transport'>): Transport {
  return row.status === 'online' ? (row.transport ?? 'websocket') : null;
}

/** Pages of transitions of the devices from `from` until before `to`, device by device by their ids, and by their time. */
export async function* readTransitions(
  db: Kysely<Database>,
  deviceIds: readonly number[],
  from: number,
  to: number,
): AsyncGenerator<readonly DeviceTransition[]> {
  const waiting = deviceIds.toSorted((a, b) => a - b);
  while (waiting.length > 0) {
    const rows = await readPage(db, waiting, from, to, { at: from, id: 0 });
    yield rows;
    let last = rows.at(-1);
    if (rows.length < PAGE_ROWS || last === undefined) return;
    // The rest of the device that the page ended in, then the devices after it.
    const { deviceId } = last;
    for (;;) {
      await nextTurn();
      const rest: readonly DeviceTransition[] = await readPage(db, [deviceId], from, to, last);
      yield rest;
      last = rest.at(-1);
      if (rest.length < PAGE_ROWS || last === undefined) break;
    }
    waiting.splice(0, waiting.indexOf(deviceId) + 1);
  }
}

async function readPage(
  db: Kysely<Database>,
  deviceIds: readonly number[],
  from: number,
  to: number,
  after: { readonly at: number; readonly id: number },
): Promise<DeviceTransition[]> {
  const rows = await db
    .selectFrom('device_presence')
    .select(['device_id', 'at', 'id', 'status', 'transport'])
    .where('device_id', 'in', deviceIds)
    .where('at', '>=', Math.max(from, after.at))
    .where('at', '<', to)
    .where(sql<boolean>`(at > ${after.at} or id > ${after.id})`)
    .orderBy('device_id')
    .orderBy('at')
    .orderBy('id')
    .limit(PAGE_ROWS)
    .execute();
  return rows.map((row) => ({
    deviceId: row.device_id,
    id: row.id,
    at: row.at,
    isOnline: row.status === 'online',
    transport: transportOf(row),
  }));
}
