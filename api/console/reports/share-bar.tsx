/** A share as a bar with its figure. */
import { Text } from '@mantine/core';
import { PartBar } from '../charts/bar-list.tsx';
import type { ChartColour } from '../charts/colours.ts';

export interface ShareBarProps {
  /** 0 to 100; more fills the bar. */
  readonly percent: number;
  /** The figure in words. */
  readonly text: string;
  readonly colour: ChartColour;
}

export function ShareBar({ percent, text, colour }: ShareBarProps) {
  return (
    <div style={{ minWidth: 96 }}>
      <Text size="sm" fw={500}>
        {text}
      </Text>
      <PartBar full={100} parts={[{ key: 'share', colour, amount: percent }]} />
    </div>
  );
}
