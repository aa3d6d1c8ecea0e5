/** Amounts as bars with their names and figures as text: a chart that is its own table. */
import './charts.css';
import { Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { chartColour, type ChartColour } from './colours.ts';

export interface BarPart {
  readonly key: string;
  readonly colour: ChartColour;
  readonly amount: number;
}

export interface Bar {
  readonly key: string | number;
  readonly name: ReactNode;
  /** The figure in words, e.g. "12 h 3 min". */
  readonly text: string;
  readonly parts: readonly BarPart[];
}

export interface BarListProps {
  /** What the bars are of. */
  readonly label: string;
  readonly bars: readonly Bar[];
  /** What a full bar stands for; the greatest of the amounts when left out. */
  readonly full?: number;
}

export function BarList({ label, bars, full }: BarListProps) {
  const amountOf = ({ parts }: Bar): number => parts.reduce((sum, { amount }) => sum + amount, 0);
  const whole = full ?? Math.max(...bars.map(amountOf), 0);
  return (
    <Stack component="ul" aria-label={label} gap="xs" m={0} p={0} style={{ listStyle: 'none' }}>
      {bars.map((bar) => (
        <li key={bar.key}>
          <Group justify="space-between" gap="sm" wrap="nowrap">
            <Text size="sm" component="div" truncate>
              {bar.name}
            </Text>
            <Text size="sm" fw={500} style={{ whiteSpace: 'nowrap' }}>
              {bar.text}
            </Text>
          </Group>
          <PartBar parts={bar.parts} full={whole} />
        </li>
      ))}
    </Stack>
  );
}

/** One bar of several parts; it says nothing itself, so put its figures beside it. */
export function PartBar({ parts, full }: { readonly parts: readonly BarPart[]; readonly full: number }) {
  return (
    <div className="bar-track" aria-hidden>
      {parts.map(({ key, colour, amount }) => (
        <span
          key={key}
          style={{ background: chartColour(colour), width: full <= 0 ? 0 : `${Math.min(100, (amount / full) * 100)}%` }}
        />
      ))}
    </div>
  );
}
