/** Proof of play, play by play, the newest first. */
import { sql } from 'kysely';
import Type, { type Static } from 'typebox';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { toIso } from '../iso-time.ts';
import { listQuery, type Call, type RawAnswer } from '../route.ts';
import { answerJson, answerReport, ReportFormat } from './report-format.ts';
import { readFilter } from './report-filter.ts';
import type { ReportColumn, ReportRow } from './report-model.ts';
import { ReportNames } from './report-names.ts';
import { rangeLine, RANGE_QUERY, readRange } from './report-range.ts';
import { inReportTurn } from './report-turns.ts';
import { PLAY_FILTERS, USAGE_DAYS_MAX } from './usage-report.ts';
import { inSlices } from './usage-slices.ts';
import { filterSql, usageFilter, type UsageFilter } from './usage-sums.ts';

/** Plays read at once while a file is written. */
const PLAYS_PAGE = 2_000;

const {
  q: _noSearch,
  sort: _noSort,
  ...playsQuery
} = listQuery([], {
  ...RANGE_QUERY,
  ...PLAY_FILTERS,
  format: ReportFormat,
}).properties;
export const PlaysQuery = Type.Object(playsQuery, { additionalProperties: false });
type PlaysQuery = Static<typeof PlaysQuery>;

const Nullable = Type.Union([Id, Type.Null()]);
const Name = Type.Union([Type.String(), Type.Null()], { description: 'null when it was deleted, or is none' });

const PlayJson = Type.Object({
  id: Id,
  startedAt: { ...Timestamp, description: "By the device's own clock" },
  playSeconds: Type.Number({ minimum: 0, description: 'seconds' }),
  deviceId: Id,
  device: Name,
  contentId: Id,
  content: Name,
  scheduleId: Nullable,
  schedule: Name,
  alertDeploymentId: { ...Nullable, description: 'The alert that was on the screen meanwhile' },
  clockSuspect: Type.Boolean({ description: "The device's clock cannot have been right" }),
  receivedAt: { ...Timestamp, description: 'When the hub heard of it' },
});
type PlayJson = Static<typeof PlayJson>;

export const PlaysJson = Type.Object({ from: Timestamp, to: Timestamp, rows: Type.Array(PlayJson) });

const COLUMNS: readonly ReportColumn[] = [
  { key: 'startedAt', title: 'Started', kind: 'timestamp' },
  { key: 'playSeconds', title: 'Seconds', kind: 'seconds' },
  { key: 'deviceId', title: 'Device id', kind: 'integer' },
  { key: 'device', title: 'Device', kind: 'text' },
  { key: 'contentId', title: 'Content id', kind: 'integer' },
  { key: 'content', title: 'Content', kind: 'text' },
  { key: 'scheduleId', title: 'Schedule id', kind: 'integer' },
  { key: 'schedule', title: 'Schedule', kind: 'text' },
  { key: 'alertDeploymentId', title: 'In alert', kind: 'integer' },
  { key: 'clockSuspect', title: 'Clock', kind: 'text' },
  { key: 'receivedAt', title: 'Received', kind: 'timestamp' },
];

interface PlayRow {
  readonly id: number;
  readonly started_at: number;
  readonly play_ms: number;
  readonly device_id: number;
  readonly content_id: number;
  readonly schedule_id: number | null;
  readonly alert_deployment_id: number | null;
  readonly clock_suspect: number;
  readonly received_at: number;
}

/** Where a page begins: after this play, or after so many. */
type PageStart = { readonly after: Pick<PlayRow, 'started_at' | 'id'> | null } | { readonly offset: number };

async function readPlays(
  db: OpenDatabase<Database>,
  filter: UsageFilter,
  start: PageStart,
  limit: number,
): Promise<readonly PlayRow[]> {
  const { fromMs, toMs, clock } = filter;
  const after = 'after' in start ? start.after : null;
  const offset = 'offset' in start ? start.offset : 0;
  // Instants and ids alone, so that what is skipped or filtered away costs no look at its row.
  const { rows } = await sql<PlayRow>`
    select u.id, u.started_at, u.play_ms, u.device_id, u.content_id, u.schedule_id, u.alert_deployment_id, u.clock_suspect,
      u.received_at
    from (
      select u.id from usage_logs u
      where ${filterSql(filter)} and u.started_at >= ${fromMs} and u.started_at < ${toMs}
        ${clock === 'all' ? sql`` : sql`and u.clock_suspect = ${clock === 'suspect' ? 1 : 0}`}
        ${after === null ? sql`` : sql`and u.started_at <= ${after.started_at} and (u.started_at < ${after.started_at} or u.id < ${after.id})`}
      order by u.started_at desc, u.id desc limit ${limit} offset ${offset}
    ) page join usage_logs u on u.id = page.id
    order by u.started_at desc, u.id desc`.execute(db.sql);
  return rows;
}

