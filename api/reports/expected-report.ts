/**
 * What should have been shown against what was: for each device and schedule, the time for which the schedule was the one to show, by
 * its timing and what else was deployed, and the plays that the device reported. Where a device stands is taken from now.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import Type, { type Static } from 'typebox';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { occurrences, type Occurrence } from '../../protocol/schedule-timing.ts';
import { toIso } from '../iso-time.ts';
import { listQuery, type Call, type RawAnswer } from '../route.ts';
import {
  deviceReader,
  readHistory,
  type DeploymentHistory,
  type DeviceReader,
  type ExpectedDevice,
} from './expected-reading.ts';
import { targetKey } from './expected-spans.ts';
import { winningTime, type ReachingSpan } from './expected-time.ts';
import { answerJson, answerReport, ReportFormat } from './report-format.ts';
import { readFilter } from './report-filter.ts';
import type { ReportColumn, ReportRow } from './report-model.ts';
import { ReportNames } from './report-names.ts';
import { rangeLine, RANGE_QUERY, readRange } from './report-range.ts';
import { inReportTurn } from './report-turns.ts';
import { inSlices } from './usage-slices.ts';
import { filterSql, type UsageFilter } from './usage-sums.ts';

/** Longest time of this report, in days. */
const EXPECTED_DAYS_MAX = 31;
/** Devices of a file whose plays are added up together: the more, the fewer looks at the plays, and the more memory. */
const DEVICES_AT_ONCE = 5_000;

const {
  q: _noSearch,
  sort: _noSort,
  ...expectedQuery
} = listQuery([], {
  ...RANGE_QUERY,
  deviceId: Type.Optional(Id),
  groupId: Type.Optional({ ...Id, description: 'Devices that stand in this group or below it now' }),
  format: ReportFormat,
}).properties;
export const ExpectedQuery = Type.Object(expectedQuery, { additionalProperties: false });
type ExpectedQuery = Static<typeof ExpectedQuery>;

const seconds = (description: string) => Type.Number({ minimum: 0, description: `seconds; ${description}` });
const FIGURES = {
  expectedSeconds: seconds('play time that was to be, every zone of the layout counted'),
  actualSeconds: seconds('play time reported, but for plays during alerts'),
  alertSeconds: seconds('play time reported while an alert was on the screen'),
  percent: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: 'actualSeconds of expectedSeconds; null when nothing was expected',
  }),
};
const ExpectedSchedule = Type.Object({
  scheduleId: Id,
  schedule: Type.Union([Type.String(), Type.Null()], { description: 'null when it was deleted' }),
  scheduledSeconds: seconds('for which it was the one to show'),
  ...FIGURES,
});
type ExpectedSchedule = Static<typeof ExpectedSchedule>;
const ExpectedRow = Type.Object({
  deviceId: Id,
  device: Type.String(),
  groupId: Type.Union([Id, Type.Null()]),
  group: Type.Union([Type.String(), Type.Null()]),
  ...FIGURES,
  schedules: Type.Array(ExpectedSchedule),
});
type ExpectedRow = Static<typeof ExpectedRow>;

export const ExpectedJson = Type.Object({
  from: Timestamp,
  to: { ...Timestamp, description: 'Now, when a later instant was asked for' },
  rows: Type.Array(ExpectedRow),
});

const COLUMNS: readonly ReportColumn[] = [
  { key: 'deviceId', title: 'Device id', kind: 'integer' },
  { key: 'device', title: 'Device', kind: 'text' },
  { key: 'group', title: 'Group', kind: 'text' },
  { key: 'scheduleId', title: 'Schedule id', kind: 'integer' },
  { key: 'schedule', title: 'Schedule', kind: 'text' },
  { key: 'scheduledSeconds', title: 'Scheduled seconds', kind: 'seconds' },
  { key: 'expectedSeconds', title: 'Expected seconds', kind: 'seconds' },
  { key: 'actualSeconds', title: 'Actual seconds', kind: 'seconds' },
  { key: 'alertSeconds', title: 'Seconds in alerts', kind: 'seconds' },
  { key: 'percent', title: 'Percent', kind: 'percent' },
];

interface Played {
  actualMs: number;
  alertMs: number;
}

interface Expected {
  scheduledMs: number;
  expectedMs: number;
}

/** Computes expected time, once for all devices that cannot differ in it. */
class Expectation {
  readonly #history: DeploymentHistory;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #active = new Map<string, readonly Occurrence[]>();
  readonly #computed = new Map<string, ReadonlyMap<number, Expected>>();

