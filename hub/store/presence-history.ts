/**
 * The history of presence: one row each time a device came online, went offline or changed its transport. Written in the
 * transaction that changes the device's row, while that row is locked, so that a device's rows are in the order of what happened.
 * A takeover (online before, online after, the same transport) is no transition and leaves no row.
 */
import { sql, type Transaction } from 'kysely';
import type { Database } from '../../migrations/tables.ts';

/** A device as it was before. */
interface Before {
  readonly id: number;
  readonly tenant_id: number;
  readonly status: 'online' | 'offline';
  readonly transport: 'websocket' | 'http' | null;
}

/** Records that the devices are online over `transport` now, or offline when it is null. `at` is the hub's clock. */
export async function recordPresence(
  tx: Transaction<Database>,
  devices: readonly Before[],
  transport: 'websocket' | 'http' | null,
  at: number,
): Promise<void> {
  const status = transport === null ? 'offline' : 'online';
  const changed = devices.filter(
    (before) => before.status !== status || (transport !== null && before.transport !== transport),
  );
  if (changed.length === 0) return;
  // Parameters are what a batch of hundreds costs most: what is the same in all rows is written out.
  const same = sql`${sql.lit(status)}, ${sql.lit(transport)}, ${sql.lit(at)}`;
  const values = sql.join(changed.map(({ id, tenant_id }) => sql`(${tenant_id}, ${id}, ${same})`));
  await sql`insert into device_presence (tenant_id, device_id, status, transport, at) values ${values}`.execute(tx);
}
