/** One deployment of a schedule: how far it has come, screen by screen, as it happens. */
import { Alert, Badge, Group, Paper, Select, Stack, Text } from '@mantine/core';
import { useThrottledValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { MonitorX } from 'lucide-react';
import { useParams } from 'wouter';
import type { Static } from 'typebox';
import type { DeploymentDeviceJson, ScheduleDeploymentJson } from '../../schedules/read-deployments.ts';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { useDeploymentProgress } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';
import { NotFoundPage } from '../shell/not-found-page.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { PresenceBadge } from '../ui/presence-badge.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { formatDateTime } from '../ui/time-format.ts';
import { useUrlState } from '../ui/url-state.ts';
import {
  DeploymentProgress,
  PROGRESS_STATES,
  ProgressCounts,
  STATE_LOOKS,
  useNewestProgress,
  type DeploymentCounts,
} from './deployment-progress.tsx';

type Deployment = Static<typeof ScheduleDeploymentJson>;
type Device = Static<typeof DeploymentDeviceJson>;

const VIEW = { state: '', q: '', sort: 'name', page: '1' };
/** While screens go on, the list is read again no more often than this, in milliseconds. */
const LIST_REST_MS = 3_000;
/** While the live feed does not follow a deployment that is under way, it is read again this often, in milliseconds. */
const READ_AGAIN_MS = 5_000;

export function ScheduleDeploymentPage() {
  const { id, deploymentId } = useParams<{ id: string; deploymentId: string }>();
  const isAddress = [id, deploymentId].every((part) => /^[1-9]\d*$/.test(part));
  return isAddress ? <DeploymentPage scheduleId={Number(id)} deploymentId={Number(deploymentId)} /> : <NotFoundPage />;
}

interface DeploymentPageProps {
  readonly scheduleId: number;
  readonly deploymentId: number;
}

function DeploymentPage({ scheduleId, deploymentId }: DeploymentPageProps) {
  const texts = useTexts();
  const session = useSession();
  const path = `/schedules/${scheduleId}`;
  const isTold = (useDeploymentProgress().get(deploymentId)?.progress.pending ?? 0) > 0;
  const schedule = useQuery({
    queryKey: ['schedule', scheduleId],
    queryFn: ({ signal }) => session.call<ScheduleJson>('GET', path, { signal }),
  });
  const query = useQuery({
    queryKey: ['schedule', scheduleId, 'deployment', deploymentId],
    queryFn: ({ signal }) => session.call<Deployment>('GET', `${path}/deployments/${deploymentId}`, { signal }),
    refetchInterval: ({ state }) => (isTold || isEnded(state.data) ? false : READ_AGAIN_MS),
  });
  const name = schedule.data?.name;
  return (
    <Page
      title={name === undefined ? texts.schedules.title : texts.scheduleDeploy.deploymentTitle(name)}
      description={
        <AnchorLink to={`${path}?tab=deploy`} size="sm">
          {texts.scheduleDeploy.backToSchedule}
        </AnchorLink>
      }
    >
      <Loaded query={query} lines={8}>
        {(deployment) => <DeploymentView deployment={deployment} />}
      </Loaded>
    </Page>
  );
}

/** Nothing more will happen to it by itself. */
function isEnded(deployment: Deployment | undefined): boolean {
  if (deployment === undefined) return false;
  const { status, progress } = deployment;
  return status === 'withdrawn' || progress.applied === progress.targeted;
}

function DeploymentView({ deployment }: { readonly deployment: Deployment }) {
  const texts = useTexts().scheduleDeploy;
  const progress = useNewestProgress(deployment.id, deployment.progress);
  return (
    <Stack>
      {deployment.status === 'withdrawn' && <Alert color="gray">{texts.endedNotice}</Alert>}
      <Paper withBorder p="md">
        <Stack gap="sm">
          <Group gap="xs">
            <Badge color={deployment.status === 'active' ? 'teal' : 'gray'} variant="light">
              {texts.statuses[deployment.status]}
            </Badge>
            <Text size="sm">
              {texts.deploymentOf(deployment.scheduleVersion)} ·{' '}
              <time dateTime={deployment.createdAt}>{formatDateTime(deployment.createdAt)}</time>
            </Text>
          </Group>
          {deployment.status === 'active' && (
            <>
              <div role="status">
                <DeploymentProgress progress={progress} />
              </div>
              <ProgressCounts progress={progress} />
            </>
          )}
        </Stack>
      </Paper>
      {deployment.status === 'active' && <Devices deployment={deployment} progress={progress} />}
    </Stack>
  );
}

interface DevicesProps {
  readonly deployment: Deployment;
  readonly progress: DeploymentCounts;
}

function Devices({ deployment, progress }: DevicesProps) {
  const { scheduleDeploy: texts, common } = useTexts();
  const session = useSession();
  const [view, setView] = useUrlState(VIEW);
  const { pending, received, applied, failed } = progress;
  const stamp = useThrottledValue(`${pending} ${received} ${applied} ${failed}`, LIST_REST_MS);
  const query = useQuery({
    queryKey: ['device', 'of-deployment', deployment.id, view, stamp],
    queryFn: ({ signal }) =>
      session.list<Device>(
        `/schedules/${deployment.scheduleId}/deployments/${deployment.id}/devices`,
        { ...view, limit: 50 },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Group>
        <SearchField label={texts.searchScreens} value={view.q} onChange={(q) => setView({ q, page: '1' })} />
        <Select
          aria-label={texts.state}
          placeholder={texts.anyState}
          data={PROGRESS_STATES.map((state) => ({ value: state, label: texts.states[state] }))}
          value={view.state === '' ? null : view.state}
          onChange={(state) => setView({ state: state ?? '', page: '1' })}
          clearable
          clearButtonProps={{ 'aria-label': texts.anyState }}
        />
      </Group>
      <Loaded query={query} lines={8}>
        {(data) =>
          data.total === 0 ? (
            <EmptyState icon={MonitorX} title={common.nothingFound} hint={common.nothingFoundHint} />
          ) : (
            <ListTable
              label={texts.screensList}
              columns={columnsOf(texts)}
              data={data}
              rowKey={({ deviceId }) => deviceId}
              sort={view.sort}
              onSort={(sort) => setView({ sort, page: '1' })}
              onPage={(page) => setView({ page: String(page) })}
            />
          )
        }
      </Loaded>
    </>
  );
}

function columnsOf(texts: ReturnType<typeof useTexts>['scheduleDeploy']): readonly Column<Device>[] {
  return [
    {
      key: 'name',
      title: texts.screen,
      sort: 'name',
      render: ({ deviceId, name }) => (
        <AnchorLink to={`/devices/${deviceId}`} size="sm">
          {name}
        </AnchorLink>
      ),
    },
    {
      key: 'state',
      title: texts.state,
      render: ({ state, reason }) => <DeviceState state={state} reason={reason} />,
    },
    {
      key: 'online',
      title: texts.presence,
      from: 'sm',
      render: ({ online }) => <PresenceBadge status={online ? 'online' : 'offline'} />,
    },
    { key: 'at', title: texts.at, sort: 'at', from: 'sm', render: ({ at }) => at !== null && <Ago at={at} /> },
  ];
}

function DeviceState({ state, reason }: Pick<Device, 'state' | 'reason'>) {
  const { states } = useTexts().scheduleDeploy;
  const { color, icon: Icon } = STATE_LOOKS[state];
  return (
    <>
      <Badge color={color} variant="light" leftSection={<Icon size={12} aria-hidden />}>
        {states[state]}
      </Badge>
      {reason !== null && <Text size="xs">{reason}</Text>}
    </>
  );
}
