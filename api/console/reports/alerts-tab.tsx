/** The alerts of a time: how far each came, and how fast. */
import { Paper, Text } from '@mantine/core';
import type { Static } from 'typebox';
import type { AlertsReportJson } from '../../reports/alerts-report.ts';
import { BarList } from '../charts/bar-list.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { SeverityBadge } from '../ui/severity-badge.tsx';
import { formatDateTime, formatDuration } from '../ui/time-format.ts';
import { ReportFrame } from './report-frame.tsx';
import { PAGE_ROWS, type ReportView } from './report-view.ts';
import { ShareBar } from './share-bar.tsx';
import { useReport } from './use-report.ts';

type AlertsReport = Static<typeof AlertsReportJson>;
type AlertRow = AlertsReport['rows'][number];

/** Alerts that the chart shows, the newest. */
const BARS_MAX = 10;

export function AlertsTab({ report }: { readonly report: ReportView }) {
  const texts = useTexts().reports;
  const { view, range, turnTo } = report;
  const asked = { ...range, severity: view.severity, drill: view.drill };
  const query = useReport<AlertsReport>('/reports/alerts', { ...asked, page: view.page, limit: PAGE_ROWS });
  const columns = useColumns();
  return (
    <ReportFrame
      query={query}
      path="/reports/alerts"
      asked={asked}
      empty={{ title: texts.noAlerts, hint: texts.noAlertsHint }}
    >
      {({ items, ...page }) => (
        <>
          <Latencies rows={items.rows} />
          <ListTable
            label={texts.tabs.alerts}
            columns={columns}
            data={{ ...page, items: items.rows }}
            rowKey={({ deploymentId }) => deploymentId}
            onPage={turnTo}
          />
        </>
      )}
    </ReportFrame>
  );
}

function Latencies({ rows }: { readonly rows: readonly AlertRow[] }) {
  const { reports: texts, common } = useTexts();
  const bars = rows.flatMap(({ deploymentId, title, latency: { displayedP50Ms: half, displayedP99Ms: most } }) => {
    if (half === null || most === null) return [];
    return [
      {
        key: deploymentId,
        name: (
          <AnchorLink to={`/alerts/${deploymentId}`} size="sm">
            {title}
          </AnchorLink>
        ),
        text: texts.latencyText(formatDuration(half, common.duration), formatDuration(most, common.duration)),
        parts: [
          { key: 'half', colour: 'main' as const, amount: half },
          { key: 'most', colour: 'second' as const, amount: most - half },
        ],
      },
    ];
  });
  if (bars.length === 0) return null;
  return (
    <Paper withBorder radius="md" p="md">
      <Text fw={600} mb="sm" component="h2">
        {texts.latencyChart}
      </Text>
      <BarList label={texts.latencyChart} bars={bars.slice(0, BARS_MAX)} />
    </Paper>
  );
}

function useColumns(): readonly Column<AlertRow>[] {
  const { reports: texts, common } = useTexts();
  const latency = (ms: number | null): string => (ms === null ? '' : formatDuration(ms, common.duration));
  return [
    {
      key: 'alert',
      title: texts.alert,
      render: ({ deploymentId, title, severity, drill }) => (
        <>
          <AnchorLink to={`/alerts/${deploymentId}`} size="sm" fw={500}>
            {title}
          </AnchorLink>
          <div>
            <SeverityBadge severity={severity} drill={drill} />
          </div>
        </>
      ),
    },
    {
      key: 'raised',
      title: texts.raised,
      render: ({ startedAt, status }) => (
        <>
          <time dateTime={startedAt}>{formatDateTime(startedAt)}</time>
          <Text size="xs" c="dimmed">
            {texts.status[status]}
          </Text>
        </>
      ),
    },
    { key: 'by', title: texts.by, from: 'md', render: ({ startedByName }) => startedByName ?? common.unknown },
    {
      key: 'reached',
      title: texts.reached,
      render: ({ ladder: { displayed, targeted } }) => (
        <ShareBar
          percent={targeted === 0 ? 0 : (displayed / targeted) * 100}
          text={texts.reachedOf(displayed, targeted)}
          colour={displayed < targeted ? 'second' : 'online'}
        />
      ),
    },
    {
      ...{ key: 'unconfirmed', title: texts.unconfirmed, align: 'right', from: 'sm' },
      render: ({ ladder }) => common.count(ladder.unconfirmed),
    },
    {
      ...{ key: 'half', title: texts.half, align: 'right', from: 'sm' },
      render: ({ latency: { displayedP50Ms } }) => latency(displayedP50Ms),
    },
    {
      ...{ key: 'most', title: texts.most, align: 'right', from: 'sm' },
      render: ({ latency: { displayedP99Ms } }) => latency(displayedP99Ms),
    },
  ];
}
