/**
 * Looks at an alert once, PODOH_UNCONFIRMED_SECONDS after its start: while it is on and not on every screen, the outside is told
 * which screens are missing. The watch goes in the transaction that stores the event: told once, however many look.
 */
import type { Kysely } from 'kysely';
import { deploymentPhase, type LadderStage } from '../../hub/core/alert-ladder.ts';
import { isDatabaseUnavailable } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { readLadder } from '../alerts/deployment-ladder.ts';
import { readReach, type DeploymentReach } from '../alerts/deployment-reach.ts';
import { readReceipts } from '../alerts/deployment-receipts.ts';
import type { Actor, ApiContext } from '../context.ts';
import { loggedError } from '../failure-answer.ts';
import { toIso } from '../iso-time.ts';
import { inTransaction } from '../transaction.ts';
import { POISON_TRIES, readEpoch } from './change-consumer.ts';
import { readDeploymentFacts } from './event-deployments.ts';
import { EVENT_DEVICES_MAX, type AlertEvent, type EventDevice } from './event-json.ts';
import type { NotificationMetrics } from './notification-metrics.ts';
import { readListeners, storeEvents, type Listeners } from './outbox.ts';

/** Alerts looked at in one step; what is left waits for the next. */
const WATCHES_AT_ONCE = 20;

export type WatcherParts = Pick<ApiContext, 'db' | 'clock' | 'log' | 'notifier'> & {
  readonly metrics: NotificationMetrics;
};

interface Watch {
  readonly deployment_id: number;
  readonly tenant_id: number;
}

export class AlertWatcher {
  readonly #parts: WatcherParts;
  /** Tries of watches that could not be looked at, by deployment. */
  readonly #tries = new Map<number, number>();

  constructor(parts: WatcherParts) {
    this.#parts = parts;
  }

  /** Looks at what is due. Returns how many deliveries were made; rejects when the database is away. */
  async step(): Promise<number> {
    const { db, clock } = this.#parts;
    const due = await db.sql
      .selectFrom('alert_watches')
      .select(['deployment_id', 'tenant_id'])
      .where('due_at', '<=', clock.now())
      .orderBy('due_at')
      .limit(WATCHES_AT_ONCE)
      .execute();
    let stored = 0;
    for (const watch of due) stored += await this.#look(watch);
    return stored;
  }

  /** One that cannot be looked at must not keep the others from being looked at, nor be looked at for ever. */
  async #look(watch: Watch): Promise<number> {
    const { log, metrics } = this.#parts;
    const id = watch.deployment_id;
    try {
      const stored = await this.#tell(watch);
      this.#tries.delete(id);
      return stored;
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
      const tries = (this.#tries.get(id) ?? 0) + 1;
      this.#tries.set(id, tries);
      log.error({ deploymentId: id, tries, error: loggedError(error) }, 'notifications: looking at an alert failed');
      if (tries < POISON_TRIES) return 0;
      this.#tries.delete(id);
      metrics.skipped();
      return this.#conclude(watch, null, () => []);
    }
  }

  async #tell(watch: Watch): Promise<number> {
    const { db, notifier } = this.#parts;
    const listeners = await readListeners(db.sql, [watch.tenant_id], notifier !== null);
    // Counting the screens is the dear part: only for who listens.
    const event =
      listeners(watch.tenant_id, 'alert.unconfirmed').length === 0 ? null : await this.#unconfirmedEvent(watch);
    return this.#conclude(watch, event, listeners);
  }

  async #conclude(watch: Watch, event: Omit<AlertEvent, 'eventId'> | null, listeners: Listeners): Promise<number> {
    const { db, clock } = this.#parts;
    return inTransaction(db, async (tx) => {
      const { numDeletedRows } = await tx
        .deleteFrom('alert_watches')
        .where('deployment_id', '=', watch.deployment_id)
        .executeTakeFirst();
      // Somebody else has looked meanwhile.
      if (Number(numDeletedRows) === 0 || event === null) return 0;
      const eventId = `${event.kind}:${await readEpoch(tx)}:${watch.deployment_id}`;
      return storeEvents(tx, [{ eventId, ...event }], listeners, clock.now());
    });
  }

  /** The event, or null when the alert is over or on every screen. */
  async #unconfirmedEvent({
    deployment_id: id,
    tenant_id: tenantId,
  }: Watch): Promise<Omit<AlertEvent, 'eventId'> | null> {
    const { db, clock } = this.#parts;
    const now = clock.now();
    const facts = (await readDeploymentFacts(db.sql, [id])).get(id);
    if (facts === undefined || deploymentPhase(facts, now) !== 'active') return null;
    const actor = wholeTenant(tenantId);
    const reach = await readReach(db.sql, actor, id);
    const ladder = await readLadder(db.sql, actor, reach, 'active');
    if (ladder.unconfirmed + ladder.failed === 0) return null;
    const failed = await missing(db.sql, actor, reach, 'failed', EVENT_DEVICES_MAX);
    const silent = await missing(db.sql, actor, reach, 'unconfirmed', EVENT_DEVICES_MAX - failed.length);
    return {
      kind: 'alert.unconfirmed',
      at: toIso(now),
      tenantId,
      deployment: facts.deployment,
      ladder,
      devices: [...failed, ...silent],
    };
  }
}

/** The reader of a whole tenant: events are for the tenant's administrators. */
function wholeTenant(tenantId: number): Actor {
  return { userId: 0, tenantId, username: '', role: 'admin', scope: null, ip: '', requestId: '' };
}

async function missing(
  db: Kysely<Database>,
  actor: Actor,
  reach: DeploymentReach,
  stage: LadderStage & EventDevice['state'],
  limit: number,
): Promise<EventDevice[]> {
  if (limit === 0) return [];
  const sort = { column: 'deviceId', direction: 'asc' } as const;
  const { receipts } = await readReceipts(db, actor, reach, { stage, q: undefined, sort, limit, offset: 0 });
  return receipts.map(({ deviceId, name, reason }) => ({ deviceId, name, state: stage, reason }));
}
