/** Play time that the deployed schedules ask for, beside what was played. */
import { Text } from '@mantine/core';
import type { Static } from 'typebox';
import type { ExpectedJson } from '../../reports/expected-report.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { ReportFrame } from './report-frame.tsx';
import { PAGE_ROWS, type ReportView } from './report-view.ts';
import { ShareBar } from './share-bar.tsx';
import { useReport } from './use-report.ts';

type Expected = Static<typeof ExpectedJson>;
type ExpectedRow = Expected['rows'][number];

/** Less than this of what was expected is worth a look, in percent. */
const LOW_PERCENT = 90;

export function ExpectedTab({ report }: { readonly report: ReportView }) {
  const texts = useTexts().reports;
  const { view, range, turnTo } = report;
  const asked = { ...range, groupId: view.groupId, deviceId: view.deviceId };
  const query = useReport<Expected>('/reports/expected', { ...asked, page: view.page, limit: PAGE_ROWS });
  const columns = useColumns();
  return (
    <ReportFrame
      query={query}
      path="/reports/expected"
      asked={asked}
      empty={{ title: texts.noDevices, hint: texts.noDevicesHint }}
    >
      {({ items, ...page }) => (
        <ListTable
          label={texts.tabs.expected}
          columns={columns}
          data={{ ...page, items: items.rows }}
          rowKey={({ deviceId }) => deviceId}
          onPage={turnTo}
        />
      )}
    </ReportFrame>
  );
}

function useColumns(): readonly Column<ExpectedRow>[] {
  const { reports: texts, common } = useTexts();
  const duration = (seconds: number): string => formatDuration(seconds * 1000, common.duration);
  const shareOf = (percent: number | null): string =>
    percent === null ? texts.nothingExpected : texts.percent(percent);
  return [
    {
      key: 'device',
      title: texts.device,
      render: ({ deviceId, device, group }) => (
        <>
          <AnchorLink to={`/devices/${deviceId}`} size="sm">
            {device}
          </AnchorLink>
          <Text size="xs" c="dimmed">
            {group ?? common.noGroup}
          </Text>
        </>
      ),
    },
    {
      key: 'share',
      title: texts.share,
      render: ({ percent }) =>
        percent === null ? (
          texts.nothingExpected
        ) : (
          <ShareBar percent={percent} text={shareOf(percent)} colour={percent < LOW_PERCENT ? 'second' : 'online'} />
        ),
    },
    {
      ...{ key: 'expected', title: texts.expected, align: 'right', from: 'xs' },
      render: ({ expectedSeconds }) => duration(expectedSeconds),
    },
    {
      ...{ key: 'actual', title: texts.actual, align: 'right', from: 'xs' },
      render: ({ actualSeconds }) => duration(actualSeconds),
    },
    {
      ...{ key: 'alerts', title: texts.alertPlays, align: 'right', from: 'md' },
      render: ({ alertSeconds }) => (alertSeconds === 0 ? '' : duration(alertSeconds)),
    },
    {
      ...{ key: 'schedules', title: texts.schedules, from: 'md' },
      render: ({ schedules }) =>
        schedules.map(({ scheduleId, schedule, percent }) => (
          <Text key={scheduleId} size="xs">
            {texts.scheduleShare(schedule ?? texts.removed(scheduleId), shareOf(percent))}
          </Text>
        )),
    },
  ];
}
