/** Rows that the hub would write, for tests of the API alone. */
import type { Insertable } from 'kysely';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { ContentTable } from '../../migrations/content-tables.ts';
import type { AlertReceiptsTable, Database, DevicesTable, PairingsTable } from '../../migrations/tables.ts';

let made = 0;

/** Inserts a device: active, offline, in no group unless told otherwise. Returns its id. */
export async function insertDevice(
  db: OpenDatabase<Database>,
  tenantId: number,
  columns: Partial<Insertable<DevicesTable>> = {},
): Promise<number> {
  made += 1;
  const row = await db.sql
    .insertInto('devices')
    .values({
      tenant_id: tenantId,
      group_id: null,
      player_id: `player-${made}`,
      name: `Screen ${made}`,
      model: null,
      os_version: null,
      app_version: null,
      capabilities: '[]',
      config: '{}',
      state: 'active',
      credential_hash: null,
      credential_version: 1,
      status: 'offline',
      transport: null,
      conn_epoch: 0,
      node_id: null,
      last_seen_at: null,
      rev: 0,
      placement_rev: 0,
      version: 1,
      created_at: 1_000,
      updated_at: 1_000,
      ...columns,
    })
    .executeTakeFirstOrThrow();
  return Number(row.insertId);
}

/** Inserts a pairing that waits for an operator. Returns its id. */
export async function insertPairing(
  db: OpenDatabase<Database>,
  code: string,
  expiresAt: number,
  columns: Partial<Insertable<PairingsTable>> = {},
): Promise<number> {
  made += 1;
  const row = await db.sql
    .insertInto('pairings')
    .values({
      player_id: `player-${made}`,
      code,
      poll_secret_hash: 'x',
      name: null,
      model: null,
      os_version: null,
      app_version: null,
      capabilities: '[]',
      state: 'pending',
      tenant_id: null,
      device_id: null,
      created_at: expiresAt - 600_000,
      expires_at: expiresAt,
      ...columns,
    })
    .executeTakeFirstOrThrow();
  return Number(row.insertId);
}

/** Inserts what a device said of a deployment. */
export async function insertReceipt(
  db: OpenDatabase<Database>,
  tenantId: number,
  deploymentId: number,
  deviceId: number,
  columns: Partial<Insertable<AlertReceiptsTable>>,
): Promise<void> {
  await db.sql
    .insertInto('alert_receipts')
    .values({
      deployment_id: deploymentId,
      device_id: deviceId,
      tenant_id: tenantId,
      sent_at: null,
      received_at: null,
      displayed_at: null,
      cleared_at: null,
      failed_at: null,
      device_displayed_at: null,
      reason: null,
      conn_epoch: 1,
      ...columns,
    })
    .execute();
}

/** Inserts an image that is ready and plays from elsewhere. Returns its id. */
export async function insertContent(
  db: OpenDatabase<Database>,
  tenantId: number,
  columns: Partial<Insertable<ContentTable>> = {},
): Promise<number> {
  const row = await db.sql
    .insertInto('content')
    .values({
      tenant_id: tenantId,
      type: 'image',
      name: 'Map',
      url: 'https://example.com/map.png',
      storage_key: null,
      sha256: null,
      size_bytes: null,
      mime_type: null,
      duration_ms: null,
      status: 'ready',
      version: 1,
      created_by: null,
      created_at: 1_000,
      updated_at: 1_000,
      ...columns,
    })
    .executeTakeFirstOrThrow();
  return Number(row.insertId);
}
