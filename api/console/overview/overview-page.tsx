/** How things stand, for somebody on duty: alerts first, then screens, what needs a hand, and what is on its way. */
import { Grid, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent } from 'react';
import type { OverviewJson } from '../../reports/overview-report.ts';
import { useLiveFeed } from '../live/live-context.tsx';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { ActiveAlerts } from './active-alerts.tsx';
import { Attention } from './attention.tsx';
import { FirstSteps } from './first-steps.tsx';
import { FleetChart } from './fleet-chart.tsx';
import { PlacesCard } from './places-card.tsx';
import { PresenceNumbers } from './presence-numbers.tsx';
import { ScheduleProgress } from './schedule-progress.tsx';

/** What time alone changes (an hour offline) is looked at again this often, in milliseconds. */
const LOOK_AGAIN_MS = 60_000;
/** News of presence gather so long, and it is looked no oftener than every REST_MS, in milliseconds. */
const GATHER_MS = 500;
const REST_MS = 10_000;

export function OverviewPage() {
  const session = useSession();
  const overview = useQuery({
    queryKey: ['overview'],
    queryFn: ({ signal }) => session.call<OverviewJson>('GET', '/reports/overview', { signal }),
    refetchInterval: LOOK_AGAIN_MS,
    // What needs a hand may have been dealt with since the page was last open.
    staleTime: 0,
  });
  useLookOnPresence();
  return (
    <Page title={useTexts().overview.title}>
      <Loaded query={overview} lines={10}>
        {(now) => (now.devices === 0 && now.alerts === 0 ? <FirstSteps now={now} /> : <Duty now={now} />)}
      </Loaded>
    </Page>
  );
}

/** Screens that came or went may need a hand no more, or now. */
function useLookOnPresence(): void {
  const feed = useLiveFeed();
  const queries = useQueryClient();
  const look = useEffectEvent(() => void queries.invalidateQueries({ queryKey: ['overview'] }));
  useEffect(() => {
    let lastMs = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = feed.onPresence(() => {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          lastMs = Date.now();
          look();
        },
        Math.max(GATHER_MS, lastMs + REST_MS - Date.now()),
      );
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [feed]);
}

function Duty({ now }: { readonly now: OverviewJson }) {
  return (
    <>
      <PresenceNumbers />
      <ActiveAlerts />
      <Grid gap="md">
        <Grid.Col span={{ base: 12, lg: 8 }} order={{ base: 2, lg: 1 }}>
          <Stack>
            <FleetChart />
            <ScheduleProgress />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }} order={{ base: 1, lg: 2 }}>
          <Stack>
            <Attention now={now} />
            <FirstSteps now={now} />
          </Stack>
        </Grid.Col>
      </Grid>
      <PlacesCard />
    </>
  );
}
