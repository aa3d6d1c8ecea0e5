/** How far a deployment has come: a bar, and the same in numbers. */
import { Group, Progress, Stack, Text } from '@mantine/core';
import { CircleCheck, CircleX, Clock, Download, type LucideIcon } from 'lucide-react';
import type { Static } from 'typebox';
import type { ProgressJson, ProgressState } from '../../schedules/deployment-progress.ts';
import { useDeploymentProgress } from '../live/live-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

export type DeploymentCounts = Static<typeof ProgressJson>;

export const STATE_LOOKS: Readonly<Record<ProgressState, { readonly color: string; readonly icon: LucideIcon }>> = {
  applied: { color: 'teal', icon: CircleCheck },
  received: { color: 'blue', icon: Download },
  pending: { color: 'gray', icon: Clock },
  failed: { color: 'red', icon: CircleX },
};
export const PROGRESS_STATES = ['applied', 'received', 'pending', 'failed'] as const;

/**
 * The newest counts: the live feed's while it follows the deployment. Its last word is that nobody waits any more; what happens after
 * that (a screen that failed tries again) only a reading tells.
 */
export function useNewestProgress(deploymentId: number, read: DeploymentCounts): DeploymentCounts {
  const told = useDeploymentProgress().get(deploymentId)?.progress;
  if (told === undefined) return read;
  return told.pending === 0 && read.pending === 0 ? read : told;
}

export function DeploymentProgress({ progress }: { readonly progress: DeploymentCounts }) {
  const texts = useTexts().scheduleDeploy;
  const { targeted, applied } = progress;
  if (targeted === 0)
    return (
      <Text size="sm" c="dimmed">
        {texts.noScreens}
      </Text>
    );
  return (
    <Stack gap={4}>
      {/* Those that wait are what the bar has left. */}
      <Progress.Root size="lg" aria-hidden>
        {PROGRESS_STATES.filter((state) => state !== 'pending').map((state) => (
          <Progress.Section key={state} value={(progress[state] / targeted) * 100} color={STATE_LOOKS[state].color} />
        ))}
      </Progress.Root>
      <Text size="xs">{texts.progressLabel(applied, targeted)}</Text>
    </Stack>
  );
}

/** Each state with its count. */
export function ProgressCounts({ progress }: { readonly progress: DeploymentCounts }) {
  const { states, stateHints } = useTexts().scheduleDeploy;
  return (
    <Group gap="lg">
      {PROGRESS_STATES.map((state) => {
        const { icon: Icon } = STATE_LOOKS[state];
        return (
          <Group key={state} gap={6} wrap="nowrap" title={stateHints[state]}>
            <Icon size={16} aria-hidden />
            <Text size="sm">{states[state]}</Text>
            <Text size="sm" fw={700}>
              {progress[state]}
            </Text>
          </Group>
        );
      })}
    </Group>
  );
}
