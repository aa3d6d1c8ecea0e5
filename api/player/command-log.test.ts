import { describe, expect, it } from 'vitest';
import type { Command, CommandName } from '../../protocol/desired-state.ts';
import {
  acknowledgeUpdates,
  beginCommand,
  COMMANDS_MAX,
  commandsForEpoch,
  dueUpdates,
  EMPTY_COMMANDS,
  finishCommand,
  finishInterrupted,
  markUpdatesSent,
  restoreCommands,
  saveCommands,
  UPDATE_RESEND_MS,
  waitingUpdates,
} from './command-log.ts';

function command(commandId: number, name: CommandName): Command {
  return { commandId, name, args: {}, issuedAt: '2026-11-20T09:30:00.000Z', expiresAt: '2026-11-20T10:30:00.000Z' };
}

describe('command log', () => {
  it('acknowledges, then says the last word, in that order', () => {
    const log = finishCommand(beginCommand(EMPTY_COMMANDS, command(1, 'identify')), {
      commandId: 1,
      state: 'succeeded',
    });
    expect(dueUpdates(log, 0).map((update) => update.state)).toEqual(['acknowledged', 'succeeded']);
  });

  it('rejects what this player cannot do', () => {
    const log = beginCommand(EMPTY_COMMANDS, command(1, 'reboot'));
    expect(dueUpdates(log, 0)).toEqual([{ commandId: 1, state: 'rejected', reason: 'not supported' }]);
    expect(dueUpdates(finishCommand(log, { commandId: 1, state: 'succeeded' }), 0)).toHaveLength(1);
  });

  it('finishes a reload that it finds under way after a reload, and calls anything else interrupted', () => {
    const before = beginCommand(beginCommand(EMPTY_COMMANDS, command(1, 'restart_app')), command(2, 'clear_cache'));
    const after = finishInterrupted(restoreCommands(saveCommands(before)));
    expect(dueUpdates(after, 0)).toEqual([
      { commandId: 1, state: 'acknowledged' },
      { commandId: 1, state: 'succeeded' },
      { commandId: 2, state: 'acknowledged' },
      { commandId: 2, state: 'failed', reason: 'interrupted' },
    ]);
    expect(finishInterrupted(after)).toEqual(after);
  });

  it('repeats an update until the hub confirms it, then forgets the command', () => {
    let log = finishCommand(beginCommand(EMPTY_COMMANDS, command(1, 'identify')), { commandId: 1, state: 'succeeded' });
    log = markUpdatesSent(log, dueUpdates(log, 0), 0);
    expect(dueUpdates(log, UPDATE_RESEND_MS - 1)).toEqual([]);
    log = acknowledgeUpdates(log, [{ commandId: 1, state: 'acknowledged' }]);
    expect(dueUpdates(log, UPDATE_RESEND_MS)).toEqual([{ commandId: 1, state: 'succeeded' }]);
    log = acknowledgeUpdates(log, [{ commandId: 1, state: 'succeeded' }]);
    expect([waitingUpdates(log), log.entries]).toEqual([0, []]);
  });

  it('keeps a command under way when its acknowledgement is confirmed', () => {
    const log = acknowledgeUpdates(beginCommand(EMPTY_COMMANDS, command(1, 'identify')), [
      { commandId: 1, state: 'acknowledged' },
    ]);
    expect(dueUpdates(finishCommand(log, { commandId: 1, state: 'succeeded' }), 0)).toEqual([
      { commandId: 1, state: 'succeeded' },
    ]);
  });

  it('is bounded', () => {
    let log = EMPTY_COMMANDS;
    for (let id = 1; id <= COMMANDS_MAX + 10; id += 1) log = beginCommand(log, command(id, 'identify'));
    expect(log.entries).toHaveLength(COMMANDS_MAX);
  });

  it('belongs to one history of the database', () => {
    const log = beginCommand(commandsForEpoch(EMPTY_COMMANDS, 7), command(1, 'identify'));
    expect(commandsForEpoch(log, 8).entries).toEqual([]);
  });

  it.each([
    null,
    'x',
    '{"entries":{}}',
    '{"entries":[{"commandId":1,"name":"identify","state":"acting","waiting":[7]}]}',
  ])('takes damaged storage for an empty log: %s', (text) => expect(restoreCommands(text).entries).toEqual([]));
});
