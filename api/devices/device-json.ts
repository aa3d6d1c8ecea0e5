/** A device as the API shows it. */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { DeviceConfig } from '../../hub/core/model.ts';
import type { Database, DevicesTable } from '../../migrations/tables.ts';
import { CommandName, Config, Id, Timestamp } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { toIso, toIsoOrNull } from '../iso-time.ts';
import { requireDeviceInScope } from '../scope.ts';
import { DevicePlaceOrNull, placeOf } from './device-place.ts';

const OptionalText = Type.Union([Type.String(), Type.Null()]);

export const DEVICE_STATES = ['active', 'revoked'] as const;
export const DEVICE_STATUSES = ['online', 'offline'] as const;
export const DEVICE_TRANSPORTS = ['websocket', 'http'] as const;

export const DeviceJson = Type.Object({
  id: Id,
  playerId: Type.String({ description: "The player's own stable name, unique within the tenant" }),
  name: Type.String(),
  groupId: Type.Union([Id, Type.Null()]),
  model: OptionalText,
  osVersion: OptionalText,
  appVersion: OptionalText,
  capabilities: Type.Array(CommandName, { description: 'Commands that the device can carry out' }),
  config: Config,
  state: Type.Enum([...DEVICE_STATES]),
  status: Type.Enum([...DEVICE_STATUSES]),
  transport: Type.Union([Type.Enum([...DEVICE_TRANSPORTS]), Type.Null()]),
  lastSeen: Type.Union([Timestamp, Type.Null()]),
  connEpoch: Type.Integer({ description: 'Number of the newest connection; 0 before the first' }),
  place: DevicePlaceOrNull,
  version: Type.Integer(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type DeviceJson = Static<typeof DeviceJson>;

export const DEVICE_COLUMNS = [
  'id',
  'player_id',
  'name',
  'group_id',
  'model',
  'os_version',
  'app_version',
  'capabilities',
  'config',
  'state',
  'status',
  'transport',
  'last_seen_at',
  'conn_epoch',
  'latitude',
  'longitude',
  'version',
  'created_at',
  'updated_at',
] as const;

export interface DeviceRow extends Pick<DevicesTable, Exclude<(typeof DEVICE_COLUMNS)[number], 'id'>> {
  readonly id: number;
}

export function deviceJson(row: DeviceRow): DeviceJson {
  return {
    id: row.id,
    playerId: row.player_id,
    name: row.name,
    groupId: row.group_id,
    model: row.model,
    osVersion: row.os_version,
    appVersion: row.app_version,
    capabilities: JSON.parse(row.capabilities) as DeviceJson['capabilities'],
    config: JSON.parse(row.config) as DeviceConfig,
    state: row.state,
    status: row.status,
    transport: row.transport,
    lastSeen: toIsoOrNull(row.last_seen_at),
    connEpoch: row.conn_epoch,
    place: placeOf(row),
    version: row.version,
    createdAt: toIso(row.created_at),
    updatedAt: toIso(row.updated_at),
  };
}

/** The device's row. NOT_FOUND when the tenant has none of this id or it is out of the actor's scope. */
export async function findDevice(db: Kysely<Database>, actor: Actor, deviceId: number): Promise<DeviceRow> {
  const row = await db
    .selectFrom('devices')
    .select(DEVICE_COLUMNS)
    .where('id', '=', deviceId)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such device');
  requireDeviceInScope(actor, row);
  return row;
}
