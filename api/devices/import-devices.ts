/** Provisioning devices in bulk, before they are ever switched on: each gets its credential at once, given out this once. */
import { createHash } from 'node:crypto';
import type { Insertable, Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import { isDuplicateKey } from '../../migrations/dialect.ts';
import type { Database, DevicesTable } from '../../migrations/tables.ts';
import { Id } from '../../protocol/desired-state.ts';
import { Capabilities } from '../../protocol/up.ts';
import { apiError } from '../errors.ts';
import { holdGroup } from '../groups/tree-rows.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { DevicePlace, placeColumns } from './device-place.ts';
import { newDeviceRow } from './new-device-row.ts';
import { DeviceGroupId, DeviceName } from './edit-device.ts';

/** Devices in one call. Past it: VALIDATION_ERROR. */
export const IMPORT_MAX = 1_000;
/** Bytes of randomness in a credential. */
const CREDENTIAL_BYTES = 32;
/** Rows in one statement. */
const CHUNK = 250;

const ImportDevice = Type.Object(
  {
    playerId: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._:-]+$' }),
    name: DeviceName,
    groupId: Type.Optional(DeviceGroupId),
    capabilities: Type.Optional(Capabilities),
    place: Type.Optional(DevicePlace),
  },
  { additionalProperties: false },
);
export const ImportRequest = Type.Object(
  {
    devices: Type.Array(ImportDevice, { minItems: 1, maxItems: IMPORT_MAX }),
    skipExisting: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Leaves players that exist already as they are and names them, instead of refusing the whole call',
      }),
    ),
  },
  { additionalProperties: false },
);

export const ImportedDevices = Type.Object({
  devices: Type.Array(
    Type.Object({
      deviceId: Id,
      playerId: Type.String(),
      name: Type.String(),
      groupId: Type.Union([Id, Type.Null()]),
      credential: Type.String({ description: 'Given once: only its hash is kept' }),
    }),
  ),
  existing: Type.Array(Type.String(), {
    description: 'With `skipExisting`: player ids that existed already; none of them was changed or given a credential',
  }),
});
type Imported = Static<typeof ImportedDevices>;
type ImportCall = Call<unknown, unknown, Static<typeof ImportRequest>>;

/**
 * Creates all of the devices or none. NOT_FOUND for a group; CONFLICT naming the players that are twice in the call, or there already
 * unless those are to be skipped.
 */
export async function importDevices(call: ImportCall): Promise<Imported> {
  const twice = repeated(call.body.devices.map((device) => device.playerId));
  if (twice.length > 0) throw playersTaken('Players that are in the call twice', twice, call);
  try {
    return await mutate(call, (tx, now) => insertAll(tx, call, now));
  } catch (error) {
    if (isDuplicateKey(error)) throw apiError('CONFLICT', 'Some of the players were created by somebody else just now');
    throw error;
  }
}

function repeated(playerIds: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(playerIds.filter((playerId) => seen.size === seen.add(playerId).size))];
}

function playersTaken(what: string, playerIds: readonly string[], { body }: ImportCall): Error {
  const details = playerIds.slice(0, 20).map((playerId) => ({
    field: `devices.${body.devices.findLastIndex((device) => device.playerId === playerId)}.playerId`,
    message: `${playerId} is taken`,
  }));
  const named = playerIds.slice(0, 20).join(', ');
  const more = playerIds.length > 20 ? ` and ${playerIds.length - 20} more` : '';
  return apiError('CONFLICT', `${what}: ${named}${more}`, details);
}

async function insertAll(tx: Transaction<Database>, call: ImportCall, now: number): Promise<Mutation<Imported>> {
  const { ctx, actor, body } = call;
  // In ascending order, so that two imports into the same groups do not wait for each other for ever.
  const groupIds = [...new Set(body.devices.map((device) => device.groupId ?? null))].sort(
    (a, b) => (a ?? 0) - (b ?? 0),
  );
  for (const groupId of groupIds) await holdGroup(tx, ctx.db.dialect, actor, groupId, fieldOfGroup(call, groupId));
  const existing = await idsOfPlayers(tx, call);
  if (existing.size > 0 && body.skipExisting !== true)
    throw playersTaken('Players that exist already', [...existing.keys()], call);
  const fresh = body.devices.filter(({ playerId }) => !existing.has(playerId));
  const credentials = new Map(fresh.map((device) => [device.playerId, ctx.ids.secret(CREDENTIAL_BYTES)]));
  const rows = fresh.map((device) => newRow(device, actor.tenantId, credentials.get(device.playerId) ?? '', now));
  for (let at = 0; at < rows.length; at += CHUNK) {
    await tx
      .insertInto('devices')
      .values(rows.slice(at, at + CHUNK))
      .execute();
  }
  const idOf = await idsOfPlayers(tx, call);
  const devices = fresh.map(({ playerId, name, groupId = null }) => {
    const deviceId = idOf.get(playerId);
    const credential = credentials.get(playerId);
    if (deviceId === undefined || credential === undefined)
      throw new Error(`player ${playerId} was inserted and is not there`);
    return { deviceId, playerId, name: name.trim(), groupId, credential };
  });
  return {
    data: {
      devices,
      existing: body.devices.map(({ playerId }) => playerId).filter((playerId) => existing.has(playerId)),
    },
    changes: devices.map(({ deviceId, groupId }) => ({ kind: 'device.saved', deviceId, groupId, config: {} })),
    audit: {
      action: 'device.imported',
      entity: 'device',
      entityId: null,
      detail: { count: devices.length, playerIds: devices.map(({ playerId }) => playerId) },
    },
    stamp: (locked, revs) =>
      stampAll(
        locked,
        devices.map(({ deviceId }) => deviceId),
        revs.at(-1) ?? 0,
      ),
  };
}

function fieldOfGroup({ body }: ImportCall, groupId: number | null): string {
  return `devices.${body.devices.findIndex((device) => (device.groupId ?? null) === groupId)}.groupId`;
}

async function idsOfPlayers(tx: Transaction<Database>, { actor, body }: ImportCall): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let at = 0; at < body.devices.length; at += CHUNK) {
    const playerIds = body.devices.slice(at, at + CHUNK).map((device) => device.playerId);
    const rows = await tx
      .selectFrom('devices')
      .select(['id', 'player_id'])
      .where('tenant_id', '=', actor.tenantId)
      .where('player_id', 'in', playerIds)
      .execute();
    for (const row of rows) found.set(row.player_id, row.id);
  }
  return found;
}

function newRow(
  device: Static<typeof ImportDevice>,
  tenantId: number,
  credential: string,
  now: number,
): Insertable<DevicesTable> {
  return newDeviceRow(
    {
      tenant_id: tenantId,
      group_id: device.groupId ?? null,
      player_id: device.playerId,
      name: device.name.trim(),
      model: null,
      os_version: null,
      app_version: null,
      capabilities: JSON.stringify(device.capabilities ?? []),
      credential_hash: createHash('sha256').update(credential).digest('hex'),
      ...placeColumns(device.place, null),
    },
    now,
  );
}

/**
 * Writes the revs in one statement, because the counter's lock is held: every device gets the last one. It is not below
 * the device's own, and no hub has read the rows before.
 */
async function stampAll(tx: Transaction<Database>, deviceIds: readonly number[], rev: number): Promise<void> {
  await tx
    .updateTable('devices')
    .set((eb) => ({ rev, placement_rev: eb.case().when('group_id', 'is', null).then(0).else(rev).end() }))
    .where('id', 'in', deviceIds)
    .execute();
}
