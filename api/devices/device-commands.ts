/** Commands: giving one to a device, and what became of them. */
import type { Readable } from 'node:stream';
import Type, { type Static } from 'typebox';
import { CommandName, Id } from '../../protocol/desired-state.ts';
import { apiError } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import { listQuery, sortOf, type Call, type Page, type RawAnswer } from '../route.ts';
import { checkCommandArgs } from './command-args.ts';
import { COMMAND_COLUMNS, COMMAND_STATES, commandJson, type CommandJson } from './command-json.ts';
import { findDevice } from './device-json.ts';
import { lockDevice, stampDevice } from './edit-device.ts';

/** Longest life of a command, in seconds. */
const EXPIRES_SECONDS_MAX = 86_400;
/** Life of a command when nothing is said of it, in seconds. */
export const COMMAND_SECONDS_DEFAULT = 300;

export const CommandRequest = Type.Object(
  {
    name: CommandName,
    args: Type.Optional(
      Type.Record(
        Type.String({ maxLength: 64 }),
        Type.Union([Type.String({ maxLength: 1024 }), Type.Number(), Type.Boolean()]),
        {
          maxProperties: 8,
          description: 'set_volume: {volume: 0..100}; set_brightness: {brightness: 0..100}; the others take none',
        },
      ),
    ),
    expiresInSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: EXPIRES_SECONDS_MAX, default: COMMAND_SECONDS_DEFAULT }),
    ),
  },
  { additionalProperties: false },
);

export const CommandsQuery = listQuery(['issuedAt', 'commandId'], {
  state: Type.Optional(Type.Enum([...COMMAND_STATES])),
  name: Type.Optional(CommandName),
});
export const CommandParams = Type.Object({ id: Id, commandId: Id });

/**
 * Gives a device a command. VALIDATION_ERROR for arguments that do not fit the command; CONFLICT when the device cannot do
 * it (naming what it can) or is revoked.
 */
export async function issueCommand(
  call: Call<{ id: number }, unknown, Static<typeof CommandRequest>>,
): Promise<CommandJson> {
  const { ctx, actor, params, body } = call;
  const { name, args = {}, expiresInSeconds = COMMAND_SECONDS_DEFAULT } = body;
  const wrong = checkCommandArgs(name, args);
  if (wrong.length > 0) throw apiError('VALIDATION_ERROR', 'The request is not valid', wrong);
  return mutate(call, async (tx, now): Promise<Mutation<CommandJson>> => {
    const device = await lockDevice(tx, ctx.db.dialect, actor, params.id);
    if (device.state === 'revoked') throw apiError('CONFLICT', 'The device is revoked: pair it again first');
    const capabilities = JSON.parse(device.capabilities) as string[];
    if (!capabilities.includes(name)) {
      const can = capabilities.length === 0 ? 'no command' : capabilities.join(', ');
      throw apiError('CONFLICT', `The device cannot ${name}; it can: ${can}`, [
        { field: 'name', message: 'is not a capability of the device' },
      ]);
    }
    const expiresAt = now + expiresInSeconds * 1000;
    const row = {
      tenant_id: actor.tenantId,
      device_id: params.id,
      name,
      args: JSON.stringify(args),
      state: 'pending' as const,
      result: null,
      reason: null,
      file_key: null,
      file_type: null,
      issued_by: actor.userId,
      issued_at: now,
      expires_at: expiresAt,
      acknowledged_at: null,
      finished_at: null,
      rev: 0,
    };
    const { insertId } = await tx.insertInto('commands').values(row).executeTakeFirstOrThrow();
    const commandId = Number(insertId);
    return {
      data: commandJson({ id: commandId, ...row }, now),
      changes: [
        { kind: 'command.issued', deviceId: params.id, command: { commandId, name, args, issuedAt: now, expiresAt } },
      ],
      audit: { action: 'command.issued', entity: 'device', entityId: params.id, detail: { commandId, name, args } },
      stamp: async (locked, [rev = 0]) => {
        await locked.updateTable('commands').set({ rev }).where('id', '=', commandId).execute();
        await stampDevice(locked, params.id, rev, false);
      },
    };
  });
}

/** The device's commands, the newest first. */
export async function listCommands(
  call: Call<{ id: number }, Static<typeof CommandsQuery>, unknown>,
): Promise<{ data: CommandJson[]; page: Page }> {
  const { ctx, actor, params, query } = call;
  const { page, limit, name, state } = query;
  await findDevice(ctx.db.sql, actor, params.id);
  const now = ctx.clock.now();
  let found = ctx.db.sql
    .selectFrom('commands')
    .where('tenant_id', '=', actor.tenantId)
    .where('device_id', '=', params.id);
  if (name !== undefined) found = found.where('name', '=', name);
  if (state === 'expired') {
    found = found.where((eb) =>
      eb.or([
        eb('state', '=', 'expired'),
        eb.and([eb('state', 'in', ['pending', 'acknowledged']), eb('expires_at', '<=', now)]),
      ]),
    );
  } else if (state === 'pending' || state === 'acknowledged') {
    found = found.where('state', '=', state).where('expires_at', '>', now);
  } else if (state !== undefined) {
    found = found.where('state', '=', state);
  }
  const { column, direction } = sortOf(query.sort, '-commandId');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(COMMAND_COLUMNS)
    .orderBy(column === 'issuedAt' ? 'issued_at' : 'id', direction)
    .orderBy('id', direction)
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  return { data: rows.map((row) => commandJson(row, now)), page: { page, limit, total: Number(total) } };
}

/** The command's result file as it was sent by the device. NOT_FOUND while there is none. */
export async function getCommandFile({
  ctx,
  actor,
  params,
}: Call<Static<typeof CommandParams>, unknown, unknown>): Promise<RawAnswer> {
  await findDevice(ctx.db.sql, actor, params.id);
  const row = await ctx.db.sql
    .selectFrom('commands')
    .select(['file_key', 'file_type'])
    .where('id', '=', params.commandId)
    .where('device_id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  const stored = row?.file_key == null ? null : await ctx.objects.get(row.file_key);
  if (stored === null) throw apiError('NOT_FOUND', 'The command has no file');
  return {
    contentType: row?.file_type ?? stored.contentType,
    body: stored.stream as Readable,
    headers: {
      'Content-Length': String(stored.sizeBytes),
      // A device's bytes: a browser that opens them must not run them in our origin.
      'Content-Disposition': `attachment; filename="command-${params.commandId}"`,
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'private, max-age=86400',
    },
  };
}
