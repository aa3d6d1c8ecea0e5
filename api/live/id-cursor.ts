/**
 * Follows a table by its auto-increment id, in which commit order is not the order of ids: a slow transaction with a low id commits
 * after a fast one with a high id. Ids that were passed over are asked for again for a while.
 *
 * Invariants: every row that commits within LATE_MS of a higher id is given exactly once; at most GAPS_MAX ids are waited for.
 */

/** How long an id that was passed over may still come, in milliseconds: longer than any transaction lives. */
const LATE_MS = 10_000;
/** Ids waited for. Past it: the lowest are given up. */
const GAPS_MAX = 1_000;
/** Ids below the first that are waited for as well: their transactions may be under way. */
export const START_OVERLAP = 200;

export class IdCursor {
  #last: number;
  /** Ids that were passed over, and when. In ascending order of insertion. */
  readonly #gaps = new Map<number, number>();

  /** @param last the highest id that is known already */
  constructor(last: number) {
    this.#last = last;
  }

  get last(): number {
    return this.#last;
  }

  /** Ids up to `last` that may still come. */
  get gaps(): number[] {
    return [...this.#gaps.keys()];
  }

  /** Takes rows in, ascending by id; returns those that were not seen before. */
  take<R extends { readonly id: number }>(rows: readonly R[], nowMs: number): R[] {
    const fresh = rows.filter((row) => row.id > this.#last || this.#gaps.has(row.id));
    for (const { id } of fresh) {
      this.#gaps.delete(id);
      for (let missed = Math.max(this.#last + 1, id - GAPS_MAX); missed < id; missed += 1)
        this.#gaps.set(missed, nowMs);
      this.#last = Math.max(this.#last, id);
    }
    for (const [id, since] of this.#gaps) {
      if (this.#gaps.size > GAPS_MAX || nowMs - since >= LATE_MS) this.#gaps.delete(id);
    }
    return fresh;
  }
}
