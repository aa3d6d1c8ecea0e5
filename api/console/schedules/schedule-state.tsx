/** How a schedule stands: whether screens play it, and as it is edited now. Said by word and icon, not by colour alone. */
import { Badge } from '@mantine/core';
import { Archive, CircleCheck, CircleDashed, FilePen, Undo2, type LucideIcon } from 'lucide-react';
import type { ScheduleListItem } from '../../schedules/schedule-json.ts';
import { useTexts } from '../texts/texts-context.tsx';

type State = 'draft' | 'deployed' | 'changed' | 'withdrawn' | 'archived';

const LOOKS: Readonly<Record<State, { readonly color: string; readonly icon: LucideIcon }>> = {
  draft: { color: 'gray', icon: CircleDashed },
  deployed: { color: 'teal', icon: CircleCheck },
  changed: { color: 'orange', icon: FilePen },
  withdrawn: { color: 'gray', icon: Undo2 },
  archived: { color: 'gray', icon: Archive },
};

type Facts = Pick<ScheduleListItem, 'status' | 'deployed' | 'hasUndeployedChanges'>;

function stateOf({ status, deployed, hasUndeployedChanges }: Facts): State {
  if (status === 'archived') return 'archived';
  if (deployed) return hasUndeployedChanges ? 'changed' : 'deployed';
  return status === 'draft' ? 'draft' : 'withdrawn';
}

export function ScheduleState({ schedule }: { readonly schedule: Facts }) {
  const { states } = useTexts().schedules;
  const state = stateOf(schedule);
  const { color, icon: Icon } = LOOKS[state];
  return (
    <Badge color={color} variant="light" leftSection={<Icon size={12} aria-hidden />}>
      {states[state]}
    </Badge>
  );
}
