/** When it is shown: zone, days and times on one side, what comes of them in the calendar on the other. */
import { Alert, Grid, Group, List, Paper, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMemo } from 'react';
import { civilOfDay } from '../../../protocol/schedule-calendar.ts';
import { timingProblems } from '../../../protocol/schedule-timing.ts';
import type { Timing } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { DaysFields } from './days-fields.tsx';
import { ExcludedDates } from './excluded-dates.tsx';
import { viewersZone } from './time-words.ts';
import { TimingPreview } from './timing-preview.tsx';
import { timingProblemText } from './timing-problem-text.ts';
import { dayAt } from './wall-clock.ts';
import { WindowsField } from './windows-field.tsx';

/** A field of undefined is taken away. */
export type TimingChange = { readonly [K in keyof Timing]?: Timing[K] | undefined };
/** @param name of the change, for undo; null is a step of its own */
export type ChangeTiming = (change: TimingChange, name: string | null) => void;

export interface TimingTabProps {
  readonly timing: Timing;
  /** null: it is only looked at. */
  readonly onChange: ((timing: Timing, name: string | null) => void) | null;
}

/** Stands for the screen's own zone in the field, which cannot hold nothing and be searched. */
const OWN_ZONE = 'own';

export function TimingTab({ timing, onChange }: TimingTabProps) {
  const texts = useTexts().scheduleTiming;
  const problems = timingProblems(timing).map((problem) => timingProblemText(problem, timing, texts.problems));
  const change: ChangeTiming | null =
    onChange === null
      ? null
      : (fields, name) => {
          const next = Object.entries({ ...timing, ...fields }).filter(([, value]) => value !== undefined);
          onChange(Object.fromEntries(next), name);
        };
  return (
    <Grid gap="md">
      {change !== null && (
        <Grid.Col span={{ base: 12, md: 5 }}>
          <TimingForm timing={timing} onChange={change} />
        </Grid.Col>
      )}
      <Grid.Col span={{ base: 12, md: change === null ? 12 : 7 }}>
        <Stack>
          {problems.length > 0 && (
            <Alert color="orange" title={texts.problemsTitle} role="status">
              <List size="sm">
                {problems.map((problem) => (
                  <List.Item key={problem}>{problem}</List.Item>
                ))}
              </List>
            </Alert>
          )}
          <TimingPreview timing={timing} />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}

interface TimingFormProps {
  readonly timing: Timing;
  readonly onChange: ChangeTiming;
}

function TimingForm({ timing, onChange }: TimingFormProps) {
  const texts = useTexts().scheduleTiming;
  return (
    <Stack gap="lg">
      <ZoneField timing={timing} onChange={onChange} />
      <Paper withBorder p="md">
        <Title order={2} size="h5" mb={4}>
          {texts.dates}
        </Title>
        <Text size="xs" c="dimmed" mb="xs">
          {texts.datesHint}
        </Text>
        <Group grow>
          <DateField
            label={texts.from}
            value={timing.startDate}
            onChange={(startDate) => onChange({ startDate }, null)}
          />
          <DateField label={texts.until} value={timing.endDate} onChange={(endDate) => onChange({ endDate }, null)} />
        </Group>
      </Paper>
      <DaysFields rule={timing.rrule} onChange={(rrule, name) => onChange(withRule(timing, rrule), name)} />
      <WindowsField windows={timing.windows} onChange={(windows, name) => onChange({ windows }, name)} />
      <ExcludedDates
        dates={timing.excludedDates ?? []}
        onChange={(dates) => onChange({ excludedDates: dates.length === 0 ? undefined : [...dates] }, null)}
      />
    </Stack>
  );
}

/** A rule counts from the first day; without one it counts from today. */
function withRule(timing: Timing, rrule: string | undefined): TimingChange {
  if (rrule === undefined || timing.startDate !== undefined) return { rrule };
  const { year, month, dayOfMonth } = civilOfDay(dayAt(timing.timezone ?? viewersZone(), Date.now()));
  const two = (number: number): string => String(number).padStart(2, '0');
  return { rrule, startDate: `${year}-${two(month)}-${two(dayOfMonth)}` };
}

function ZoneField({ timing, onChange }: TimingFormProps) {
  const texts = useTexts().scheduleTiming;
  const zones = useMemo(() => [...new Set(['UTC', viewersZone(), ...Intl.supportedValuesOf('timeZone')])], []);
  const known = timing.timezone === undefined || zones.includes(timing.timezone) ? [] : [timing.timezone];
  return (
    <Select
      label={texts.zone}
      description={texts.zoneHint}
      data={[
        { value: OWN_ZONE, label: texts.ownZone },
        ...[...known, ...zones].map((zone) => ({ value: zone, label: zone })),
      ]}
      value={timing.timezone ?? OWN_ZONE}
      onChange={(zone) => onChange({ timezone: zone === null || zone === OWN_ZONE ? undefined : zone }, null)}
      searchable
      limit={60}
      allowDeselect={false}
      nothingFoundMessage={useTexts().common.nothingFound}
    />
  );
}

interface DateFieldProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (date: string | undefined) => void;
}

function DateField({ label, value, onChange }: DateFieldProps) {
  return (
    <TextInput
      type="date"
      label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
      min="1970-01-01"
      max="2199-12-31"
    />
  );
}
