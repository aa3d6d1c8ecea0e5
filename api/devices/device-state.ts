/**
 * Desired beside reported: what the database says a device should show and be, and what it last said it shows and is. The
 * desired half is composed by the same code as in every hub, over the part of the tenant that concerns the device. [INV-1]
 */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import { composeState, isCurrent } from '../../hub/core/desired-state.ts';
import { chainOf } from '../../hub/core/group-tree.ts';
import type { DeviceState } from '../../hub/core/model.ts';
import type { Database } from '../../migrations/tables.ts';
import { DesiredState, Epoch, Id, Rev, Timestamp } from '../../protocol/desired-state.ts';
import { Status } from '../../protocol/up.ts';
import { readSettingsChain, SettingsStep } from '../groups/group-standing.ts';
import { readTree } from '../groups/tree-rows.ts';
import { toIso } from '../iso-time.ts';
import type { Call } from '../route.ts';
import { findDevice } from './device-json.ts';
import { readModel, readPosition, readRecord } from './device-model.ts';

export const DeviceStateJson = Type.Object({
  desired: DesiredState,
  reported: Type.Union([
    Type.Object({
      epoch: Type.Union([Epoch, Type.Null()]),
      rev: Type.Union([Rev, Type.Null()]),
      status: Status,
      displayed: Type.Array(Id, { description: 'Alert deployments on glass' }),
      reportedAt: Timestamp,
    }),
    Type.Null(),
  ]),
  settings: Type.Array(SettingsStep, {
    description:
      'Where `desired.config` comes from: the device itself, its group and those above, the nearest first; per key the first that has it wins',
  }),
  inSync: Type.Boolean({ description: 'The device has said that it has the desired state, and no command is open' }),
});
export type DeviceStateJson = Static<typeof DeviceStateJson>;

type Reported = NonNullable<DeviceStateJson['reported']>;

/** Reads both halves. NOT_FOUND when the actor has no such device. */
export async function getDeviceState({
  ctx,
  actor,
  params,
}: Call<{ id: number }, unknown, unknown>): Promise<DeviceStateJson> {
  const now = ctx.clock.now();
  return ctx.db.sql
    .transaction()
    .setAccessMode('read only')
    .execute(async (db) => {
      const { name } = await findDevice(db, actor, params.id);
      const position = await readPosition(db);
      const device = await readRecord(db, params.id);
      const model = await readModel(db, ctx.media, device, now);
      const reported = await readReport(db, params.id);
      const desired = composeState(model, device, position, now);
      const claim = reported && {
        epoch: reported.epoch ?? undefined,
        rev: reported.rev ?? undefined,
        displayed: reported.displayed,
      };
      // A command is desired until it is done: a device that has it, but has not done it, is not there yet.
      const hasAll = claim !== null && desired.commands.length === 0 && isCurrent(model, device, position, claim, now);
      const chain = chainOf(await readTree(db, actor.tenantId), device.groupId);
      const settings: SettingsStep[] = [
        { kind: 'device', targetId: params.id, name, config: device.config },
        ...(await readSettingsChain(db, actor, chain)),
      ];
      return { desired: desiredJson(desired), reported, settings, inSync: hasAll };
    });
}

async function readReport(db: Kysely<Database>, deviceId: number): Promise<Reported | null> {
  const row = await db
    .selectFrom('device_reports')
    .select(['epoch', 'rev', 'status', 'displayed', 'reported_at'])
    .where('device_id', '=', deviceId)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    epoch: row.epoch,
    rev: row.rev,
    status: JSON.parse(row.status) as Reported['status'],
    displayed: JSON.parse(row.displayed) as number[],
    reportedAt: toIso(row.reported_at),
  };
}

function desiredJson(state: DeviceState): DeviceStateJson['desired'] {
  return {
    epoch: state.epoch,
    rev: state.rev,
    alerts: state.alerts.map(({ content, startedAt, expiresAt, ...alert }) => ({
      ...alert,
      ...(content && { content }),
      startedAt: toIso(startedAt),
      expiresAt: toIso(expiresAt),
    })),
    schedule: state.scheduleVersion === null ? null : { version: state.scheduleVersion },
    config: state.config,
    commands: state.commands.map(({ name, args, issuedAt, expiresAt, commandId }) => ({
      commandId,
      name: name as DeviceStateJson['desired']['commands'][number]['name'],
      args: { ...args },
      issuedAt: toIso(issuedAt),
      expiresAt: toIso(expiresAt),
    })),
  };
}
