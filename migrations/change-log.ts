/**
 * Appending to the change log. `rev` is gapless in commit order because the counter row is the last lock a transaction
 * takes before it writes its change: whoever commits first had the lock first. An auto-increment cursor is not: a slow
 * transaction with a low number commits after a fast one with a high number, and a reader never sees it. [INV-5]
 */
import type { Transaction } from 'kysely';
import type { Database } from './tables.ts';

/** A change to append: its kind, and the rest as the payload. */
export interface Appendable {
  readonly kind: string;
}

/**
 * Appends changes, in order, to the log of one tenant. Call it last in the transaction: it holds the counter's row lock
 * until commit. Returns the rev of each.
 */
export async function appendChanges(
  tx: Transaction<Database>,
  tenantId: number,
  changes: readonly Appendable[],
  now: number,
): Promise<number[]> {
  if (changes.length === 0) return [];
  await tx
    .updateTable('counters')
    .set((eb) => ({ value: eb('value', '+', changes.length) }))
    .where('name', '=', 'rev')
    .execute();
  // Our own update is visible to us and nobody else can have moved the row since: the lock is ours until commit.
  const { value } = await tx.selectFrom('counters').select('value').where('name', '=', 'rev').executeTakeFirstOrThrow();
  const first = value - changes.length + 1;
  const rows = changes.map(({ kind, ...payload }, index) => ({
    rev: first + index,
    tenant_id: tenantId,
    kind,
    payload: JSON.stringify(payload),
    created_at: now,
  }));
  for (let at = 0; at < rows.length; at += 500) {
    await tx
      .insertInto('changes')
      .values(rows.slice(at, at + 500))
      .execute();
  }
  return rows.map((row) => row.rev);
}
