/**
 * Slowing down who guesses passwords, without letting anybody lock the owner out.
 *
 * Failures are counted for an account together with the address (IPv6: /64) they come from: after five each further try
 * from there has to wait, 1 s, then 2 s, up to a minute. So an attacker slows down nobody but himself. What a few tries each
 * from many addresses add up to is counted for the account as a whole; from fifty on, addresses from which the account never
 * signed in have to wait as well, and those from which it did do not.
 *
 * Counts live in SQL, so that they hold over all processes and restarts. Unknown usernames are counted like known ones.
 */
import { sql } from 'kysely';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { retryLater } from '../errors.ts';
import { addressKey } from '../limits/address-key.ts';

/** Failures from one address that cost nothing yet. */
const FREE_FAILURES = 5;
/** Failures over all addresses that cost nothing yet. */
const FREE_FAILURES_OVERALL = 50;
/** The longest wait, in milliseconds. */
const DELAY_MAX_MS = 60_000;
/** Failures are forgotten this long after the last one, in milliseconds: waiting for that gains nothing over DELAY_MAX_MS. */
export const FORGET_FAILURES_MS = 3_600_000;
/** An address counts as known for this long after a login from it, in milliseconds. */
export const FORGET_KNOWN_MS = 30 * 24 * 3_600_000;
/** A known address is noted again when the note is older than this, in milliseconds. */
const NOTE_AGAIN_MS = 24 * 3_600_000;

/** How long the next try has to wait after this many failures, in milliseconds. */
export function delayMs(failures: number, free: number): number {
  return failures < free ? 0 : Math.min(DELAY_MAX_MS, 1_000 * 2 ** Math.min(failures - free, 16));
}

/** What is known of an account and an address when a login begins. */
export interface LoginStanding {
  readonly username: string;
  readonly address: string;
  readonly failures: number;
  readonly failuresOverall: number;
  readonly knownSince: number | null;
}

interface Row {
  readonly subject: string;
  readonly failures: number;
  readonly last_at: number;
}

const addressSubject = (username: string, address: string): string => `${username}|${address}`;
const knownSubject = (username: string, address: string): string => `${username}|${address}|known`;

/** Passes one try after a wait is over: of many at the same time only one gets by. */
async function claimTry(db: OpenDatabase<Database>, row: Row, free: number, now: number): Promise<void> {
  const until = row.last_at + delayMs(row.failures, free);
  const { numUpdatedRows } =
    now < until
      ? { numUpdatedRows: 0n }
      : await db.sql
          .updateTable('login_failures')
          .set({ last_at: now })
          .where('subject', '=', row.subject)
          .where('last_at', '=', row.last_at)
          .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) return;
  const waitMs = now < until ? until - now : delayMs(row.failures, free);
  throw retryLater('RATE_LIMITED', 'Too many failed logins; wait before the next try', waitMs / 1_000);
}

/** Lets a try through or throws RATE_LIMITED with the time to wait. Call before the password is looked at. */
export async function admitLogin(
  db: OpenDatabase<Database>,
  username: string,
  ip: string,
  now: number,
): Promise<LoginStanding> {
  const address = addressKey(ip);
  const here = addressSubject(username, address);
  const known = knownSubject(username, address);
  const rows = await db.sql
    .selectFrom('login_failures')
    .select(['subject', 'failures', 'last_at'])
    .where('subject', 'in', [username, here, known])
    .execute();
  const recent = (subject: string): Row | undefined =>
    rows.find((row) => row.subject === subject && row.last_at >= now - FORGET_FAILURES_MS);
  const knownSince = rows.find((row) => row.subject === known && row.last_at >= now - FORGET_KNOWN_MS)?.last_at ?? null;
  const rowHere = recent(here);
  const rowOverall = recent(username);
  if (rowHere && rowHere.failures >= FREE_FAILURES) await claimTry(db, rowHere, FREE_FAILURES, now);
  if (knownSince === null && rowOverall && rowOverall.failures >= FREE_FAILURES_OVERALL) {
    await claimTry(db, rowOverall, FREE_FAILURES_OVERALL, now);
  }
  return {
    username,
    address,
    failures: rowHere?.failures ?? 0,
    failuresOverall: rowOverall?.failures ?? 0,
    knownSince,
  };
}

async function countFailure(db: OpenDatabase<Database>, subject: string, now: number): Promise<void> {
  const failures = sql.ref('login_failures.failures');
  const lastAt = sql.ref('login_failures.last_at');
  // `failures` is set before `last_at`, which it reads: MariaDB assigns from left to right.
  const tail = db.dialect.upsert(['subject'], {
    failures: sql`case when ${lastAt} < ${now - FORGET_FAILURES_MS} then 1 else ${failures} + 1 end`,
    last_at: sql`${now}`,
  });
  await sql`insert into login_failures (subject, failures, last_at) values (${subject}, 1, ${now}) ${tail}`.execute(
    db.sql,
  );
}

/** Counts a wrong password (or an unknown user, which is the same from outside). */
export async function noteFailedLogin(db: OpenDatabase<Database>, standing: LoginStanding, now: number): Promise<void> {
  await countFailure(db, addressSubject(standing.username, standing.address), now);
  // One address adds only its free failures to the whole, so that one attacker alone never makes others wait.
  if (standing.failures < FREE_FAILURES) await countFailure(db, standing.username, now);
}

/** Forgets the failures and remembers the address. Does nothing when there is nothing to do. */
export async function noteLogin(db: OpenDatabase<Database>, standing: LoginStanding, now: number): Promise<void> {
  const { username, address, failures, failuresOverall, knownSince } = standing;
  if (failures > 0 || failuresOverall > 0) {
    await db.sql
      .deleteFrom('login_failures')
      .where('subject', 'in', [username, addressSubject(username, address)])
      .execute();
  }
  if (knownSince !== null && knownSince >= now - NOTE_AGAIN_MS) return;
  const tail = db.dialect.upsert(['subject'], { last_at: sql`${now}` });
  await sql`insert into login_failures (subject, failures, last_at) values (${knownSubject(username, address)}, 0, ${now}) ${tail}`.execute(
    db.sql,
  );
}
