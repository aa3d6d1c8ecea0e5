/** How many screens are online now, in large figures. */
import { Group, Paper, SimpleGrid, Skeleton, Text } from '@mantine/core';
import { Radio, Siren, Wifi, WifiOff, type LucideIcon } from 'lucide-react';
import { Link } from 'wouter';
import { chartColour, type ChartColour } from '../charts/colours.ts';
import { useLadders, usePresenceCounts } from '../live/live-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

export function PresenceNumbers() {
  const { overview: texts, common } = useTexts();
  const counts = usePresenceCounts();
  const active = [...useLadders().values()].filter(({ status }) => status === 'active').length;
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm" role="group" aria-label={texts.numbers}>
      <Figure
        name={texts.online}
        count={counts?.online}
        hint={counts === null ? '' : texts.onlineOf(counts.total)}
        icon={Wifi}
        colour="online"
        to="/devices?status=online"
      />
      <Figure
        name={texts.http}
        count={counts?.http}
        hint={texts.httpHint}
        icon={Radio}
        colour="http"
        to="/devices?transport=http"
      />
      <Figure
        name={texts.offline}
        count={counts?.offline}
        hint={texts.offlineHint}
        icon={WifiOff}
        colour="offline"
        to="/devices?status=offline"
      />
      <Figure
        name={texts.alerts}
        count={counts === null ? undefined : active}
        hint={active === 0 ? common.none : texts.alertsHint}
        icon={Siren}
        colour={active === 0 ? 'axis' : 'bad'}
        to="/alerts"
      />
    </SimpleGrid>
  );
}

interface FigureProps {
  readonly name: string;
  /** Undefined before the feed has said. */
  readonly count: number | undefined;
  readonly hint: string;
  readonly icon: LucideIcon;
  readonly colour: ChartColour;
  /** Where these are listed. */
  readonly to: string;
}

function Figure({ name, count, hint, icon: Icon, colour, to }: FigureProps) {
  const texts = useTexts();
  return (
    <Paper
      withBorder
      radius="md"
      p="md"
      component={Link}
      href={to}
      c="inherit"
      td="none"
      style={{ borderInlineStart: `5px solid ${chartColour(colour)}` }}
    >
      <Group gap={6} wrap="nowrap">
        <Icon size={18} aria-hidden color={chartColour(colour)} />
        <Text size="sm" fw={500}>
          {name}
        </Text>
      </Group>
      {count === undefined ? (
        <Skeleton h={36} w={72} my={4} />
      ) : (
        <Text fz={34} fw={700} lh={1.2} style={{ fontVariantNumeric: 'tabular-nums' }}>
          {texts.common.count(count)}
        </Text>
      )}
      <Text size="xs" c="dimmed">
        {hint}
      </Text>
    </Paper>
  );
}
