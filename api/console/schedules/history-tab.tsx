/** When a schedule was deployed, and what became of it. */
import { Badge } from '@mantine/core';
import { History } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Static } from 'typebox';
import type { ScheduleDeploymentItem } from '../../schedules/read-deployments.ts';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { formatDateTime } from '../ui/time-format.ts';
import { useUrlState } from '../ui/url-state.ts';
import { DeploymentProgress, useNewestProgress } from './deployment-progress.tsx';

type Deployment = Static<typeof ScheduleDeploymentItem>;

const VIEW = { page: '1' };

export function HistoryTab({ schedule }: { readonly schedule: ScheduleJson | null }) {
  const texts = useTexts().scheduleDeploy;
  const nothing = <EmptyState icon={History} title={texts.historyEmpty} hint={texts.historyEmptyHint} />;
  return schedule === null ? nothing : <SavedHistory scheduleId={schedule.id} nothing={nothing} />;
}

function SavedHistory({ scheduleId, nothing }: { readonly scheduleId: number; readonly nothing: ReactNode }) {
  const texts = useTexts().scheduleDeploy;
  const [view, setView] = useUrlState(VIEW);
  const query = useListQuery<Deployment>('schedule', `/schedules/${scheduleId}/deployments`, { ...view, limit: 20 });
  const columns: readonly Column<Deployment>[] = [
    {
      key: 'at',
      title: texts.deployedAt,
      render: ({ id, createdAt }) => (
        <AnchorLink to={`/schedules/${scheduleId}/deployments/${id}`} size="sm">
          <time dateTime={createdAt}>{formatDateTime(createdAt)}</time>
        </AnchorLink>
      ),
    },
    { key: 'version', title: texts.version, render: ({ scheduleVersion }) => texts.versionOf(scheduleVersion) },
    {
      key: 'status',
      title: texts.status,
      render: ({ status }) => (
        <Badge color={status === 'active' ? 'teal' : 'gray'} variant="light">
          {texts.statuses[status]}
        </Badge>
      ),
    },
    { key: 'targeted', title: texts.targeted, from: 'sm', align: 'right', render: ({ targets }) => targets.total },
    {
      key: 'progress',
      title: texts.progress,
      from: 'sm',
      width: '35%',
      render: (deployment) => deployment.status === 'active' && <LiveProgress deployment={deployment} />,
    },
  ];
  return (
    <Loaded query={query} lines={5}>
      {(data) =>
        data.total === 0 ? (
          nothing
        ) : (
          <ListTable
            label={texts.history}
            columns={columns}
            data={data}
            rowKey={({ id }) => id}
            onPage={(page) => setView({ page: String(page) })}
          />
        )
      }
    </Loaded>
  );
}

function LiveProgress({ deployment }: { readonly deployment: Deployment }) {
  return <DeploymentProgress progress={useNewestProgress(deployment.id, deployment.progress)} />;
}
