/** Proof of play, added up. */
import { Paper, SegmentedControl, SimpleGrid, Text } from '@mantine/core';
import type { Static } from 'typebox';
import type { UsageJson } from '../../reports/usage-report.ts';
import { BarList } from '../charts/bar-list.tsx';
import { ColumnChart } from '../charts/column-chart.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { LIST_LIMIT_MAX } from '../ui/list-query.ts';
import { formatDate, formatDuration } from '../ui/time-format.ts';
import { everyDay, type Days } from './report-dates.ts';
import { ReportFrame } from './report-frame.tsx';
import { GROUPINGS, PAGE_ROWS, type Grouping, type ReportView } from './report-view.ts';
import { useReport } from './use-report.ts';

type Usage = Static<typeof UsageJson>;
type UsageRow = Usage['rows'][number];

/** Rows that the chart shows. */
const BARS_MAX = 10;
const DAYS_MAX = 400;
const PATHS: Readonly<Partial<Record<Grouping, string>>> = {
  content: '/content',
  device: '/devices',
  schedule: '/schedules',
};

export function UsageTab({ report }: { readonly report: ReportView }) {
  const texts = useTexts().reports;
  const { view, range, groupBy, days, choose, turnTo } = report;
  const { groupId, deviceId, contentId, scheduleId, during } = view;
  const sort = view.sort === '' ? (groupBy === 'day' ? 'key' : '-playSeconds') : view.sort;
  const asked = { ...range, groupBy, groupId, deviceId, contentId, scheduleId, during, sort };
  const limit = groupBy === 'day' ? LIST_LIMIT_MAX : PAGE_ROWS;
  const query = useReport<Usage>('/reports/usage', { ...asked, page: view.page, limit });
  const columns = useColumns(groupBy);
  return (
    <ReportFrame
      query={query}
      path="/reports/usage"
      asked={asked}
      empty={{ title: texts.noPlays, hint: texts.noPlaysHint }}
      controls={
        <SegmentedControl
          aria-label={texts.groupBy}
          data={GROUPINGS.map((value) => ({ value, label: texts.groupings[value] }))}
          value={groupBy}
          onChange={(next) => choose({ groupBy: next, sort: '' })}
          size="xs"
        />
      }
    >
      {({ items, ...page }) => (
        <>
          <Totals totals={items.totals} />
          <Paper withBorder radius="md" p="md">
            <Text fw={600} mb="sm" component="h2">
              {texts.usageChart}
            </Text>
            {items.groupBy === 'day' ? (
              <DayChart rows={items.rows} days={days} isWhole={page.total <= page.limit} />
            ) : (
              <Bars rows={items.rows} grouping={items.groupBy} />
            )}
          </Paper>
          <ListTable
            label={texts.tabs.usage}
            columns={columns}
            data={{ ...page, items: items.rows }}
            rowKey={(row) => row.day ?? row.id ?? 0}
            sort={sort}
            onSort={(next) => choose({ sort: next })}
            onPage={turnTo}
          />
        </>
      )}
    </ReportFrame>
  );
}

function Totals({ totals }: { readonly totals: Usage['totals'] }) {
  const { reports: texts, common } = useTexts();
  const { plays, playSeconds, alertPlays, alertPlaySeconds, devices, suspect } = totals;
  const figures = [
    { name: texts.total.plays, text: common.count(plays + alertPlays) },
    { name: texts.total.time, text: formatDuration((playSeconds + alertPlaySeconds) * 1000, common.duration) },
    { name: texts.total.alertPlays, text: common.count(alertPlays) },
    { name: texts.total.devices, text: common.count(devices) },
  ];
  return (
    <div>
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
        {figures.map(({ name, text }) => (
          <Paper key={name} withBorder radius="md" px="md" py="xs">
            <Text size="xs" c="dimmed">
              {name}
            </Text>
            <Text size="xl" fw={700}>
              {text}
            </Text>
          </Paper>
        ))}
      </SimpleGrid>
      {suspect > 0 && (
        <Text size="sm" c="dimmed" mt="xs">
          {texts.suspect(suspect)}
        </Text>
      )}
    </div>
  );
}

