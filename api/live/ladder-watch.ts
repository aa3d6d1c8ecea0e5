/**
 * The ladders of one tenant's alerts, while somebody looks.
 *
 * A deployment is followed while it is on and for a minute after. A cheap probe, once for all audiences, tells whether any device
 * said anything; only then, and when devices came, went or moved, is a ladder counted, and nobody's more often than EVERY_MS says nor
 * for more than a quarter of the time.
 */
import { sql } from 'kysely';
import { deploymentPhase, type DeploymentPhase } from '../../hub/core/alert-ladder.ts';
import { readLadder, readLatency } from '../alerts/deployment-ladder.ts';
import { readReach, type DeploymentReach } from '../alerts/deployment-reach.ts';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import type { Audience, Round } from './audience.ts';
import { LADDERS_MAX, type ChangedEntity, type LadderItem } from './live-messages.ts';

/** A deployment is followed for so long after its end, in milliseconds. */
const FOLLOWED_AFTER_MS = 60_000;
/**
 * Ladders of one audience are counted, and receipts looked at, at most so often, in milliseconds. Shorter than the time between two looks
 * (live-limits.ts), so that a look that came a little early is not in vain: an operator is told at least twice a second.
 */
const EVERY_MS = 350;
/** When nothing was said for QUIET_MS, receipts are looked at this often, in milliseconds. */
const QUIET_EVERY_MS = 2_000;
const QUIET_MS = 30_000;
/** Deployments are listed anew this often even if no change was heard of, in milliseconds. */
const LIST_EVERY_MS = 5_000;
/** For every millisecond that counting takes, so many are left to others. */
const REST_FACTOR = 4;

interface FollowedRow {
  readonly id: number;
  readonly started_at: number;
  readonly expires_at: number;
  readonly stopped_at: number | null;
}

function endOf({ expires_at: expiresAt, stopped_at: stoppedAt }: FollowedRow): number {
  return stoppedAt === null ? expiresAt : Math.min(stoppedAt, expiresAt);
}

