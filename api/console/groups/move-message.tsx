/** What a move means: what goes where, and what will apply to it there. */
import { Loader, Stack, Text } from '@mantine/core';
import { useTexts } from '../texts/texts-context.tsx';
import { useGroupStanding } from './group-standing.ts';

export interface MoveMessageProps {
  /** What goes where, in words. */
  readonly what: string;
  /** Where it goes; null: to the top, or into no group. */
  readonly groupId: number | null;
}

export function MoveMessage({ what, groupId }: MoveMessageProps) {
  const texts = useTexts().groups.move;
  const standing = useGroupStanding(groupId);
  const applies = (): string => {
    if (groupId === null) return texts.nothingFromAbove;
    if (standing.data === undefined) return texts.appliesUnknown;
    return texts.applies(standing.data.alerts.length, standing.data.schedules.length);
  };
  return (
    <Stack gap="xs">
      <Text size="sm">{what}</Text>
      {standing.isLoading ? <Loader size="xs" aria-label={texts.looking} /> : <Text size="sm">{applies()}</Text>}
    </Stack>
  );
}
