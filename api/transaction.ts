/** Transactions that are run again when the database chose them as the loser of a conflict. */
import type { Transaction } from 'kysely';
import type { OpenDatabase } from '../migrations/dialect.ts';
import type { Database } from '../migrations/tables.ts';

/** How often a transaction is tried in all. */
const TRIES = 4;

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
}

/** True when the whole transaction was rolled back for the sake of another one: it may simply be run again. */
export function isConflictLoser(error: unknown): boolean {
  const code = codeOf(error);
  // ER_CHECKREAD: "record has changed since last read", MariaDB's innodb_snapshot_isolation.
  return code === 'ER_LOCK_DEADLOCK' || code === 'ER_CHECKREAD';
}

/** True when a row stayed locked by another transaction for longer than innodb_lock_wait_timeout. */
export function isLockWaitTimeout(error: unknown): boolean {
  return codeOf(error) === 'ER_LOCK_WAIT_TIMEOUT';
}

/** Runs `work` in a transaction, again when it lost a conflict; `work` must have no effect outside the transaction. */
export async function inTransaction<T>(
  db: OpenDatabase<Database>,
  work: (tx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.sql.transaction().execute(work);
    } catch (error) {
      if (attempt >= TRIES || !isConflictLoser(error)) throw error;
    }
  }
}
