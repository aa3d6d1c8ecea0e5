/** How much of the time each screen was online. */
import { Text } from '@mantine/core';
import type { Static } from 'typebox';
import type { AvailabilityJson } from '../../reports/availability.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { PresenceBadge } from '../ui/presence-badge.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { ReportFrame } from './report-frame.tsx';
import { PAGE_ROWS, type ReportView } from './report-view.ts';
import { ShareBar } from './share-bar.tsx';
import { useReport } from './use-report.ts';

type AvailabilityReport = Static<typeof AvailabilityJson>;
type AvailabilityRow = AvailabilityReport['rows'][number];

/** Less than this online is worth a look, in percent. */
const LOW_PERCENT = 99;

export function AvailabilityTab({ report }: { readonly report: ReportView }) {
  const texts = useTexts().reports;
  const { view, range, choose, turnTo } = report;
  const sort = view.sort === '' ? 'name' : view.sort;
  const asked = { ...range, groupId: view.groupId, deviceId: view.deviceId, q: view.q, sort };
  const query = useReport<AvailabilityReport>('/reports/availability', {
    ...asked,
    ...{ page: view.page, limit: PAGE_ROWS },
  });
  const columns = useColumns();
  return (
    <ReportFrame
      query={query}
      path="/reports/availability"
      asked={asked}
      empty={{ title: texts.noDevices, hint: texts.noDevicesHint }}
    >
      {({ items, ...page }) => (
        <ListTable
          label={texts.tabs.availability}
          columns={columns}
          data={{ ...page, items: items.rows }}
          rowKey={({ deviceId }) => deviceId}
          sort={sort}
          onSort={(next) => choose({ sort: next })}
          onPage={turnTo}
        />
      )}
    </ReportFrame>
  );
}

function useColumns(): readonly Column<AvailabilityRow>[] {
  const { reports: texts, common } = useTexts();
  const duration = (seconds: number): string => formatDuration(seconds * 1000, common.duration);
  return [
    {
      key: 'device',
      title: texts.device,
      sort: 'name',
      render: ({ deviceId, name, group }) => (
        <>
          <AnchorLink to={`/devices/${deviceId}`} size="sm">
            {name}
          </AnchorLink>
          <Text size="xs" c="dimmed">
            {group ?? common.noGroup}
          </Text>
        </>
      ),
    },
    {
      key: 'available',
      title: texts.available,
      render: ({ availabilityPercent: percent }) =>
        percent === null ? (
          texts.notYet
        ) : (
          <ShareBar
            percent={percent}
            text={texts.exactPercent(percent)}
            colour={percent < LOW_PERCENT ? 'second' : 'online'}
          />
        ),
    },
    {
      ...{ key: 'offline', title: texts.offlineTime, align: 'right' },
      render: ({ offlineSeconds }) => duration(offlineSeconds),
    },
    {
      ...{ key: 'outages', title: texts.outages, align: 'right', from: 'sm' },
      render: ({ outages }) => common.count(outages),
    },
    {
      ...{ key: 'longest', title: texts.longest, align: 'right', from: 'sm' },
      render: ({ longestOutageSeconds: longest }) => (longest === 0 ? '' : duration(longest)),
    },
    { key: 'now', title: texts.now, from: 'md', render: ({ status }) => <PresenceBadge status={status} /> },
    {
      ...{ key: 'seen', title: texts.lastSeen, sort: 'lastSeen', from: 'md' },
      render: ({ lastSeen }) => <Ago at={lastSeen} />,
    },
  ];
}
