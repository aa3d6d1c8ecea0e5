/** One alert on the board: what it says, how far it has come, and the way to end it. */
import { Badge, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { ArrowRight } from 'lucide-react';
import type { CSSProperties } from 'react';
import { Link } from 'wouter';
import type { NamedDeploymentJson } from '../../alerts/deployment-names.ts';
import { useLadder } from '../live/live-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { SeverityBadge, SEVERITY_COLOR } from '../ui/severity-badge.tsx';
import { LadderView } from './ladder-view.tsx';
import { StopButton } from './stop-button.tsx';
import { TimeLeft } from './time-left.tsx';

export function ActiveAlertCard({ deployment }: { readonly deployment: NamedDeploymentJson }) {
  const { alerts: texts } = useTexts();
  const { deploymentId, severity, title, message, drill, startedAt, startedByName, expiresAt, targets } = deployment;
  const live = useLadder(deploymentId);
  const status = live?.status ?? deployment.status;
  const targeted = live?.ladder.targeted ?? targets.total;
  const style = {
    borderLeft: `6px solid var(--mantine-color-${drill ? 'gray' : SEVERITY_COLOR[severity]}-filled)`,
  } as CSSProperties;
  return (
    <Card component="article" withBorder radius="md" padding="md" aria-label={title} style={style}>
      {drill && <div className="drill-stripes" style={{ marginBottom: 10 }} />}
      <Stack gap="sm">
        <div>
          <Group gap="xs">
            <SeverityBadge severity={severity} drill={drill} />
            {status !== 'active' && (
              <Badge color="gray" variant="light">
                {texts.status[status]}
              </Badge>
            )}
            <Text size="xs" c="dimmed">
              {startedByName === null ? texts.raisedByNobody : texts.raisedBy(startedByName)} · <Ago at={startedAt} />
              {status === 'active' && (
                <>
                  {' · '}
                  <TimeLeft until={expiresAt} />
                </>
              )}
            </Text>
          </Group>
          <Title order={2} size="h3" mt={4} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Title>
          {message !== '' && (
            <Text size="sm" lineClamp={2} style={{ whiteSpace: 'pre-line' }}>
              {message}
            </Text>
          )}
        </div>
        {live !== undefined && <LadderView ladder={live.ladder} status={status} latency={live.latency} />}
        <Group gap="sm" grow preventGrowOverflow={false}>
          {status === 'active' && (
            <StopButton deploymentId={deploymentId} title={title} targeted={targeted} size="md" />
          )}
          <Button
            component={Link}
            href={`/alerts/${deploymentId}`}
            variant="default"
            size="md"
            rightSection={<ArrowRight size={16} aria-hidden />}
            aria-label={texts.detailsOf(title)}
          >
            {texts.details}
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}
