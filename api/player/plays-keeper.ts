/**
 * Proof of play on its way to the hub: the queue (playback/plays-queue.ts) in memory, and the same on disk.
 *
 * Invariants: a play is on disk from the moment it ended until the hub has committed it; what was kept comes before what is
 * played meanwhile. Writing is not waited for: a power cut costs at most the play that ended in that moment.
 */
import type { LogEntry } from '../../protocol/up.ts';
import type { PlayStore } from './media/play-store.ts';
import type { FinishedPlay } from './playback/finished-play.ts';
import {
  acknowledgePlays,
  addPlay,
  duePlays,
  EMPTY_PLAYS,
  forgetPlaysSent,
  markPlaysSent,
  restorePlays,
  waitingPlays,
  type PlaysQueue,
} from './playback/plays-queue.ts';

export interface PlaysKeeperParts {
  readonly store: PlayStore;
  /** Prefix of what this player keeps. */
  readonly scope: string;
  /** A random name of this run of the page: ids of plays are made of it. */
  readonly run: string;
  readonly monotonicMs: () => number;
  readonly log: (line: string) => void;
}

export class PlaysKeeper {
  readonly #parts: PlaysKeeperParts;
  #queue: PlaysQueue = EMPTY_PLAYS;

  constructor(parts: PlaysKeeperParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return waitingPlays(this.#queue);
  }

  /** Plays lost because too many waited. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Takes up what an earlier run of the page left. */
  async restore(): Promise<void> {
    const { store, scope } = this.#parts;
    const kept = restorePlays(JSON.stringify({ entries: await store.load(scope), next: 1, dropped: 0 }));
    // What was played while the store was being opened is in it already.
    const here = new Set(this.#queue.plays.map(({ entry }) => entry.id));
    const plays = kept.plays
      .filter(({ entry }) => !here.has(entry.id))
      .sort((one, other) => compareText(one.entry.startedAt, other.entry.startedAt));
    this.#queue = { ...this.#queue, plays: [...plays, ...this.#queue.plays] };
  }

  add(play: FinishedPlay): void {
    const before = this.#queue;
    this.#queue = addPlay(before, play, this.#parts.run);
    const added = this.#queue.plays.at(-1);
    if (added !== undefined) this.#write((store, scope) => store.add(scope, added.entry));
    const lost = this.#queue.dropped - before.dropped;
    if (lost > 0) this.#forget(before.plays.slice(0, lost).map(({ entry }) => entry.id));
  }

  due(): LogEntry[] {
    return duePlays(this.#queue, this.#parts.monotonicMs());
  }

  markSent(entries: readonly LogEntry[]): void {
    this.#queue = markPlaysSent(this.#queue, entries, this.#parts.monotonicMs());
  }

  forgetSent(): void {
    this.#queue = forgetPlaysSent(this.#queue);
  }

  /** The hub has committed these. */
  acknowledge(ids: readonly string[]): void {
    this.#queue = acknowledgePlays(this.#queue, ids);
    this.#forget(ids);
  }

  /** This player is another device from now on: what the old one played is nobody's business any more. */
  clear(): void {
    this.#forget(this.#queue.plays.map(({ entry }) => entry.id));
    this.#queue = { ...EMPTY_PLAYS, next: this.#queue.next };
  }

  #forget(ids: readonly string[]): void {
    this.#write((store, scope) => store.remove(scope, ids));
  }

  #write(work: (store: PlayStore, scope: string) => Promise<void>): void {
    const { store, scope, log } = this.#parts;
    // What could not be written is still in memory and on its way to the hub.
    work(store, scope).catch((cause: unknown) => log(`plays: ${String(cause)}`));
  }
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
