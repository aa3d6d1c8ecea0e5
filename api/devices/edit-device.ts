/** Changing, revoking and deleting a device. */
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { NewChange } from '../../hub/core/changes.ts';
import type { DeviceConfig } from '../../hub/core/model.ts';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { Config, Id } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { checkDeviceConfig } from '../device-config.ts';
import { apiError, versionConflict } from '../errors.ts';
import { holdGroup } from '../groups/tree-rows.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { forgetTarget } from '../schedules/assignments.ts';
import { requireDeviceInScope } from '../scope.ts';
import { DEVICE_COLUMNS, deviceJson, type DeviceJson, type DeviceRow } from './device-json.ts';
import { DevicePlaceOrNull, placeColumns } from './device-place.ts';

export const DeviceName = Type.String({ minLength: 1, maxLength: 120, pattern: '\\S' });
export const DeviceGroupId = Type.Union([Id, Type.Null()], {
  description: 'null: in no group, which only administrators see',
});

export const DeviceUpdate = Type.Object(
  {
    name: Type.Optional(DeviceName),
    groupId: Type.Optional(DeviceGroupId),
    config: Type.Optional(Config),
    place: Type.Optional(DevicePlaceOrNull),
    version: Type.Integer({ minimum: 1, description: 'The version that the change is based on' }),
  },
  { additionalProperties: false },
);

export interface LockedDevice extends DeviceRow {
  readonly credential_version: number;
}

/** The device's row, locked until commit. NOT_FOUND when the actor has none of this id. Take group locks before. */
export async function lockDevice(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Actor,
  deviceId: number,
): Promise<LockedDevice> {
  const row = await tx
    .selectFrom('devices')
    .select([...DEVICE_COLUMNS, 'credential_version'])
    .where('id', '=', deviceId)
    .where('tenant_id', '=', actor.tenantId)
    .modifyEnd(dialect.forUpdate)
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such device');
  requireDeviceInScope(actor, row);
  return row;
}

/** Writes the rev of a device's newest change into its row. */
export async function stampDevice(
  tx: Transaction<Database>,
  deviceId: number,
  rev: number,
  moved: boolean,
): Promise<void> {
  const placed = moved ? { placement_rev: rev } : {};
  await tx
    .updateTable('devices')
    .set({ rev, ...placed })
    .where('id', '=', deviceId)
    .execute();
}

/** Changes the fields that are given. NOT_FOUND for the device or the group; VERSION_CONFLICT for a stale `version`. */
export async function updateDevice(
  call: Call<{ id: number }, unknown, Static<typeof DeviceUpdate>>,
): Promise<DeviceJson> {
  const { ctx, actor, params, body } = call;
  const { dialect } = ctx.db;
  if (body.config !== undefined) checkDeviceConfig(body.config);
  return mutate(call, async (tx, now): Promise<Mutation<DeviceJson>> => {
    if (body.groupId !== undefined) await holdGroup(tx, dialect, actor, body.groupId, 'groupId');
    const old = await lockDevice(tx, dialect, actor, params.id);
    if (old.version !== body.version) throw versionConflict(old.version);
    const groupId = body.groupId === undefined ? old.group_id : body.groupId;
    const config = body.config ?? (JSON.parse(old.config) as DeviceConfig);
    const next = {
      name: body.name?.trim() ?? old.name,
      group_id: groupId,
      config: JSON.stringify(config),
      ...placeColumns(body.place, old),
      updated_at: now,
    };
    await tx
      .updateTable('devices')
      .set((eb) => ({ ...next, version: eb('version', '+', 1) }))
      .where('id', '=', params.id)
      .execute();
    return {
      data: deviceJson({ ...old, ...next, version: old.version + 1 }),
      changes: [{ kind: 'device.saved', deviceId: params.id, groupId, config }],
      audit: { action: 'device.updated', entity: 'device', entityId: params.id, detail: { ...body } },
      stamp: (locked, [rev = 0]) => stampDevice(locked, params.id, rev, groupId !== old.group_id),
    };
  });
}

/**
 * Takes the device's credential away: its tokens are dead, its session is closed [INV-9]. Pairing it again makes it active.
 * Revoking a revoked device changes nothing.
 */
