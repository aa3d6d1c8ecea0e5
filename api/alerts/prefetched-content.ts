/**
 * Content that every device of a tenant fetches ahead because a prepared alert shows it. When the set changes, the manifest of
 * every device is another. Whoever changes what a prepared alert shows holds the lock from here, so that of two who take the last
 * two uses of a content away one sees that it was the last.
 */
import type { Transaction } from 'kysely';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Mutation } from '../mutation.ts';
import { EVERY_MANIFEST, stampEveryManifest } from '../schedules/manifest-revs.ts';

/** Takes the lock until commit. Take it first: what is read before it may be out of date. */
export async function lockPrefetched(tx: Transaction<Database>, dialect: Dialect, tenantId: number): Promise<void> {
  await tx.selectFrom('tenants').select('id').where('id', '=', tenantId).modifyEnd(dialect.forUpdate).execute();
}

/**
 * What a mutation must tell when a prepared alert (null: one that is new) shows `after` instead of `before`: nothing unless the set
 * has changed by it. Call it while the lock is held.
 */
export async function prefetchedChange(
  tx: Transaction<Database>,
  dialect: Dialect,
  tenantId: number,
  { alertId, before, after }: { alertId: number | null; before: number | null; after: number | null },
): Promise<Pick<Mutation<unknown>, 'changes' | 'stamp'>> {
  const moved = before === after ? [] : [before, after].filter((id) => id !== null);
  for (const contentId of moved) {
    if (await isShownByAnother(tx, tenantId, contentId, alertId)) continue;
    return {
      changes: [EVERY_MANIFEST],
      stamp: (locked, [rev = 0]) => stampEveryManifest(locked, dialect, tenantId, rev),
    };
  }
  return { changes: [] };
}

async function isShownByAnother(
  tx: Transaction<Database>,
  tenantId: number,
  contentId: number,
  alertId: number | null,
): Promise<boolean> {
  const row = await tx
    .selectFrom('alerts')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('content_id', '=', contentId)
    .where('id', '<>', alertId ?? 0)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
