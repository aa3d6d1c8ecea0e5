/**
 * The player's proof of play: what was on glass and has not been taken by the hub yet. Pure; nothing is changed in place.
 *
 * An entry is `waiting` (never sent, or sent so long ago that it is due again) or `in flight` (`sentAtMs` says when it was sent); one that the
 * hub has committed is gone. Invariants: entries stand in the order in which they ended; no id is ever given twice, over restarts too (it is made of the run's own random
 * name and of a number that only grows within the run); at most PLAYS_MAX entries wait, past it the oldest is dropped and counted in
 * `dropped`; an entry leaves by an acknowledgement or by that overflow, and in no other way.
 */
import type { LogEntry } from '../../../protocol/up.ts';
import { parseObject } from '../saved-text.ts';
import type { FinishedPlay } from './finished-play.ts';

/** Plays kept without a hub: eight days of four zones that change every minute. Past it: the oldest is dropped and counted. */
export const PLAYS_MAX = 50_000;
/** Plays in one message: with the largest numbers they stay under the 16 KiB of a frame. */
export const PLAYS_BATCH_MAX = 60;
/** Plays sent and not acknowledged at one time: after a week offline the hub gets them at its own pace. */
export const PLAYS_IN_FLIGHT_MAX = 2 * PLAYS_BATCH_MAX;
/** A play that was sent and not acknowledged after this is sent again, in milliseconds. */
export const PLAYS_RESEND_MS = 15_000;

export interface QueuedPlay {
  readonly entry: LogEntry;
  /** When it was last sent, by the monotonic clock of this run; null: not in this session. */
  readonly sentAtMs: number | null;
}

export interface PlaysQueue {
  readonly plays: readonly QueuedPlay[];
  /** The number that the next play gets. */
  readonly next: number;
  /** Plays that were lost to PLAYS_MAX, ever. */
  readonly dropped: number;
}

export const EMPTY_PLAYS: PlaysQueue = { plays: [], next: 1, dropped: 0 };

/**
 * Adds a play.
 * @param run a random name of this run of the player, up to 40 characters: 64 random bits or more, as storage may have been lost
 */
export function addPlay(queue: PlaysQueue, play: FinishedPlay, run: string): PlaysQueue {
  const plays = [...queue.plays, { entry: { id: `${run}-${queue.next}`, ...play }, sentAtMs: null }];
  const excess = Math.max(0, plays.length - PLAYS_MAX);
  return { plays: plays.slice(excess), next: queue.next + 1, dropped: queue.dropped + excess };
}

/** The next plays to send at this moment of the monotonic clock, the oldest first; none while enough are on their way. */
export function duePlays(queue: PlaysQueue, monotonicMs: number): LogEntry[] {
  const isDue = ({ sentAtMs }: QueuedPlay): boolean => sentAtMs === null || monotonicMs - sentAtMs >= PLAYS_RESEND_MS;
  let inFlight = 0;
  const due: LogEntry[] = [];
  for (const play of queue.plays) {
    if (!isDue(play)) inFlight += 1;
    else if (due.length < PLAYS_BATCH_MAX) due.push(play.entry);
    if (inFlight >= PLAYS_IN_FLIGHT_MAX) return [];
  }
  return due.slice(0, PLAYS_IN_FLIGHT_MAX - inFlight);
}

export function markPlaysSent(queue: PlaysQueue, sent: readonly LogEntry[], monotonicMs: number): PlaysQueue {
  const ids = new Set(sent.map(({ id }) => id));
  return {
    ...queue,
    plays: queue.plays.map((play) => (ids.has(play.entry.id) ? { ...play, sentAtMs: monotonicMs } : play)),
  };
}

/** A new connection: what the old one may have lost is due at once. */
export function forgetPlaysSent(queue: PlaysQueue): PlaysQueue {
  return { ...queue, plays: queue.plays.map((play) => ({ ...play, sentAtMs: null })) };
}

/** The hub has committed these; ids that are not here are none of ours. */
export function acknowledgePlays(queue: PlaysQueue, ids: readonly string[]): PlaysQueue {
  const gone = new Set(ids);
  return { ...queue, plays: queue.plays.filter(({ entry }) => !gone.has(entry.id)) };
}

export function waitingPlays(queue: PlaysQueue): number {
  return queue.plays.length;
}

export function savePlays(queue: PlaysQueue): string {
  return JSON.stringify({ entries: queue.plays.map(({ entry }) => entry), next: queue.next, dropped: queue.dropped });
}

/** What was saved, without the entries that are not what they should be. Everything in it is due again. */
export function restorePlays(text: string | null): PlaysQueue {
  const saved = parseObject(text);
  if (saved === null || !Array.isArray(saved['entries'])) return EMPTY_PLAYS;
  const entries = saved['entries'].filter(isEntry).slice(-PLAYS_MAX);
  return {
    plays: entries.map((entry) => ({ entry, sentAtMs: null })),
    next: countOf(saved['next'], 1),
    dropped: countOf(saved['dropped'], 0),
  };
}

function countOf(value: unknown, least: number): number {
  return Number.isSafeInteger(value) ? Math.max(least, Number(value)) : least;
}

function isEntry(value: unknown): value is LogEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Record<string, unknown>;
  const isIdOrAbsent = (id: unknown): boolean => id === undefined || Number.isSafeInteger(id);
  return (
    typeof entry['id'] === 'string' &&
    /^.{1,64}$/.test(entry['id']) &&
    Number.isSafeInteger(entry['contentId']) &&
    isIdOrAbsent(entry['scheduleId']) &&
    isIdOrAbsent(entry['alertDeploymentId']) &&
    typeof entry['startedAt'] === 'string' &&
    Number.isFinite(Date.parse(entry['startedAt'])) &&
    typeof entry['playSeconds'] === 'number' &&
    entry['playSeconds'] >= 0
  );
}
