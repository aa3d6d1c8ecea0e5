/** At which times of such a day; over midnight where the end is before the start. */
import { ActionIcon, Badge, Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { Clock, X } from 'lucide-react';
import type { Timing } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';

type Windows = NonNullable<Timing['windows']>;

/** Windows of a day, as the protocol has it. */
const WINDOWS_MAX = 48;
const FIRST_WINDOW = { start: '08:00', end: '18:00' };

export interface WindowsFieldProps {
  /** undefined: the whole day. */
  readonly windows: Windows | undefined;
  readonly onChange: (windows: Windows | undefined, name: string | null) => void;
}

/** Times that begin where the last ones end, for two hours. */
function nextWindow(windows: Windows): Windows[number] {
  const last = windows.at(-1);
  if (last === undefined || last.end === '24:00' || last.end < last.start) return { start: '00:00', end: '01:00' };
  const hour = Number(last.end.slice(0, 2));
  const text = (at: number): string => `${String(at).padStart(2, '0')}:${last.end.slice(3)}`;
  if (hour >= 22) return { start: last.end, end: '24:00' };
  return { start: text(hour + 1), end: text(hour + 2) };
}

export function WindowsField({ windows, onChange }: WindowsFieldProps) {
  const texts = useTexts().scheduleTiming;
  const list = windows ?? [];
  const set = (at: number, change: Partial<Windows[number]>): void =>
    onChange(
      list.map((one, place) => (place === at ? { ...one, ...change } : one)),
      `window ${at}`,
    );
  const remove = (at: number): void => {
    const rest = list.filter((_, place) => place !== at);
    onChange(rest.length === 0 ? undefined : rest, null);
  };
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Title order={2} size="h5">
          {texts.hours}
        </Title>
        {list.length === 0 && <Text size="sm">{texts.wholeDay}</Text>}
        <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label={texts.windowList}>
          {list.map((window, at) => (
            // Fields are told apart by their place: two windows may read the same while they are typed.
            <Group key={at} component="li" gap="xs" align="center">
              <TimeField
                label={texts.windowFrom(at + 1)}
                value={window.start}
                onChange={(start) => set(at, { start })}
              />
              <Text aria-hidden>–</Text>
              <TimeField
                label={texts.windowTo(at + 1)}
                value={window.end === '24:00' ? '00:00' : window.end}
                onChange={(end) => set(at, { end: end === '00:00' ? '24:00' : end })}
              />
              <ActionIcon
                variant="subtle"
                color="red"
                aria-label={texts.removeWindow(at + 1)}
                onClick={() => remove(at)}
              >
                <X size={16} aria-hidden />
              </ActionIcon>
              {window.end < window.start && (
                <Badge variant="light" color="blue">
                  {texts.nextDay}
                </Badge>
              )}
            </Group>
          ))}
        </Stack>
        <Button
          variant="default"
          size="xs"
          w="fit-content"
          leftSection={<Clock size={14} aria-hidden />}
          disabled={list.length >= WINDOWS_MAX}
          onClick={() => onChange([...list, list.length === 0 ? FIRST_WINDOW : nextWindow(list)], null)}
        >
          {texts.addWindow}
        </Button>
      </Stack>
    </Paper>
  );
}

interface TimeFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (time: string) => void;
}

function TimeField({ label, value, onChange }: TimeFieldProps) {
  return (
    <TextInput
      type="time"
      aria-label={label}
      value={value}
      onChange={(event) => {
        // A browser gives nothing while a time is half typed.
        if (event.currentTarget.value !== '') onChange(event.currentTarget.value);
      }}
      w={132}
    />
  );
}