  constructor(history: DeploymentHistory, fromMs: number, toMs: number) {
    this.#history = history;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  /** By schedule. */
  of(device: ExpectedDevice): ReadonlyMap<number, Expected> {
    const own = this.#history.spansOf.has(targetKey({ kind: 'device', id: device.id })) ? device.id : '';
    const fromMs = Math.max(this.#fromMs, device.createdAt);
    const key = `${device.groupId} ${device.zone} ${fromMs} ${own}`;
    let found = this.#computed.get(key);
    if (found === undefined) this.#computed.set(key, (found = this.#compute(device, fromMs)));
    return found;
  }

  #compute(device: ExpectedDevice, fromMs: number): Map<number, Expected> {
    const targets = [
      { kind: 'device' as const, id: device.id },
      ...device.chain.map((id) => ({ kind: 'group' as const, id })),
    ];
    const spans = targets.flatMap((target, distance) =>
      (this.#history.spansOf.get(targetKey(target)) ?? []).map((span): ReachingSpan => ({
        ...span,
        distance,
        priority: this.#history.deployed.get(span.deploymentId)?.priority ?? 0,
        active: this.#activeTimes(span.deploymentId, device.zone),
      })),
    );
    const expected = new Map<number, Expected>();
    const scheduleOf = new Map(spans.map(({ deploymentId, scheduleId }) => [deploymentId, scheduleId]));
    for (const [deploymentId, ms] of winningTime(spans, fromMs, this.#toMs)) {
      const scheduleId = scheduleOf.get(deploymentId)!;
      const { scheduledMs, expectedMs } = expected.get(scheduleId) ?? { scheduledMs: 0, expectedMs: 0 };
      const zones = this.#history.deployed.get(deploymentId)?.zones ?? 1;
      expected.set(scheduleId, { scheduledMs: scheduledMs + ms, expectedMs: expectedMs + ms * zones });
    }
    return expected;
  }

