/**
 * Lines over time, drawn by uPlot. The canvas says nothing to screen readers: its label says the gist, and whoever uses it puts the
 * figures beside it as a table. What the pointer is at, is read in the legend.
 */
import 'uplot/dist/uPlot.min.css';
import './charts.css';
import { Group, Text, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useEffectEvent, useMemo, useRef, useState } from 'react';
import UPlot from 'uplot';
import { formatDateTime } from '../ui/time-format.ts';
import { chartColour, resolvedColour, type ChartColour } from './colours.ts';
import { tickTexts } from './time-ticks.ts';

export interface TimeSeries {
  readonly key: string;
  readonly name: string;
  readonly colour: ChartColour;
  /** Lengths of strokes and gaps, in pixels: lines are told apart without their colours. */
  readonly dash?: readonly number[];
  /** Shades what is below the line. */
  readonly shaded?: boolean;
  /** One for each of the chart's times; null where nothing is known. */
  readonly values: readonly (number | null)[];
}

export interface TimeChartProps {
  /** What the chart shows and its gist, for who cannot see it. */
  readonly label: string;
  /** Epoch milliseconds, rising. */
  readonly times: readonly number[];
  readonly series: readonly TimeSeries[];
  readonly formatValue: (value: number) => string;
  /** Pixels. */
  readonly height?: number;
}

export function TimeChart({ label, times, series, formatValue, height = 220 }: TimeChartProps) {
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const { ref, width } = useElementSize();
  const [at, setAt] = useState<number | null>(null);
  const looks = series.map(({ key, colour, dash, shaded }): Look => ({ key, colour, dash, shaded }));
  const data = useMemo(
    () => [times.map((ms) => ms / 1000), ...series.map(({ values }) => [...values])] as UPlot.AlignedData,
    [times, series],
  );
  const index = at !== null && at < times.length ? at : times.length - 1;
  const shown = times[index];
  return (
    <div ref={ref}>
      <div role="img" aria-label={label}>
        <div style={{ height }}>
          {width > 0 && (
            // Made anew when its colours or lines change; its data and its size it is told.
            <Canvas
              key={`${scheme} ${height} ${JSON.stringify(looks)}`}
              looks={looks}
              data={data}
              frame={{ width, height, formatValue, onCursor: setAt }}
            />
          )}
        </div>
      </div>
      <Group gap="4px 16px" mt={4}>
        {series.map(({ key, name, colour, dash = [], values }) => {
          const value = values[index];
          return (
            <Group key={key} gap={6} wrap="nowrap">
              <svg width={26} height={8} aria-hidden>
                <line
                  x1={0}
                  y1={4}
                  x2={26}
                  y2={4}
                  stroke={chartColour(colour)}
                  strokeWidth={3}
                  strokeDasharray={dash.join(' ')}
                />
              </svg>
              <Text size="sm">
                {name}{' '}
                <Text span fw={600}>
                  {value === null || value === undefined ? '' : formatValue(value)}
                </Text>
              </Text>
            </Group>
          );
        })}
        {shown !== undefined && (
          <Text size="xs" c="dimmed">
            {formatDateTime(new Date(shown).toISOString())}
          </Text>
        )}
      </Group>
    </div>
  );
}

interface Look {
  readonly key: string;
  readonly colour: ChartColour;
  readonly dash: readonly number[] | undefined;
  readonly shaded: boolean | undefined;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly formatValue: (value: number) => string;
  readonly onCursor: (index: number | null) => void;
}

interface CanvasProps {
  readonly looks: readonly Look[];
  readonly data: UPlot.AlignedData;
  readonly frame: Frame;
}

function Canvas({ looks, data, frame }: CanvasProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | null>(null);
  const { width, height } = frame;
  const make = useEffectEvent((into: HTMLElement) => new UPlot(optionsOf(looks, frame), data, into));
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = make(place.current);
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
  }, []);
  useEffect(() => chart.current?.setSize({ width, height }), [width, height]);
  useEffect(() => chart.current?.setData(data), [data]);
  return <div ref={place} />;
}

/** Share of a line's colour that shades what is below it, as two hex digits. */
const SHADE = '2b';

function optionsOf(looks: readonly Look[], { width, height, formatValue, onCursor }: Frame): UPlot.Options {
  const axis = resolvedColour('axis');
  const grid = { stroke: resolvedColour('grid'), width: 1 };
  const font = '12px "Inter Variable", system-ui, sans-serif';
  return {
    width,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 }, y: false },
    scales: { y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.08)] } },
    axes: [
      {
        ...{ stroke: axis, font, grid, ticks: grid, space: 70 },
        values: (_chart, splits, _axis, _space, step) => tickTexts(splits, step),
      },
      {
        ...{ stroke: axis, font, grid, ticks: grid, size: 52 },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
        values: (_chart, splits) => splits.map(formatValue),
      },
    ],
    series: [
      {},
      ...looks.map(({ colour, dash, shaded }): UPlot.Series => {
        const stroke = resolvedColour(colour);
        return {
          stroke,
          width: 2,
          points: { show: false },
          ...(dash === undefined ? {} : { dash: [...dash] }),
          ...(shaded === true ? { fill: `${stroke}${SHADE}` } : {}),
        };
      }),
    ],
    hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)] },
  };
}
