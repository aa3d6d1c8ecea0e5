/** Devices as the hub reads and marks them: connecting in batches, presence fenced by connEpoch, node leases. */
import { sql, type Kysely, type Updateable } from 'kysely';
import type { Connected, Connecting } from '../core/hub-store.ts';
import type { DeviceConfig, DeviceRecord, PendingCommand } from '../core/model.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

type Row = DeviceRecord & { readonly connEpoch: number };

const NO_CONFIG: DeviceConfig = Object.freeze({});
const NO_COMMANDS: readonly PendingCommand[] = Object.freeze([]);
/** Devices marked offline in one statement. */
const REAP_BATCH = 500;

export async function connect(
  db: OpenDatabase<Database>,
  tokens: readonly Connecting[],
  nodeId: string,
  now: number,
): Promise<Map<number, Connected>> {
  const versions = new Map(tokens.map(({ deviceId, credentialVersion }) => [deviceId, credentialVersion]));
  // Sorted, so that two nodes that connect the same devices lock them in the same order.
  const ids = [...versions.keys()].sort((a, b) => a - b);
  return db.sql.transaction().execute(async (tx) => {
    // One statement per version: few devices were ever paired twice.
    for (const version of unique(versions.values())) {
      await tx
        .updateTable('devices')
        .set((eb) => ({
          conn_epoch: eb('conn_epoch', '+', 1),
          status: 'online',
          transport: 'websocket',
          node_id: nodeId,
          last_seen_at: now,
        }))
        .where(
          'id',
          'in',
          ids.filter((id) => versions.get(id) === version),
        )
        .where('state', '=', 'active')
        .where('credential_version', '=', version)
        .execute();
    }
    const rows = await readDevices(tx, ids, now);
    return new Map(
      rows.map(({ connEpoch, ...record }) => {
        const connected = record.active && record.credentialVersion === versions.get(record.deviceId);
        return [record.deviceId, { record, connEpoch: connected ? connEpoch : 0 }];
      }),
    );
  });
}

const unique = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);

export async function loadDevices(
  db: OpenDatabase<Database>,
  deviceIds: readonly number[],
  now: number,
): Promise<Map<number, DeviceRecord>> {
  if (deviceIds.length === 0) return new Map();
  return db.sql.transaction().execute(async (tx) => {
    const rows = await readDevices(tx, deviceIds, now);
    return new Map(rows.map(({ connEpoch: _connEpoch, ...record }) => [record.deviceId, record]));
  });
}

async function readDevices(tx: Kysely<Database>, ids: readonly number[], now: number): Promise<Row[]> {
  const devices = await tx
    .selectFrom('devices')
    .select([
      'id',
      'tenant_id',
      'group_id',
      'config',
      'state',
      'credential_version',
      'conn_epoch',
      'rev',
      'placement_rev',
    ])
    .where('id', 'in', ids)
    .execute();
  const commands = await tx
    .selectFrom('commands')
    .select(['id', 'device_id', 'name', 'args', 'issued_at', 'expires_at', 'rev'])
    .where('device_id', 'in', ids)
    .where('state', 'in', ['pending', 'acknowledged'])
    .where('expires_at', '>', now)
    .orderBy('id')
    .execute();
  const commandsOf = new Map<number, { list: PendingCommand[]; rev: number }>();
  for (const row of commands) {
    const open = commandsOf.get(row.device_id) ?? { list: [], rev: 0 };
    open.list.push({
      commandId: row.id,
      name: row.name,
      args: JSON.parse(row.args) as PendingCommand['args'],
      issuedAt: row.issued_at,
      expiresAt: row.expires_at,
    });
    open.rev = Math.max(open.rev, row.rev);
    commandsOf.set(row.device_id, open);
  }
  return devices.map((row) => ({
    deviceId: row.id,
    tenantId: row.tenant_id,
    groupId: row.group_id,
    config: row.config === '{}' ? NO_CONFIG : (JSON.parse(row.config) as DeviceConfig),
    active: row.state === 'active',
    credentialVersion: row.credential_version,
    rev: Math.max(row.rev, commandsOf.get(row.id)?.rev ?? 0),
    placementRev: row.placement_rev,
    commands: commandsOf.get(row.id)?.list ?? NO_COMMANDS,
    connEpoch: row.conn_epoch,
  }));
}

/** A device's connection, as a node holds it. */
interface Held {
  readonly deviceId: number;
  readonly connEpoch: number;
}

export async function disconnect(db: OpenDatabase<Database>, devices: readonly Held[], now: number): Promise<void> {
  await updateNewest(db, devices, { status: 'offline', transport: null, node_id: null, last_seen_at: now });
}

export async function reclaim(
  db: OpenDatabase<Database>,
  devices: readonly Held[],
  nodeId: string,
  now: number,
): Promise<void> {
  await updateNewest(db, devices, { status: 'online', transport: 'websocket', node_id: nodeId, last_seen_at: now });
}

