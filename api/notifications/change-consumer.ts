/**
 * Turns the change log into events, from a cursor of its own that is kept in the database.
 *
 * States of a process: waiting (another one holds the lease) and reading (this one does; it renews the lease as it goes). A
 * process that dies is followed by another when its lease has run out; one that stops gives it back.
 * Invariants: the cursor moves in the transaction that stores what was read, under the lock of its row, and only by who is named
 * in it, so that every change is turned into its events exactly once, whatever the clocks say of the lease; it never moves past
 * a change that could not be turned, but for one that failed POISON_TRIES times.
 */
import { sql, type Transaction } from 'kysely';
import { isDatabaseUnavailable } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { ApiContext } from '../context.ts';
import { loggedError } from '../failure-answer.ts';
import { toIso } from '../iso-time.ts';
import { inTransaction } from '../transaction.ts';
import { readDeploymentFacts, type DeploymentFacts } from './event-deployments.ts';
import type { AlertEvent } from './event-json.ts';
import type { NotificationMetrics } from './notification-metrics.ts';
import { readListeners, storeEvents } from './outbox.ts';

/** The consumer's row in `consumers`. */
export const CONSUMER = 'notifications';
/** A process that has not been heard of for so long may be followed by another, in milliseconds. */
export const LEASE_MS = 10_000;
/** The lease is renewed when less than this is left of it, in milliseconds. */
const RENEW_BELOW_MS = 5_000;
/** Changes taken in one transaction. */
const PAGE_SIZE = 500;
/** Transactions in one step; what is left waits for the next. */
const PAGES_MAX = 50;
/** Tries of a change that cannot be turned into its event before it is passed over. */
export const POISON_TRIES = 5;

export type ConsumerParts = Pick<ApiContext, 'db' | 'clock' | 'log' | 'notifier' | 'settings'> & {
  readonly metrics: NotificationMetrics;
};

/** What a step did. */
export interface Step {
  /** This process is the one that reads. */
  readonly reads: boolean;
  /** Deliveries that were made for the senders. */
  readonly stored: number;
}

interface Place {
  readonly rev: number;
  readonly lease_owner: string | null;
  readonly lease_until: number | null;
  readonly head: number;
}

interface ChangeRow {
  readonly rev: number;
  readonly tenant_id: number;
  readonly kind: string;
  /** Null for the kinds that concern nobody here. */
  readonly payload: string | null;
}

/** What became of a page; null: the lease was lost. */
type Page = { readonly rev: number; readonly stored: number } | null;

/**
 * Makes sure that the cursor is there; a new one begins at the head, so that nobody is told of the past. Call it before anything
 * can happen that is to be told of.
 */
export async function ensureCursor({ db, clock }: Pick<ApiContext, 'db' | 'clock'>): Promise<void> {
  const row = await db.sql.selectFrom('consumers').select('rev').where('name', '=', CONSUMER).executeTakeFirst();
  if (row !== undefined) return;
  const { prefix, suffix } = db.dialect.insertIgnore;
  // Of several that start at once one makes the row, and the others leave it as it is.
  await sql`${prefix} into consumers (name, rev, updated_at, lease_owner, lease_until)
    select ${CONSUMER}, value, ${clock.now()}, null, null from counters where name = 'rev' ${suffix}`.execute(db.sql);
}

export class ChangeConsumer {
  readonly #parts: ConsumerParts;
  readonly #owner: string;
  /** Up to this rev changes are taken one by one: one of them could not be turned into its event. */
  #carefulTo = 0;
  #poison = { rev: 0, tries: 0 };
  /** The change that is being turned. */
  #at = 0;

  /** @param owner names this process among those that share the database */
  constructor(parts: ConsumerParts, owner: string) {
    this.#parts = parts;
    this.#owner = owner;
  }

