/** What a hub would write, for tests of the live feed. */
import type { OpenDatabase } from '../../../migrations/dialect.ts';
import type { Database } from '../../../migrations/tables.ts';

/** Marks devices of one tenant online over a transport, or offline when it is null, with their history, as a hub does. */
export async function setPresence(
  db: OpenDatabase<Database>,
  tenantId: number,
  deviceIds: readonly number[],
  transport: 'websocket' | 'http' | null,
  at: number,
): Promise<void> {
  const status = transport === null ? 'offline' : 'online';
  const seen = { status, transport, last_seen_at: at } as const;
  const rows = deviceIds.map((id) => ({ tenant_id: tenantId, device_id: id, status, transport, at }) as const);
  await db.sql.transaction().execute(async (tx) => {
    await tx.updateTable('devices').set(seen).where('id', 'in', deviceIds).execute();
    await tx.insertInto('device_presence').values(rows).execute();
  });
}
