/** Alerts on screens now, and those that are ready to be raised. */
import './alerts.css';
import { Anchor, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { BookMarked, ShieldCheck } from 'lucide-react';
import { Link } from 'wouter';
import type { AlertJson } from '../../alerts/alert-json.ts';
import type { NamedDeploymentJson } from '../../alerts/deployment-names.ts';
import { useLadders } from '../live/live-context.tsx';
import { useMay } from '../session/session-context.tsx';
import { useRaiseAlert } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { LIST_LIMIT_MAX, useListQuery } from '../ui/list-query.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { ActiveAlertCard } from './active-alert-card.tsx';
import { AlertPages } from './alert-pages.tsx';
import { byGravity } from './gravity.ts';
import { usePreparedAlerts } from './prepared-alerts-query.ts';
import { PreparedChoice } from './raise-choose.tsx';

/** Newest alerts among which those are looked for that ended a moment ago. */
const RECENT = 20;

export function AlertBoardPage() {
  const texts = useTexts().alerts;
  const active = useListQuery<NamedDeploymentJson>('alertDeployment', '/alerts/deployments', {
    status: 'active',
    sort: '-startedAt',
    limit: LIST_LIMIT_MAX,
  });
  return (
    <Page title={texts.title} description={texts.description} actions={<AlertPages />}>
      <Loaded query={active} lines={5}>
        {({ items }) => <Board active={items} />}
      </Loaded>
      <PreparedSection />
    </Page>
  );
}

function Board({ active }: { readonly active: readonly NamedDeploymentJson[] }) {
  const texts = useTexts().alerts;
  return (
    <>
      {active.length === 0 ? (
        <EmptyState icon={ShieldCheck} title={texts.allClear} hint={texts.allClearHint} />
      ) : (
        <Cards deployments={[...active].sort(byGravity)} />
      )}
      <Ended active={active} />
    </>
  );
}

/** Apart from the board, because it looks at every word of the feed. */
function Ended({ active }: { readonly active: readonly NamedDeploymentJson[] }) {
  const texts = useTexts().alerts;
  const ended = useEndedAMomentAgo(active);
  if (ended.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label={texts.ended}>
      <Text fw={600}>{texts.ended}</Text>
      <Cards deployments={ended} />
    </Stack>
  );
}

function Cards({ deployments }: { readonly deployments: readonly NamedDeploymentJson[] }) {
  return (
    <SimpleGrid cols={{ base: 1, lg: deployments.length === 1 ? 1 : 2 }} spacing="md">
      {deployments.map((deployment) => (
        <ActiveAlertCard key={deployment.deploymentId} deployment={deployment} />
      ))}
    </SimpleGrid>
  );
}

/** Those that the feed still follows: whether the all-clear arrives is worth a look. */
function useEndedAMomentAgo(active: readonly NamedDeploymentJson[]): NamedDeploymentJson[] {
  const ladders = useLadders();
  const recent = useListQuery<NamedDeploymentJson>('alertDeployment', '/alerts/deployments', {
    sort: '-startedAt',
    limit: RECENT,
  });
  const isOn = new Set(active.map(({ deploymentId }) => deploymentId));
  return (recent.data?.items ?? []).filter(
    ({ deploymentId, status }) => status !== 'active' && !isOn.has(deploymentId) && ladders.has(deploymentId),
  );
}

function PreparedSection() {
  const texts = useTexts().alerts;
  const prepared = usePreparedAlerts();
  const { manage } = useMay();
  if (!manage) return null;
  return (
    <Stack gap="xs" component="section" aria-labelledby="prepared-alerts">
      <Title order={2} size="h4" id="prepared-alerts">
        {texts.startPrepared}
      </Title>
      <Loaded query={prepared} lines={2}>
        {(alerts) =>
          alerts.length === 0 ? (
            <Group gap="xs">
              <BookMarked size={18} aria-hidden />
              <Text size="sm">
                {texts.noPreparedHint}{' '}
                <Anchor component={Link} href="/alerts/prepared">
                  {texts.prepare}
                </Anchor>
              </Text>
            </Group>
          ) : (
            <PreparedCards alerts={alerts} />
          )
        }
      </Loaded>
    </Stack>
  );
}

function PreparedCards({ alerts }: { readonly alerts: readonly AlertJson[] }) {
  const raise = useRaiseAlert();
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3, xl: 4 }} spacing="sm">
      {alerts.map((alert) => (
        <PreparedChoice key={alert.id} alert={alert} onPick={() => raise({ alertId: alert.id })} />
      ))}
    </SimpleGrid>
  );
}
