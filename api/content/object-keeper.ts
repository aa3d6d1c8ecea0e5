/**
 * Who may delete a stored object, and when. Objects are named by the hash of their bytes, so that several rows of a tenant share one;
 * an object goes with the last row that names it, never under somebody who is about to name it, and also when a process died
 * between storing and naming.
 *
 * Claims on an object: `hold`: somebody is storing it and will name it; lasts until `until_at` at the latest. `removal`: it is to
 * go, not before `until_at`; whoever removes it moves `until_at` ahead of itself, and who wants to hold it waits that long.
 * Every step is a short transaction under the tenant's row, locked first: so claims, names and quota of a tenant change one by one.
 * The store itself is never asked while a lock is held.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { apiError, retryLater } from '../errors.ts';
import { loggedError } from '../failure-answer.ts';
import { inTransaction } from '../transaction.ts';
import { UPLOAD_MS_MAX } from '../upload-bodies.ts';
import type { ContentParts } from './content-parts.ts';

/** A hold that nobody gave up is worth nothing after this, in milliseconds: longer than anything that takes one. */
const HOLD_MS = UPLOAD_MS_MAX;
/** One removal may take this long, in milliseconds; a process that died in it is followed by another after that. */
const REMOVAL_MS = 60_000;
/** How long a hold waits for a removal of the same object, in milliseconds. Past it: UNAVAILABLE. */
const WAIT_MS = 8_000;
const WAIT_STEP_MS = 100;
/** Objects that one round of housekeeping looks at. */
const ROUND_MAX = 200;

const CONTENT_FOLDER = 'content/';

/** Where verified bytes are kept: the same bytes of a tenant are one object, which never changes. */
export function contentKey(tenantId: number, sha256: string): string {
  return `${CONTENT_FOLDER}${tenantId}/${sha256}`;
}

export function thumbnailKey(tenantId: number, sha256: string): string {
  return `thumbnails/${tenantId}/${sha256}.webp`;
}

/** The right to name an object, while it lasts. */
export interface Hold {
  readonly id: number;
  readonly tenantId: number;
  readonly objectKey: string;
}

/** Locks the tenant's row: first in a transaction that changes what the tenant keeps, before it reads anything. */
export async function lockTenant(tx: Transaction<Database>, dialect: Dialect, tenantId: number): Promise<void> {
  const row = await tx
    .selectFrom('tenants')
    .select('id')
    .where('id', '=', tenantId)
    .modifyEnd(dialect.forUpdate)
    .executeTakeFirst();
  if (row === undefined) throw apiError('NOT_FOUND', 'No such tenant');
}

/** Keeps the object from being removed. Waits while it is being removed; UNAVAILABLE when that takes too long. */
export async function takeHold(parts: ContentParts, tenantId: number, objectKey: string): Promise<Hold> {
  for (let waitedMs = 0; ; waitedMs += WAIT_STEP_MS) {
    const id = await inTransaction(parts.db, (tx) => tryHold(tx, parts, tenantId, objectKey));
    if (id !== null) return { id, tenantId, objectKey };
    if (waitedMs >= WAIT_MS) throw retryLater('UNAVAILABLE', 'The same file is just being removed', 60);
    await sleep(WAIT_STEP_MS);
  }
}

async function tryHold(
  tx: Transaction<Database>,
  { db, clock }: ContentParts,
  tenantId: number,
  objectKey: string,
): Promise<number | null> {
  await lockTenant(tx, db.dialect, tenantId);
  const now = clock.now();
  const removal = await tx
    .selectFrom('object_claims')
    .select('id')
    .where('object_key', '=', objectKey)
    .where('kind', '=', 'removal')
    .where('until_at', '>', now)
    .limit(1)
    .executeTakeFirst();
  if (removal !== undefined) return null;
  const { insertId } = await tx
    .insertInto('object_claims')
    .values({ tenant_id: tenantId, object_key: objectKey, kind: 'hold', until_at: now + HOLD_MS, parts_id: null })
    .executeTakeFirstOrThrow();
  return Number(insertId);
}

/** Ends the hold in the transaction that names the object. UNAVAILABLE when it had run out: the object may be gone. */
export async function useHold(tx: Transaction<Database>, hold: Hold): Promise<void> {
  const { numDeletedRows } = await tx
    .deleteFrom('object_claims')
    .where('id', '=', hold.id)
    .where('kind', '=', 'hold')
    .executeTakeFirst();
  if (Number(numDeletedRows) !== 1) throw retryLater('UNAVAILABLE', 'The upload took too long', 1);
}

