/**
 * Turns at the reports that make the database work hard. Only so many are counted at once, so that they never take every connection
 * and an alert finds one free; others wait, and past a limit are told to come again.
 *
 * Invariant: `running` <= RUNNING_MAX, and nobody waits while a turn is free.
 */
import { retryLater } from '../errors.ts';

/** Reports counted at once. */
const RUNNING_MAX = 2;
/** Reports that wait for it. Past it: UNAVAILABLE with Retry-After. */
const WAITING_MAX = 16;
const RETRY_SECONDS = 5;

class ReportTurns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Runs `work` when its turn has come. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= RUNNING_MAX) {
      if (this.#waiting.length >= WAITING_MAX) {
        throw retryLater('UNAVAILABLE', 'Too many reports are being made: try again', RETRY_SECONDS);
      }
      // The one who ends hands his turn over: `running` stays as it is.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

const turnsOf = new WeakMap<object, ReportTurns>();

/** Runs the heavy part of a report in its turn; turns are counted for each database handle. */
export function inReportTurn<T>(db: object, work: () => Promise<T>): Promise<T> {
  let turns = turnsOf.get(db);
  if (turns === undefined) {
    turns = new ReportTurns();
    turnsOf.set(db, turns);
  }
  return turns.take(work);
}
