/** One alert: its ladder as it fills, the screens that have not confirmed with why, and what can be done about it. */
import './alerts.css';
import { Badge, Grid, Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'wouter';
import type { LatencyJson } from '../../alerts/deployment-ladder.ts';
import { useLadder } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';
import { NotFoundPage } from '../shell/not-found-page.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { SeverityBadge } from '../ui/severity-badge.tsx';
import { formatDateTime, formatDuration } from '../ui/time-format.ts';
import { AlertPages } from './alert-pages.tsx';
import { AlertPreview } from './alert-preview.tsx';
import { DeploymentActions, type DeploymentDetail } from './deployment-actions.tsx';
import { LadderPlot } from './ladder-plot.tsx';
import type { LadderStatus } from './ladder-steps.ts';
import { LadderView } from './ladder-view.tsx';
import { useReadWithLadder } from './read-with-ladder.ts';
import { ReceiptsTable } from './receipts-table.tsx';
import { TimeLeft } from './time-left.tsx';

export function AlertDeploymentPage() {
  const { id = '' } = useParams();
  return /^\d{1,15}$/.test(id) ? <Deployment key={id} deploymentId={Number(id)} /> : <NotFoundPage />;
}

function Deployment({ deploymentId }: { readonly deploymentId: number }) {
  const texts = useTexts().alerts;
  const session = useSession();
  useReadWithLadder(deploymentId);
  const query = useQuery({
    queryKey: ['alertDeployment', 'one', deploymentId],
    queryFn: ({ signal }) => session.call<DeploymentDetail>('GET', `/alerts/deployments/${deploymentId}`, { signal }),
  });
  const live = useLadder(deploymentId);
  const deployment = query.data;
  const status = live?.status ?? deployment?.status;
  return (
    <Page
      title={deployment?.title ?? texts.title}
      description={
        deployment !== undefined && status !== undefined && <Facts deployment={deployment} status={status} />
      }
      actions={
        deployment !== undefined &&
        status !== undefined && (
          <DeploymentActions deployment={deployment} ladder={live?.ladder ?? deployment.ladder} status={status} />
        )
      }
    >
      <AlertPages />
      <Loaded query={query} lines={8}>
        {(found) => (
          <Body
            deployment={found}
            ladder={live?.ladder ?? found.ladder}
            latency={live?.latency ?? found.latency}
            status={live?.status ?? found.status}
          />
        )}
      </Loaded>
    </Page>
  );
}

function Facts({ deployment, status }: { readonly deployment: DeploymentDetail; readonly status: LadderStatus }) {
  const texts = useTexts().alerts;
  const { severity, drill, startedByName, startedAt, stoppedAt, stoppedByName, expiresAt } = deployment;
  return (
    <Group gap="xs" mt={4}>
      <SeverityBadge severity={severity} drill={drill} />
      <Badge color={status === 'active' ? 'indigo' : 'gray'} variant="light">
        {texts.status[status]}
      </Badge>
      <Text size="sm" component="span">
        {startedByName === null ? texts.raisedByNobody : texts.raisedBy(startedByName)} · <Ago at={startedAt} />
        {status === 'active' && (
          <>
            {' · '}
            <TimeLeft until={expiresAt} />
          </>
        )}
        {status === 'stopped' && stoppedAt !== null && (
          <>
            {' · '}
            {texts.stoppedBy(stoppedByName, formatDateTime(stoppedAt))}
          </>
        )}
      </Text>
    </Group>
  );
}

interface BodyProps extends Pick<DeploymentDetail, 'ladder' | 'latency' | 'status'> {
  readonly deployment: DeploymentDetail;
}

function Body({ deployment, ladder, latency, status }: BodyProps) {
  const texts = useTexts().alerts;
  const { deploymentId, startedAt } = deployment;
  return (
    <>
      {deployment.drill && <div className="drill-stripes" />}
      <Paper withBorder radius="md" p="md">
        <LadderView ladder={ladder} status={status} large />
      </Paper>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Paper withBorder radius="md" p="md" h="100%">
            <Title order={2} size="h4" mb="xs">
              {texts.plot.title}
            </Title>
            <LadderPlot deploymentId={deploymentId} startedAt={startedAt} ladder={ladder} />
          </Paper>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="md">
            <AlertPreview {...deployment} />
            <LatencyTable latency={latency} />
          </Stack>
        </Grid.Col>
      </Grid>
      <ReceiptsTable deploymentId={deploymentId} startedAt={startedAt} status={status} />
    </>
  );
}

function LatencyTable({ latency }: { readonly latency: LatencyJson }) {
  const { alerts, common } = useTexts();
  const texts = alerts.latency;
  const told = (ms: number | null): string => (ms === null ? '–' : formatDuration(ms, common.duration));
  return (
    <Paper withBorder radius="md" p="xs">
      <Table aria-label={texts.title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.title}</Table.Th>
            <Table.Th ta="right">{texts.half}</Table.Th>
            <Table.Th ta="right">{texts.most}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Table.Tr>
            <Table.Th scope="row">{texts.received}</Table.Th>
            <Table.Td ta="right">{told(latency.receivedP50Ms)}</Table.Td>
            <Table.Td ta="right">{told(latency.receivedP99Ms)}</Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Th scope="row">{texts.displayed}</Table.Th>
            <Table.Td ta="right">{told(latency.displayedP50Ms)}</Table.Td>
            <Table.Td ta="right">{told(latency.displayedP99Ms)}</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </Paper>
  );
}
