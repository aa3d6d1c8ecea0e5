/** How much a tenant may keep. What an upload was promised counts from the promise on. */
import type { Kysely, Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { apiError } from '../errors.ts';
import type { Call } from '../route.ts';

export const QuotaJson = Type.Object({
  usedBytes: Type.Integer({ description: 'Bytes kept, and bytes promised to uploads under way' }),
  limitBytes: Type.Integer({ description: 'Bytes that the tenant may keep' }),
  items: Type.Integer({ description: 'Pieces of content, of every status' }),
});

async function used(db: Kysely<Database>, tenantId: number): Promise<{ bytes: number; items: number }> {
  const row = await db
    .selectFrom('content')
    .select((eb) => [
      eb.fn.sum<number | null>(eb.case().when('status', '!=', 'failed').then(eb.ref('size_bytes')).end()).as('bytes'),
      eb.fn.countAll<number>().as('items'),
    ])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow();
  return { bytes: Number(row.bytes ?? 0), items: Number(row.items) };
}

function overQuota(leftBytes: number): Error {
  const left = Math.max(0, leftBytes);
  return apiError('PAYLOAD_TOO_LARGE', `There is no room for this file: ${left} bytes are left of the tenant's quota`, [
    { field: 'file', message: `must be at most ${left} bytes` },
  ]);
}

/** Throws PAYLOAD_TOO_LARGE when so many bytes are too many for now: a look ahead that spares an upload in vain. */
export async function expectRoom(
  db: Kysely<Database>,
  limitBytes: number,
  tenantId: number,
  bytes: number,
): Promise<void> {
  const { bytes: usedBytes } = await used(db, tenantId);
  if (usedBytes + bytes > limitBytes) throw overQuota(limitBytes - usedBytes);
}

/** Throws PAYLOAD_TOO_LARGE unless there is room. The transaction holds the tenant's row (lockTenant), so that none is given twice. */
export async function requireRoom(
  tx: Transaction<Database>,
  limitBytes: number,
  tenantId: number,
  bytes: number,
): Promise<void> {
  await expectRoom(tx, limitBytes, tenantId, bytes);
}

/** What the tenant uses of its quota. */
export async function getQuota({ ctx, actor }: Call): Promise<Static<typeof QuotaJson>> {
  const { bytes, items } = await used(ctx.db.sql, actor.tenantId);
  return { usedBytes: bytes, limitBytes: ctx.settings.tenantBytesMax, items };
}
