/**
 * Measures for how long an item is really on glass, and tells of each stretch when it is over.
 *
 * States: `dark` (nothing is being measured), `waiting` (an item is in its place, its first frame is not on glass, or it is covered:
 * `item` without `since`) and `seen` (`item` with `since`). Invariants: time counts only in `seen`; a stretch is told exactly once, when
 * it ends; what is interrupted is told as two stretches, because a play has one beginning and one length.
 */
import { schedulePlay, type FinishedPlay } from './finished-play.ts';

/** A stretch of an item that simply goes on is told after this at the latest, in milliseconds: a power cut costs no more than that. */
export const STRETCH_MS_MAX = 15 * 60_000;

/** Shorter stretches are none, in milliseconds. */
const SEEN_MS_MIN = 1;

/** Both clocks at one moment, in milliseconds: the hub's, as far as it is known, and one that is never set. */
export interface Moment {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

export interface MeteredItem {
  readonly contentId: number;
  readonly scheduleId: number;
}

export class PlayMeter {
  readonly #onPlay: (play: FinishedPlay) => void;
  #item: MeteredItem | null = null;
  #since: Moment | null = null;

  constructor(onPlay: (play: FinishedPlay) => void) {
    this.#onPlay = onPlay;
  }

  /** What is being measured, seen or not. */
  get item(): MeteredItem | null {
    return this.#item;
  }

  /** Another item takes the place; the one before is over. Time counts from `seen` on. */
  put(item: MeteredItem | null, at: Moment): void {
    this.#tell(at);
    this.#item = item;
  }

  /** The item is on glass now. Said again while it is, it changes nothing. */
  seen(at: Moment): void {
    if (this.#item !== null) this.#since ??= at;
  }

  /** Something covers it, or nothing is drawn: the stretch is over, the item stays in its place. */
  covered(at: Moment): void {
    this.#tell(at);
  }

  /** The item begins anew (a video is looped to the next slot): one play ends, the next begins at the same moment. */
  again(at: Moment): void {
    const wasSeen = this.#since !== null;
    this.#tell(at);
    if (wasSeen) this.#since = at;
  }

  /** Tells of a stretch that is long enough already; to be called now and then. */
  tick(at: Moment): void {
    if (this.#since !== null && at.monotonicMs - this.#since.monotonicMs >= STRETCH_MS_MAX) this.again(at);
  }

  #tell(at: Moment): void {
    const [item, since] = [this.#item, this.#since];
    this.#since = null;
    if (item === null || since === null) return;
    const span = { startedAtMs: since.nowMs, playedMs: at.monotonicMs - since.monotonicMs };
    // A frame that was replaced as soon as it came has been seen by nobody.
    if (span.playedMs < SEEN_MS_MIN) return;
    this.#onPlay(schedulePlay(item.contentId, item.scheduleId, span));
  }
}
