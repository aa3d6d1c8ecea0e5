/**
 * What this player has to say of the commands it took. Which commands are to be done, and that none is done twice, is the
 * screen's business (`commandsToDo`, `takeCommand`); this is the way from "acknowledged" to the last word.
 *
 * States of an entry: `acting` (acknowledged, being carried out) -> `finished` (its last update waits for the hub's
 * confirmation) -> gone. Invariants: an entry is stored before the act, so that a command which reloads the page finds
 * itself `acting` after the reload and is finished there; updates leave in the order they were made; entries belong to
 * `epoch`, because after a restore of the database the same id may be another command.
 */
import type { Command, CommandName } from '../../protocol/desired-state.ts';
import type { CommandUpdate } from '../../protocol/up.ts';
import { parseObject } from './saved-text.ts';

/** Commands under way or unconfirmed. Past it: the oldest is forgotten; the hub lets it expire. */
export const COMMANDS_MAX = 100;
/** An update that was sent and not confirmed after this is sent again, in milliseconds. */
export const UPDATE_RESEND_MS = 10_000;
/** Updates in one heartbeat or burst of frames: the contract's COMMAND_UPDATES_MAX. */
const UPDATE_BATCH_MAX = 20;

/** What this player can really do; nothing else is advertised. */
export const CAPABILITIES: readonly CommandName[] = [
  'refresh',
  'restart_app',
  'identify',
  'clear_cache',
  'screenshot',
  'set_volume',
  'set_brightness',
  'upload_logs',
];

/** Commands whose act is the end of this page: found `acting` at start, they have succeeded. */
const RELOADS: readonly CommandName[] = ['restart_app'];

interface WaitingUpdate {
  readonly update: CommandUpdate;
  readonly sentAtMs: number | null;
}

interface Entry {
  readonly commandId: number;
  readonly name: CommandName;
  readonly state: 'acting' | 'finished';
  readonly waiting: readonly WaitingUpdate[];
}

export interface CommandLog {
  readonly epoch: number | null;
  readonly entries: readonly Entry[];
}

export const EMPTY_COMMANDS: CommandLog = { epoch: null, entries: [] };

export function commandsForEpoch(log: CommandLog, epoch: number | null): CommandLog {
  return log.epoch === epoch ? log : { epoch, entries: [] };
}

/** Acknowledges the command, or rejects it when this player cannot do it. */
export function beginCommand(log: CommandLog, command: Command): CommandLog {
  const { commandId, name } = command;
  const able = CAPABILITIES.includes(name);
  const update: CommandUpdate = able
    ? { commandId, state: 'acknowledged' }
    : { commandId, state: 'rejected', reason: 'not supported' };
  const others = log.entries.filter((entry) => entry.commandId !== commandId);
  const entry: Entry = { commandId, name, state: able ? 'acting' : 'finished', waiting: [unsent(update)] };
  return { ...log, entries: [...others, entry].slice(-COMMANDS_MAX) };
}

/** The command is over: `update` is its last word. */
export function finishCommand(log: CommandLog, update: CommandUpdate): CommandLog {
  const entries = log.entries.map((entry): Entry => {
    if (entry.commandId !== update.commandId || entry.state === 'finished') return entry;
    return { ...entry, state: 'finished', waiting: [...entry.waiting, unsent(update)] };
  });
  return { ...log, entries };
}

/** At start: a reload that was ordered has just succeeded; anything else that was under way was cut off. */
export function finishInterrupted(log: CommandLog): CommandLog {
  return log.entries
    .filter((entry) => entry.state === 'acting')
    .reduce((result, { commandId, name }): CommandLog => {
      const reloaded = RELOADS.includes(name);
      return finishCommand(
        result,
        reloaded ? { commandId, state: 'succeeded' } : { commandId, state: 'failed', reason: 'interrupted' },
      );
    }, log);
}

export function dueUpdates(log: CommandLog, monotonicMs: number): CommandUpdate[] {
  return log.entries
    .flatMap((entry) => entry.waiting)
    .filter(({ sentAtMs }) => sentAtMs === null || monotonicMs - sentAtMs >= UPDATE_RESEND_MS)
    .slice(0, UPDATE_BATCH_MAX)
    .map(({ update }) => update);
}

export function markUpdatesSent(log: CommandLog, sent: readonly CommandUpdate[], monotonicMs: number): CommandLog {
  const keys = new Set(sent.map(keyOf));
  return mapWaiting(log, (waiting) =>
    waiting.map((item) => (keys.has(keyOf(item.update)) ? { ...item, sentAtMs: monotonicMs } : item)),
  );
}

/** A new connection: what the old one may have lost is due at once. */
export function forgetUpdatesSent(log: CommandLog): CommandLog {
  return mapWaiting(log, (waiting) => waiting.map((item) => ({ ...item, sentAtMs: null })));
}

/** The hub has committed these. */
export function acknowledgeUpdates(
  log: CommandLog,
  acknowledged: readonly { readonly commandId: number; readonly state: string }[],
): CommandLog {
  const keys = new Set(acknowledged.map(keyOf));
  const rest = mapWaiting(log, (waiting) => waiting.filter((item) => !keys.has(keyOf(item.update))));
  return { ...rest, entries: rest.entries.filter((entry) => entry.state === 'acting' || entry.waiting.length > 0) };
}

export function waitingUpdates(log: CommandLog): number {
  return log.entries.reduce((total, entry) => total + entry.waiting.length, 0);
}

export function saveCommands(log: CommandLog): string {
  return JSON.stringify(forgetUpdatesSent(log));
}

export function restoreCommands(text: string | null): CommandLog {
  const saved = parseObject(text);
  if (saved === null || !Array.isArray(saved['entries'])) return EMPTY_COMMANDS;
  const epoch = typeof saved['epoch'] === 'number' ? saved['epoch'] : null;
  return { epoch, entries: saved['entries'].filter(isEntry).slice(-COMMANDS_MAX) };
}

function keyOf(update: { readonly commandId: number; readonly state: string }): string {
  return `${update.commandId}:${update.state}`;
}

function unsent(update: CommandUpdate): WaitingUpdate {
  return { update, sentAtMs: null };
}

function mapWaiting(
  log: CommandLog,
  change: (waiting: readonly WaitingUpdate[]) => readonly WaitingUpdate[],
): CommandLog {
  return { ...log, entries: log.entries.map((entry) => ({ ...entry, waiting: change(entry.waiting) })) };
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(entry['commandId']) &&
    typeof entry['name'] === 'string' &&
    (entry['state'] === 'acting' || entry['state'] === 'finished') &&
    Array.isArray(entry['waiting']) &&
    entry['waiting'].every(
      (item: unknown) => typeof (item as { update?: { commandId?: unknown } } | null)?.update?.commandId === 'number',
    )
  );
}
