/**
 * The one way a request changes anything. One transaction holds the idempotency row, the work, the audit row and the
 * changes; the bus hears of it only after the commit [INV-4, INV-6].
 *
 * An Idempotency-Key is never stored: its digest names the row, and keys derived from it sign the request's fingerprint
 * and seal the answer, which may hold credentials. Whoever reads the database alone can open neither, provided the key
 * is as random as a UUID.
 */
import type { Transaction } from 'kysely';
import { appendChanges } from '../migrations/change-log.ts';
import { isDuplicateKey } from '../migrations/dialect.ts';
import type { Database } from '../migrations/tables.ts';
import type { NewChange } from '../hub/core/changes.ts';
import { writeAudit, type AuditEntry } from './audit/write-audit.ts';
import type { ApiContext } from './context.ts';
import { apiError } from './errors.ts';
import type { Call } from './route.ts';
import { deriveKey, hmacHex, seal, sha256Hex, unseal } from './sealing.ts';
import { inTransaction, isLockWaitTimeout } from './transaction.ts';

/** What a mutation did: its answer, the changes that others must learn of, and the line for the audit. */
export interface Mutation<T> {
  /** JSON only: it is stored and given again when the request is repeated. */
  readonly data: T;
  /** Appended in this order, to the actor's tenant. */
  readonly changes: readonly NewChange[];
  readonly audit: AuditEntry;
  /** Writes the revs of the changes, in their order, into the mutation's own rows. Runs under the counter's lock: keep it short. */
  readonly stamp?: (tx: Transaction<Database>, revs: readonly number[]) => Promise<void>;
}

/** The work of a mutation. It may run again after a deadlock, so it has no effect outside `tx`. `now` is in epoch milliseconds. */
export type Work<T> = (tx: Transaction<Database>, now: number) => Promise<Mutation<T>>;

/** How long an answer can be given again, in milliseconds. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000;

/** What a key becomes: the name of its row, the request's fingerprint under it, and the key that seals the answer. */
interface KeyMaterial {
  readonly digest: string;
  readonly fingerprint: string;
  readonly sealKey: Buffer;
}

/** Ends the transaction: the key's row is there already. */
class KeyTaken extends Error {
  override readonly name = 'KeyTaken';
}

function keyMaterial(call: Call, key: string, body: unknown): KeyMaterial {
  const owner = `${call.actor.tenantId}:${call.actor.userId}`;
  const request = JSON.stringify([call.operation, call.target, body ?? null]);
  return {
    digest: sha256Hex(`${owner}:${key}`),
    fingerprint: hmacHex(deriveKey(key, owner, 'idempotency fingerprint'), request),
    sealKey: deriveKey(key, owner, 'idempotency answer'),
  };
}

async function takeKey(tx: Transaction<Database>, call: Call, key: KeyMaterial, now: number): Promise<void> {
  try {
    await tx
      .insertInto('idempotency_keys')
      .values({
        tenant_id: call.actor.tenantId,
        user_id: call.actor.userId,
        idempotency_key: key.digest,
        route: call.operation,
        body_hash: key.fingerprint,
        state: 'in_flight',
        status_code: null,
        response: null,
        created_at: now,
      })
      .execute();
  } catch (error) {
    if (isDuplicateKey(error)) throw new KeyTaken();
    // Another process holds the row: its transaction with the same key has not ended yet.
    if (isLockWaitTimeout(error)) throw inFlightError();
    throw error;
  }
}

async function keepAnswer(tx: Transaction<Database>, call: Call, key: KeyMaterial, data: unknown): Promise<void> {
  await tx
    .updateTable('idempotency_keys')
    .set({
      state: 'done',
      status_code: call.status,
      response: seal(call.ctx.ids, key.sealKey, JSON.stringify({ data })),
    })
    .where('tenant_id', '=', call.actor.tenantId)
    .where('user_id', '=', call.actor.userId)
    .where('idempotency_key', '=', key.digest)
    .execute();
}

function inFlightError(): Error {
  return apiError('CONFLICT', 'A request with this Idempotency-Key is still being worked on');
}

function mismatchError(): Error {
  return apiError('IDEMPOTENCY_MISMATCH', 'This Idempotency-Key was used for another request');
}