export async function revokeDevice(call: Call<{ id: number }, unknown, unknown>): Promise<DeviceJson> {
  const { ctx, actor, params } = call;
  return mutate(call, async (tx, now): Promise<Mutation<DeviceJson>> => {
    const old = await lockDevice(tx, ctx.db.dialect, actor, params.id);
    const audit = {
      action: 'device.revoked',
      entity: 'device',
      entityId: params.id,
      detail: { playerId: old.player_id },
    };
    if (old.state === 'revoked') return { data: deviceJson(old), changes: [], audit };
    await tx
      .updateTable('devices')
      .set((eb) => ({
        state: 'revoked',
        credential_hash: null,
        credential_version: eb('credential_version', '+', 1),
        version: eb('version', '+', 1),
        updated_at: now,
      }))
      .where('id', '=', params.id)
      .execute();
    await closePairings(tx, params.id, old.player_id);
    return {
      data: deviceJson({ ...old, state: 'revoked', version: old.version + 1, updated_at: now }),
      changes: [credentialChange(old, 'revoked')],
      audit,
      stamp: (locked, [rev = 0]) => stampDevice(locked, params.id, rev, false),
    };
  });
}

/**
 * Closes pairings of the device whose credential was not collected yet: whoever polls for one must not get a credential that
 * is newer than the decision just made.
 */
export async function closePairings(tx: Transaction<Database>, deviceId: number, playerId: string): Promise<void> {
  await tx
    .updateTable('pairings')
    .set({ state: 'consumed' })
    .where('player_id', '=', playerId)
    .where('device_id', '=', deviceId)
    .where('state', '=', 'paired')
    .execute();
}

/** The change that ends the credential a device has. */
export function credentialChange(old: LockedDevice, reason: 'rotated' | 'revoked' | 'removed'): NewChange {
  return { kind: 'device.credential', deviceId: old.id, credentialVersion: old.credential_version + 1, reason };
}

/**
 * Deletes a device with its report, its commands and what was scheduled for it alone. What it did (receipts, proof of play)
 * is history and stays.
 */
export async function removeDevice(call: Call<{ id: number }, unknown, unknown>): Promise<Record<string, never>> {
  const { ctx, actor, params } = call;
  let fileKeys: string[] = [];
  await mutate(call, async (tx, now): Promise<Mutation<null>> => {
    const old = await lockDevice(tx, ctx.db.dialect, actor, params.id);
    const files = await tx
      .selectFrom('commands')
      .select('file_key')
      .where('device_id', '=', params.id)
      .where('file_key', 'is not', null)
      .execute();
    fileKeys = files.map((row) => row.file_key as string);
    await tx.deleteFrom('commands').where('device_id', '=', params.id).execute();
    await tx.deleteFrom('device_reports').where('device_id', '=', params.id).execute();
    await forgetTarget(tx, actor.tenantId, 'device', params.id, { userId: actor.userId, now });
    await closePairings(tx, params.id, old.player_id);
    await endPresence(tx, actor, old, now);
    await tx.deleteFrom('devices').where('id', '=', params.id).execute();
    return {
      data: null,
      changes: [credentialChange(old, 'removed')],
      audit: {
        action: 'device.removed',
        entity: 'device',
        entityId: params.id,
        detail: { playerId: old.player_id, name: old.name, groupId: old.group_id },
      },
    };
  });
  await removeFiles(call, fileKeys);
  return {};
}

/** The hub that ends its session will find no device any more, so the end of its presence is recorded here. */
async function endPresence(tx: Transaction<Database>, actor: Actor, device: LockedDevice, now: number): Promise<void> {
  if (device.status === 'offline') return;
  await tx
    .insertInto('device_presence')
    .values({ tenant_id: actor.tenantId, device_id: device.id, status: 'offline', transport: null, at: now })
    .execute();
}

/** Files removed at once. */
const REMOVED_AT_ONCE = 50;

/** Removes result files of commands that are gone. A file that stays behind is unreachable: worth a line, not a failure. */
export async function removeFiles({ ctx }: Call<unknown, unknown, unknown>, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += REMOVED_AT_ONCE) {
    const outcomes = await Promise.allSettled(
      keys.slice(at, at + REMOVED_AT_ONCE).map((key) => ctx.objects.delete(key)),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined)
      ctx.log.warn({ err: failed.reason as unknown }, 'command files of a deleted device were not removed');
  }
}
