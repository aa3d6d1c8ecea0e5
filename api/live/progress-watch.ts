/**
 * How far the newest deployments of one tenant's schedules have come, while somebody looks. As with ladders a cheap probe tells
 * whether any device said anything of a schedule; what has been applied everywhere is not looked at any more.
 */
import { sql } from 'kysely';
import type { ApiContext } from '../context.ts';
import { scheduleProgress } from '../schedules/deployment-progress.ts';
import { isGroupInScope } from '../scope.ts';
import type { Audience, Round } from './audience.ts';
import { PROGRESS_MAX, type ProgressItem } from './live-messages.ts';

/** Deployments are followed for so long, in milliseconds. */
const FOLLOWED_MS = 24 * 3_600_000;
/** Progress of one audience is counted, and reports looked at, at most so often, in milliseconds. */
const EVERY_MS = 1_000;
/** When nothing was said for QUIET_MS, reports are looked at this often, in milliseconds. */
const QUIET_EVERY_MS = 4_000;
const QUIET_MS = 30_000;
/** Deployments are listed anew this often even if no change was heard of, in milliseconds. */
const LIST_EVERY_MS = 10_000;
/** For every millisecond that counting takes, so many are left to others. */
const REST_FACTOR = 4;

interface FollowedRow {
  readonly id: number;
  readonly schedule_id: number;
  /** Whose the schedule is. */
  readonly group_id: number | null;
}

export class ProgressWatch {
  readonly #ctx: Pick<ApiContext, 'db' | 'clock'>;
  readonly #tenantId: number;
  #followed: readonly FollowedRow[] = [];
  /** How far the devices' reports have come, as text. */
  #probe = '';
  #isListDue = true;
  #listedAtMs = Number.NEGATIVE_INFINITY;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #changedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ctx: Pick<ApiContext, 'db' | 'clock'>, tenantId: number) {
    this.#ctx = ctx;
    this.#tenantId = tenantId;
  }

  /** Schedules were deployed or withdrawn, or may have been. */
  learn(): void {
    this.#isListDue = true;
  }

  /** Looks, counts and tells. */
  async step(audiences: readonly Audience[], round: Round): Promise<void> {
    const { nowMs } = round;
    const everyMs = nowMs - this.#changedAtMs < QUIET_MS ? EVERY_MS : QUIET_EVERY_MS;
    const isLook = this.#isListDue || nowMs - this.#probedAtMs >= everyMs;
    if (isLook) await this.#look(nowMs);
    // Who has waited longest comes first.
    for (const audience of [...audiences].sort((a, b) => a.nextProgressAtMs - b.nextProgressAtMs)) {
      if (round.isLate()) break;
      await this.#tell(audience, round);
    }
  }

  async #look(nowMs: number): Promise<void> {
    if (this.#isListDue || nowMs - this.#listedAtMs >= LIST_EVERY_MS) {
      if (this.#isListDue) this.#changedAtMs = nowMs;
      this.#isListDue = false;
      this.#followed = await this.#list();
      this.#listedAtMs = nowMs;
    }
    this.#probedAtMs = nowMs;
    const probe = this.#followed.length === 0 ? '' : await this.#readProbe();
    if (probe !== this.#probe) this.#changedAtMs = nowMs;
    this.#probe = probe;
  }

  async #list(): Promise<FollowedRow[]> {
    return this.#ctx.db.sql
      .selectFrom('deployments as d')
      .innerJoin('schedules as s', 's.id', 'd.schedule_id')
      .select(['d.id', 'd.schedule_id', 's.group_id'])
      .where('d.tenant_id', '=', this.#tenantId)
      .where('d.status', '=', 'active')
      .where('d.created_at', '>', this.#ctx.clock.now() - FOLLOWED_MS)
      .orderBy('d.id', 'desc')
      .limit(PROGRESS_MAX)
      .execute();
  }

  async #readProbe(): Promise<string> {
    const { rows } = await sql<Record<'n' | 'v' | 'a' | 'f' | 'm', number | string | null>>`
      select count(schedule_version) as n, sum(schedule_version) as v, max(schedule_at) as m,
        count(case when schedule_state = 'applied' then 1 end) as a,
        count(case when schedule_state = 'failed' then 1 end) as f
      from device_reports where tenant_id = ${this.#tenantId}`.execute(this.#ctx.db.sql);
    return rows.map(({ n, v, a, f, m }) => [n, v, a, f, m].join(' ')).join();
  }

  async #tell(audience: Audience, { nowMs, devices }: Round): Promise<void> {
    const { actor } = audience;
    for (const id of audience.progress.keys()) {
      if (!this.#followed.some((row) => row.id === id)) audience.progress.delete(id);
    }
    if (nowMs < audience.nextProgressAtMs) return;
    const print = `${this.#probe}|${devices}`;
    const due = this.#followed.filter(
      (row) =>
        (row.group_id === null || isGroupInScope(actor, row.group_id)) &&
        audience.progress.get(row.id)?.print !== print,
    );
    if (due.length === 0) return;
    const beganAtMs = this.#ctx.clock.monotonicMs();
    const counted = await scheduleProgress(
      this.#ctx.db.sql,
      actor,
      due.map(({ id }) => id),
    );
    const changed: ProgressItem[] = [];
    for (const { id, schedule_id: scheduleId } of due) {
      const progress = counted.get(id);
      if (progress === undefined) continue;
      const before = audience.progress.get(id)?.item ?? null;
      const isOpen = progress.pending + progress.received > 0;
      // What nobody has to apply any more is told once, to those who were told that it was open.
      const item = isOpen ? { deploymentId: id, scheduleId, progress } : null;
      audience.progress.set(id, { print, item });
      const last = item ?? (before === null ? null : { deploymentId: id, scheduleId, progress });
      if (last !== null && JSON.stringify(last) !== JSON.stringify(before)) changed.push(last);
    }
    const tookMs = this.#ctx.clock.monotonicMs() - beganAtMs;
    audience.nextProgressAtMs = nowMs + Math.max(EVERY_MS, tookMs * REST_FACTOR);
    audience.tellProgress(changed);
  }
}
