/**
 * Verifying direct uploads in the background, a few at once.
 *
 * An upload that is `complete` is taken under a lease in its row. States of a taken one: fetched into quarantine, verified, stored,
 * and then in one transaction named by its content (`ready`) or refused (`failed`), which ends the upload. Whoever took it proves
 * at the end that it is still his: `attempts` is what it was raised to. So a process that died is followed by another when the
 * lease has run out, and one that was only slow changes nothing more.
 */
import type { Readable } from 'node:stream';
import type { Transaction } from 'kysely';
import { isDatabaseUnavailable } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { MissingPartsError, ObjectStoreUnavailableError, PartsGoneError } from '../../hub/core/ports.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { ApiError } from '../errors.ts';
import { loggedError } from '../failure-answer.ts';
import { inTransaction } from '../transaction.ts';
import { ToolFailed } from './media-tools.ts';
import type { ContentParts } from './content-parts.ts';
import { partCountOf } from './part-plan.ts';
import { contentKey, giveUpHold, lockTenant, takeHold, useHold } from './object-keeper.ts';
import type { Quarantine, QuarantinedFile } from './quarantine.ts';
import { RefusedFile } from './refused-file.ts';
import { storeVerified, verifiedColumns } from './verified-object.ts';
import type { VerifiedFile } from './verify-file.ts';

/** Verifications of direct uploads that one process runs at once. */
const AT_ONCE = 2;
/** How often a process looks for uploads that another left, in milliseconds. */
const LOOK_MS = 5_000;
/** A lease is good for this long and renewed three times in it, in milliseconds. */
export const LEASE_MS = 60_000;
/** When the world was at fault, the next attempt comes after this, in milliseconds. */
export const RETRY_MS = 10_000;
/** An upload that so many attempts have not survived is refused. */
export const ATTEMPTS_MAX = 3;
const CANDIDATES_MAX = 10;
const FAILURE_CHARS_MAX = 500;

interface Taken {
  readonly id: number;
  readonly tenantId: number;
  readonly contentId: number;
  readonly objectKey: string;
  readonly declaredBytes: number;
  /** Of an upload that came in parts. */
  readonly parts: { readonly partsId: string; readonly partCount: number } | null;
  /** Which attempt this is, from 1: proof of the lease. */
  readonly attempt: number;
}

/** Somebody else has it now, or it was deleted: nothing is left to do here. */
class TakenAway extends Error {
  override readonly name = 'TakenAway';
}

export interface WorkerOptions {
  readonly quarantine: Quarantine;
  verify(path: string): Promise<VerifiedFile>;
}

export class VerificationWorker {
  readonly #parts: ContentParts;
  readonly #options: WorkerOptions;
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(parts: ContentParts, options: WorkerOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Looks now, and every few seconds from now on. */
  start(): void {
    this.#timer = setInterval(() => this.kick(), LOOK_MS);
    this.#timer.unref();
    this.kick();
  }

  /** Looks for work now. */
  kick(): void {
    if (this.#stopped || this.#running.size >= AT_ONCE) return;
    const run = this.#work().finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Takes nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await Promise.all(this.#running);
  }

  async #work(): Promise<void> {
    try {
      for (let taken = await this.#take(); taken !== null; taken = this.#stopped ? null : await this.#take()) {
        // What is there beyond this one is for another, if there is room for one.
        this.kick();
        await this.#verifyOne(taken);
      }
    } catch (error) {
      this.#parts.log.warn({ error: loggedError(error) }, 'uploads were not looked at; that comes again');
    }
  }

  async #take(): Promise<Taken | null> {
    const { db, clock } = this.#parts;
    const now = clock.now();
    const rows = await db.sql
      .selectFrom('uploads')
      .select(['id', 'tenant_id', 'content_id', 'object_key', 'declared_bytes', 'attempts', 'parts_id', 'part_bytes'])
      .where('state', '=', 'complete')
      .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', now)]))
      .orderBy('id')
      .limit(CANDIDATES_MAX)
      .execute();
    for (const row of rows) {
      const { numUpdatedRows } = await db.sql
        .updateTable('uploads')
        .set({ lease_until: now + LEASE_MS, attempts: row.attempts + 1 })
        .where('id', '=', row.id)
        .where('state', '=', 'complete')
        .where('attempts', '=', row.attempts)
        .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', now)]))
        .executeTakeFirst();
      if (Number(numUpdatedRows) !== 1) continue;
      return {
        id: row.id,
        tenantId: row.tenant_id,
        contentId: row.content_id,
        objectKey: row.object_key,
        declaredBytes: row.declared_bytes,
        parts:
          row.parts_id === null || row.part_bytes === null
            ? null
            : {
                partsId: row.parts_id,
                partCount: partCountOf({ sizeBytes: row.declared_bytes, partBytes: row.part_bytes }),
              },
        attempt: row.attempts + 1,
      };
    }
    return null;
  }

  async #verifyOne(taken: Taken): Promise<void> {
    const renewal = setInterval(() => void this.#renew(taken), LEASE_MS / 3);
    try {
      await this.#verifyTaken(taken);
    } catch (error) {
      await this.#failed(taken, error);
    } finally {
      clearInterval(renewal);
    }
  }

