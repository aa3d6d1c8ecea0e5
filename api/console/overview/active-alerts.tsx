/** The alerts that are on screens now, each with how far it has come. */
import { Group, Stack, Text } from '@mantine/core';
import type { DeploymentJson } from '../../alerts/deployment-json.ts';
import { PartBar } from '../charts/bar-list.tsx';
import { useLadder, useLadders } from '../live/live-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { SeverityBadge } from '../ui/severity-badge.tsx';
import { formatDateTime } from '../ui/time-format.ts';
import { useActiveDeployments } from './active-deployments.ts';
import { Card } from './card.tsx';

export function ActiveAlerts() {
  const texts = useTexts().overview;
  const active = useActiveDeployments();
  const ladders = useLadders();
  const isOver = (id: number): boolean => (ladders.get(id)?.status ?? 'active') !== 'active';
  return (
    <Card
      title={texts.activeAlerts}
      actions={
        <AnchorLink to="/alerts" size="sm">
          {texts.toBoard}
        </AnchorLink>
      }
    >
      <Loaded query={active} lines={1}>
        {({ items }) => {
          const shown = items.filter(({ deploymentId }) => !isOver(deploymentId));
          if (shown.length === 0)
            return (
              <Text size="sm" c="dimmed">
                {texts.noAlerts}
              </Text>
            );
          return (
            <Stack component="ul" gap="md" m={0} p={0} style={{ listStyle: 'none' }}>
              {shown.map((deployment) => (
                <ActiveAlert key={deployment.deploymentId} deployment={deployment} />
              ))}
            </Stack>
          );
        }}
      </Loaded>
    </Card>
  );
}

function ActiveAlert({ deployment }: { readonly deployment: DeploymentJson }) {
  const texts = useTexts().overview;
  const { deploymentId, severity, drill, title, startedAt, expiresAt, targets } = deployment;
  const ladder = useLadder(deploymentId)?.ladder;
  const targeted = ladder?.targeted ?? targets.total;
  const displayed = ladder?.displayed ?? 0;
  return (
    <li>
      <Group gap="xs">
        <SeverityBadge severity={severity} drill={drill} />
        <AnchorLink to={`/alerts/${deploymentId}`} fw={600}>
          {title}
        </AnchorLink>
        <Text size="xs" c="dimmed">
          {texts.raised} <Ago at={startedAt} /> · {texts.runsOut} {formatDateTime(expiresAt)}
        </Text>
      </Group>
      <Group gap="sm" my={4}>
        <Text size="sm" fw={500}>
          {texts.onGlass(displayed, targeted)}
        </Text>
        {ladder !== undefined && ladder.failed > 0 && <Text size="sm">{texts.failed(ladder.failed)}</Text>}
        {ladder !== undefined && ladder.unconfirmed > 0 && (
          <Text size="sm">{texts.unconfirmed(ladder.unconfirmed)}</Text>
        )}
      </Group>
      <PartBar
        full={targeted}
        parts={[
          { key: 'displayed', colour: 'online', amount: displayed },
          { key: 'failed', colour: 'bad', amount: ladder?.failed ?? 0 },
        ]}
      />
    </li>
  );
}
