/** Devices as the hub reads and marks them: connecting in batches, presence fenced by connEpoch, node leases. */
import { sql, type Kysely, type RawBuilder, type Selectable, type Updateable } from 'kysely';
import type { Connected, Connecting } from '../core/hub-store.ts';
import type { DeviceConfig, DeviceRecord, PendingCommand } from '../core/model.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database, DevicesTable } from '../../migrations/tables.ts';
import { recordPresence } from './presence-history.ts';

const NO_LOCK = sql``;
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
    // Locked, so that what is read is what is changed: the epoch that is given out, and whether the device was online already.
    const rows = await readDevices(tx, ids, db.dialect.forUpdate);
    const joining = rows.filter((row) => row.state === 'active' && row.credential_version === versions.get(row.id));
    if (joining.length > 0) {
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
          joining.map((row) => row.id),
        )
        .execute();
      await recordPresence(tx, joining, 'websocket', now);
    }
    const joined = new Set(joining);
    const commands = await readCommands(tx, ids, now);
    return new Map(
      rows.map((row) => [
        row.id,
        { record: deviceRecord(row, commands), connEpoch: joined.has(row) ? row.conn_epoch + 1 : 0 },
      ]),
    );
  });
}

export async function loadDevices(
  db: OpenDatabase<Database>,
  deviceIds: readonly number[],
  now: number,
): Promise<Map<number, DeviceRecord>> {
  if (deviceIds.length === 0) return new Map();
  return db.sql.transaction().execute(async (tx) => {
    const rows = await readDevices(tx, deviceIds, NO_LOCK);
    const commands = await readCommands(tx, deviceIds, now);
    return new Map(rows.map((row) => [row.id, deviceRecord(row, commands)]));
  });
}

const DEVICE_COLUMNS = [
  'id',
  'tenant_id',
  'group_id',
  'config',
  'state',
  'credential_version',
  'conn_epoch',
  'rev',
  'placement_rev',
  'status',
  'transport',
] as const;
type DeviceRow = Pick<Selectable<DevicesTable>, (typeof DEVICE_COLUMNS)[number]>;

async function readDevices(
  tx: Kysely<Database>,
  ids: readonly number[],
  lock: RawBuilder<unknown>,
): Promise<DeviceRow[]> {
  return tx.selectFrom('devices').select(DEVICE_COLUMNS).where('id', 'in', ids).modifyEnd(lock).execute();
}

/** The open commands of each device, and the rev of the newest. */
type CommandsByDevice = ReadonlyMap<number, { readonly list: readonly PendingCommand[]; readonly rev: number }>;

async function readCommands(tx: Kysely<Database>, ids: readonly number[], now: number): Promise<CommandsByDevice> {
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
  return commandsOf;
}

function deviceRecord(row: DeviceRow, commandsOf: CommandsByDevice): DeviceRecord {
  const commands = commandsOf.get(row.id);
  return {
    deviceId: row.id,
    tenantId: row.tenant_id,
    groupId: row.group_id,
    config: row.config === '{}' ? NO_CONFIG : (JSON.parse(row.config) as DeviceConfig),
    active: row.state === 'active',
    credentialVersion: row.credential_version,
    rev: Math.max(row.rev, commands?.rev ?? 0),
    placementRev: row.placement_rev,
    commands: commands?.list ?? NO_COMMANDS,
  };
}

/** A device's connection, as a node holds it. */
interface Held {
  readonly deviceId: number;
  readonly connEpoch: number;
}

export async function disconnect(db: OpenDatabase<Database>, devices: readonly Held[], now: number): Promise<void> {
  await updateNewest(db, devices, { transport: null, node_id: null }, now);
}

export async function reclaim(
  db: OpenDatabase<Database>,
  devices: readonly Held[],
  nodeId: string,
  now: number,
): Promise<void> {
  await updateNewest(db, devices, { transport: 'websocket', node_id: nodeId }, now);
}

/** Writes what a node says of the devices whose newest connection it holds. */
async function updateNewest(
  db: OpenDatabase<Database>,
  devices: readonly Held[],
  presence: { readonly transport: 'websocket'; readonly node_id: string } | { readonly transport: null; node_id: null },
  now: number,
): Promise<void> {
  const epochs = new Map<number, number>();
  for (const { deviceId, connEpoch } of devices) epochs.set(deviceId, Math.max(connEpoch, epochs.get(deviceId) ?? 0));
  const ids = [...epochs.keys()].sort((a, b) => a - b);
  await db.sql.transaction().execute(async (tx) => {
    // Locked, so that no connect can slip between the comparison and the write.
    const rows = await tx
      .selectFrom('devices')
      .select(['id', 'tenant_id', 'conn_epoch', 'status', 'transport'])
      .where('id', 'in', ids)
      .modifyEnd(db.dialect.forUpdate)
      .execute();
    const ours = rows.filter((row) => epochs.get(row.id) === row.conn_epoch);
    if (ours.length === 0) return;
    await tx
      .updateTable('devices')
      .set({ ...presence, status: presence.transport === null ? 'offline' : 'online', last_seen_at: now })
      .where(
        'id',
        'in',
        ours.map((row) => row.id),
      )
      .execute();
    await recordPresence(tx, ours, presence.transport, now);
  });
}

