/** How a change alters what a hub knows of one device. Pure: a record is replaced, never written to. */
import type { Effect } from './hub-model.ts';
import type { DeviceRecord } from './model.ts';

/** The record after the effect; the same object when the effect does not concern it or was in it already. */
export function applyToRecord(record: DeviceRecord, effect: Effect): DeviceRecord {
  // A record read from the database may be ahead of the log: what it has seen already must not be undone. [INV-5]
  if (effect.rev <= record.rev) return record;
  switch (effect.kind) {
    case 'device': {
      const moved = effect.groupId !== record.groupId;
      return {
        ...record,
        groupId: effect.groupId,
        config: effect.config,
        rev: effect.rev,
        placementRev: moved ? effect.rev : record.placementRev,
      };
    }
    case 'credential':
      return {
        ...record,
        credentialVersion: effect.credentialVersion,
        active: effect.reason === 'rotated',
        rev: effect.rev,
      };
    case 'command':
      // What ran out is never handed out again, and nobody else takes it out of the record.
      return {
        ...record,
        commands: [...record.commands.filter(({ expiresAt }) => expiresAt > effect.command.issuedAt), effect.command],
        rev: effect.rev,
      };
    case 'command.finished':
      // The device said so itself: its state is no newer for it, and it need not be told.
      return { ...record, commands: record.commands.filter(({ commandId }) => commandId !== effect.commandId) };
    case 'alert.start':
    case 'alert.stop':
    case 'schedule':
    case 'config':
    case 'state':
      return record;
  }
}
