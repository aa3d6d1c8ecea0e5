/** What the screen should show and be, beside what it says it shows and is. */
import { Alert, Grid, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleHelp, Hourglass, TriangleAlert } from 'lucide-react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { DeviceStateJson } from '../../devices/device-state.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { SeverityBadge } from '../ui/severity-badge.tsx';
import { AgreementBadge } from './agreement-badge.tsx';
import { compareAlerts, compareSchedule } from './compare-state.ts';
import { Section } from './section.tsx';
import { ScreenshotCard } from './screenshot-card.tsx';
import { screenKey } from './screen-data.ts';
import { SettingsTable } from './settings-table.tsx';
import { StatusFacts } from './status-facts.tsx';

/** What a screen says of itself is not on the live feed; it is asked for this often, in milliseconds. */
const FOLLOW_MS = 4_000;
const REST_MS = 15_000;

export function NowTab({ device }: { readonly device: DeviceJson }) {
  const session = useSession();
  const { statusTitle } = useTexts().devicePage.now;
  const query = useQuery({
    queryKey: screenKey(device.id, 'state'),
    queryFn: () => session.call<DeviceStateJson>('GET', `/devices/${device.id}/state`),
    refetchInterval: ({ state }) => (device.status === 'online' && state.data?.inSync === false ? FOLLOW_MS : REST_MS),
  });
  return (
    <Grid>
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Loaded query={query} lines={8}>
          {(state) => (
            <Stack>
              <SyncNotice device={device} state={state} />
              <AlertsCard state={state} />
              <ScheduleCard state={state} />
              <SettingsTable state={state} />
              {state.desired.commands.length > 0 && <PendingCard state={state} />}
            </Stack>
          )}
        </Loaded>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <Stack>
          <ScreenshotCard device={device} />
          {query.data !== undefined && (
            <Section title={statusTitle}>
              <StatusFacts reported={query.data.reported} />
            </Section>
          )}
        </Stack>
      </Grid.Col>
    </Grid>
  );
}

interface WithState {
  readonly state: DeviceStateJson;
}

function SyncNotice({ device, state }: WithState & { readonly device: DeviceJson }) {
  const texts = useTexts().devicePage.now;
  const { reported, inSync } = state;
  if (reported === null)
    return (
      <Alert color="gray" variant="light" icon={<CircleHelp aria-hidden />} title={texts.saidNothing}>
        {texts.saidNothingHint}
      </Alert>
    );
  if (inSync)
    return (
      <Alert color="teal" variant="light" icon={<CircleCheck aria-hidden />} title={texts.inSync}>
        {texts.reportedAt} <Ago at={reported.reportedAt} />
      </Alert>
    );
  return (
    <Alert color="orange" variant="light" icon={<TriangleAlert aria-hidden />} title={texts.notInSync}>
      {device.status === 'online' ? texts.notInSyncOnline : texts.notInSyncOffline} {texts.reportedAt}{' '}
      <Ago at={reported.reportedAt} />
    </Alert>
  );
}

function AlertsCard({ state }: WithState) {
  const texts = useTexts().devicePage.now;
  const { alerts } = state.desired;
  const { shown, leftOver } = compareAlerts(state);
  return (
    <Section title={texts.alertsTitle}>
      <Stack gap="xs">
        {alerts.length === 0 && leftOver.length === 0 && <Text size="sm">{texts.noAlerts}</Text>}
        {alerts.map(({ deploymentId, severity, title, drill }) => (
          <Group key={deploymentId} gap="xs">
            <SeverityBadge severity={severity} drill={drill} />
            <AnchorLink to={`/alerts/${deploymentId}`} size="sm">
              {title}
            </AnchorLink>
            <AgreementBadge agreement={shown.has(deploymentId) ? 'same' : 'different'}>
              {shown.has(deploymentId) ? texts.alertShown : texts.alertMissing}
            </AgreementBadge>
          </Group>
        ))}
        {leftOver.map((deploymentId) => (
          <Group key={deploymentId} gap="xs">
            <AnchorLink to={`/alerts/${deploymentId}`} size="sm">
              {texts.alertNumber(deploymentId)}
            </AnchorLink>
            <AgreementBadge agreement="different">{texts.alertLeftOver}</AgreementBadge>
          </Group>
        ))}
      </Stack>
    </Section>
  );
}

const SCHEDULE_AGREEMENT = {
  nothing: 'free',
  plays: 'same',
  fetching: 'different',
  failed: 'different',
  behind: 'different',
  unsaid: 'unsaid',
} as const;

function ScheduleCard({ state }: WithState) {
  const texts = useTexts().devicePage.now;
  const progress = compareSchedule(state);
  const status = state.reported?.status;
  return (
    <Section title={texts.scheduleTitle}>
      <Group gap="xs">
        <AgreementBadge agreement={SCHEDULE_AGREEMENT[progress]}>{texts.schedule[progress]}</AgreementBadge>
        {state.desired.schedule !== null && (
          <Text size="sm">{texts.versions(state.desired.schedule.version, status?.scheduleVersion ?? null)}</Text>
        )}
      </Group>
      {progress === 'failed' && status?.scheduleReason !== undefined && (
        <Text size="sm" mt={4}>
          {texts.because(status.scheduleReason)}
        </Text>
      )}
    </Section>
  );
}

function PendingCard({ state }: WithState) {
  const { now: texts, commands } = useTexts().devicePage;
  return (
    <Section title={texts.pendingTitle}>
      <Stack gap="xs">
        {state.desired.commands.map(({ commandId, name, issuedAt }) => (
          <Group key={commandId} gap="xs">
            <Hourglass size={14} aria-hidden />
            <Text size="sm">
              {commands.names[name]}, <Ago at={issuedAt} />
            </Text>
          </Group>
        ))}
      </Stack>
    </Section>
  );
}