export async function seenOverHttp(
  db: OpenDatabase<Database>,
  deviceIds: readonly number[],
  now: number,
): Promise<void> {
  if (deviceIds.length === 0) return;
  const ids = [...deviceIds].sort((a, b) => a - b);
  const seen = { status: 'online', transport: 'http', node_id: null, last_seen_at: now } as const;
  const { numUpdatedRows } = await db.sql
    .updateTable('devices')
    .set(seen)
    .where('id', 'in', ids)
    // Not to be looked up by the index on status: it would be locked before the row, which others lock the other way round.
    .where(sql<boolean>`coalesce(status, '') = 'online'`)
    .where('transport', '=', 'http')
    .where('state', '=', 'active')
    .executeTakeFirstOrThrow();
  if (Number(numUpdatedRows) >= ids.length) return;
  await markWhere(db, ids, ({ state, status }) => state === 'active' && status === 'offline', seen, now);
}

const PRESENCE_COLUMNS = ['id', 'tenant_id', 'state', 'status', 'transport', 'node_id', 'last_seen_at'] as const;
type PresenceRow = Pick<Selectable<DevicesTable>, (typeof PRESENCE_COLUMNS)[number]>;

/** Marks those of the devices of which `holds` is true, now that they are locked, and records it. Returns how many. */
async function markWhere(
  db: OpenDatabase<Database>,
  ids: readonly number[],
  holds: (row: PresenceRow) => boolean,
  presence: Updateable<DevicesTable> & { readonly transport: 'http' | null },
  now: number,
): Promise<number> {
  return db.sql.transaction().execute(async (tx) => {
    // By their ids alone, so that everybody locks rows before entries of other indexes.
    const locked = await tx
      .selectFrom('devices')
      .select(PRESENCE_COLUMNS)
      .where('id', 'in', ids)
      .modifyEnd(db.dialect.forUpdate)
      .execute();
    const rows = locked.filter(holds);
    if (rows.length === 0) return 0;
    await tx
      .updateTable('devices')
      .set(presence)
      .where(
        'id',
        'in',
        rows.map((row) => row.id),
      )
      .execute();
    await recordPresence(tx, rows, presence.transport, now);
    return rows.length;
  });
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
  const dead = new Set(orphans.map((row) => row.node_id));
  // Who has connected anywhere since was not looked at.
  const isOrphan = ({ status, transport, node_id }: PresenceRow): boolean =>
    status === 'online' && transport === 'websocket' && (node_id === null || dead.has(node_id));
  const count = await markOffline(db, orphans, isOrphan, now);
  const silent = await reapSilent(db, now, httpSince);
  await db.sql.deleteFrom('nodes').where('lease_until', '<=', now).execute();
  return count + silent;
}

/** Marks HTTP devices offline that were not heard since. */
async function reapSilent(db: OpenDatabase<Database>, now: number, httpSince: number): Promise<number> {
  const silent = await db.sql
    .selectFrom('devices')
    .select('id')
    .where('status', '=', 'online')
    .where('transport', '=', 'http')
    .where('last_seen_at', '<', httpSince)
    .orderBy('id')
    .execute();
  const isSilent = ({ status, transport, last_seen_at }: PresenceRow): boolean =>
    status === 'online' && transport === 'http' && last_seen_at !== null && last_seen_at < httpSince;
  return markOffline(db, silent, isSilent, now);
}

/** Marks those of the devices offline of which `holds` is still true. Returns how many. */
async function markOffline(
  db: OpenDatabase<Database>,
  devices: readonly { readonly id: number }[],
  holds: (row: PresenceRow) => boolean,
  now: number,
): Promise<number> {
  let count = 0;
  for (let at = 0; at < devices.length; at += REAP_BATCH) {
    const ids = devices.slice(at, at + REAP_BATCH).map((row) => row.id);
    count += await markWhere(db, ids, holds, { status: 'offline', transport: null, node_id: null }, now);
  }
  return count;
}
