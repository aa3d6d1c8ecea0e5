/**
 * A new epoch: the database's history is another one than the devices know, because it was restored from a backup. Every
 * device that comes with the old epoch is given its whole state anew.
 */
import type { Clock } from '../../hub/core/ports.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { inTransaction } from '../transaction.ts';

export interface EpochRenewal {
  readonly before: number | null;
  readonly after: number;
}

/** Replaces the epoch by a greater one. Hubs that run read it when they start. */
export async function renewEpoch({ db, clock }: { db: OpenDatabase<Database>; clock: Clock }): Promise<EpochRenewal> {
  return inTransaction(db, async (tx) => {
    const row = await tx.selectFrom('settings').select('value').where('name', '=', 'epoch').executeTakeFirst();
    const before = row ? Number(row.value) : null;
    const after = Math.max(clock.now(), (before ?? 0) + 1);
    if (row)
      await tx
        .updateTable('settings')
        .set({ value: String(after) })
        .where('name', '=', 'epoch')
        .execute();
    else
      await tx
        .insertInto('settings')
        .values({ name: 'epoch', value: String(after) })
        .execute();
    return { before, after };
  });
}