function Bars({ rows, grouping }: { readonly rows: readonly UsageRow[]; readonly grouping: Grouping }) {
  const { reports: texts, common } = useTexts();
  return (
    <BarList
      label={texts.usageChart}
      bars={rows.slice(0, BARS_MAX).map((row) => ({
        key: row.id ?? 0,
        name: <RowName row={row} grouping={grouping} />,
        text: formatDuration((row.playSeconds + row.alertPlaySeconds) * 1000, common.duration),
        parts: [
          { key: 'normal', colour: 'main' as const, amount: row.playSeconds },
          { key: 'alert', colour: 'second' as const, amount: row.alertPlaySeconds },
        ],
      }))}
    />
  );
}

interface DayChartProps {
  readonly rows: readonly UsageRow[];
  readonly days: Days;
  /** Whether the rows are all there are: then days without a row had no play. */
  readonly isWhole: boolean;
}

function DayChart({ rows, days, isWhole }: DayChartProps) {
  const { reports: texts, common } = useTexts();
  const secondsOf = new Map(rows.map((row) => [row.day ?? '', row.playSeconds + row.alertPlaySeconds]));
  const shown = isWhole ? everyDay(days, DAYS_MAX) : [...secondsOf.keys()].toSorted();
  const inWords = (day: string): string => formatDuration((secondsOf.get(day) ?? 0) * 1000, common.duration);
  const most = shown.reduce((best, day) => ((secondsOf.get(day) ?? 0) > (secondsOf.get(best) ?? 0) ? day : best), '');
  return (
    <ColumnChart
      label={texts.dayGist(shown.length, most, inWords(most))}
      columns={shown.map((day) => ({ key: day, text: `${day}: ${inWords(day)}`, amount: secondsOf.get(day) ?? 0 }))}
      ends={[shown[0] ?? '', shown.length > 1 ? (shown.at(-1) ?? '') : '']}
    />
  );
}

function RowName({ row, grouping }: { readonly row: UsageRow; readonly grouping: Grouping }) {
  const texts = useTexts().reports;
  if (grouping === 'day') return <>{row.day === null ? '' : formatDate(`${row.day}T12:00:00`)}</>;
  if (row.id === null) return <>{texts.without[grouping]}</>;
  if (row.name === null) return <>{texts.removed(row.id)}</>;
  const path = PATHS[grouping];
  if (path === undefined) return <>{row.name}</>;
  return (
    <AnchorLink to={`${path}/${row.id}`} size="sm">
      {row.name}
    </AnchorLink>
  );
}

function useColumns(grouping: Grouping): readonly Column<UsageRow>[] {
  const { reports: texts, common } = useTexts();
  const duration = (seconds: number): string => formatDuration(seconds * 1000, common.duration);
  return [
    {
      key: 'name',
      title: texts.groupings[grouping],
      ...(grouping === 'day' ? { sort: 'key' } : {}),
      render: (row) => <RowName row={row} grouping={grouping} />,
    },
    { key: 'plays', title: texts.plays, sort: 'plays', align: 'right', render: ({ plays }) => common.count(plays) },
    {
      ...{ key: 'time', title: texts.playTime, sort: 'playSeconds', align: 'right' },
      render: ({ playSeconds }) => duration(playSeconds),
    },
    {
      ...{ key: 'alert', title: texts.alertPlays, sort: 'alertPlays', align: 'right', from: 'sm' },
      render: ({ alertPlays, alertPlaySeconds }) =>
        alertPlays === 0 ? '' : `${common.count(alertPlays)} · ${duration(alertPlaySeconds)}`,
    },
    {
      ...{ key: 'devices', title: texts.devices, sort: 'devices', align: 'right', from: 'sm' },
      render: ({ devices }) => common.count(devices),
    },
    {
      ...{ key: 'last', title: texts.lastPlay, sort: 'lastAt', from: 'md' },
      render: ({ lastAt }) => <Ago at={lastAt} />,
    },
  ];
}
