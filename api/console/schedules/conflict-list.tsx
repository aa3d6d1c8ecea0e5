/** Which other schedules one meets on the same screens, when, and who is shown then and why. */
import { Badge, Group, List, Paper, Stack, Text, Title } from '@mantine/core';
import { ArrowDownToLine, ArrowUpToLine } from 'lucide-react';
import type { Static } from 'typebox';
import type { ConflictsJson } from '../../schedules/conflicts.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { formatDuration } from '../ui/time-format.ts';
import { spanWords, viewersZone } from './time-words.ts';

export type Conflicts = Static<typeof ConflictsJson>;
type Conflict = Conflicts['conflicts'][number];

/** Overlaps of one conflict that are told one by one. */
const OVERLAPS_SHOWN = 3;

export function ConflictList({ conflicts: found }: { readonly conflicts: Conflicts }) {
  const texts = useTexts().scheduleDeploy;
  if (found.conflicts.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {texts.noConflicts}
      </Text>
    );
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        {texts.conflicts}
      </Title>
      <List listStyleType="none" spacing="xs" aria-label={texts.conflicts} styles={{ itemWrapper: { width: '100%' } }}>
        {found.conflicts.map((conflict) => (
          <List.Item key={`${conflict.deploymentId} ${conflict.winner} ${conflict.timezone ?? ''} ${conflict.why}`}>
            <ConflictItem conflict={conflict} />
          </List.Item>
        ))}
      </List>
      {found.omitted > 0 && (
        <Text size="sm" c="dimmed">
          {texts.omitted(found.omitted)}
        </Text>
      )}
    </Stack>
  );
}

function ConflictItem({ conflict }: { readonly conflict: Conflict }) {
  const { scheduleDeploy: texts, scheduleTiming, common } = useTexts();
  const { schedule, winner, why, devices, targets, overlaps, overlapSeconds, timezone } = conflict;
  const zone = timezone ?? viewersZone();
  const spans = overlaps
    .slice(0, OVERLAPS_SHOWN)
    .map(({ from, to }) =>
      spanWords({ startMs: Date.parse(from), endMs: Date.parse(to) }, zone, scheduleTiming.fromTo),
    );
  const isMine = winner === 'this';
  const Icon = isMine ? ArrowUpToLine : ArrowDownToLine;
  return (
    <Paper withBorder p="sm">
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <Badge
          color={isMine ? 'teal' : 'orange'}
          variant="light"
          circle
          size="lg"
          leftSection={<Icon size={14} aria-hidden />}
          aria-hidden
        />
        <div>
          <Text size="sm" fw={600}>
            {isMine ? texts.wins(schedule.name) : texts.loses(schedule.name)}
          </Text>
          <Text size="sm">{texts.because(texts.why[why][winner])}</Text>
          <Text size="sm" c="dimmed">
            {texts.conflictWhere(devices, targets.map(({ name }) => name ?? texts.hiddenTarget).join(', '))}
          </Text>
          <Text size="sm" c="dimmed">
            {texts.conflictsRange} {texts.conflictWhen(spans, overlaps.length - spans.length)}{' '}
            {texts.conflictHours(formatDuration(overlapSeconds * 1000, common.duration))}
          </Text>
        </div>
      </Group>
    </Paper>
  );
}
