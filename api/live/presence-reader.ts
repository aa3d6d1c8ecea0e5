/**
 * Who came and went since the last look, and how things stand now. The history of presence tells which devices to look at; what they
 * are now is read from their rows, so that a device that flaps is told of once.
 */
import type { Kysely } from 'kysely';
import type { Database } from '../../migrations/tables.ts';
import { IdCursor, START_OVERLAP } from './id-cursor.ts';
import type { PresenceCounts } from './live-messages.ts';

/** Transitions read in one look. Past it: everything is counted anew and nobody is listed. */
const PAGE_ROWS = 5_000;
/** Devices asked for in one statement. */
const CHUNK = 1_000;

export class PresenceReader {
  readonly #db: Kysely<Database>;
  #cursor = new IdCursor(0);

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Begins at what is there now. */
  async start(nowMs: number): Promise<void> {
    const newest = await this.#db
      .selectFrom('device_presence')
      .select((eb) => eb.fn.max('id').as('id'))
      .executeTakeFirst();
    this.#cursor = new IdCursor(Math.max(0, Number(newest?.id ?? 0) - START_OVERLAP));
    const seen = await this.#db
      .selectFrom('device_presence')
      .select('id')
      .where('id', '>', this.#cursor.last)
      .orderBy('id')
      .execute();
    this.#cursor.take(seen, nowMs);
  }

  /** By tenant: the devices with transitions since the last look; null when there were too many to list. */
  async read(nowMs: number): Promise<Map<number, Set<number>> | null> {
    const { gaps, last } = this.#cursor;
    const rows = await this.#db
      .selectFrom('device_presence')
      .select(['id', 'tenant_id', 'device_id'])
      .where((eb) => eb.or([eb('id', '>', last), ...(gaps.length === 0 ? [] : [eb('id', 'in', gaps)])]))
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute();
    if (rows.length === PAGE_ROWS) {
      await this.start(nowMs);
      return null;
    }
    const touched = new Map<number, Set<number>>();
    for (const row of this.#cursor.take(rows, nowMs)) {
      const devices = touched.get(row.tenant_id) ?? new Set();
      devices.add(row.device_id);
      touched.set(row.tenant_id, devices);
    }
    return touched;
  }
}

/** A device as it is now. */
export interface PresenceRow {
  readonly id: number;
  readonly group_id: number | null;
  readonly state: 'active' | 'revoked';
  readonly status: 'online' | 'offline';
  readonly transport: 'websocket' | 'http' | null;
  readonly last_seen_at: number | null;
}

/** Those of the devices that are the tenant's. */
export async function readDeviceRows(
  db: Kysely<Database>,
  tenantId: number,
  ids: readonly number[],
): Promise<PresenceRow[]> {
  const found: PresenceRow[] = [];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const rows = await db
      .selectFrom('devices')
      .select(['id', 'group_id', 'state', 'status', 'transport', 'last_seen_at'])
      .where('tenant_id', '=', tenantId)
      .where('id', 'in', ids.slice(at, at + CHUNK))
      .execute();
    found.push(...rows);
  }
  return found;
}

/** How many active devices of one group are in one state. */
export interface CountRow {
  readonly groupId: number | null;
  readonly status: 'online' | 'offline';
  readonly transport: 'websocket' | 'http' | null;
  readonly count: number;
}

/** Counts a tenant's active devices once for all its scopes. */
export async function countDevices(db: Kysely<Database>, tenantId: number): Promise<CountRow[]> {
  const rows = await db
    .selectFrom('devices')
    .select((eb) => ['group_id', 'status', 'transport', eb.fn.countAll<number>().as('count')])
    .where('tenant_id', '=', tenantId)
    .where('state', '=', 'active')
    .groupBy(['group_id', 'status', 'transport'])
    .execute();
  return rows.map((row) => ({
    groupId: row.group_id,
    status: row.status,
    transport: row.transport,
    count: Number(row.count),
  }));
}

/** The counts of those groups that are in scope. */
export function sumCounts(rows: readonly CountRow[], isInScope: (groupId: number | null) => boolean): PresenceCounts {
  let [total, online, http] = [0, 0, 0];
  for (const { groupId, status, transport, count } of rows) {
    if (!isInScope(groupId)) continue;
    total += count;
    if (status !== 'online') continue;
    online += count;
    if (transport === 'http') http += count;
  }
  return { total, online, offline: total - online, http };
}
