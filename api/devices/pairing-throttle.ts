/**
 * Throttling of wrong pairing codes: a code is short because people type it, so guessing must be slow, for one user and
 * for all together.
 *
 * A counter is a row of `login_failures` (wrong guesses are what it counts) in a fixed window that opens with its first
 * guess. Every attempt is counted before it is tried and taken back when the code was right, so that attempts made at the
 * same time cannot slip under the limit together. The rows outlive restarts and are shared by all API processes.
 */
import { sql } from 'kysely';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { retryLater } from '../errors.ts';

interface Window {
  readonly subject: string;
  /** Wrong guesses in one window. Past it: RATE_LIMITED. */
  readonly guessesMax: number;
  readonly windowMs: number;
}

/** Wrong guesses of one user per minute. */
export const USER_GUESSES_MAX = 10;
const USER_WINDOW_MS = 60_000;
/** Wrong guesses of everybody in ten minutes, which is as long as a code lives. */
export const ALL_GUESSES_MAX = 1_000;
const ALL_WINDOW_MS = 600_000;

/** Capitals keep these apart from the subjects of logins, which anybody can make up but which are in lower case. */
function windowsOf(userId: number): Window[] {
  return [
    { subject: `PAIRING USER ${userId}`, guessesMax: USER_GUESSES_MAX, windowMs: USER_WINDOW_MS },
    { subject: 'PAIRING ALL', guessesMax: ALL_GUESSES_MAX, windowMs: ALL_WINDOW_MS },
  ];
}

/**
 * Runs an attempt; it stays counted when it fails with an error that `isWrongGuess` knows. Rejects with the attempt's own
 * error, or with RATE_LIMITED, without trying, when there were too many.
 */
export async function throttleGuesses<T>(
  db: OpenDatabase<Database>,
  userId: number,
  now: number,
  attempt: () => Promise<T>,
  isWrongGuess: (error: unknown) => boolean,
): Promise<T> {
  const counted: Window[] = [];
  let wrong = false;
  try {
    // The user's own first: whoever is over it does not use up what all share.
    for (const window of windowsOf(userId)) {
      const { guesses, openedAt } = await count(db, window, now);
      if (guesses > window.guessesMax) {
        throw retryLater('RATE_LIMITED', 'Too many wrong pairing codes', (openedAt + window.windowMs - now) / 1000);
      }
      counted.push(window);
    }
    return await attempt();
  } catch (error) {
    wrong = isWrongGuess(error);
    throw error;
  } finally {
    if (!wrong) for (const window of counted) await takeBack(db, window);
  }
}

/** Counts one guess and says how many there are in the window now. */
async function count(
  db: OpenDatabase<Database>,
  { subject, windowMs }: Window,
  now: number,
): Promise<{ guesses: number; openedAt: number }> {
  const { dialect } = db;
  const isOver = sql`login_failures.last_at <= ${now - windowMs}`;
  // MariaDB assigns from left to right, so `failures` must be decided while `last_at` is still the old one.
  const tail = dialect.upsert(['subject'], {
    failures: sql`case when ${isOver} then 1 else login_failures.failures + 1 end`,
    last_at: sql`case when ${isOver} then ${now} else login_failures.last_at end`,
  });
  await sql`insert into login_failures (subject, failures, last_at) values (${subject}, 1, ${now}) ${tail}`.execute(
    db.sql,
  );
  const row = await db.sql
    .selectFrom('login_failures')
    .select(['failures', 'last_at'])
    .where('subject', '=', subject)
    .executeTakeFirst();
  return { guesses: row?.failures ?? 1, openedAt: row?.last_at ?? now };
}

async function takeBack(db: OpenDatabase<Database>, { subject }: Window): Promise<void> {
  await db.sql
    .updateTable('login_failures')
    .set((eb) => ({ failures: eb('failures', '-', 1) }))
    .where('subject', '=', subject)
    .where('failures', '>', 0)
    .execute();
}
