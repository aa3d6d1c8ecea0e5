/**
 * Counting plays piece by piece. A report over a million plays is one long statement for the database, which would hold up SQLite's
 * only connection and run into MariaDB's statement limit; so the time is cut into slices of some ten milliseconds of work each, and
 * what they give is added up.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

/** Plays that one slice should hold. */
const SLICE_PLAYS = 30_000;
/** The first slice is this part of the whole; the next ones as wide as the plays found ask for. */
const FIRST_PARTS = 64;
/** A slice is at most so many times as wide as the one before. */
const GROWTH_MAX = 4;
/** Slices read at the same time where the database has many connections. */
const AT_ONCE = 2;

/** A slice had more in it than its query could say: it is to be cut in two. */
export class SliceTooFull extends Error {
  override readonly name = 'SliceTooFull';
}

/**
 * Runs `count` for one slice after the other until all of `fromMs` to `toMs` (epoch milliseconds) is covered, each instant once.
 * `count` answers with how many plays it found, and has no effect when it throws SliceTooFull.
 */
export async function inSlices(
  db: OpenDatabase<Database>,
  fromMs: number,
  toMs: number,
  count: (fromMs: number, toMs: number) => Promise<number>,
): Promise<void> {
  let next = fromMs;
  let widthMs = Math.max(1, Math.ceil((toMs - fromMs) / FIRST_PARTS));
  const work = async (): Promise<void> => {
    while (next < toMs) {
      const [start, end] = [next, Math.min(toMs, next + widthMs)];
      next = end;
      const plays = await countWhole(start, end, count).catch((error: unknown) => {
        next = toMs; // the others stop too
        throw error;
      });
      const wanted = plays === 0 ? GROWTH_MAX : Math.min(GROWTH_MAX, SLICE_PLAYS / plays);
      widthMs = Math.max(1, Math.round((end - start) * wanted));
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, db.poolSize) }, work));
}

async function countWhole(
  start: number,
  end: number,
  count: (fromMs: number, toMs: number) => Promise<number>,
): Promise<number> {
  try {
    return await count(start, end);
  } catch (error) {
    if (!(error instanceof SliceTooFull) || end - start <= 1) throw error;
  }
  const middle = start + Math.floor((end - start) / 2);
  return (await countWhole(start, middle, count)) + (await countWhole(middle, end, count));
}
