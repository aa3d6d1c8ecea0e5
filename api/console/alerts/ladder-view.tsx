/** The receipt ladder: how many screens were sent it, have received it, show it, and have taken it off. */
import './alerts.css';
import { Badge, Group, Stack, Text, VisuallyHidden } from '@mantine/core';
import { CircleCheck, CircleHelp, TriangleAlert } from 'lucide-react';
import type { CSSProperties } from 'react';
import type { LatencyJson } from '../../alerts/deployment-ladder.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { formatDuration } from '../ui/time-format.ts';
import {
  hadIt,
  ladderSteps,
  percentText,
  shareOf,
  spokenQuarter,
  type Ladder,
  type LadderStatus,
  type Step,
  type StepName,
} from './ladder-steps.ts';

export interface LadderViewProps {
  readonly ladder: Ladder;
  readonly status: LadderStatus;
  readonly latency?: LatencyJson;
  readonly large?: boolean;
}

const COLOR: Readonly<Record<StepName, string>> = {
  sent: 'var(--mantine-color-gray-6)',
  received: 'var(--mantine-color-blue-6)',
  displayed: 'var(--mantine-color-teal-6)',
  cleared: 'var(--mantine-color-grape-6)',
};

export function LadderView({ ladder, status, latency, large = false }: LadderViewProps) {
  const texts = useTexts().alerts.ladder;
  if (ladder.targeted === 0) return <Text size="sm">{texts.none}</Text>;
  return (
    <Stack gap={large ? 'md' : 'xs'}>
      <ol className="ladder" aria-label={texts.label}>
        {ladderSteps(ladder, status).map((step) => (
          <LadderStep key={step.name} step={step} large={large} />
        ))}
      </ol>
      <Group gap="xs">
        <Unconfirmed ladder={ladder} status={status} />
        {latency !== undefined && !large && <Latency latency={latency} />}
      </Group>
      {status === 'stopped' && <Text size="sm">{texts.allClearReached(ladder.cleared, hadIt(ladder))}</Text>}
      <VisuallyHidden role="status">{texts.spoken(spokenQuarter(ladder))}</VisuallyHidden>
    </Stack>
  );
}

function LadderStep({ step, large }: { readonly step: Step; readonly large: boolean }) {
  const { alerts: texts, common } = useTexts();
  const share = shareOf(step);
  return (
    <li>
      <Text size="sm" fw={500}>
        {texts.ladder[step.name]}
      </Text>
      <Text className="ladder-count" fz={large ? 34 : 22} fw={700} lh={1.15}>
        {common.count(step.count)}
      </Text>
      <Text className="ladder-count" size="xs" c="dimmed">
        {texts.ladder.ofTotal(step.of, percentText(share))}
      </Text>
      <div
        className="ladder-track"
        style={{ '--ladder-color': COLOR[step.name], '--ladder-height': large ? '12px' : '8px' } as CSSProperties}
        aria-hidden
      >
        <div className="ladder-fill" style={{ transform: `scaleX(${share})` }} />
      </div>
    </li>
  );
}

/** What has to be looked after, by word and icon; or that nothing has. */
function Unconfirmed({ ladder, status }: Pick<LadderViewProps, 'ladder' | 'status'>) {
  const texts = useTexts().alerts.ladder;
  const { unconfirmed, failed, online } = ladder;
  return (
    <>
      {unconfirmed + failed === 0 && (
        <Badge color="teal" variant="light" leftSection={<CircleCheck size={12} aria-hidden />}>
          {status === 'active' ? texts.allConfirmed : texts.allShown}
        </Badge>
      )}
      {unconfirmed > 0 && (
        <Badge color="orange" variant="light" leftSection={<CircleHelp size={12} aria-hidden />}>
          {texts.unconfirmed(unconfirmed)}
        </Badge>
      )}
      {failed > 0 && (
        <Badge color="red" variant="light" leftSection={<TriangleAlert size={12} aria-hidden />}>
          {texts.failed(failed)}
        </Badge>
      )}
      <Text size="xs" c="dimmed">
        {texts.online(online)}
      </Text>
    </>
  );
}

function Latency({ latency }: { readonly latency: LatencyJson }) {
  const { alerts: texts, common } = useTexts();
  const { displayedP50Ms: half, displayedP99Ms: most } = latency;
  if (half === null || most === null) return null;
  return (
    <Text size="xs" c="dimmed">
      {texts.ladder.latency(formatDuration(half, common.duration), formatDuration(most, common.duration))}
    </Text>
  );
}
