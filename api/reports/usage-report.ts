/** Proof of play, added up by content, device, group, schedule or day. */
import Type, { type Static } from 'typebox';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { toIso } from '../iso-time.ts';
import { listQuery, sortOf, type Call, type Page, type RawAnswer } from '../route.ts';
import { answerJson, answerReport, ReportFormat } from './report-format.ts';
import { readFilter } from './report-filter.ts';
import type { ReportColumn, ReportRow } from './report-model.ts';
import { ReportNames } from './report-names.ts';
import { offsetSpans, rangeLine, RANGE_QUERY, readRange } from './report-range.ts';
import { inReportTurn } from './report-turns.ts';
import { sumUsage, usageFilter, type UsageKey, type UsageSum, type UsageSums } from './usage-sums.ts';

/** Longest time that a report of plays covers, in days. */
export const USAGE_DAYS_MAX = 366;

const GROUPINGS = ['content', 'device', 'group', 'schedule', 'day'] as const;
type Grouping = (typeof GROUPINGS)[number];

/** Which plays; the same in all reports about plays. */
export const PLAY_FILTERS = {
  contentId: Type.Optional(Id),
  deviceId: Type.Optional(Id),
  groupId: Type.Optional({ ...Id, description: 'Devices that stand in this group or below it now' }),
  scheduleId: Type.Optional(Id),
  during: {
    ...Type.Enum(['all', 'normal', 'alert'], { default: 'all' }),
    description: 'normal: plays while no alert was on the screen; alert: only plays during one',
  },
  clock: {
    ...Type.Enum(['good', 'suspect', 'all'], { default: 'good' }),
    description: 'suspect: plays whose device had a clock that cannot have been right',
  },
};

const { q: _noSearch, ...usageQuery } = listQuery(
  ['key', 'plays', 'playSeconds', 'alertPlays', 'alertPlaySeconds', 'devices', 'firstAt', 'lastAt'],
  {
    ...RANGE_QUERY,
    groupBy: { ...Type.Enum([...GROUPINGS], { default: 'content' }), description: 'What a row stands for' },
    ...PLAY_FILTERS,
    format: ReportFormat,
  },
).properties;
export const UsageQuery = Type.Object(usageQuery, { additionalProperties: false });
type UsageQuery = Static<typeof UsageQuery>;

const Count = Type.Integer({ minimum: 0 });
const Seconds = Type.Number({ minimum: 0, description: 'seconds' });

const UsageRow = Type.Object({
  id: Type.Union([Id, Type.Null()], {
    description: 'Of the content, device, group or schedule; null by day, and for plays without a schedule or group',
  }),
  day: Type.Union([Type.String(), Type.Null()], { description: 'YYYY-MM-DD in `timezone`; null when not by day' }),
  name: Type.Union([Type.String(), Type.Null()], { description: 'null when it was deleted, and by day' }),
  deleted: Type.Boolean({ description: 'It was played then and does not exist any more' }),
  plays: { ...Count, description: 'Plays while no alert was on the screen' },
  playSeconds: Seconds,
  alertPlays: { ...Count, description: 'Plays while an alert was on the screen' },
  alertPlaySeconds: Seconds,
  devices: { ...Count, description: 'Different devices that played it' },
  firstAt: Timestamp,
  lastAt: { ...Timestamp, description: 'Start of the last play' },
});
type UsageRow = Static<typeof UsageRow>;

export const UsageJson = Type.Object({
  from: Timestamp,
  to: Timestamp,
  timezone: Type.String(),
  groupBy: Type.Enum([...GROUPINGS]),
  totals: Type.Object({
    plays: Count,
    playSeconds: Seconds,
    alertPlays: Count,
    alertPlaySeconds: Seconds,
    devices: Count,
    suspect: {
      ...Count,
      description: 'Plays of suspect clocks; left out of all other figures unless `clock` asks for them',
    },
  }),
  rows: Type.Array(UsageRow),
});

const FIGURES: readonly ReportColumn[] = [
  { key: 'plays', title: 'Plays', kind: 'integer' },
  { key: 'playSeconds', title: 'Play seconds', kind: 'seconds' },
  { key: 'alertPlays', title: 'Plays in alerts', kind: 'integer' },
  { key: 'alertPlaySeconds', title: 'Seconds in alerts', kind: 'seconds' },
  { key: 'devices', title: 'Devices', kind: 'integer' },
  { key: 'firstAt', title: 'First', kind: 'timestamp' },
  { key: 'lastAt', title: 'Last', kind: 'timestamp' },
];

const COLUMNS: Readonly<Record<Grouping, readonly ReportColumn[]>> = {
  content: named('Content'),
  device: named('Device'),
  group: named('Group'),
  schedule: named('Schedule'),
  day: [{ key: 'day', title: 'Day', kind: 'text' }, ...FIGURES],
};

function named(title: string): readonly ReportColumn[] {
  return [{ key: 'id', title: `${title} id`, kind: 'integer' }, { key: 'name', title, kind: 'text' }, ...FIGURES];
}

const NAMED_TABLES = { content: 'content', device: 'devices', group: 'groups', schedule: 'schedules' } as const;
/** Names read at once while a file is written. */
const NAMES_PAGE = 1_000;