/** Writes what a node says of the devices whose newest connection it holds. */
async function updateNewest(
  db: OpenDatabase<Database>,
  devices: readonly Held[],
  presence: Updateable<Database['devices']>,
): Promise<void> {
  const epochs = new Map<number, number>();
  for (const { deviceId, connEpoch } of devices) epochs.set(deviceId, Math.max(connEpoch, epochs.get(deviceId) ?? 0));
  const ids = [...epochs.keys()].sort((a, b) => a - b);
  await db.sql.transaction().execute(async (tx) => {
    // Locked, so that no connect can slip between the comparison and the write.
    const rows = await tx
      .selectFrom('devices')
      .select(['id', 'conn_epoch'])
      .where('id', 'in', ids)
      .modifyEnd(db.dialect.forUpdate)
      .execute();
    const ours = rows.filter((row) => epochs.get(row.id) === row.conn_epoch).map((row) => row.id);
    if (ours.length === 0) return;
    await tx.updateTable('devices').set(presence).where('id', 'in', ours).execute();
  });
}

export async function seenOverHttp(
  db: OpenDatabase<Database>,
  deviceIds: readonly number[],
  now: number,
): Promise<void> {
  if (deviceIds.length === 0) return;
  await db.sql
    .updateTable('devices')
    .set({ status: 'online', transport: 'http', node_id: null, last_seen_at: now })
    .where(
      'id',
      'in',
      [...deviceIds].sort((a, b) => a - b),
    )
    .where('state', '=', 'active')
    .where((eb) => eb.or([eb('status', '=', 'offline'), eb('transport', '=', 'http')]))
    .execute();
}

export async function renewLease(
  db: OpenDatabase<Database>,
  nodeId: string,
  startedAt: number,
  until: number,
): Promise<void> {
  const { dialect } = db;
  await sql`insert into nodes (node_id, lease_until, started_at) values (${nodeId}, ${until}, ${startedAt})
    ${dialect.upsert(['node_id'], { lease_until: dialect.offered('lease_until') })}`.execute(db.sql);
}

export async function dropLease(db: OpenDatabase<Database>, nodeId: string): Promise<void> {
  await db.sql.deleteFrom('nodes').where('node_id', '=', nodeId).execute();
}

export async function reapAbsent(db: OpenDatabase<Database>, now: number, httpSince: number): Promise<number> {
  // A node's own devices are marked before its lease row goes, so that a crash in between leaves work and not ghosts.
  const living = db.sql.selectFrom('nodes').select('node_id').where('lease_until', '>', now);
  // Looked for without locks: an UPDATE that searches locks every row it looks at, here all that are online.
  const orphans = await db.sql
    .selectFrom('devices')
    .select(['id', 'node_id'])
    .where('status', '=', 'online')
    .where('transport', '=', 'websocket')
    .where((eb) => eb.or([eb('node_id', 'is', null), eb('node_id', 'not in', living)]))
    .orderBy('id')
    .execute();
  const dead = [...new Set(orphans.map((row) => row.node_id ?? ''))];
  let count = 0;
  for (let at = 0; at < orphans.length; at += REAP_BATCH) {
    const { numUpdatedRows } = await db.sql
      .updateTable('devices')
      .set({ status: 'offline', transport: null, node_id: null })
      .where(
        'id',
        'in',
        orphans.slice(at, at + REAP_BATCH).map((row) => row.id),
      )
      .where('status', '=', 'online')
      .where('transport', '=', 'websocket')
      // Who has connected anywhere since was not looked at.
      .where((eb) => eb.or([eb('node_id', 'is', null), eb('node_id', 'in', dead)]))
      .executeTakeFirstOrThrow();
    count += Number(numUpdatedRows);
  }
  count += await reapSilent(db, httpSince);
  await db.sql.deleteFrom('nodes').where('lease_until', '<=', now).execute();
  return count;
}

/** Marks HTTP devices offline that were not heard since. */
async function reapSilent(db: OpenDatabase<Database>, httpSince: number): Promise<number> {
  const silent = await db.sql
    .selectFrom('devices')
    .select('id')
    .where('status', '=', 'online')
    .where('transport', '=', 'http')
    .where('last_seen_at', '<', httpSince)
    .orderBy('id')
    .execute();
  let count = 0;
  for (let at = 0; at < silent.length; at += REAP_BATCH) {
    const { numUpdatedRows } = await db.sql
      .updateTable('devices')
      .set({ status: 'offline', transport: null })
      .where(
        'id',
        'in',
        silent.slice(at, at + REAP_BATCH).map((row) => row.id),
      )
      .where('status', '=', 'online')
      .where('transport', '=', 'http')
      .where('last_seen_at', '<', httpSince)
      .executeTakeFirstOrThrow();
    count += Number(numUpdatedRows);
  }
  return count;
}
