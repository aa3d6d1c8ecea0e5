/**
 * Pairing: an operator enters the code that a player shows, and the player belongs to the operator's tenant. The credential
 * itself is made by the hub when the player asks for it, so nothing secret passes here.
 */
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { NewChange } from '../../hub/core/changes.ts';
import type { DeviceConfig } from '../../hub/core/model.ts';
import { normalisePairingCode } from '../../hub/core/pairing-code.ts';
import { isDuplicateKey } from '../../migrations/dialect.ts';
import type { Database, PairingsTable } from '../../migrations/tables.ts';
import { ApiError, apiError } from '../errors.ts';
import { holdGroup } from '../groups/tree-rows.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { newDeviceRow } from './new-device-row.ts';
import { DEVICE_COLUMNS, deviceJson, type DeviceJson } from './device-json.ts';
import { closePairings, credentialChange, DeviceGroupId, DeviceName, lockDevice, stampDevice } from './edit-device.ts';
import { DevicePlaceOrNull, placeColumns } from './device-place.ts';
import { throttleGuesses } from './pairing-throttle.ts';

export const PairRequest = Type.Object(
  {
    code: Type.String({ minLength: 1, maxLength: 40, description: 'As shown; case, dashes and blanks do not matter' }),
    name: Type.Optional(DeviceName),
    groupId: Type.Optional(DeviceGroupId),
    place: Type.Optional(DevicePlaceOrNull),
  },
  { additionalProperties: false },
);
type PairCall = Call<unknown, unknown, Static<typeof PairRequest>>;

interface Pending extends Pick<
  PairingsTable,
  'player_id' | 'name' | 'model' | 'os_version' | 'app_version' | 'capabilities'
> {
  readonly id: number;
}

class WrongCode extends ApiError {
  constructor() {
    super('NOT_FOUND', 'No player shows this code now', [{ field: 'code', message: 'is wrong, used or too old' }]);
  }
}

/**
 * Pairs the player that shows the code. NOT_FOUND for a code that is wrong, used or too old (throttled: RATE_LIMITED) and
 * for the group; CONFLICT when the player is being paired by somebody else at this moment.
 */
export async function pairDevice(call: PairCall): Promise<DeviceJson> {
  const { ctx, actor } = call;
  try {
    return await throttleGuesses(
      ctx.db,
      actor.userId,
      ctx.clock.now(),
      () => mutate(call, (tx, now) => pair(tx, call, now)),
      (error) => error instanceof WrongCode,
    );
  } catch (error) {
    if (isDuplicateKey(error)) throw apiError('CONFLICT', 'The player is being paired by somebody else');
    throw error;
  }
}

async function pair(tx: Transaction<Database>, call: PairCall, now: number): Promise<Mutation<DeviceJson>> {
  const { ctx, actor, body } = call;
  if (body.groupId !== undefined) await holdGroup(tx, ctx.db.dialect, actor, body.groupId, 'groupId');
  const pending = await takePending(tx, call, now);
  const existing = await tx
    .selectFrom('devices')
    .select('id')
    .where('tenant_id', '=', actor.tenantId)
    .where('player_id', '=', pending.player_id)
    .executeTakeFirst();
  const paired = existing
    ? await pairAgain(tx, call, existing.id, pending, now)
    : await insertDevice(tx, call, pending, now);
  const { device, changes, moved } = paired;
  await tx
    .updateTable('pairings')
    .set({ state: 'paired', tenant_id: actor.tenantId, device_id: device.id })
    .where('id', '=', pending.id)
    .execute();
  return {
    data: device,
    changes,
    audit: {
      action: 'device.paired',
      entity: 'device',
      entityId: device.id,
      detail: { playerId: device.playerId, name: device.name, groupId: device.groupId, again: existing !== undefined },
    },
    stamp: (locked, revs) => stampDevice(locked, device.id, revs.at(-1) ?? 0, moved),
  };
}