/** Plays of one group of rows, whose key is the row's; groups of devices are not known to the database's sums. */
async function foldGroups(names: ReportNames, { sums, ...rest }: UsageSums): Promise<UsageSums> {
  await names.load(
    'devices',
    sums.map(({ key }) => key),
  );
  const byGroup = new Map<number | null, UsageSum>();
  for (const sum of sums) {
    const key = names.of('devices', sum.key)?.groupId ?? null;
    const group = byGroup.get(key);
    if (group === undefined) {
      byGroup.set(key, { ...sum, key });
      continue;
    }
    group.plays += sum.plays;
    group.playMs += sum.playMs;
    group.alertPlays += sum.alertPlays;
    group.alertPlayMs += sum.alertPlayMs;
    group.devices += sum.devices;
    group.firstAt = Math.min(group.firstAt, sum.firstAt);
    group.lastAt = Math.max(group.lastAt, sum.lastAt);
  }
  return { sums: [...byGroup.values()], ...rest };
}

const SORT_KEYS = {
  key: 'key',
  plays: 'plays',
  playSeconds: 'playMs',
  alertPlays: 'alertPlays',
  alertPlaySeconds: 'alertPlayMs',
  devices: 'devices',
  firstAt: 'firstAt',
  lastAt: 'lastAt',
} as const;

function sorted(sums: readonly UsageSum[], query: UsageQuery): UsageSum[] {
  const { column, direction } = sortOf(query.sort, query.groupBy === 'day' ? 'key' : '-plays');
  const sign = direction === 'asc' ? 1 : -1;
  const by = SORT_KEYS[column];
  return [...sums].sort((a, b) => sign * ((a[by] ?? 0) - (b[by] ?? 0)) || (a.key ?? 0) - (b.key ?? 0));
}

function toSeconds(ms: number): number {
  return ms / 1_000;
}

function rowOf(sum: UsageSum, grouping: Grouping, names: ReportNames): UsageRow {
  const found = grouping === 'day' ? null : names.of(NAMED_TABLES[grouping], sum.key);
  return {
    id: grouping === 'day' ? null : sum.key,
    day: grouping === 'day' && sum.key !== null ? toIso(sum.key).slice(0, 10) : null,
    name: found?.name ?? null,
    deleted: grouping !== 'day' && sum.key !== null && found === null,
    plays: sum.plays,
    playSeconds: toSeconds(sum.playMs),
    alertPlays: sum.alertPlays,
    alertPlaySeconds: toSeconds(sum.alertPlayMs),
    devices: sum.devices,
    firstAt: toIso(sum.firstAt),
    lastAt: toIso(sum.lastAt),
  };
}

/** Rows of a file: those without a name say why. */
async function* fileRows(sums: readonly UsageSum[], grouping: Grouping, names: ReportNames): AsyncGenerator<ReportRow> {
  for (let at = 0; at < sums.length; at += NAMES_PAGE) {
    const page = sums.slice(at, at + NAMES_PAGE);
    await loadNames(page, grouping, names);
    for (const sum of page) {
      const { deleted, ...row } = rowOf(sum, grouping, names);
      yield { ...row, name: row.name ?? (deleted ? '(deleted)' : `(no ${grouping})`) };
    }
  }
}

async function loadNames(sums: readonly UsageSum[], grouping: Grouping, names: ReportNames): Promise<void> {
  if (grouping !== 'day')
    await names.load(
      NAMED_TABLES[grouping],
      sums.map(({ key }) => key),
    );
}

/** The usage report. VALIDATION_ERROR for a range that is none or too long, NOT_FOUND for a filter the caller has not. */
export async function reportUsage(call: Call<unknown, UsageQuery, unknown>): Promise<RawAnswer> {
  const { ctx, actor, query } = call;
  const { groupBy, format, page, limit } = query;
  const now = ctx.clock.now();
  const range = readRange(query, now, USAGE_DAYS_MAX);
  const { groupIds, criteria } = await readFilter(ctx.db, actor, query);
  const { during, clock } = query;
  const filter = usageFilter(actor, query, range, groupIds);
  const names = new ReportNames(ctx.db.sql, actor.tenantId);
  const key: UsageKey = groupBy === 'group' ? 'device' : groupBy;
  const counted = await inReportTurn(ctx.db, async () => {
    const sums = await sumUsage(ctx.db, filter, key, offsetSpans(range));
    return groupBy === 'group' ? foldGroups(names, sums) : sums;
  });
  const sums = sorted(counted.sums, query);
  if (format !== 'json') {
    return answerReport(call, format, {
      name: `usage-by-${groupBy}`,
      title: `Usage by ${groupBy}`,
      columns: COLUMNS[groupBy],
      rows: fileRows(sums, groupBy, names),
      total: sums.length,
      generatedAt: now,
      criteria: [
        rangeLine(range),
        ...criteria,
        `Plays: ${during}; clocks: ${clock}; of suspect clocks: ${counted.suspect}`,
      ],
    });
  }
  const shown = sums.slice((page - 1) * limit, page * limit);
  await loadNames(shown, groupBy, names);
  const data: Static<typeof UsageJson> = {
    from: toIso(range.fromMs),
    to: toIso(range.toMs),
    timezone: range.timezone,
    groupBy,
    totals: { ...totalsOf(sums), devices: counted.devices, suspect: counted.suspect },
    rows: shown.map((sum) => rowOf(sum, groupBy, names)),
  };
  const meta: Page = { page, limit, total: sums.length };
  return answerJson(data, meta);
}

function totalsOf(sums: readonly UsageSum[]) {
  const add = (of: (sum: UsageSum) => number): number => sums.reduce((total, sum) => total + of(sum), 0);
  return {
    plays: add(({ plays }) => plays),
    playSeconds: toSeconds(add(({ playMs }) => playMs)),
    alertPlays: add(({ alertPlays }) => alertPlays),
    alertPlaySeconds: toSeconds(add(({ alertPlayMs }) => alertPlayMs)),
  };
}