  /** Reads what is new, if it is for this process to read. Rejects when the database is away or a change could not be turned. */
  async step(): Promise<Step> {
    const place = await this.#place();
    if (place === null) {
      await ensureCursor(this.#parts);
      return { reads: false, stored: 0 };
    }
    if (!(await this.#hold(place))) {
      this.#parts.metrics.setLag(0);
      return { reads: false, stored: 0 };
    }
    let { rev } = place;
    let stored = 0;
    if (rev > place.head) rev = await this.#goBack(place);
    for (let pages = 0; rev < place.head && pages < PAGES_MAX; pages += 1) {
      this.#parts.metrics.setLag(place.head - rev);
      const page = await this.#page(rev, place.head);
      if (page === null) return { reads: false, stored };
      ({ rev } = page);
      stored += page.stored;
    }
    this.#parts.metrics.setLag(Math.max(0, place.head - rev));
    return { reads: true, stored };
  }

  /** Gives the lease back, so that another process need not wait for its end. */
  async release(): Promise<void> {
    await this.#parts.db.sql
      .updateTable('consumers')
      .set({ lease_owner: null, lease_until: null })
      .where('name', '=', CONSUMER)
      .where('lease_owner', '=', this.#owner)
      .execute();
  }

  async #place(): Promise<Place | null> {
    const row = await this.#parts.db.sql
      .selectFrom('consumers as c')
      .innerJoin('counters as k', (join) => join.on('k.name', '=', 'rev'))
      .select(['c.rev', 'c.lease_owner', 'c.lease_until', 'k.value as head'])
      .where('c.name', '=', CONSUMER)
      .executeTakeFirst();
    return row ?? null;
  }

  /** Whether the lease is ours, taken or renewed where need be. */
  async #hold({ lease_owner: owner, lease_until: until }: Place): Promise<boolean> {
    const now = this.#parts.clock.now();
    if (owner === this.#owner && until !== null && until - now > RENEW_BELOW_MS) return true;
    if (owner !== null && owner !== this.#owner && until !== null && until > now) return false;
    const { numUpdatedRows } = await this.#parts.db.sql
      .updateTable('consumers')
      .set({ lease_owner: this.#owner, lease_until: now + LEASE_MS, updated_at: now })
      .where('name', '=', CONSUMER)
      .where((eb) =>
        eb.or([
          eb('lease_owner', 'is', null),
          eb('lease_owner', '=', this.#owner),
          eb('lease_until', 'is', null),
          eb('lease_until', '<=', now),
        ]),
      )
      .executeTakeFirst();
    return Number(numUpdatedRows) === 1;
  }

  /** A cursor ahead of the log: the log is another one, restored from a backup. What it holds is past. */
  async #goBack({ rev, head }: Place): Promise<number> {
    this.#parts.log.warn({ rev, head }, 'notifications: the cursor was ahead of the log and is set to its head');
    await this.#parts.db.sql
      .updateTable('consumers')
      .set({ rev: head, updated_at: this.#parts.clock.now() })
      .where('name', '=', CONSUMER)
      .where('lease_owner', '=', this.#owner)
      .execute();
    return head;
  }

  /** Takes the next page; one change at a time where one of them failed before. */
  async #page(rev: number, head: number): Promise<Page> {
    const limit = rev < this.#carefulTo ? 1 : PAGE_SIZE;
    try {
      return await inTransaction(this.#parts.db, (tx) => this.#turn(tx, head, limit));
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
      if (limit > 1) {
        this.#carefulTo = Math.min(rev + PAGE_SIZE, head);
        return { rev, stored: 0 };
      }
      return this.#poisoned(error);
    }
  }

  /** Turns changes after the cursor into stored events and moves the cursor, all in one transaction. */
  async #turn(tx: Transaction<Database>, head: number, limit: number): Promise<Page> {
    const { db, clock, notifier, settings } = this.#parts;
    const now = clock.now();
    const cursor = await tx
      .selectFrom('consumers')
      .select(['rev', 'lease_owner'])
      .where('name', '=', CONSUMER)
      .modifyEnd(db.dialect.forUpdate)
      .executeTakeFirst();
    if (cursor?.lease_owner !== this.#owner) return null;
    this.#at = cursor.rev + 1;
    const changes = await readChanges(tx, cursor.rev, limit);
    this.#at = changes[0]?.rev ?? head;
    this.#noteGap(cursor.rev, changes[0]?.rev ?? head + 1);
    const events = await alertEvents(tx, changes);
    const listeners = await readListeners(
      tx,
      events.map(({ tenantId }) => tenantId),
      notifier !== null,
    );
    const stored = await storeEvents(tx, events, listeners, now);
    for (const { kind, tenantId, deployment } of events) {
      if (kind !== 'alert.started') continue;
      const { prefix, suffix } = db.dialect.insertIgnore;
      const dueAt = Date.parse(deployment.startedAt) + settings.unconfirmedSeconds * 1000;
      await sql`${prefix} into alert_watches (deployment_id, tenant_id, due_at)
        values (${deployment.deploymentId}, ${tenantId}, ${dueAt}) ${suffix}`.execute(tx);
    }
    const rev = changes.at(-1)?.rev ?? head;
    await tx
      .updateTable('consumers')
      .set({ rev, updated_at: now, lease_until: now + LEASE_MS })
      .where('name', '=', CONSUMER)
      .execute();
    return { rev, stored };
  }

  #noteGap(cursor: number, next: number): void {
    if (next === cursor + 1) return;
    this.#parts.log.error(
      { cursor, next },
      'notifications: the log was pruned past the cursor: what happened in between is not told',
    );
  }

  /** Passes over the change that could not be turned, once it had its tries; rethrows before that. */
  async #poisoned(error: unknown): Promise<Page> {
    const { db, clock, log, metrics } = this.#parts;
    const rev = this.#at;
    this.#poison = { rev, tries: this.#poison.rev === rev ? this.#poison.tries + 1 : 1 };
    if (this.#poison.tries < POISON_TRIES) throw error;
    log.error(
      { rev, error: loggedError(error) },
      'notifications: a change could not be turned into an event: passed over',
    );
    metrics.skipped();
    const { numUpdatedRows } = await db.sql
      .updateTable('consumers')
      .set({ rev, updated_at: clock.now() })
      .where('name', '=', CONSUMER)
      .where('lease_owner', '=', this.#owner)
      .where('rev', '<', rev)
      .executeTakeFirst();
    return Number(numUpdatedRows) === 1 ? { rev, stored: 0 } : null;
  }
}

async function readChanges(tx: Transaction<Database>, cursor: number, limit: number): Promise<ChangeRow[]> {
  return (
    tx
      .selectFrom('changes')
      .select(['rev', 'tenant_id', 'kind'])
      // Of the others nothing but the number is needed.
      .select((eb) =>
        eb.case().when('kind', 'in', ['alert.started', 'alert.stopped']).then(eb.ref('payload')).end().as('payload'),
      )
      .where('rev', '>', cursor)
      .orderBy('rev')
      .limit(limit)
      .execute()
  );
}

/** The deployment that a change is about. Throws when it does not say. */
function deploymentOf({ kind, payload }: ChangeRow): number {
  const change = JSON.parse(payload ?? 'null') as { deploymentId?: unknown; alert?: { deploymentId?: unknown } };
  const id = kind === 'alert.started' ? change.alert?.deploymentId : change.deploymentId;
  if (typeof id !== 'number') throw new Error(`a change of kind ${kind} names no deployment`);
  return id;
}

async function alertEvents(tx: Transaction<Database>, changes: readonly ChangeRow[]): Promise<AlertEvent[]> {
  const told = changes
    .filter(({ payload }) => payload !== null)
    .map((change) => ({ change, deploymentId: deploymentOf(change) }));
  if (told.length === 0) return [];
  const epoch = await readEpoch(tx);
  const facts = await readDeploymentFacts(
    tx,
    told.map(({ deploymentId }) => deploymentId),
  );
  return told.flatMap(({ change, deploymentId }) => {
    const found = facts.get(deploymentId);
    // Its rows were removed by hand: there is nothing left to tell.
    if (found === undefined || found.tenantId !== change.tenant_id) return [];
    return [change.kind === 'alert.started' ? startEvent(epoch, found) : stopEvent(epoch, found)];
  });
}

/** The identity of the database's history: after a restore ids are given out again, and an event's name must not be. */
export async function readEpoch(db: Transaction<Database>): Promise<string> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', 'epoch').executeTakeFirstOrThrow();
  return row.value;
}

function startEvent(epoch: string, { tenantId, deployment }: DeploymentFacts): AlertEvent {
  return {
    eventId: `alert.started:${epoch}:${deployment.deploymentId}`,
    kind: 'alert.started',
    at: deployment.startedAt,
    tenantId,
    deployment,
  };
}

function stopEvent(epoch: string, { tenantId, deployment, stoppedAt }: DeploymentFacts): AlertEvent {
  if (stoppedAt === null) throw new Error(`deployment ${deployment.deploymentId} was stopped and does not say when`);
  return {
    eventId: `alert.stopped:${epoch}:${deployment.deploymentId}`,
    kind: 'alert.stopped',
    at: toIso(stoppedAt),
    tenantId,
    deployment: { ...deployment, stoppedAt: toIso(stoppedAt) },
  };
}