  #activeTimes(deploymentId: number, zone: string): readonly Occurrence[] {
    const key = `${deploymentId} ${zone}`;
    let times = this.#active.get(key);
    if (times === undefined) {
      const timing = this.#history.deployed.get(deploymentId)?.timing ?? {};
      times = [...occurrences(timing, this.#fromMs, this.#toMs, zone)];
      this.#active.set(key, times);
    }
    return times;
  }
}

/** Play time by device and schedule, of these devices. */
async function readPlayed(
  db: OpenDatabase<Database>,
  filter: UsageFilter,
  deviceIds: readonly number[],
): Promise<Map<number, Map<number, Played>>> {
  const played = new Map<number, Map<number, Played>>(deviceIds.map((id) => [id, new Map()]));
  if (deviceIds.length === 0) return played;
  // In a file devices come in the order of their ids.
  const [first, last] = [Math.min(...deviceIds), Math.max(...deviceIds)];
  await inSlices(db, filter.fromMs, filter.toMs, async (fromMs, toMs) => {
    const { rows } = await sql<{
      device_id: number;
      schedule_id: number;
      plays: number | string;
      play_ms: number | string;
      alert_play_ms: number | string;
    }>`
      select u.device_id, u.schedule_id, count(*) as plays, sum(u.play_ms) as play_ms,
        sum(case when u.alert_deployment_id is null then 0 else u.play_ms end) as alert_play_ms
      from usage_logs u
      where ${filterSql(filter)} and u.started_at >= ${fromMs} and u.started_at < ${toMs} and u.clock_suspect = 0
        and u.schedule_id is not null and u.device_id between ${first} and ${last}
      group by u.device_id, u.schedule_id`.execute(db.sql);
    let plays = 0;
    for (const row of rows) {
      plays += Number(row.plays);
      const device = played.get(row.device_id);
      if (device === undefined) continue;
      let sum = device.get(row.schedule_id);
      if (sum === undefined) device.set(row.schedule_id, (sum = { actualMs: 0, alertMs: 0 }));
      sum.actualMs += Number(row.play_ms) - Number(row.alert_play_ms);
      sum.alertMs += Number(row.alert_play_ms);
    }
    return plays;
  });
  return played;
}

interface Work {
  readonly db: OpenDatabase<Database>;
  readonly filter: UsageFilter;
  readonly expectation: Expectation;
  readonly names: ReportNames;
}

function percentOf(actualMs: number, expectedMs: number): number | null {
  return expectedMs === 0 ? null : Math.round((actualMs / expectedMs) * 1_000) / 10;
}

async function rowsOf(
  { db, filter, expectation, names }: Work,
  devices: readonly ExpectedDevice[],
): Promise<ExpectedRow[]> {
  const ids = devices.map(({ id }) => id);
  const played = await inReportTurn(db, () => readPlayed(db, filter, ids));
  await names.load(
    'groups',
    devices.map(({ groupId }) => groupId),
  );
  const rows: ExpectedRow[] = [];
  for (const device of devices) {
    const expected = expectation.of(device);
    const actual = played.get(device.id) ?? new Map<number, Played>();
    const scheduleIds = [...new Set([...expected.keys(), ...actual.keys()])].sort((a, b) => a - b);
    await names.load('schedules', scheduleIds);
    const total = { expectedMs: 0, actualMs: 0, alertMs: 0 };
    const schedules = scheduleIds.map((scheduleId): ExpectedSchedule => {
      const { scheduledMs, expectedMs } = expected.get(scheduleId) ?? { scheduledMs: 0, expectedMs: 0 };
      const { actualMs, alertMs } = actual.get(scheduleId) ?? { actualMs: 0, alertMs: 0 };
      total.expectedMs += expectedMs;
      total.actualMs += actualMs;
      total.alertMs += alertMs;
      const schedule = names.of('schedules', scheduleId)?.name ?? null;
      return { scheduleId, schedule, scheduledSeconds: scheduledMs / 1_000, ...figures(expectedMs, actualMs, alertMs) };
    });
    rows.push({
      deviceId: device.id,
      device: device.name,
      groupId: device.groupId,
      group: names.of('groups', device.groupId)?.name ?? null,
      ...figures(total.expectedMs, total.actualMs, total.alertMs),
      schedules,
    });
    await nextTurn();
  }
  return rows;
}

function figures(expectedMs: number, actualMs: number, alertMs: number) {
  return {
    expectedSeconds: expectedMs / 1_000,
    actualSeconds: actualMs / 1_000,
    alertSeconds: alertMs / 1_000,
    percent: percentOf(actualMs, expectedMs),
  };
}

async function* fileRows(work: Work, devices: DeviceReader): AsyncGenerator<ReportRow> {
  for (let last = 0; ;) {
    const page = await devices.after(last, DEVICES_AT_ONCE);
    for (const { schedules, groupId: _groupId, ...device } of await rowsOf(work, page)) {
      for (const schedule of schedules) {
        yield { ...device, ...schedule, schedule: schedule.schedule ?? '(deleted)' };
      }
    }
    last = page.at(-1)?.id ?? last;
    if (page.length < DEVICES_AT_ONCE) return;
  }
}

/** The report. VALIDATION_ERROR for a range that is none, too long or all to come; NOT_FOUND for a filter the caller has not. */
export async function reportExpected(call: Call<unknown, ExpectedQuery, unknown>): Promise<RawAnswer> {
  const { ctx, actor, query } = call;
  const { format, page, limit, deviceId } = query;
  const now = ctx.clock.now();
  const asked = readRange(query, now, EXPECTED_DAYS_MAX);
  const range = { ...asked, toMs: Math.max(asked.fromMs, Math.min(asked.toMs, now)) };
  const { groupIds, criteria } = await readFilter(ctx.db, actor, query);
  const { fromMs, toMs } = range;
  const history = await readHistory(ctx.db.sql, actor.tenantId, fromMs, toMs);
  const devices = await deviceReader(ctx.db.sql, actor.tenantId, groupIds, deviceId);
  const work: Work = {
    db: ctx.db,
    // The devices are chosen already: to look at each play's group would cost for nothing.
    filter: {
      tenantId: actor.tenantId,
      fromMs,
      toMs,
      groupIds: null,
      deviceId,
      contentId: undefined,
      scheduleId: undefined,
      during: 'all',
      clock: 'good',
    },
    expectation: new Expectation(history, fromMs, toMs),
    names: new ReportNames(ctx.db.sql, actor.tenantId),
  };
  if (format !== 'json') {
    return answerReport(call, format, {
      name: 'expected',
      title: 'Expected against actual play time',
      columns: COLUMNS,
      rows: fileRows(work, devices),
      total: null,
      generatedAt: now,
      criteria: [rangeLine(range), ...criteria],
    });
  }
  const total = await devices.count();
  const rows = await rowsOf(work, await devices.from((page - 1) * limit, limit));
  const data: Static<typeof ExpectedJson> = { from: toIso(fromMs), to: toIso(toMs), rows };
  return answerJson(data, { page, limit, total });
}
