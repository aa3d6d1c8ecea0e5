/**
 * What a bulk action does to devices: which it passes over and why, and the rows it writes. One set of statements for all of them,
 * in parts, because a statement for each device would hold its locks for seconds.
 */
import { sql, type Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { NewChange } from '../../hub/core/changes.ts';
import type { DeviceConfig } from '../../hub/core/model.ts';
import type { Database } from '../../migrations/tables.ts';
import { Config } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { checkDeviceConfig } from '../device-config.ts';
import { apiError } from '../errors.ts';
import { forgetTargets } from '../schedules/assignments.ts';
import { chunksOf, type SelectedDevice } from './bulk-selection.ts';
import { checkCommandArgs } from './command-args.ts';
import { CommandRequest, COMMAND_SECONDS_DEFAULT } from './device-commands.ts';
import { DeviceGroupId } from './edit-device.ts';

const CONFIG_KEYS = ['volume', 'brightness', 'orientation', 'timezone', 'power', 'statusSeconds'] as const;

const MoveAction = Type.Object(
  { kind: Type.Literal('move'), groupId: DeviceGroupId },
  { additionalProperties: false, description: 'Into this group, or into none' },
);
const CommandAction = Type.Object(
  { kind: Type.Literal('command'), ...CommandRequest.properties },
  { additionalProperties: false, description: 'To those that can carry it out' },
);
const ConfigureAction = Type.Object(
  {
    kind: Type.Literal('configure'),
    config: Config,
    clear: Type.Optional(
      Type.Array(Type.Enum([...CONFIG_KEYS]), {
        maxItems: CONFIG_KEYS.length,
        description: 'Settings that are taken away, so that those of the group count again',
      }),
    ),
  },
  { additionalProperties: false, description: "Sets these of the devices' own settings and leaves the others" },
);
const RevokeAction = Type.Object(
  { kind: Type.Literal('revoke') },
  { additionalProperties: false, description: 'Ends credentials, tokens and sessions' },
);
const RemoveAction = Type.Object(
  { kind: Type.Literal('remove') },
  { additionalProperties: false, description: 'Deletes; receipts and proof of play stay' },
);

export const BulkAction = Type.Union([MoveAction, CommandAction, ConfigureAction, RevokeAction, RemoveAction]);
export type BulkAction = Static<typeof BulkAction>;
type ActionOf<K extends BulkAction['kind']> = Extract<BulkAction, { kind: K }>;

/** Why a device is passed over. `not_found`: it is not there for the caller. `unchanged`: it is so already. */
export const SKIP_REASONS = ['not_found', 'revoked', 'not_capable', 'unchanged'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** What was written: the changes in the order of the devices, and how their revs get into the rows. */
export interface Written {
  readonly changes: readonly NewChange[];
  /** Runs under the counter's lock. Devices get the last rev: it is not below their own, and all of them are committed together. */
  readonly stamp: (tx: Transaction<Database>, lastRev: number) => Promise<void>;
  /** Result files that are to be removed after the commit. */
  readonly fileKeys: readonly string[];
}

export interface Author {
  readonly actor: Actor;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Throws VALIDATION_ERROR for what the schema cannot tell. */
export function checkAction(action: BulkAction): void {
  if (action.kind === 'command') {
    const wrong = checkCommandArgs(action.name, action.args ?? {});
    const details = wrong.map(({ field, message }) => ({ field: `action.${field}`, message }));
    if (details.length > 0) throw apiError('VALIDATION_ERROR', 'The request is not valid', details);
  }
  if (action.kind !== 'configure') return;
  checkDeviceConfig(action.config);
  if (Object.keys(action.config).length > 0 || (action.clear ?? []).length > 0) return;
  throw apiError('VALIDATION_ERROR', 'The request is not valid', [
    { field: 'action.config', message: 'names no setting' },
  ]);
}

/** Why the action passes the device over; null when it does not. Pure. */
export function skipReason(action: BulkAction, device: SelectedDevice): SkipReason | null {
  switch (action.kind) {
    case 'move':
      return device.group_id === action.groupId ? 'unchanged' : null;
    case 'command':
      if (device.state === 'revoked') return 'revoked';
      return (JSON.parse(device.capabilities) as string[]).includes(action.name) ? null : 'not_capable';
    case 'configure':
      return configured(action, device) === device.config ? 'unchanged' : null;
    case 'revoke':
      return device.state === 'revoked' ? 'revoked' : null;
    case 'remove':
      return null;
  }
}

/** The device's settings after the action, as they are stored: always in the same order, so that equal is equal. */
function configured({ config, clear = [] }: ActionOf<'configure'>, device: SelectedDevice): string {
  const old = JSON.parse(device.config) as DeviceConfig;
  const kept = Object.fromEntries(
    Object.entries(old).filter(([key]) => !clear.includes(key as (typeof CONFIG_KEYS)[number])),
  );
  const next: Record<string, unknown> = { ...kept, ...config };
  const same = Object.keys(next).length === Object.keys(old).length;
  return same && Object.entries(next).every(([key, value]) => old[key as keyof DeviceConfig] === value)
    ? device.config
    : JSON.stringify(next);
}

/** Does it. `devices` are locked, and none of them is to be passed over. */
export async function performAction(
  tx: Transaction<Database>,
  action: BulkAction,
  devices: readonly SelectedDevice[],
  author: Author,
): Promise<Written> {
  switch (action.kind) {
    case 'move':
      return move(tx, action, devices, author);
    case 'command':
      return command(tx, action, devices, author);
    case 'configure':
      return configure(tx, action, devices, author);
    case 'revoke':
      return revoke(tx, devices, author);
    case 'remove':
      return remove(tx, devices, author);
  }
}

function idsOf(devices: readonly SelectedDevice[]): number[] {
  return devices.map(({ id }) => id);
}

/** One statement for all, because the counter's lock is held. */
function stampDevices(deviceIds: readonly number[], moved: boolean): Written['stamp'] {
  return async (tx, rev) => {
    await tx
      .updateTable('devices')
      .set({ rev, ...(moved ? { placement_rev: rev } : {}) })
      .where('id', 'in', deviceIds)
      .execute();
  };
}

async function move(
  tx: Transaction<Database>,
  { groupId }: ActionOf<'move'>,
  devices: readonly SelectedDevice[],
  { now }: Author,
): Promise<Written> {
  for (const ids of chunksOf(idsOf(devices)))
    await tx
      .updateTable('devices')
      .set((eb) => ({ group_id: groupId, version: eb('version', '+', 1), updated_at: now }))
      .where('id', 'in', ids)
      .execute();
  return {
    changes: devices.map(({ id, config }) => ({
      kind: 'device.saved',
      deviceId: id,
      groupId,
      config: JSON.parse(config) as DeviceConfig,
    })),
    stamp: stampDevices(idsOf(devices), true),
    fileKeys: [],
  };
}

async function configure(
  tx: Transaction<Database>,
  action: ActionOf<'configure'>,
  devices: readonly SelectedDevice[],
  { now }: Author,
): Promise<Written> {
  const byConfig = Map.groupBy(devices, (device) => configured(action, device));
  for (const [config, alike] of byConfig)
    for (const ids of chunksOf(idsOf(alike)))
      await tx
        .updateTable('devices')
        .set((eb) => ({ config, version: eb('version', '+', 1), updated_at: now }))
        .where('id', 'in', ids)
        .execute();
  return {
    changes: devices.map((device) => ({
      kind: 'device.saved',
      deviceId: device.id,
      groupId: device.group_id,
      config: JSON.parse(configured(action, device)) as DeviceConfig,
    })),
    stamp: stampDevices(idsOf(devices), false),
    fileKeys: [],
  };
}

async function command(
  tx: Transaction<Database>,
  { name, args = {}, expiresInSeconds = COMMAND_SECONDS_DEFAULT }: ActionOf<'command'>,
  devices: readonly SelectedDevice[],
  { actor, now }: Author,
): Promise<Written> {
  const expiresAt = now + expiresInSeconds * 1000;
  const common = {
    ...{ tenant_id: actor.tenantId, name, args: JSON.stringify(args), state: 'pending' as const, rev: 0 },
    ...{ result: null, reason: null, file_key: null, file_type: null, acknowledged_at: null, finished_at: null },
    ...{ issued_by: actor.userId, issued_at: now, expires_at: expiresAt },
  };
  const idOf = new Map<number, number>();
  for (const ids of chunksOf(idsOf(devices))) {
    await tx
      .insertInto('commands')
      .values(ids.map((deviceId) => ({ ...common, device_id: deviceId })))
      .execute();
    // The rows of the devices are locked, so the newest command of each is the one just made.
    const rows = await tx
      .selectFrom('commands')
      .select((eb) => ['device_id', eb.fn.max('id').as('id')])
      .where('device_id', 'in', ids)
      .groupBy('device_id')
      .execute();
    for (const row of rows) idOf.set(row.device_id, Number(row.id));
  }
  const commandIds = devices.map(({ id }) => idOf.get(id) ?? 0);
  return {
    changes: devices.map(({ id }) => ({
      kind: 'command.issued',
      deviceId: id,
      command: { commandId: idOf.get(id) ?? 0, name, args, issuedAt: now, expiresAt },
    })),
    stamp: async (locked, rev) => {
      await locked.updateTable('commands').set({ rev }).where('id', 'in', commandIds).execute();
      await stampDevices(idsOf(devices), false)(locked, rev);
    },
    fileKeys: [],
  };
}

async function revoke(
  tx: Transaction<Database>,
  devices: readonly SelectedDevice[],
  { now }: Author,
): Promise<Written> {
  for (const ids of chunksOf(idsOf(devices)))
    await tx
      .updateTable('devices')
      .set((eb) => ({
        state: 'revoked',
        credential_hash: null,
        credential_version: eb('credential_version', '+', 1),
        version: eb('version', '+', 1),
        updated_at: now,
      }))
      .where('id', 'in', ids)
      .execute();
  await closeAllPairings(tx, devices);
  return {
    changes: devices.map((device) => credentialEnd(device, 'revoked')),
    stamp: stampDevices(idsOf(devices), false),
    fileKeys: [],
  };
}

async function remove(
  tx: Transaction<Database>,
  devices: readonly SelectedDevice[],
  { actor, now }: Author,
): Promise<Written> {
  const fileKeys: string[] = [];
  const all = idsOf(devices);
  await closeAllPairings(tx, devices);
  await forgetTargets(tx, actor.tenantId, 'device', all, { userId: actor.userId, now });
  for (const chunk of chunksOf(devices)) {
    const ids = idsOf(chunk);
    const files = await tx
      .selectFrom('commands')
      .select('file_key')
      .where('device_id', 'in', ids)
      .where('file_key', 'is not', null)
      .execute();
    for (const row of files) fileKeys.push(row.file_key as string);
    await tx.deleteFrom('commands').where('device_id', 'in', ids).execute();
    await tx.deleteFrom('device_reports').where('device_id', 'in', ids).execute();
    // The hubs that end their sessions will find no devices any more, so the end of their presence is recorded here.
    const present = chunk.filter(({ status }) => status === 'online');
    if (present.length > 0)
      await tx
        .insertInto('device_presence')
        .values(
          present.map(({ id }) => ({
            ...{ tenant_id: actor.tenantId, device_id: id, at: now },
            ...{ status: 'offline' as const, transport: null },
          })),
        )
        .execute();
    await tx.deleteFrom('devices').where('id', 'in', ids).execute();
  }
  return {
    changes: devices.map((device) => credentialEnd(device, 'removed')),
    stamp: async () => undefined,
    fileKeys,
  };
}

function credentialEnd(device: SelectedDevice, reason: 'revoked' | 'removed'): NewChange {
  const credentialVersion = device.credential_version + 1;
  return { kind: 'device.credential', deviceId: device.id, credentialVersion, reason };
}

/** Closes pairings whose credential was not collected yet, as for a single device (edit-device.ts). */
async function closeAllPairings(tx: Transaction<Database>, devices: readonly SelectedDevice[]): Promise<void> {
  for (const chunk of chunksOf(devices))
    await tx
      .updateTable('pairings')
      .set({ state: 'consumed' })
      .where(
        'player_id',
        'in',
        chunk.map((device) => device.player_id),
      )
      .where('device_id', 'in', idsOf(chunk))
      .where('state', '=', sql.lit('paired'))
      .execute();
}