/** Finds the player that shows the code and locks its row: of two operators with one code, one gets it. */
async function takePending(tx: Transaction<Database>, { ctx, body }: PairCall, now: number): Promise<Pending> {
  const code = normalisePairingCode(body.code);
  if (code === null) throw new WrongCode();
  // Looked up first and locked by its id: locking by the code would also lock the gap around it, where hubs insert.
  const candidates = await tx
    .selectFrom('pairings')
    .select('id')
    .where('code', '=', code)
    .where('state', '=', 'pending')
    .where('expires_at', '>', now)
    .limit(2)
    .execute();
  // Two players with one code: nobody can tell which is meant.
  const [candidate] = candidates;
  if (candidate === undefined || candidates.length > 1) throw new WrongCode();
  const row = await tx
    .selectFrom('pairings')
    .select(['id', 'player_id', 'name', 'model', 'os_version', 'app_version', 'capabilities', 'state'])
    .where('id', '=', candidate.id)
    .modifyEnd(ctx.db.dialect.forUpdate)
    .executeTakeFirst();
  if (row === undefined || row.state !== 'pending') throw new WrongCode();
  return row;
}

interface Paired {
  readonly device: DeviceJson;
  readonly changes: NewChange[];
  readonly moved: boolean;
}

async function insertDevice(
  tx: Transaction<Database>,
  { actor, body }: PairCall,
  pending: Pending,
  now: number,
): Promise<Paired> {
  const groupId = body.groupId ?? null;
  // Nothing was said of a group, so nothing was checked yet.
  if (groupId === null && actor.scope !== null) {
    throw apiError('FORBIDDEN', 'Only an administrator may leave a device without a group', [
      { field: 'groupId', message: 'name a group of yours' },
    ]);
  }
  const { insertId } = await tx
    .insertInto('devices')
    .values(
      newDeviceRow(
        {
          tenant_id: actor.tenantId,
          group_id: groupId,
          player_id: pending.player_id,
          name: body.name?.trim() ?? pending.name ?? pending.player_id,
          model: pending.model,
          os_version: pending.os_version,
          app_version: pending.app_version,
          capabilities: pending.capabilities,
          credential_hash: null,
          ...placeColumns(body.place, null),
        },
        now,
      ),
    )
    .executeTakeFirstOrThrow();
  const deviceId = Number(insertId);
  const row = await tx
    .selectFrom('devices')
    .select(DEVICE_COLUMNS)
    .where('id', '=', deviceId)
    .executeTakeFirstOrThrow();
  return {
    device: deviceJson(row),
    changes: [{ kind: 'device.saved', deviceId, groupId, config: {} }],
    moved: groupId !== null,
  };
}

/** A player of ours shows a code again: it is the same device, and the credential it had dies now. */
async function pairAgain(
  tx: Transaction<Database>,
  { ctx, actor, body }: PairCall,
  deviceId: number,
  pending: Pending,
  now: number,
): Promise<Paired> {
  const old = await lockDevice(tx, ctx.db.dialect, actor, deviceId);
  const groupId = body.groupId === undefined ? old.group_id : body.groupId;
  const config = JSON.parse(old.config) as DeviceConfig;
  await closePairings(tx, deviceId, old.player_id);
  await tx
    .updateTable('devices')
    .set((eb) => ({
      name: body.name?.trim() ?? old.name,
      group_id: groupId,
      model: pending.model ?? old.model,
      os_version: pending.os_version ?? old.os_version,
      app_version: pending.app_version ?? old.app_version,
      capabilities: pending.capabilities,
      ...placeColumns(body.place, old),
      state: 'active',
      credential_hash: null,
      credential_version: eb('credential_version', '+', 1),
      version: eb('version', '+', 1),
      updated_at: now,
    }))
    .where('id', '=', deviceId)
    .execute();
  const row = await tx
    .selectFrom('devices')
    .select(DEVICE_COLUMNS)
    .where('id', '=', deviceId)
    .executeTakeFirstOrThrow();
  return {
    device: deviceJson(row),
    changes: [credentialChange(old, 'rotated'), { kind: 'device.saved', deviceId, groupId, config }],
    moved: groupId !== old.group_id,
  };
}
