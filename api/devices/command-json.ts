/** A command as the API shows it. */
import Type, { type Static } from 'typebox';
import type { CommandState, CommandsTable } from '../../migrations/tables.ts';
import { CommandName, Id, Timestamp } from '../../protocol/desired-state.ts';
import { toIso, toIsoOrNull } from '../iso-time.ts';

export const COMMAND_STATES = ['pending', 'acknowledged', 'succeeded', 'failed', 'rejected', 'expired'] as const;

const Scalars = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]));
const When = Type.Union([Timestamp, Type.Null()]);

export const CommandJson = Type.Object({
  commandId: Id,
  deviceId: Id,
  name: CommandName,
  args: Scalars,
  state: Type.Enum([...COMMAND_STATES]),
  result: Type.Union([Scalars, Type.Null()]),
  reason: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed or was rejected' }),
  fileType: Type.Union([Type.String(), Type.Null()], { description: 'Media type of the result file, if one came' }),
  issuedBy: Type.Union([Id, Type.Null()]),
  issuedAt: Timestamp,
  expiresAt: Timestamp,
  acknowledgedAt: When,
  finishedAt: When,
});
export type CommandJson = Static<typeof CommandJson>;

export const COMMAND_COLUMNS = [
  'id',
  'device_id',
  'name',
  'args',
  'state',
  'result',
  'reason',
  'file_type',
  'issued_by',
  'issued_at',
  'expires_at',
  'acknowledged_at',
  'finished_at',
] as const;

export interface CommandRow extends Pick<CommandsTable, Exclude<(typeof COMMAND_COLUMNS)[number], 'id'>> {
  readonly id: number;
}

/** The state at an instant: a command that nobody finished in time has expired, whether or not a sweep has said so. */
function commandState(row: { readonly state: CommandState; readonly expires_at: number }, now: number): CommandState {
  const open = row.state === 'pending' || row.state === 'acknowledged';
  return open && row.expires_at <= now ? 'expired' : row.state;
}

export function commandJson(row: CommandRow, now: number): CommandJson {
  return {
    commandId: row.id,
    deviceId: row.device_id,
    name: row.name as CommandJson['name'],
    args: JSON.parse(row.args) as CommandJson['args'],
    state: commandState(row, now),
    result: row.result === null ? null : (JSON.parse(row.result) as CommandJson['args']),
    reason: row.reason,
    fileType: row.file_type,
    issuedBy: row.issued_by,
    issuedAt: toIso(row.issued_at),
    expiresAt: toIso(row.expires_at),
    acknowledgedAt: toIsoOrNull(row.acknowledged_at),
    finishedAt: toIsoOrNull(row.finished_at),
  };
}