export class LadderWatch {
  readonly #ctx: Pick<ApiContext, 'db' | 'clock'>;
  readonly #tenantId: number;
  #followed: readonly FollowedRow[] = [];
  /** How far the receipts of a deployment have come, as text. */
  #probes = new Map<number, string>();
  #isListDue = true;
  #listedAtMs = Number.NEGATIVE_INFINITY;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #changedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ctx: Pick<ApiContext, 'db' | 'clock'>, tenantId: number) {
    this.#ctx = ctx;
    this.#tenantId = tenantId;
  }

  /** Alerts were started or stopped, or may have been. */
  learn(): void {
    this.#isListDue = true;
  }

  /** Looks, counts and tells. */
  async step(audiences: readonly Audience[], round: Round): Promise<void> {
    const { nowMs } = round;
    const everyMs = nowMs - this.#changedAtMs < QUIET_MS ? EVERY_MS : QUIET_EVERY_MS;
    const isLook = this.#isListDue || nowMs - this.#probedAtMs >= everyMs;
    if (isLook) await this.#look(nowMs);
    if (this.#followed.length === 0 && !isLook) return;
    // Who has waited longest comes first.
    for (const audience of [...audiences].sort((a, b) => a.nextLadderAtMs - b.nextLadderAtMs)) {
      if (round.isLate()) break;
      await this.#tell(audience, round);
    }
  }

  async #look(nowMs: number): Promise<void> {
    if (this.#isListDue || nowMs - this.#listedAtMs >= LIST_EVERY_MS) {
      const isHeard = this.#isListDue;
      if (isHeard) this.#changedAtMs = nowMs;
      this.#isListDue = false;
      this.#followed = await this.#list(isHeard);
      this.#listedAtMs = nowMs;
    }
    this.#probedAtMs = nowMs;
    const after = this.#ctx.clock.now() - FOLLOWED_AFTER_MS;
    this.#followed = this.#followed.filter((row) => endOf(row) > after);
    const probes = await this.#probe(this.#followed.map(({ id }) => id));
    if (JSON.stringify([...probes]) !== JSON.stringify([...this.#probes])) this.#changedAtMs = nowMs;
    this.#probes = probes;
  }

  /**
   * Active deployments and those stopped a moment ago, the newest first. Those stopped are many in a tenant's history: they are
   * searched when it was heard that an alert was stopped, and else found among those that were followed.
   */
  async #list(isHeard: boolean): Promise<FollowedRow[]> {
    const after = this.#ctx.clock.now() - FOLLOWED_AFTER_MS;
    const rows = this.#ctx.db.sql
      .selectFrom('alert_deployments')
      .select(['id', 'started_at', 'expires_at', 'stopped_at'])
      .where('tenant_id', '=', this.#tenantId)
      .orderBy('id', 'desc')
      .limit(LADDERS_MAX);
    const active = await rows.where('status', '=', 'active').where('expires_at', '>', after).execute();
    const known = this.#followed.map(({ id }) => id);
    const isSearched = isHeard || known.length > 0;
    const among = isHeard ? rows : rows.where('id', 'in', known);
    const stopped = isSearched
      ? await among.where('status', '=', 'stopped').where('stopped_at', '>', after).execute()
      : [];
    return [...active, ...stopped].sort((a, b) => b.id - a.id).slice(0, LADDERS_MAX);
  }

  async #probe(ids: readonly number[]): Promise<Map<number, string>> {
    if (ids.length === 0) return new Map();
    const { rows } = await sql<Record<'id' | 'n' | 's' | 'r' | 'd' | 'c' | 'f', number | string>>`
      select deployment_id as id, count(*) as n, count(sent_at) as s, count(received_at) as r, count(displayed_at) as d,
        count(cleared_at) as c, count(failed_at) as f
      from alert_receipts where deployment_id in (${sql.join([...ids])}) group by deployment_id`.execute(
      this.#ctx.db.sql,
    );
    return new Map(rows.map(({ id, n, s, r, d, c, f }) => [Number(id), [n, s, r, d, c, f].join(' ')]));
  }

  async #tell(audience: Audience, { nowMs, isLate, devices }: Round): Promise<void> {
    for (const id of audience.ladders.keys()) {
      if (!this.#followed.some((row) => row.id === id)) audience.ladders.delete(id);
    }
    if (nowMs < audience.nextLadderAtMs) return;
    const now = this.#ctx.clock.now();
    const due = this.#followed.flatMap((row) => {
      const phase = deploymentPhase({ expiresAt: row.expires_at, stoppedAt: row.stopped_at }, now);
      const print = [this.#probes.get(row.id) ?? '', phase, devices].join('|');
      return audience.ladders.get(row.id)?.print === print ? [] : [{ row, phase, print }];
    });
    if (due.length === 0) return;
    const beganAtMs = this.#ctx.clock.monotonicMs();
    const changed: LadderItem[] = [];
    const entities: ChangedEntity[] = [];
    for (const { row, phase, print } of due) {
      // What is left is due in the next round as it is now.
      if (isLate()) break;
      const before = audience.ladders.get(row.id)?.item ?? null;
      const item = await this.#count(audience, row, phase, before);
      audience.ladders.set(row.id, { print, item });
      if (item === null || JSON.stringify(item) === JSON.stringify(before)) continue;
      changed.push(item);
      if (before?.status !== item.status) entities.push({ entity: 'alertDeployment', id: row.id });
    }
    const tookMs = this.#ctx.clock.monotonicMs() - beganAtMs;
    audience.nextLadderAtMs = nowMs + Math.max(EVERY_MS, tookMs * REST_FACTOR);
    audience.tellChanged(entities);
    audience.tellLadders(changed);
  }

  /** The ladder as this audience may see it; null when it reaches nothing of theirs. */
  async #count(
    { actor }: Audience,
    row: FollowedRow,
    phase: DeploymentPhase,
    before: LadderItem | null,
  ): Promise<LadderItem | null> {
    const db = this.#ctx.db.sql;
    let reach: DeploymentReach;
    try {
      reach = await readReach(db, actor, row.id);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
    const ladder = await readLadder(db, actor, reach, phase);
    // Percentiles cost the most; they are others only when somebody else has received or displayed it.
    const isSame = before?.ladder.received === ladder.received && before.ladder.displayed === ladder.displayed;
    const latency = isSame ? before.latency : await readLatency(db, actor, row.id, row.started_at);
    return { deploymentId: row.id, status: phase, ladder, latency };
  }
}
