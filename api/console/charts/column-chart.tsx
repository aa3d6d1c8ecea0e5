/** Amounts side by side, e.g. by day. Its label says the gist; put the figures beside it as a table. */
import './charts.css';
import { Group, Text } from '@mantine/core';

export interface ColumnOf {
  readonly key: string;
  /** What it is and its figure, shown on hover. */
  readonly text: string;
  readonly amount: number;
}

export interface ColumnChartProps {
  readonly label: string;
  readonly columns: readonly ColumnOf[];
  /** Pixels. */
  readonly height?: number;
  /** Below the first column and the last. */
  readonly ends: readonly [string, string];
}

export function ColumnChart({ label, columns, height = 140, ends }: ColumnChartProps) {
  const whole = Math.max(...columns.map(({ amount }) => amount), 0);
  return (
    <div>
      <div className="column-chart" role="img" aria-label={label} style={{ height }}>
        {columns.map(({ key, text, amount }) => (
          <span
            key={key}
            title={text}
            style={{ height: whole <= 0 || amount <= 0 ? 0 : `max(2px, ${(amount / whole) * 100}%)` }}
          />
        ))}
      </div>
      <Group justify="space-between">
        {ends.map((end, at) => (
          <Text key={at === 0 ? 'first' : 'last'} size="xs" c="dimmed">
            {end}
          </Text>
        ))}
      </Group>
    </div>
  );
}