/** The answer kept for the key; null when the row was too old and is gone now, so that the key is free. */
async function answerAgain<T>(call: Call, key: KeyMaterial, now: number): Promise<{ data: T } | null> {
  const row = await call.ctx.db.sql
    .selectFrom('idempotency_keys')
    .select(['body_hash', 'response', 'created_at'])
    .where('tenant_id', '=', call.actor.tenantId)
    .where('user_id', '=', call.actor.userId)
    .where('idempotency_key', '=', key.digest)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (row.created_at < now - IDEMPOTENCY_KEPT_MS) {
    await call.ctx.db.sql
      .deleteFrom('idempotency_keys')
      .where('tenant_id', '=', call.actor.tenantId)
      .where('user_id', '=', call.actor.userId)
      .where('idempotency_key', '=', key.digest)
      .where('created_at', '=', row.created_at)
      .execute();
    return null;
  }
  if (row.body_hash !== key.fingerprint) throw mismatchError();
  // The row and its answer are committed together, so a row without one was never committed by us.
  if (row.response === null) throw inFlightError();
  return JSON.parse(unseal(key.sealKey, row.response)) as { data: T };
}

async function commit<T>(
  call: Call,
  key: KeyMaterial | null,
  work: Work<T>,
): Promise<{ mutation: Mutation<T>; lastRev: number | null }> {
  const { ctx, actor } = call;
  return inTransaction(ctx.db, async (tx) => {
    const now = ctx.clock.now();
    if (key) await takeKey(tx, call, key, now);
    const mutation = await work(tx, now);
    await writeAudit(tx, actor, mutation.audit, now);
    if (key) await keepAnswer(tx, call, key, mutation.data);
    // From here on the counter's lock is held: nothing slow may follow.
    const revs = await appendChanges(tx, actor.tenantId, mutation.changes, now);
    if (mutation.stamp && revs.length > 0) await mutation.stamp(tx, revs);
    return { mutation, lastRev: revs.at(-1) ?? null };
  });
}

/** Lets this process's own caches forget at once what others learn from the change log within a second. */
function forgetWhatChanged(ctx: ApiContext, tenantId: number, changes: readonly NewChange[]): void {
  for (const change of changes) {
    if (change.kind === 'user.changed') ctx.accounts.forgetUser(change.userId);
    if (change.kind === 'group.saved' || change.kind === 'group.removed') ctx.accounts.forgetGroups(tenantId);
  }
}

async function run<T>(call: Call, key: KeyMaterial | null, work: Work<T>): Promise<T> {
  const { mutation, lastRev } = await commit(call, key, work);
  forgetWhatChanged(call.ctx, call.actor.tenantId, mutation.changes);
  if (lastRev !== null) call.ctx.bus.publish({ kind: 'changes', rev: lastRev });
  return mutation.data;
}

async function runOnce<T>(call: Call, key: KeyMaterial, work: Work<T>): Promise<T> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      return await run(call, key, work);
    } catch (error) {
      if (!(error instanceof KeyTaken)) throw error;
    }
    const kept = await answerAgain<T>(call, key, call.ctx.clock.now());
    if (kept) {
      call.marks.replayed = true;
      return kept.data;
    }
  }
  throw inFlightError();
}

/**
 * Runs a mutation. With an Idempotency-Key it has exactly one effect: a repeat gets the first answer again, the same key
 * with another request is 409 IDEMPOTENCY_MISMATCH, and one whose first request has not ended is 409 CONFLICT.
 * Rejects with what `work` throws, in which case nothing was changed and the key is free. `body` is what a repeat must have in
 * common with the first request, for requests whose body is no JSON.
 */
export async function mutate<T>(
  call: Call<unknown, unknown, unknown>,
  work: Work<T>,
  { body = call.body }: { readonly body?: unknown } = {},
): Promise<T> {
  // A key stands for one effect; a second mutation would be taken for a repeat of the first.
  if (call.marks.mutated) throw new Error(`${call.operation} mutates twice in one request`);
  call.marks.mutated = true;
  if (call.idempotencyKey === null) return run(call, null, work);
  const key = keyMaterial(call, call.idempotencyKey, body);
  const { inFlight } = call.ctx;
  const other = inFlight.get(key.digest);
  if (other !== undefined) throw other === key.fingerprint ? inFlightError() : mismatchError();
  inFlight.set(key.digest, key.fingerprint);
  try {
    return await runOnce(call, key, work);
  } finally {
    inFlight.delete(key.digest);
  }
}
