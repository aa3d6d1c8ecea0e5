/**
 * The days of a timing as people say them, and as a recurrence rule (RFC 5545, 3.3.10). What cannot be said in the form is kept as
 * it is written, as a rule. Pure.
 */
import { WEEKDAYS } from '../../../protocol/schedule-calendar.ts';

export type DaysForm =
  /** Every so many days. */
  | { readonly kind: 'daily'; readonly interval: number }
  /** On these weekdays, 0 being Monday, every so many weeks. */
  | { readonly kind: 'weekly'; readonly weekdays: readonly number[]; readonly interval: number }
  /** On these days of the month, 1 to 31, or -1 for its last, every so many months. */
  | { readonly kind: 'monthDays'; readonly days: readonly number[]; readonly interval: number }
  /** On the first, second, … or last (-1) such weekday of the month, every so many months. */
  | { readonly kind: 'monthWeekday'; readonly ordinal: number; readonly weekday: number; readonly interval: number }
  | { readonly kind: 'rule'; readonly text: string };

export const WORKDAYS: readonly number[] = [0, 1, 2, 3, 4];
export const WEEKEND: readonly number[] = [5, 6];
/** Which such weekday of a month; -1 is the last. */
export const ORDINALS: readonly number[] = [1, 2, 3, 4, -1];

function ascending(numbers: readonly number[]): number[] {
  // The last day of a month comes after all others.
  const place = (number: number): number => (number < 0 ? 100 : number);
  return [...new Set(numbers)].sort((one, other) => place(one) - place(other));
}

/** The rule of a form; undefined for every day, which needs none. A form without any day gives a rule with a problem. */
export function ruleOf(form: DaysForm): string | undefined {
  if (form.kind === 'rule') return form.text;
  const every = form.interval === 1 ? '' : `;INTERVAL=${form.interval}`;
  switch (form.kind) {
    case 'daily':
      return every === '' ? undefined : `FREQ=DAILY${every}`;
    case 'weekly':
      return `FREQ=WEEKLY${every};BYDAY=${ascending(form.weekdays)
        .map((weekday) => WEEKDAYS[weekday] ?? '')
        .join(',')}`;
    case 'monthDays':
      return `FREQ=MONTHLY${every};BYMONTHDAY=${ascending(form.days).join(',')}`;
    case 'monthWeekday':
      return `FREQ=MONTHLY${every};BYDAY=${form.ordinal}${WEEKDAYS[form.weekday] ?? ''}`;
  }
}

/** The form of a rule; what the form cannot say is a `rule`. */
export function daysOf(rule: string | undefined): DaysForm {
  if (rule === undefined) return { kind: 'daily', interval: 1 };
  return formOf(rule) ?? { kind: 'rule', text: rule };
}

function formOf(rule: string): DaysForm | null {
  const parts = new Map<string, string>();
  for (const part of rule.split(';')) {
    const [name = '', value] = part.split('=');
    if (value === undefined || parts.has(name)) return null;
    parts.set(name, value);
  }
  const interval = intervalOf(parts.get('INTERVAL'));
  if (interval === null) return null;
  const [frequency, byDay, byMonthDay] = [parts.get('FREQ'), parts.get('BYDAY'), parts.get('BYMONTHDAY')];
  const known = 1 + Number(parts.has('INTERVAL')) + Number(byDay !== undefined) + Number(byMonthDay !== undefined);
  if (known !== parts.size) return null;
  if (frequency === 'DAILY' && byDay === undefined && byMonthDay === undefined) return { kind: 'daily', interval };
  if (frequency === 'WEEKLY' && byDay !== undefined && byMonthDay === undefined) return weeklyOf(byDay, interval);
  if (frequency !== 'MONTHLY') return null;
  if (byMonthDay !== undefined && byDay === undefined) return monthDaysOf(byMonthDay, interval);
  if (byDay !== undefined && byMonthDay === undefined) return monthWeekdayOf(byDay, interval);
  return null;
}

function intervalOf(text: string | undefined): number | null {
  if (text === undefined) return 1;
  return /^[1-9]\d{0,2}$/.test(text) ? Number(text) : null;
}

function weekdayOfText(text: string): number {
  return (WEEKDAYS as readonly string[]).indexOf(text);
}

function weeklyOf(text: string, interval: number): DaysForm | null {
  const weekdays = text === '' ? [] : text.split(',').map(weekdayOfText);
  return weekdays.includes(-1) ? null : { kind: 'weekly', weekdays: ascending(weekdays), interval };
}

function monthDaysOf(text: string, interval: number): DaysForm | null {
  const days = text === '' ? [] : text.split(',').map(Number);
  const isSimple = days.every((day) => Number.isInteger(day) && ((day >= 1 && day <= 31) || day === -1));
  return isSimple ? { kind: 'monthDays', days: ascending(days), interval } : null;
}

function monthWeekdayOf(text: string, interval: number): DaysForm | null {
  const match = /^(-?\d)([A-Z]{2})$/.exec(text);
  const [ordinal, weekday] = [Number(match?.[1]), weekdayOfText(match?.[2] ?? '')];
  if (!ORDINALS.includes(ordinal) || weekday < 0) return null;
  return { kind: 'monthWeekday', ordinal, weekday, interval };
}
