/** How far a command is, by icon and word. */
import { Badge } from '@mantine/core';
import { Ban, CircleCheck, CircleX, Clock, Hourglass, TimerOff } from 'lucide-react';
import type { CommandJson } from '../../devices/command-json.ts';
import { useTexts } from '../texts/texts-context.tsx';

const LOOK = {
  pending: { icon: Clock, color: 'blue' },
  acknowledged: { icon: Hourglass, color: 'blue' },
  succeeded: { icon: CircleCheck, color: 'teal' },
  failed: { icon: CircleX, color: 'red' },
  rejected: { icon: Ban, color: 'red' },
  expired: { icon: TimerOff, color: 'gray' },
} as const;

export function CommandState({ command }: { readonly command: Pick<CommandJson, 'state'> }) {
  const { states } = useTexts().devicePage.commands;
  const { icon: Icon, color } = LOOK[command.state];
  return (
    <Badge color={color} variant="light" tt="none" leftSection={<Icon size={12} aria-hidden />}>
      {states[command.state]}
    </Badge>
  );
}
