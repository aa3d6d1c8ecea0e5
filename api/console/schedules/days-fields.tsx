/** On which days: the usual ones by name, others by weekday or day of the month, and anything else by a rule. */
import { Chip, Group, NumberInput, Paper, Select, Stack, Textarea, Title } from '@mantine/core';
import { useState } from 'react';
import { useTexts } from '../texts/texts-context.tsx';
import { daysOf, ORDINALS, ruleOf, WEEKEND, WORKDAYS, type DaysForm } from './days-form.ts';
import { WeekdayBoxes } from './weekday-boxes.tsx';

type Preset = 'daily' | 'workdays' | 'weekend' | 'weekly' | 'monthDays' | 'monthWeekday' | 'rule';
const PRESETS: readonly Preset[] = ['daily', 'workdays', 'weekend', 'weekly', 'monthDays', 'monthWeekday', 'rule'];

const BEGINNINGS: Readonly<Record<Preset, DaysForm>> = {
  daily: { kind: 'daily', interval: 1 },
  workdays: { kind: 'weekly', weekdays: WORKDAYS, interval: 1 },
  weekend: { kind: 'weekly', weekdays: WEEKEND, interval: 1 },
  weekly: { kind: 'weekly', weekdays: [0], interval: 1 },
  monthDays: { kind: 'monthDays', days: [1], interval: 1 },
  monthWeekday: { kind: 'monthWeekday', ordinal: 1, weekday: 0, interval: 1 },
  rule: { kind: 'rule', text: 'FREQ=DAILY' },
};

/** Days of a month that can be chosen, the last one being -1. */
const MONTH_DAYS: readonly number[] = [...Array.from({ length: 31 }, (_, at) => at + 1), -1];
/** Largest interval offered. */
const INTERVAL_MAX = 999;

function presetOf(form: DaysForm): Preset {
  if (form.kind !== 'weekly' || form.interval !== 1) return form.kind;
  const days = form.weekdays.join();
  if (days === WORKDAYS.join()) return 'workdays';
  return days === WEEKEND.join() ? 'weekend' : 'weekly';
}

export interface DaysFieldsProps {
  /** undefined: every day. */
  readonly rule: string | undefined;
  readonly onChange: (rule: string | undefined, name: string | null) => void;
}

export function DaysFields({ rule, onChange }: DaysFieldsProps) {
  const texts = useTexts().scheduleTiming;
  const parsed = daysOf(rule);
  // What was chosen stays chosen, though the same days could be said in another way.
  const [asked, setAsked] = useState<Preset>(() => presetOf(parsed));
  const fitting: readonly Preset[] =
    parsed.kind === 'weekly' ? [presetOf(parsed), 'weekly', 'rule'] : [parsed.kind, 'rule'];
  const preset = fitting.includes(asked) ? asked : presetOf(parsed);
  const form: DaysForm = preset === 'rule' ? { kind: 'rule', text: rule ?? 'FREQ=DAILY' } : parsed;
  const set = (next: DaysForm, name: string | null): void => onChange(ruleOf(next), name);
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h5">
          {texts.days}
        </Title>
        <Select
          aria-label={texts.days}
          data={PRESETS.map((name) => ({ value: name, label: texts.presets[name] }))}
          value={preset}
          onChange={(picked) => {
            const name = PRESETS.find((one) => one === picked);
            if (name === undefined || name === preset) return;
            setAsked(name);
            // Experts begin with what there is; so does who wants to change the days of a preset.
            if (name === 'rule') set({ kind: 'rule', text: rule ?? 'FREQ=DAILY' }, null);
            else if (name !== 'weekly' || parsed.kind !== 'weekly') set(BEGINNINGS[name], null);
          }}
          allowDeselect={false}
        />
        <FormFields form={form} preset={preset} onChange={set} />
      </Stack>
    </Paper>
  );
}

interface FormFieldsProps {
  readonly form: DaysForm;
  readonly preset: Preset;
  readonly onChange: (form: DaysForm, name: string | null) => void;
}

function FormFields({ form, preset, onChange }: FormFieldsProps) {
  const texts = useTexts().scheduleTiming;
  if (form.kind === 'rule')
    return (
      <Textarea
        label={texts.rule}
        description={texts.ruleHint}
        value={form.text}
        onChange={(event) => onChange({ kind: 'rule', text: event.currentTarget.value.replaceAll(/\s/g, '') }, 'rule')}
        maxLength={500}
        autosize
        spellCheck={false}
        ff="monospace"
      />
    );
  return (
    <>
      {form.kind === 'weekly' && preset === 'weekly' && (
        <WeekdayBoxes
          label={texts.onWeekdays}
          value={form.weekdays}
          onChange={(weekdays) => onChange({ ...form, weekdays }, null)}
        />
      )}
      {form.kind === 'monthDays' && (
        <MonthDays days={form.days} onChange={(days) => onChange({ ...form, days }, null)} />
      )}
      {form.kind === 'monthWeekday' && (
        <Group grow>
          <Select
            label={texts.whichWeekday}
            data={ORDINALS.map((ordinal) => ({ value: String(ordinal), label: texts.ordinals[ordinal] ?? '' }))}
            value={String(form.ordinal)}
            onChange={(ordinal) => onChange({ ...form, ordinal: Number(ordinal) }, null)}
            allowDeselect={false}
          />
          <Select
            label={texts.weekday}
            data={texts.weekdays.map((name, weekday) => ({ value: String(weekday), label: name }))}
            value={String(form.weekday)}
            onChange={(weekday) => onChange({ ...form, weekday: Number(weekday) }, null)}
            allowDeselect={false}
          />
        </Group>
      )}
      {preset !== 'workdays' && preset !== 'weekend' && (
        <NumberInput
          label={texts.every}
          suffix={texts.everyUnits[form.kind](form.interval)}
          value={form.interval}
          onChange={(value) => {
            if (typeof value === 'number' && value >= 1) onChange({ ...form, interval: value }, 'interval');
          }}
          min={1}
          max={INTERVAL_MAX}
          clampBehavior="strict"
          allowDecimal={false}
          maw={180}
        />
      )}
    </>
  );
}

interface MonthDaysProps {
  readonly days: readonly number[];
  readonly onChange: (days: number[]) => void;
}

function MonthDays({ days, onChange }: MonthDaysProps) {
  const texts = useTexts().scheduleTiming;
  return (
    <Chip.Group multiple value={days.map(String)} onChange={(chosen) => onChange(chosen.map(Number))}>
      <Group gap={6} role="group" aria-label={texts.dayOfMonth}>
        {MONTH_DAYS.map((day) => (
          <Chip key={day} value={String(day)} size="xs">
            {day === -1 ? texts.lastDay : String(day)}
          </Chip>
        ))}
      </Group>
    </Chip.Group>
  );
}
