/**
 * Plays added up by what they are grouped by. Memory: one sum a group, with one bit for every device that played it.
 *
 * Plays during an alert are kept apart from the others, and those of a clock that cannot have been right are left out unless they
 * are asked for; how many these are is said all the same.
 */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import type { OffsetSpan, ReportRange } from './report-range.ts';
import { inSlices, SliceTooFull } from './usage-slices.ts';

/** Groups that a report may have, e.g. contents that were played. Past it: VALIDATION_ERROR. */
const SUMS_MAX = 100_000;
const DAY_MS = 86_400_000;

export type UsageKey = 'content' | 'device' | 'schedule' | 'day';
export type During = 'all' | 'normal' | 'alert';
export type Clock = 'good' | 'suspect' | 'all';

/** Which plays are meant. */
export interface UsageFilter {
  readonly tenantId: number;
  /** Epoch milliseconds, included. */
  readonly fromMs: number;
  /** Epoch milliseconds, not included. */
  readonly toMs: number;
  /** Only devices that stand in one of these groups now; null: all, also deleted ones. */
  readonly groupIds: readonly number[] | null;
  readonly deviceId: number | undefined;
  readonly contentId: number | undefined;
  readonly scheduleId: number | undefined;
  readonly during: During;
  readonly clock: Clock;
}

/** The plays that a query asks for, among the devices of these groups. */
export function usageFilter(
  actor: Pick<Actor, 'tenantId'>,
  asked: Partial<Pick<UsageFilter, 'deviceId' | 'contentId' | 'scheduleId'>> & Pick<UsageFilter, 'during' | 'clock'>,
  { fromMs, toMs }: ReportRange,
  groupIds: UsageFilter['groupIds'],
): UsageFilter {
  const { deviceId, contentId, scheduleId, during, clock } = asked;
  return { tenantId: actor.tenantId, fromMs, toMs, groupIds, deviceId, contentId, scheduleId, during, clock };
}

export interface UsageSum {
  /** The id; of days, the local midnight as if it were UTC, epoch milliseconds; null: plays without a schedule. */
  readonly key: number | null;
  plays: number;
  playMs: number;
  alertPlays: number;
  alertPlayMs: number;
  /** Epoch milliseconds. */
  firstAt: number;
  lastAt: number;
  devices: number;
}

export interface UsageSums {
  readonly sums: UsageSum[];
  /** Plays of suspect clocks that the other filters would let through. */
  readonly suspect: number;
  /** Different devices in all sums. */
  readonly devices: number;
}

/** SQL condition over `usage_logs as u`: all of the filter but time and clock. */
export function filterSql(filter: UsageFilter): RawBuilder<SqlBool> {
  const parts = [sql<SqlBool>`u.tenant_id = ${filter.tenantId}`];
  const { groupIds, deviceId, contentId, scheduleId, during } = filter;
  if (deviceId !== undefined) parts.push(sql`u.device_id = ${deviceId}`);
  if (contentId !== undefined) parts.push(sql`u.content_id = ${contentId}`);
  if (scheduleId !== undefined) parts.push(sql`u.schedule_id = ${scheduleId}`);
  if (during === 'normal') parts.push(sql`u.alert_deployment_id is null`);
  if (during === 'alert') parts.push(sql`u.alert_deployment_id is not null`);
  // A value and no join: whatever there is to join, one of the databases begins with it, and then reads every play of each device.
  if (groupIds !== null && groupIds.length === 0) parts.push(sql`1 = 0`);
  else if (groupIds !== null) {
    parts.push(
      sql`coalesce((select d.group_id from devices d where d.id = u.device_id), 0) in (${sql.join(groupIds)})`,
    );
  }
  return sql.join(parts, sql` and `);
}

/** Local midnight of the play's day, in SQL. */
function dayKey(spans: readonly OffsetSpan[]): RawBuilder<number> {
  const last = spans.at(-1)?.offsetMs ?? 0;
  const offset =
    spans.length < 2
      ? sql`${last}`
      : sql`case ${sql.join(
          spans.slice(0, -1).map(({ untilMs, offsetMs }) => sql`when u.started_at < ${untilMs} then ${offsetMs}`),
          sql` `,
        )} else ${last} end`;
  return sql`(u.started_at + ${offset} - (u.started_at + ${offset}) % ${DAY_MS})`;
}

function keySql(by: UsageKey, spans: readonly OffsetSpan[]): RawBuilder<unknown> {
  switch (by) {
    case 'content':
      return sql`u.content_id`;
    case 'device':
      return sql`u.device_id`;
    case 'schedule':
      return sql`u.schedule_id`;
    case 'day':
      return dayKey(spans);
  }
}

/** Which of the devices, each of which has a number, were seen. */
class SeenDevices {
  #bits = new Uint32Array(1);
  count = 0;

