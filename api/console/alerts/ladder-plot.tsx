/** How screens came to show an alert, over the seconds since it was raised. Drawn by uPlot; the ladder beside it says the same in figures. */
import 'uplot/dist/uPlot.min.css';
import '../charts/charts.css';
import { Group, Text, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useLayoutEffect, useRef } from 'react';
import type { Static } from 'typebox';
import UPlot from 'uplot';
import type { TimelineJson } from '../../alerts/deployment-timeline.ts';
import { chartColour, resolvedColour, type ChartColour } from '../charts/colours.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useNow } from '../ui/now.ts';
import { formatDuration } from '../ui/time-format.ts';
import type { Ladder } from './ladder-steps.ts';
import { plotLines, type PlotLines } from './plot-points.ts';

/** Pixels. */
const HEIGHT = 280;
const LINES: readonly {
  readonly key: 'received' | 'displayed';
  readonly colour: ChartColour;
  readonly dash: number[];
}[] = [
  { key: 'received', colour: 'main', dash: [6, 4] },
  { key: 'displayed', colour: 'online', dash: [] },
];

export interface LadderPlotProps {
  readonly deploymentId: number;
  readonly startedAt: string;
  readonly ladder: Ladder;
}

export function LadderPlot({ deploymentId, startedAt, ladder }: LadderPlotProps) {
  const texts = useTexts().alerts.plot;
  const session = useSession();
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const timeline = useQuery({
    queryKey: ['alertDeployment', 'timeline', deploymentId],
    queryFn: ({ signal }) =>
      session.call<Static<typeof TimelineJson>>('GET', `/alerts/deployments/${deploymentId}/timeline`, { signal }),
  });
  const { received, displayed, targeted } = ladder;
  // When the feed said so, as near as this browser knows.
  const now = useNow(1_000);
  const points = timeline.data?.points;
  const afterMs = Math.max(0, now - Date.parse(startedAt));
  const lines = plotLines(points ?? [], points === undefined ? null : { afterMs, received, displayed });
  return (
    <>
      <div role="img" aria-label={texts.label(received, displayed, targeted)}>
        <Canvas key={scheme} print={JSON.stringify(lines)} targeted={targeted} />
      </div>
      <Group gap="xs" mt={4}>
        {LINES.map(({ key, colour, dash }) => (
          <Group key={key} gap={6} wrap="nowrap">
            <svg width={26} height={8} aria-hidden>
              <line
                {...{ x1: 0, y1: 4, x2: 26, y2: 4, strokeWidth: 3 }}
                stroke={chartColour(colour)}
                strokeDasharray={dash.join(' ')}
              />
            </svg>
            <Text size="sm">{texts[key]}</Text>
          </Group>
        ))}
        <Text size="xs" c="dimmed">
          {texts.seconds}
        </Text>
      </Group>
    </>
  );
}

/** Drawn anew whenever something of it changes, which is twice a second at most. Its colours are those of the moment: key it by them. */
function Canvas({ print, targeted }: { readonly print: string; readonly targeted: number }) {
  const durations = useTexts().common.duration;
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (place.current === null || width === 0) return;
    const { seconds, received, displayed, isLogarithmic } = JSON.parse(print) as PlotLines;
    const tick = (at: number): string => formatDuration(at * 1_000, durations);
    const options = optionsOf({ width, isLogarithmic, targeted, tick });
    const chart = new UPlot(options, [seconds, received, displayed], place.current);
    return () => chart.destroy();
  }, [print, targeted, width, durations]);
  return (
    <div ref={ref}>
      <div ref={place} style={{ height: HEIGHT }} />
    </div>
  );
}

interface Frame {
  readonly width: number;
  readonly isLogarithmic: boolean;
  readonly targeted: number;
  readonly tick: (seconds: number) => string;
}

function optionsOf({ width, isLogarithmic, targeted, tick }: Frame): UPlot.Options {
  const axis = resolvedColour('axis');
  const grid = { stroke: resolvedColour('grid'), width: 1 };
  const font = '12px "Inter Variable", system-ui, sans-serif';
  const stepped = UPlot.paths.stepped?.({ align: 1 });
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, ...(isLogarithmic ? { distr: 3, log: 10 } : {}) },
      y: { range: () => [0, Math.max(1, targeted * 1.05)] },
    },
    axes: [
      {
        ...{ stroke: axis, font, grid, ticks: grid, space: 60 },
        values: (_chart, splits) => splits.map((one) => (one === null ? '' : tick(one))),
      },
      {
        ...{ stroke: axis, font, grid, ticks: grid, size: 52 },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4],
      },
    ],
    series: [
      {},
      ...LINES.map(({ colour, dash }): UPlot.Series => {
        const stroke = resolvedColour(colour);
        return {
          stroke,
          dash,
          width: 2,
          points: { show: false },
          ...(stepped === undefined ? {} : { paths: stepped }),
        };
      }),
    ],
  };
}
