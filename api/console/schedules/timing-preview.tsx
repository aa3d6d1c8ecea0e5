/** What a timing comes to: a month as a calendar, and the next times in words; computed by the code that players go by. */
import { ActionIcon, Box, Button, Group, List, Paper, Stack, Table, Text, Title, VisuallyHidden } from '@mantine/core';
import { ChevronLeft, ChevronRight, CircleCheck, Clock } from 'lucide-react';
import { useMemo, useState } from 'react';
import { compileTiming, type CompiledTiming } from '../../../protocol/schedule-timing.ts';
import type { Timing } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { useNow } from '../ui/now.ts';
import { formatDuration } from '../ui/time-format.ts';
import {
  monthCalendar,
  monthOf,
  monthsLater,
  spanTimes,
  upcoming,
  type CalendarDay,
  type Month,
} from './month-calendar.ts';
import { instantWords, upcomingWords, viewersZone } from './time-words.ts';
import { clockChanges, dayAt } from './wall-clock.ts';

/** How many of the next times are told. */
const UPCOMING = 5;
/** Times of one day that a cell names. */
const SPANS_SHOWN = 2;
/** Clock changes so far ahead are told, in milliseconds: one of each kind. */
const CLOCK_AHEAD_MS = 366 * 86_400_000;

const monthName = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

function monthWords({ year, month }: Month): string {
  return monthName.format(Date.UTC(year, month - 1, 1));
}

export function TimingPreview({ timing }: { readonly timing: Timing }) {
  const texts = useTexts().scheduleTiming;
  const compiled = useMemo(() => compileTiming(timing, viewersZone()), [timing]);
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {timing.timezone === undefined ? texts.inYourZone(compiled.zone) : texts.inZone(compiled.zone)}
      </Text>
      <UpcomingTimes compiled={compiled} />
      <Calendar compiled={compiled} />
    </Stack>
  );
}

function UpcomingTimes({ compiled }: { readonly compiled: CompiledTiming }) {
  const { scheduleTiming: texts, common } = useTexts();
  const nowMs = useNow(60_000);
  const next = useMemo(() => upcoming(compiled, nowMs, UPCOMING), [compiled, nowMs]);
  const untilMs = Math.max(
    nowMs + CLOCK_AHEAD_MS / 2,
    ...next.filter(({ isOpen }) => !isOpen).map(({ endMs }) => endMs),
  );
  const changes = clockChanges(compiled.zone, nowMs, Math.min(untilMs, nowMs + CLOCK_AHEAD_MS));
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h5" mb="xs">
        {texts.upcoming}
      </Title>
      {next.length === 0 ? (
        <Text size="sm">{texts.never}</Text>
      ) : (
        <List size="sm" aria-label={texts.upcoming}>
          {next.map((one) => (
            <List.Item key={one.startMs}>{upcomingWords(one, compiled.zone, texts)}</List.Item>
          ))}
        </List>
      )}
      {next.length > 0 &&
        changes.map(({ atMs, byMs }) => (
          <Text key={atMs} size="xs" c="dimmed" mt={4}>
            {texts.clockChangeOn(
              instantWords(atMs, compiled.zone),
              byMs > 0
                ? texts.clockForward(formatDuration(byMs, common.duration))
                : texts.clockBack(formatDuration(-byMs, common.duration)),
            )}
          </Text>
        ))}
    </Paper>
  );
}

function Calendar({ compiled }: { readonly compiled: CompiledTiming }) {
  const texts = useTexts().scheduleTiming;
  const today = dayAt(compiled.zone, useNow(60_000));
  const [month, setMonth] = useState<Month>(() => monthOf(today));
  const weeks = useMemo(() => monthCalendar(compiled, month), [compiled, month]);
  const name = monthWords(month);
  const move = (by: number): void => {
    const next = monthsLater(month, by);
    if (next.year >= 1971 && next.year <= 2198) setMonth(next);
  };
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="xs" gap="xs">
        <Title order={2} size="h5" aria-live="polite">
          {name}
        </Title>
        <Group gap="xs">
          <Button variant="default" size="xs" onClick={() => setMonth(monthOf(today))}>
            {texts.thisMonth}
          </Button>
          <ActionIcon variant="default" aria-label={texts.previousMonth} onClick={() => move(-1)}>
            <ChevronLeft size={18} aria-hidden />
          </ActionIcon>
          <ActionIcon variant="default" aria-label={texts.nextMonth} onClick={() => move(1)}>
            <ChevronRight size={18} aria-hidden />
          </ActionIcon>
        </Group>
      </Group>
      <Table
        layout="fixed"
        withColumnBorders
        withTableBorder
        aria-label={texts.calendarOf(name)}
        verticalSpacing={4}
        horizontalSpacing={4}
      >
        <Table.Thead>
          <Table.Tr>
            {texts.weekdays.map((weekday, at) => (
              <Table.Th key={weekday} ta="center" fz="xs">
                <span aria-hidden>{texts.weekdaysShort[at]}</span>
                <VisuallyHidden>{weekday}</VisuallyHidden>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {weeks.map((week) => (
            <Table.Tr key={week[0]?.day}>
              {week.map((day) => (
                <DayCell key={day.day} day={day} zone={compiled.zone} isToday={day.day === today} />
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

interface DayCellProps {
  readonly day: CalendarDay;
  readonly zone: string;
  readonly isToday: boolean;
}

function DayCell({ day, zone, isToday }: DayCellProps) {
  const { scheduleTiming: texts, common } = useTexts();
  const { spans, isWhole, clockChange } = day;
  const times = spans.map((span) => spanTimes(span, zone));
  const isOn = spans.length > 0;
  const words = isWhole ? texts.allDay : times.map(({ from, to }) => texts.span(from, to)).join(', ');
  const clock =
    clockChange === null
      ? ''
      : (clockChange.byMs > 0 ? texts.clockForward : texts.clockBack)(
          formatDuration(Math.abs(clockChange.byMs), common.duration),
        );
  return (
    <Table.Td
      h={62}
      valign="top"
      title={[isOn ? words : texts.off, clock].filter((part) => part !== '').join('. ')}
      {...(isOn ? { bg: 'var(--mantine-color-teal-light)' } : {})}
      style={{
        opacity: day.isInMonth ? 1 : 0.75,
        ...(isToday ? { outline: '2px solid var(--mantine-primary-color-filled)', outlineOffset: -2 } : {}),
      }}
    >
      <Group gap={2} justify="space-between" wrap="nowrap">
        <Text span size="xs" fw={day.isInMonth ? 600 : 400} {...(isToday ? { 'aria-current': 'date' } : {})}>
          {day.dayOfMonth}
        </Text>
        {clockChange !== null && <Clock size={12} aria-hidden />}
      </Group>
      <VisuallyHidden>
        {isOn ? words : texts.off} {clock}
      </VisuallyHidden>
      {isOn && (
        <Box aria-hidden>
          <Box hiddenFrom="sm">
            <CircleCheck size={14} />
          </Box>
          <Box visibleFrom="sm">
            {isWhole ? (
              <Text size="xs">{texts.allDay}</Text>
            ) : (
              times.slice(0, SPANS_SHOWN).map(({ from, to }) => (
                <Text key={from} fz={10} lh={1.3}>
                  {texts.spanShort(from, to)}
                </Text>
              ))
            )}
            {times.length > SPANS_SHOWN && <Text fz={10}>{texts.more(times.length - SPANS_SHOWN)}</Text>}
          </Box>
        </Box>
      )}
    </Table.Td>
  );
}
