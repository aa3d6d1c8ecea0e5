/** Proof of play, play by play. */
import type { Static } from 'typebox';
import type { PlaysJson } from '../../reports/plays-report.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { formatDateTime, formatDuration } from '../ui/time-format.ts';
import { ReportFrame } from './report-frame.tsx';
import { PAGE_ROWS, type ReportView } from './report-view.ts';
import { useReport } from './use-report.ts';

type Plays = Static<typeof PlaysJson>;
type Play = Plays['rows'][number];

export function PlaysTab({ report }: { readonly report: ReportView }) {
  const texts = useTexts().reports;
  const { view, range, turnTo } = report;
  const { groupId, deviceId, contentId, scheduleId, during } = view;
  const asked = { ...range, groupId, deviceId, contentId, scheduleId, during };
  const query = useReport<Plays>('/reports/plays', { ...asked, page: view.page, limit: PAGE_ROWS });
  const columns = useColumns();
  return (
    <ReportFrame
      query={query}
      path="/reports/plays"
      asked={asked}
      empty={{ title: texts.noPlays, hint: texts.noPlaysHint }}
    >
      {({ items, ...page }) => (
        <ListTable
          label={texts.tabs.plays}
          columns={columns}
          data={{ ...page, items: items.rows }}
          rowKey={({ id }) => id}
          onPage={turnTo}
        />
      )}
    </ReportFrame>
  );
}

interface ThingProps {
  readonly path: string;
  readonly id: number;
  /** Null when it was deleted. */
  readonly name: string | null;
}

function Thing({ path, id, name }: ThingProps) {
  const texts = useTexts().reports;
  if (name === null) return <>{texts.removed(id)}</>;
  return (
    <AnchorLink to={`${path}/${id}`} size="sm">
      {name}
    </AnchorLink>
  );
}

function useColumns(): readonly Column<Play>[] {
  const { reports: texts, common } = useTexts();
  return [
    {
      key: 'started',
      title: texts.started,
      render: ({ startedAt }) => <time dateTime={startedAt}>{formatDateTime(startedAt)}</time>,
    },
    {
      ...{ key: 'lasted', title: texts.lasted, align: 'right' },
      render: ({ playSeconds }) => formatDuration(playSeconds * 1000, common.duration),
    },
    {
      key: 'content',
      title: texts.content,
      render: ({ contentId, content }) => <Thing path="/content" id={contentId} name={content} />,
    },
    {
      key: 'device',
      title: texts.device,
      render: ({ deviceId, device }) => <Thing path="/devices" id={deviceId} name={device} />,
    },
    {
      ...{ key: 'schedule', title: texts.schedule, from: 'md' },
      render: ({ scheduleId, schedule }) =>
        scheduleId === null ? texts.without.schedule : <Thing path="/schedules" id={scheduleId} name={schedule} />,
    },
    {
      ...{ key: 'alert', title: texts.inAlert, from: 'md' },
      render: ({ alertDeploymentId: id }) =>
        id === null ? '' : <Thing path="/alerts" id={id} name={texts.alertLink(id)} />,
    },
  ];
}