/** Ends the hold if it was not used, and the object with it if nobody else needs it. Never rejects: housekeeping comes after. */
export async function giveUpHold(parts: ContentParts, hold: Hold): Promise<void> {
  try {
    const { numUpdatedRows } = await parts.db.sql
      .updateTable('object_claims')
      .set({ until_at: 0 })
      .where('id', '=', hold.id)
      .where('kind', '=', 'hold')
      .executeTakeFirst();
    if (Number(numUpdatedRows) > 0) await sweepObject(parts, hold.tenantId, hold.objectKey);
  } catch (error) {
    parts.log.warn({ error: loggedError(error), key: hold.objectKey }, 'a hold was not given up; it runs out');
  }
}

/** Has the object removed, and its parts, not before an instant, unless it is needed then. In the transaction that takes its name away. */
export async function queueRemoval(
  tx: Transaction<Database>,
  tenantId: number,
  objectKey: string,
  notBefore: number,
  partsId: string | null = null,
): Promise<void> {
  await tx
    .insertInto('object_claims')
    .values({ tenant_id: tenantId, object_key: objectKey, kind: 'removal', until_at: notBefore, parts_id: partsId })
    .execute();
}

/** Removes the object if it is due and nobody needs it. Rejects when database or store are away: it is tried again. */
export async function sweepObject(parts: ContentParts, tenantId: number, objectKey: string): Promise<void> {
  const { db, clock, objects } = parts;
  const claimed = await inTransaction(db, async (tx) => {
    await lockTenant(tx, db.dialect, tenantId);
    return claimRemoval(tx, objectKey, clock.now());
  });
  if (claimed.length === 0) return;
  for (const { partsId } of claimed) if (partsId !== null) await objects.abortParts(objectKey, partsId);
  await objects.delete(objectKey);
  if (objectKey.startsWith(CONTENT_FOLDER)) {
    await objects.delete(thumbnailKey(tenantId, objectKey.slice(objectKey.lastIndexOf('/') + 1)));
  }
  const ids = claimed.map(({ id }) => id);
  await db.sql.deleteFrom('object_claims').where('id', 'in', ids).where('kind', '=', 'removal').execute();
}

interface Removal {
  readonly id: number;
  readonly partsId: string | null;
}

/** The claims under which the object is now removed; none when somebody needs it or is at it. */
async function claimRemoval(tx: Transaction<Database>, objectKey: string, now: number): Promise<Removal[]> {
  const claims = await tx
    .selectFrom('object_claims')
    .select(['id', 'until_at', 'parts_id'])
    .where('object_key', '=', objectKey)
    .execute();
  const due = claims.filter((claim) => claim.until_at <= now).map(({ id }) => id);
  if (due.length === 0 || due.length < claims.length) return [];
  const named = await tx
    .selectFrom('content')
    .select('id')
    .where('storage_key', '=', objectKey)
    .limit(1)
    .executeTakeFirst();
  if (named !== undefined) {
    await tx.deleteFrom('object_claims').where('id', 'in', due).execute();
    return [];
  }
  const upload = await tx
    .selectFrom('uploads')
    .select('id')
    .where('object_key', '=', objectKey)
    .limit(1)
    .executeTakeFirst();
  // An upload that is still looked at has its claim looked at again later.
  const until = now + (upload === undefined ? REMOVAL_MS : HOLD_MS);
  await tx.updateTable('object_claims').set({ kind: 'removal', until_at: until }).where('id', 'in', due).execute();
  if (upload !== undefined) return [];
  return claims.map(({ id, parts_id: partsId }) => ({ id, partsId }));
}

/** Removes what is due: after failures, crashes, and uploads that ran out. */
export async function sweepDue(parts: ContentParts): Promise<void> {
  const due = await parts.db.sql
    .selectFrom('object_claims')
    .select(['tenant_id', 'object_key'])
    .distinct()
    .where('until_at', '<=', parts.clock.now())
    .limit(ROUND_MAX)
    .execute();
  for (const { tenant_id, object_key } of due) await sweepObject(parts, tenant_id, object_key);
}
