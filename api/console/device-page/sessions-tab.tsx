/** When the screen was online: a bar for each of the last days, and every time in a list. */
import { Box, Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { History } from 'lucide-react';
import { useState } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { SessionJson } from '../../devices/device-sessions.ts';
import { useSession } from '../session/session-context.tsx';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { LIST_LIMIT_MAX } from '../ui/list-query.ts';
import { ListTable, type Column } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { useNow } from '../ui/now.ts';
import { formatDateTime, formatDuration } from '../ui/time-format.ts';
import { screenKey } from './screen-data.ts';
import { Section } from './section.tsx';
import { dayBars, type DayBar } from './session-bars.ts';

const DAYS = 7;
const ROWS = 25;

function useSessions(deviceId: number, page: number, limit: number) {
  const session = useSession();
  return useQuery({
    queryKey: screenKey(deviceId, 'sessions', page, limit),
    queryFn: ({ signal }) => session.list<SessionJson>(`/devices/${deviceId}/sessions`, { page, limit }, signal),
    placeholderData: keepPreviousData,
  });
}

export function SessionsTab({ device }: { readonly device: DeviceJson }) {
  const { devicePage, common } = useTexts();
  const texts = devicePage.sessions;
  const [page, setPage] = useState(1);
  // The newest in one reading are what the bars and the first pages need.
  const newest = useSessions(device.id, 1, LIST_LIMIT_MAX);
  const older = useSessions(device.id, page, ROWS);
  return (
    <Stack>
      <Loaded query={newest} lines={DAYS}>
        {({ items, total }) =>
          total === 0 ? (
            <EmptyState icon={History} title={texts.none} hint={texts.noneHint} />
          ) : (
            <Section title={texts.bars(DAYS)}>
              <Bars sessions={items} isCut={total > items.length} since={device.createdAt} />
            </Section>
          )
        }
      </Loaded>
      <Loaded query={older} lines={6}>
        {(data) =>
          data.total === 0 ? null : (
            <ListTable
              label={texts.title}
              columns={columnsOf(texts, common)}
              data={data}
              rowKey={({ from, transport }) => `${from} ${transport}`}
              onPage={setPage}
            />
          )
        }
      </Loaded>
    </Stack>
  );
}

function columnsOf(texts: Texts['devicePage']['sessions'], common: Texts['common']): readonly Column<SessionJson>[] {
  return [
    { key: 'from', title: texts.from, render: ({ from }) => <time dateTime={from}>{formatDateTime(from)}</time> },
    {
      key: 'to',
      title: texts.to,
      render: ({ to }) => (to === null ? texts.still : <time dateTime={to}>{formatDateTime(to)}</time>),
    },
    { key: 'length', title: texts.length, render: (session) => <Length session={session} /> },
    {
      key: 'over',
      title: texts.over,
      from: 'sm',
      render: ({ transport }) => (transport === null ? common.unknown : texts.transports[transport]),
    },
  ];
}

function Length({ session: { from, to } }: { readonly session: SessionJson }) {
  const { duration } = useTexts().common;
  const now = useNow();
  return <>{formatDuration(Math.max(0, (to === null ? now : Date.parse(to)) - Date.parse(from)), duration)}</>;
}

interface BarsProps {
  readonly sessions: readonly SessionJson[];
  /** There are older ones that were not read. */
  readonly isCut: boolean;
  /** Since when the screen is there. */
  readonly since: string;
}

function Bars({ sessions, isCut, since }: BarsProps) {
  const texts = useTexts().devicePage.sessions;
  const now = useNow(60_000);
  const oldest = sessions.at(-1);
  const bars = dayBars(sessions, now, DAYS, Date.parse(since));
  const knownFrom = isCut && oldest !== undefined ? Date.parse(oldest.from) : -Infinity;
  return (
    <Stack gap={6}>
      {bars.map((bar) => (
        <DayLine key={bar.startMs} bar={bar} isKnown={bar.startMs >= knownFrom} />
      ))}
      <Group gap="md" mt={4}>
        <Legend look={LOOK.websocket} label={texts.transports.websocket} />
        <Legend look={LOOK.http} label={texts.transports.http} />
        <Legend look={LOOK.offline} label={texts.offline} />
      </Group>
    </Stack>
  );
}

/** Told apart by their height as well as by colour. */
const LOOK = {
  websocket: { background: 'var(--mantine-color-teal-filled)', height: '100%' },
  http: { background: 'var(--mantine-color-yellow-6)', height: '55%' },
  offline: { background: 'var(--mantine-color-default-border)', height: '15%' },
} as const;

function Legend({ look, label }: { readonly look: (typeof LOOK)[keyof typeof LOOK]; readonly label: string }) {
  return (
    <Group gap={6}>
      <Box w={16} h={16} style={{ display: 'flex', alignItems: 'flex-end' }} aria-hidden>
        <Box w="100%" style={look} />
      </Box>
      <Text size="xs">{label}</Text>
    </Group>
  );
}

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });

function DayLine({ bar, isKnown }: { readonly bar: DayBar; readonly isKnown: boolean }) {
  const texts = useTexts().devicePage.sessions;
  const day = weekday.format(bar.startMs);
  const length = bar.endMs - bar.startMs;
  const share = (ms: number): string => `${(ms / length) * 100}%`;
  const said = isKnown ? texts.percent(Math.round(bar.onlineShare * 100)) : texts.unknownDay;
  return (
    <Group gap="sm" wrap="nowrap">
      <Text size="xs" w={84} style={{ flex: 'none' }}>
        {day}
      </Text>
      <Box
        role="img"
        aria-label={texts.dayLabel(day, said)}
        pos="relative"
        h={20}
        style={{ flex: 1, display: 'flex', alignItems: 'flex-end' }}
      >
        <Box w="100%" style={LOOK.offline} />
        {bar.pieces.map(({ fromMs, toMs, transport }) => (
          <Box
            key={`${fromMs} ${transport}`}
            pos="absolute"
            bottom={0}
            title={texts.piece(
              formatDateTime(new Date(fromMs).toISOString()),
              formatDateTime(new Date(toMs).toISOString()),
            )}
            style={{
              left: share(fromMs - bar.startMs),
              width: share(toMs - fromMs),
              minWidth: 2,
              ...(transport === 'http' ? LOOK.http : LOOK.websocket),
            }}
          />
        ))}
      </Box>
      <Text size="xs" w={56} ta="right" style={{ flex: 'none' }}>
        {said}
      </Text>
    </Group>
  );
}