  async #renew({ id, attempt }: Taken): Promise<void> {
    const { db, clock, log } = this.#parts;
    try {
      await db.sql
        .updateTable('uploads')
        .set({ lease_until: clock.now() + LEASE_MS })
        .where('id', '=', id)
        .where('attempts', '=', attempt)
        .execute();
    } catch (error) {
      log.warn({ error: loggedError(error), uploadId: id }, 'a lease was not renewed');
    }
  }

  async #verifyTaken(taken: Taken): Promise<void> {
    if (taken.attempt > ATTEMPTS_MAX) {
      throw new RefusedFile('broken', `The file could not be verified in ${ATTEMPTS_MAX} attempts`);
    }
    const { objects } = this.#parts;
    const { quarantine } = this.#options;
    await this.#join(taken);
    const found = await objects.get(taken.objectKey);
    if (found === null) throw new RefusedFile('broken', 'The file has not arrived');
    const file = await quarantine.receive(found.stream as Readable, taken.declaredBytes);
    try {
      if (file.sizeBytes !== taken.declaredBytes) throw new RefusedFile('broken', 'The file has not arrived whole');
      const verified = await this.#options.verify(file.path);
      await this.#keep(taken, file, verified);
    } finally {
      await quarantine.remove(file);
    }
  }

  /** Makes one object of an upload that came in parts, unless that was done before. */
  async #join({ objectKey, parts }: Taken): Promise<void> {
    if (parts === null) return;
    try {
      await this.#parts.objects.joinParts(objectKey, parts.partsId, parts.partCount);
    } catch (error) {
      if (error instanceof MissingPartsError) throw new RefusedFile('broken', 'The file has not arrived whole');
      // Joined by an attempt that did not come to its end; if not, there is no file.
      if (!(error instanceof PartsGoneError)) throw error;
    }
  }

  async #keep(taken: Taken, file: QuarantinedFile, verified: VerifiedFile): Promise<void> {
    const hold = await takeHold(this.#parts, taken.tenantId, contentKey(taken.tenantId, file.sha256));
    try {
      await storeVerified(this.#parts, taken.tenantId, file, verified);
      await this.#end(taken, async (tx, content) => {
        if (content.type !== verified.type) {
          throw new RefusedFile('broken', `It was announced as ${content.type}, and is ${verified.type}`);
        }
        await useHold(tx, hold);
        return { ...verifiedColumns(taken.tenantId, file, verified), status: 'ready' as const };
      });
    } finally {
      await giveUpHold(this.#parts, hold);
    }
  }

  /** Ends the upload with what `outcome` says of its content, if it is still ours. */
  async #end(
    taken: Taken,
    outcome: (tx: Transaction<Database>, content: { type: string }) => Promise<{ status: 'ready' | 'failed' } & object>,
  ): Promise<void> {
    const { db, clock, objects, log } = this.#parts;
    await inTransaction(db, async (tx) => {
      await lockTenant(tx, db.dialect, taken.tenantId);
      const content = await tx
        .selectFrom('content')
        .select(['type', 'name'])
        .where('id', '=', taken.contentId)
        .where('tenant_id', '=', taken.tenantId)
        .modifyEnd(db.dialect.forUpdate)
        .executeTakeFirst();
      const { numDeletedRows } = await tx
        .deleteFrom('uploads')
        .where('id', '=', taken.id)
        .where('attempts', '=', taken.attempt)
        .executeTakeFirst();
      if (content === undefined || Number(numDeletedRows) !== 1) throw new TakenAway();
      const columns = await outcome(tx, content);
      const now = clock.now();
      await tx
        .updateTable('content')
        .set((eb) => ({ ...columns, version: eb('version', '+', 1), updated_at: now }))
        .where('id', '=', taken.contentId)
        .execute();
      const detail = { name: content.name, status: columns.status };
      await writeAudit(
        tx,
        { tenantId: taken.tenantId, userId: null, username: null, ip: null, requestId: null },
        { action: 'content.verified', entity: 'content', entityId: taken.contentId, detail },
        now,
      );
    });
    // The address that it was sent to may be good for a while: the removal that was queued with it comes after that.
    await objects
      .delete(taken.objectKey)
      .catch((error: unknown) =>
        log.warn({ error: loggedError(error) }, 'a quarantined object stays; it is removed later'),
      );
  }

  async #failed(taken: Taken, error: unknown): Promise<void> {
    const { log } = this.#parts;
    try {
      if (error instanceof TakenAway) return;
      if (error instanceof RefusedFile) await this.#refuse(taken, error.message);
      else await this.#putBack(taken, error);
    } catch (next) {
      if (next instanceof TakenAway) return;
      log.warn({ error: loggedError(next), contentId: taken.contentId }, 'an upload is left to its lease');
    }
  }

  async #refuse(taken: Taken, message: string): Promise<void> {
    const failure = message.slice(0, FAILURE_CHARS_MAX);
    await this.#end(taken, async () => ({ status: 'failed' as const, failure, size_bytes: null }));
  }

  /** When it was the world's fault the attempt does not count. */
  async #putBack(taken: Taken, error: unknown): Promise<void> {
    const { db, clock, log } = this.#parts;
    const isWorldsFault =
      error instanceof ObjectStoreUnavailableError ||
      (error instanceof ApiError && error.code === 'UNAVAILABLE') ||
      (error instanceof ToolFailed && error.why === 'stopped') ||
      isDatabaseUnavailable(error);
    log.warn({ error: loggedError(error), contentId: taken.contentId }, 'an upload was not verified; that comes again');
    await db.sql
      .updateTable('uploads')
      .set({ lease_until: clock.now() + RETRY_MS, attempts: isWorldsFault ? taken.attempt - 1 : taken.attempt })
      .where('id', '=', taken.id)
      .where('attempts', '=', taken.attempt)
      .execute();
  }
}
