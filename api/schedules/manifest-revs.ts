/**
 * When the manifest of a target last changed. A rev only rises and outlives the assignments that it was raised for, so that a
 * version never goes down; it is written under the change counter's lock, in the `stamp` of a mutation. [INV-5]
 */
import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { NewChange } from '../../hub/core/changes.ts';
import type { Targets } from '../../hub/core/model.ts';
import type { Dialect } from '../../migrations/dialect.ts';
import type { TargetKind } from '../../migrations/columns.ts';
import type { ManifestRevsTable } from '../../migrations/content-tables.ts';
import type { Database } from '../../migrations/tables.ts';

/** Rows of one statement. */
const CHUNK = 1_000;
const KEY = ['tenant_id', 'target_kind', 'target_id'] as const;

/** The change to append when the manifest of every device of the tenant is another; stamp it with stampEveryManifest. */
export const EVERY_MANIFEST: NewChange = { kind: 'schedule.assigned', groupIds: [], deviceIds: [], everywhere: true };

/**
 * Makes sure that each of these groups and devices has a row, and locks it until commit. Call it before `stampManifests`, outside
 * the counter's lock: what is left to do under that is one statement for each kind.
 */
export async function holdManifests(
  tx: Transaction<Database>,
  dialect: Dialect,
  tenantId: number,
  { groupIds, deviceIds }: Targets,
): Promise<void> {
  await upsert(
    tx,
    [
      ...groupIds.map((id) => ({ tenant_id: tenantId, target_kind: 'group' as const, target_id: id, rev: 0 })),
      ...deviceIds.map((id) => ({ tenant_id: tenantId, target_kind: 'device' as const, target_id: id, rev: 0 })),
    ],
    dialect.upsert(KEY, { rev: sql.ref('manifest_revs.rev') }),
  );
}

/** Writes the rev of the change that concerned these groups and devices, whose rows are held. */
export async function stampManifests(
  tx: Transaction<Database>,
  tenantId: number,
  { groupIds, deviceIds }: Targets,
  rev: number,
): Promise<void> {
  const stamp = async (kind: TargetKind, ids: readonly number[]) => {
    if (ids.length === 0) return;
    await tx
      .updateTable('manifest_revs')
      .set({ rev })
      .where('tenant_id', '=', tenantId)
      .where('target_kind', '=', kind)
      .where('target_id', 'in', ids)
      .execute();
  };
  await stamp('group', groupIds);
  await stamp('device', deviceIds);
}

/** Writes the rev of a change that concerned every device of the tenant. */
export async function stampEveryManifest(
  tx: Transaction<Database>,
  dialect: Dialect,
  tenantId: number,
  rev: number,
): Promise<void> {
  const row = { tenant_id: tenantId, target_kind: 'tenant', target_id: 0, rev } as const;
  await upsert(tx, [row], dialect.upsert(KEY, { rev: dialect.offered('rev') }));
}

async function upsert(
  tx: Transaction<Database>,
  rows: readonly ManifestRevsTable[],
  otherwise: RawBuilder<unknown>,
): Promise<void> {
  for (let at = 0; at < rows.length; at += CHUNK) {
    const values = rows
      .slice(at, at + CHUNK)
      .map((row) => sql`(${row.tenant_id}, ${row.target_kind}, ${row.target_id}, ${row.rev})`);
    await sql`insert into manifest_revs (tenant_id, target_kind, target_id, rev) values ${sql.join(values)} ${otherwise}`.execute(
      tx,
    );
  }
}