async function countPlays(db: OpenDatabase<Database>, filter: UsageFilter): Promise<number> {
  const condition = filterSql(filter);
  let total = 0;
  await inSlices(db, filter.fromMs, filter.toMs, async (fromMs, toMs) => {
    const { rows } = await sql<{ clock_suspect: number; plays: number | string }>`
      select u.clock_suspect, count(*) as plays from usage_logs u
      where ${condition} and u.started_at >= ${fromMs} and u.started_at < ${toMs}
      group by u.clock_suspect`.execute(db.sql);
    let plays = 0;
    for (const row of rows) {
      plays += Number(row.plays);
      if (filter.clock === 'all' || (row.clock_suspect === 1) === (filter.clock === 'suspect'))
        total += Number(row.plays);
    }
    return plays;
  });
  return total;
}

async function jsonOf(rows: readonly PlayRow[], names: ReportNames): Promise<PlayJson[]> {
  await names.load(
    'devices',
    rows.map((row) => row.device_id),
  );
  await names.load(
    'content',
    rows.map((row) => row.content_id),
  );
  await names.load(
    'schedules',
    rows.map((row) => row.schedule_id),
  );
  return rows.map((row) => ({
    id: row.id,
    startedAt: toIso(row.started_at),
    playSeconds: row.play_ms / 1_000,
    deviceId: row.device_id,
    device: names.of('devices', row.device_id)?.name ?? null,
    contentId: row.content_id,
    content: names.of('content', row.content_id)?.name ?? null,
    scheduleId: row.schedule_id,
    schedule: names.of('schedules', row.schedule_id)?.name ?? null,
    alertDeploymentId: row.alert_deployment_id,
    clockSuspect: row.clock_suspect === 1,
    receivedAt: toIso(row.received_at),
  }));
}

/** All plays, page after page, each read when the one before has been taken. */
async function* allPlays(
  db: OpenDatabase<Database>,
  filter: UsageFilter,
  names: ReportNames,
): AsyncGenerator<ReportRow> {
  let after: PlayRow | null = null;
  for (;;) {
    const rows: readonly PlayRow[] = await readPlays(db, filter, { after }, PLAYS_PAGE);
    for (const play of await jsonOf(rows, names)) {
      yield {
        ...play,
        device: play.device ?? '(deleted)',
        content: play.content ?? '(deleted)',
        schedule: play.schedule ?? (play.scheduleId === null ? null : '(deleted)'),
        clockSuspect: play.clockSuspect ? 'suspect' : 'good',
      };
    }
    after = rows.at(-1) ?? null;
    if (after === null || rows.length < PLAYS_PAGE) return;
  }
}

/** The report of single plays. VALIDATION_ERROR for a range that is none or too long, NOT_FOUND for a filter the caller has not. */
export async function reportPlays(call: Call<unknown, PlaysQuery, unknown>): Promise<RawAnswer> {
  const { ctx, actor, query } = call;
  const { format, page, limit, during, clock } = query;
  const now = ctx.clock.now();
  const range = readRange(query, now, USAGE_DAYS_MAX);
  const { groupIds, criteria } = await readFilter(ctx.db, actor, query);
  const filter = usageFilter(actor, query, range, groupIds);
  const names = new ReportNames(ctx.db.sql, actor.tenantId);
  const total = await inReportTurn(ctx.db, () => countPlays(ctx.db, filter));
  if (format !== 'json') {
    return answerReport(call, format, {
      name: 'plays',
      title: 'Plays',
      columns: COLUMNS,
      rows: allPlays(ctx.db, filter, names),
      total,
      generatedAt: now,
      criteria: [rangeLine(range), ...criteria, `Plays: ${during}; clocks: ${clock}`],
    });
  }
  const offset = (page - 1) * limit;
  const rows = offset >= total ? [] : await readPlays(ctx.db, filter, { offset }, limit);
  const data: Static<typeof PlaysJson> = {
    from: toIso(range.fromMs),
    to: toIso(range.toMs),
    rows: await jsonOf(rows, names),
  };
  return answerJson(data, { page, limit, total });
}
