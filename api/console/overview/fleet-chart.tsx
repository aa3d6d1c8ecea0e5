/** Screens online, over HTTP only and offline, over the last day or week and up to this moment. */
import { Button, SegmentedControl, Skeleton, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { FleetJson } from '../../reports/fleet-report.ts';
import { usePresenceCounts } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { useNow } from '../ui/now.ts';
import { formatDateTime } from '../ui/time-format.ts';
import { useUrlState } from '../ui/url-state.ts';
import { Card } from './card.tsx';

const TimeChart = lazy(async () => {
  const { TimeChart: component } = await import('../charts/time-chart.tsx');
  return { default: component };
});

const HOUR_MS = 3_600_000;
const RANGES = {
  day: { hours: 24, points: 145, everyMs: 10 * 60_000 },
  week: { hours: 168, points: 169, everyMs: 60 * 60_000 },
} as const;
type Range = keyof typeof RANGES;
const VIEW = { range: 'day' };
const CHART_HEIGHT = 220;
/** Rows of the table of figures. */
const FIGURES_MAX = 25;

interface Moment {
  readonly at: number;
  readonly online: number;
  readonly offline: number;
  readonly http: number;
}

export function FleetChart() {
  const texts = useTexts().overview;
  const session = useSession();
  const [view, setView] = useUrlState(VIEW);
  const range: Range = view.range === 'week' ? 'week' : 'day';
  const { hours, points, everyMs } = RANGES[range];
  const fleet = useQuery({
    queryKey: ['fleet', range],
    queryFn: ({ signal }) =>
      session.call<FleetJson>('GET', '/reports/fleet', {
        query: { from: new Date(Date.now() - hours * HOUR_MS).toISOString(), points },
        signal,
      }),
    // The feed tells how it is now; the past is read again when its next point has come.
    refetchInterval: everyMs,
    staleTime: everyMs / 2,
    placeholderData: keepPreviousData,
  });
  return (
    <Card
      title={texts.fleet}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={texts.range}
          data={[
            { value: 'day', label: texts.ranges.day },
            { value: 'week', label: texts.ranges.week },
          ]}
          value={range}
          onChange={(next) => setView({ range: next })}
        />
      }
    >
      <Loaded query={fleet} lines={6}>
        {(past) => <Lines past={past} />}
      </Loaded>
    </Card>
  );
}

function Lines({ past }: { readonly past: FleetJson }) {
  const { overview: texts, common } = useTexts();
  const moments = useMoments(past);
  const [showsFigures, setShowsFigures] = useState(false);
  if (moments.every(({ online, offline }) => online + offline === 0))
    return (
      <Text size="sm" c="dimmed">
        {texts.noHistory}
      </Text>
    );
  const online = moments.map((moment) => moment.online);
  return (
    <>
      <Suspense fallback={<Skeleton h={CHART_HEIGHT + 28} />}>
        <TimeChart
          label={texts.fleetGist(
            formatDateTime(past.from),
            online.at(-1) ?? 0,
            Math.min(...online),
            Math.max(...online),
          )}
          height={CHART_HEIGHT}
          times={moments.map(({ at }) => at)}
          formatValue={common.count}
          series={[
            { key: 'online', name: texts.online, colour: 'online', shaded: true, values: online },
            {
              ...{ key: 'http', name: texts.http, colour: 'http', dash: [3, 3] },
              values: moments.map(({ http }) => http),
            },
            {
              ...{ key: 'offline', name: texts.offline, colour: 'offline', dash: [10, 5] },
              values: moments.map(({ offline }) => offline),
            },
          ]}
        />
      </Suspense>
      <Button
        variant="subtle"
        size="compact-sm"
        w="fit-content"
        aria-expanded={showsFigures}
        onClick={() => setShowsFigures(!showsFigures)}
      >
        {showsFigures ? texts.hideFigures : texts.figures}
      </Button>
      {showsFigures && <Figures moments={moments} />}
    </>
  );
}

/** What was counted, and what the feed says now. */
function useMoments(past: FleetJson): Moment[] {
  const counts = usePresenceCounts();
  const now = useNow();
  const counted = past.points.map(({ at, ...rest }) => ({ at: Date.parse(at), ...rest }));
  const last = counted.at(-1)?.at ?? 0;
  if (counts === null) return counted;
  const { online, offline, http } = counts;
  return [...counted, { at: Math.max(now, last + 1), online, offline, http }];
}

function Figures({ moments }: { readonly moments: readonly Moment[] }) {
  const { overview: texts, common } = useTexts();
  const every = Math.ceil(moments.length / FIGURES_MAX);
  const rows = moments.toReversed().filter((_moment, index) => index % every === 0);
  return (
    <Table.ScrollContainer minWidth={0} mah={320} type="native" tabIndex={0} role="region" aria-label={texts.figures}>
      <Table aria-label={texts.fleet} verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.at}</Table.Th>
            <Table.Th ta="right">{texts.online}</Table.Th>
            <Table.Th ta="right">{texts.http}</Table.Th>
            <Table.Th ta="right">{texts.offline}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ at, online, http, offline }) => (
            <Table.Tr key={at}>
              <Table.Td>{formatDateTime(new Date(at).toISOString())}</Table.Td>
              <Table.Td ta="right">{common.count(online)}</Table.Td>
              <Table.Td ta="right">{common.count(http)}</Table.Td>
              <Table.Td ta="right">{common.count(offline)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