  add(index: number): void {
    const word = index >>> 5;
    if (word >= this.#bits.length) {
      const grown = new Uint32Array(Math.max(word + 1, this.#bits.length * 2));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    const bit = 1 << (index & 31);
    const before = this.#bits[word] ?? 0;
    if ((before & bit) !== 0) return;
    this.#bits[word] = before | bit;
    this.count += 1;
  }
}

interface SliceRow {
  readonly k: number | null;
  readonly clock_suspect: number;
  readonly plays: number | string;
  readonly play_ms: number | string;
  readonly alert_plays: number | string;
  readonly alert_play_ms: number | string;
  readonly first_at: number;
  readonly last_at: number;
  /** Device ids, with repeats; null when the key is the device. */
  readonly devices: string | null;
}

/** The sums while they grow. */
class Collector {
  readonly sums = new Map<number | null, UsageSum>();
  suspect = 0;
  readonly #seen = new Map<number | null, SeenDevices>();
  readonly #all = new SeenDevices();
  readonly #indexOf = new Map<number, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get devices(): number {
    return this.#all.count;
  }

  /** Adds the rows of one slice; returns how many plays they stand for. Throws SliceTooFull, with nothing added. */
  add(rows: readonly SliceRow[]): number {
    const lists = rows.map((row) => (row.devices === null ? [String(row.k)] : row.devices.split(',')));
    // The database cuts a list that is too long for it, and says nothing.
    if (rows.some((row, index) => row.devices !== null && lists[index]?.length !== Number(row.plays))) {
      throw new SliceTooFull();
    }
    let plays = 0;
    rows.forEach((row, index) => {
      plays += Number(row.plays);
      if (row.clock_suspect === 1) this.suspect += Number(row.plays);
      if (this.#clock !== 'all' && (row.clock_suspect === 1) !== (this.#clock === 'suspect')) return;
      this.#addTo(this.#sumOf(row.k), row, lists[index] ?? []);
    });
    return plays;
  }

  #sumOf(key: number | null): UsageSum {
    let sum = this.sums.get(key);
    if (sum !== undefined) return sum;
    if (this.sums.size >= SUMS_MAX) {
      throw apiError('VALIDATION_ERROR', 'The report has too many rows: ask for less time or fewer devices', [
        { field: 'groupBy', message: `at most ${SUMS_MAX} rows` },
      ]);
    }
    sum = { key, plays: 0, playMs: 0, alertPlays: 0, alertPlayMs: 0, firstAt: Infinity, lastAt: 0, devices: 0 };
    this.sums.set(key, sum);
    return sum;
  }

  #addTo(sum: UsageSum, row: SliceRow, deviceIds: readonly string[]): void {
    sum.plays += Number(row.plays) - Number(row.alert_plays);
    sum.playMs += Number(row.play_ms) - Number(row.alert_play_ms);
    sum.alertPlays += Number(row.alert_plays);
    sum.alertPlayMs += Number(row.alert_play_ms);
    sum.firstAt = Math.min(sum.firstAt, row.first_at);
    sum.lastAt = Math.max(sum.lastAt, row.last_at);
    let seen = this.#seen.get(sum.key);
    if (seen === undefined) this.#seen.set(sum.key, (seen = new SeenDevices()));
    for (const text of deviceIds) {
      const id = Number(text);
      let index = this.#indexOf.get(id);
      if (index === undefined) this.#indexOf.set(id, (index = this.#indexOf.size));
      seen.add(index);
      this.#all.add(index);
    }
    sum.devices = seen.count;
  }
}

/** Adds up the plays that the filter means, in no order. `spans`: the zone of days, over the filter's time. */
export async function sumUsage(
  db: OpenDatabase<Database>,
  filter: UsageFilter,
  by: UsageKey,
  spans: readonly OffsetSpan[],
): Promise<UsageSums> {
  const collector = new Collector(filter.clock);
  const condition = filterSql(filter);
  // Once for each play, not `distinct`: that makes the database sort.
  const devices = by === 'device' ? sql`null` : sql`group_concat(u.device_id)`;
  await inSlices(db, filter.fromMs, filter.toMs, async (fromMs, toMs) => {
    const { rows } = await sql<SliceRow>`
      select ${keySql(by, spans)} as k, u.clock_suspect, count(*) as plays, sum(u.play_ms) as play_ms,
        count(u.alert_deployment_id) as alert_plays,
        sum(case when u.alert_deployment_id is null then 0 else u.play_ms end) as alert_play_ms,
        min(u.started_at) as first_at, max(u.started_at) as last_at, ${devices} as devices
      from usage_logs u
      where ${condition} and u.started_at >= ${fromMs} and u.started_at < ${toMs}
      group by k, u.clock_suspect`.execute(db.sql);
    return collector.add(rows);
  });
  return { sums: [...collector.sums.values()], suspect: collector.suspect, devices: collector.devices };
}
