/**
 * Recurrence rules (RFC 5545, 3.3.10) that name days. A rule is a question to a day, "are you one of them", and not a list to walk
 * along: no rule, however odd, can make anybody wait.
 *
 * What is narrower than the RFC: FREQ is DAILY or coarser, no part names a time of day, UNTIL is a date (as DTSTART is one), BYWEEKNO
 * comes with BYDAY, and the day of DTSTART counts only when the rule names it.
 */
import {
  civilOfDay,
  DAY_MAX,
  dayOfCivil,
  firstDayOfMonth,
  firstDayOfYear,
  weekdayOf,
  WEEKDAYS,
  weekNumberOf,
  weekOf,
} from './schedule-calendar.ts';

const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;
type Frequency = (typeof FREQUENCIES)[number];

/** Largest INTERVAL, in units of FREQ. Past it: the rule is refused. */
export const INTERVAL_MAX = 1_000;
/** Largest COUNT, in days named. Past it: the rule is refused. */
export const COUNT_MAX = 10_000;

interface WeekdayPart {
  /** `2` in `2MO`; 0 for every one. */
  readonly ordinal: number;
  readonly weekday: number;
}

export interface Rule {
  readonly frequency: Frequency;
  readonly interval: number;
  readonly count: number | null;
  /** Last day that may be named. */
  readonly until: number | null;
  readonly weekStart: number;
  readonly months: readonly number[] | null;
  readonly weekNumbers: readonly number[] | null;
  readonly yearDays: readonly number[] | null;
  readonly monthDays: readonly number[] | null;
  readonly weekdays: readonly WeekdayPart[] | null;
  readonly positions: readonly number[] | null;
}

/** What is wrong with a rule, as the end of a sentence that begins with its name. */
export class RuleProblem extends Error {
  override readonly name = 'RuleProblem';
}

function refuse(message: string): never {
  throw new RuleProblem(message);
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) refuse(`needs whole numbers from ${min} to ${max} in ${name}`);
  return value;
}

/** `1,-1`: whole numbers other than 0, from -max to max. */
function integers(name: string, text: string | undefined, max: number, min = -max): number[] | null {
  if (text === undefined) return null;
  return text.split(',').map((part) => {
    const value = integer(name, part, min, max);
    return value === 0 ? refuse(`has a 0 in ${name}`) : value;
  });
}

function weekday(name: string, text: string): number {
  const found = (WEEKDAYS as readonly string[]).indexOf(text);
  return found < 0 ? refuse(`needs one of ${WEEKDAYS.join(', ')} in ${name}`) : found;
}

function weekdayParts(text: string | undefined): WeekdayPart[] | null {
  if (text === undefined) return null;
  return text.split(',').map((part) => {
    const match = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(part);
    if (match === null) return refuse('has a BYDAY that is not like MO, 2MO or -1FR');
    const ordinal = match[1] === undefined ? 0 : integer('BYDAY', match[1], -53, 53);
    if (match[1] !== undefined && ordinal === 0) refuse('has a BYDAY with 0');
    return { ordinal, weekday: weekday('BYDAY', match[2]!) };
  });
}

function untilOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (match === null) return refuse('has an UNTIL that is not a date like 20271231');
  const date = { year: Number(match[1]), month: Number(match[2]), dayOfMonth: Number(match[3]) };
  return dayOfCivil(date) ?? refuse('has an UNTIL that no calendar has, or that is not in 1970 to 2199');
}

const PARTS = new Set([
  ...['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST'],
  ...['BYMONTH', 'BYWEEKNO', 'BYYEARDAY', 'BYMONTHDAY', 'BYDAY', 'BYSETPOS'],
]);
/** Parts of the RFC that name a time of day. */
const TIME_PARTS = new Set(['BYHOUR', 'BYMINUTE', 'BYSECOND']);

function partsOf(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const piece of text.toUpperCase().split(';')) {
    const [name = '', value = '', ...more] = piece.split('=');
    if (name === '' || value === '' || more.length > 0) refuse('is not of the form NAME=VALUE;NAME=VALUE');
    if (TIME_PARTS.has(name)) refuse(`names times of day by ${name}: use windows`);
    if (!PARTS.has(name)) refuse(`has a part ${name.slice(0, 20)} that is not known here`);
    if (parts.has(name)) refuse(`has ${name} twice`);
    parts.set(name, value);
  }
  return parts;
}

function frequencyOf(text: string | undefined): Frequency {
  if (text === undefined) return refuse('has no FREQ');
  const found = FREQUENCIES.find((frequency) => frequency === text);
  return found ?? refuse(`has a FREQ that is not one of ${FREQUENCIES.join(', ')}`);
}

/** Reads a rule without its `RRULE:`. Throws RuleProblem. */
export function parseRule(text: string): Rule {
  const parts = partsOf(text);
  const count = parts.get('COUNT');
  const rule: Rule = {
    frequency: frequencyOf(parts.get('FREQ')),
    interval: integer('INTERVAL', parts.get('INTERVAL') ?? '1', 1, INTERVAL_MAX),
    count: count === undefined ? null : integer('COUNT', count, 1, COUNT_MAX),
    until: untilOf(parts.get('UNTIL')),
    weekStart: weekday('WKST', parts.get('WKST') ?? 'MO'),
    months: integers('BYMONTH', parts.get('BYMONTH'), 12, 1),
    weekNumbers: integers('BYWEEKNO', parts.get('BYWEEKNO'), 53),
    yearDays: integers('BYYEARDAY', parts.get('BYYEARDAY'), 366),
    monthDays: integers('BYMONTHDAY', parts.get('BYMONTHDAY'), 31),
    weekdays: weekdayParts(parts.get('BYDAY')),
    positions: integers('BYSETPOS', parts.get('BYSETPOS'), 366),
  };
  refuseContradictions(rule);
  return rule;
}

/** Combinations that the RFC forbids, and the one that it leaves open. */
function refuseContradictions(rule: Rule): void {
  const { frequency, weekNumbers, yearDays, monthDays, weekdays, months, positions } = rule;
  if (rule.count !== null && rule.until !== null) refuse('has both COUNT and UNTIL');
  if (weekNumbers !== null && frequency !== 'YEARLY') refuse('has a BYWEEKNO, which goes with FREQ=YEARLY only');
  if (weekNumbers !== null && weekdays === null) refuse('has a BYWEEKNO without BYDAY');
  if (yearDays !== null && frequency !== 'YEARLY') refuse('has a BYYEARDAY, which goes with FREQ=YEARLY only');
  if (monthDays !== null && frequency === 'WEEKLY') refuse('has a BYMONTHDAY, which does not go with FREQ=WEEKLY');
  const counted = weekdays?.some(({ ordinal }) => ordinal !== 0) ?? false;
  if (counted && frequency !== 'MONTHLY' && frequency !== 'YEARLY')
    refuse('has a BYDAY with a number, which goes with FREQ=MONTHLY and FREQ=YEARLY only');
  if (counted && weekNumbers !== null) refuse('has a BYDAY with a number beside BYWEEKNO');
  const others = [months, weekNumbers, yearDays, monthDays, weekdays];
  if (positions !== null && others.every((part) => part === null)) refuse('has a BYSETPOS without another BY part');
}

/** The days of a rule: `isNamed` says of any day whether it is one, `last` is the last one that can be (DAY_MAX at most). */
export interface RuleDays {
  isNamed(day: number): boolean;
  readonly last: number;
}

/** Completes a rule with what RFC 5545 takes from DTSTART: the weekday, the day of the month, the month. */
function completed(rule: Rule, start: number): Rule {
  const { frequency, months, weekNumbers, yearDays, monthDays, weekdays } = rule;
  if (weekNumbers !== null || yearDays !== null || monthDays !== null || weekdays !== null) return rule;
  const { month, dayOfMonth } = civilOfDay(start);
  if (frequency === 'WEEKLY') return { ...rule, weekdays: [{ ordinal: 0, weekday: weekdayOf(start) }] };
  if (frequency === 'MONTHLY') return { ...rule, monthDays: [dayOfMonth] };
  if (frequency === 'YEARLY') return { ...rule, months: months ?? [month], monthDays: [dayOfMonth] };
  return rule;
}

/** Number of the period (day, week, month, year) that holds a day; periods next to each other differ by 1. */
function periodOf({ frequency, weekStart }: Rule, day: number): number {
  if (frequency === 'DAILY') return day;
  // Weeks are counted from one that begins at or before DAY_MIN.
  if (frequency === 'WEEKLY') return Math.round((weekOf(day, weekStart) - weekOf(0, weekStart)) / 7);
  const { year, month } = civilOfDay(day);
  return frequency === 'YEARLY' ? year : year * 12 + month - 1;
}

/** First day of a period and the first after it. */
function boundsOf({ frequency, weekStart }: Rule, period: number): [number, number] {
  if (frequency === 'DAILY') return [period, period + 1];
  if (frequency === 'WEEKLY') {
    const first = weekOf(0, weekStart) + period * 7;
    return [first, first + 7];
  }
  if (frequency === 'YEARLY') return [firstDayOfYear(period), firstDayOfYear(period + 1)];
  const [year, month] = [Math.floor(period / 12), (period % 12) + 1];
  return [firstDayOfMonth(year, month), firstDayOfMonth(year, month + 1)];
}

/** True when `index` (from 1) or its place counted from the end is listed. */
function isListed(list: readonly number[], index: number, total: number): boolean {
  return list.includes(index) || list.includes(index - total - 1);
}

/** True when a BYDAY part names the day; numbers count within the month, or within the year where no month is named. */
function isWeekdayNamed(rule: Rule, parts: readonly WeekdayPart[], day: number): boolean {
  const weekday = weekdayOf(day);
  return parts.some((part) => {
    if (part.weekday !== weekday) return false;
    if (part.ordinal === 0) return true;
    const { year, month } = civilOfDay(day);
    const isOfYear = rule.frequency === 'YEARLY' && rule.months === null;
    const first = isOfYear ? firstDayOfYear(year) : firstDayOfMonth(year, month);
    const next = isOfYear ? firstDayOfYear(year + 1) : firstDayOfMonth(year, month + 1);
    if (part.ordinal > 0) return Math.floor((day - first) / 7) + 1 === part.ordinal;
    return -Math.floor((next - 1 - day) / 7) - 1 === part.ordinal;
  });
}

/** True when every BY part but BYSETPOS lets the day pass. */
function passes(rule: Rule, day: number): boolean {
  const { months, weekNumbers, yearDays, monthDays, weekdays } = rule;
  if (weekdays !== null && !isWeekdayNamed(rule, weekdays, day)) return false;
  if (months === null && yearDays === null && monthDays === null && weekNumbers === null) return true;
  const { year, month, dayOfMonth } = civilOfDay(day);
  if (months !== null && !months.includes(month)) return false;
  if (monthDays !== null) {
    const length = firstDayOfMonth(year, month + 1) - firstDayOfMonth(year, month);
    if (!isListed(monthDays, dayOfMonth, length)) return false;
  }
  if (yearDays !== null) {
    const first = firstDayOfYear(year);
    if (!isListed(yearDays, day - first + 1, firstDayOfYear(year + 1) - first)) return false;
  }
  if (weekNumbers === null) return true;
  const week = weekNumberOf(day, rule.weekStart);
  return isListed(weekNumbers, week.number, week.total);
}

/** Whether BYSETPOS picks the day; the picks of the period asked about last are remembered. */
function positionPicker(rule: Rule, positions: readonly number[]): (day: number, period: number) => boolean {
  let known = Number.NaN;
  let picked = new Set<number>();
  return (day, period) => {
    if (period !== known) {
      const [first, next] = boundsOf(rule, period);
      const days = Array.from({ length: next - first }, (_, index) => first + index).filter((at) => passes(rule, at));
      picked = new Set(days.filter((_, index) => isListed(positions, index + 1, days.length)));
      known = period;
    }
    return picked.has(day);
  };
}

/** The days that a rule names from `start` (its DTSTART) on. A COUNT is turned into a last day here, once: at most 84,006 steps. */
export function daysOfRule(given: Rule, start: number): RuleDays {
  const rule = completed(given, start);
  const origin = periodOf(rule, start);
  const isPicked = rule.positions === null ? null : positionPicker(rule, rule.positions);
  const isNamed = (day: number): boolean => {
    const period = periodOf(rule, day);
    if ((period - origin) % rule.interval !== 0 || !passes(rule, day)) return false;
    return isPicked === null || isPicked(day, period);
  };
  let last = Math.min(rule.until ?? DAY_MAX, DAY_MAX);
  if (rule.count !== null) {
    let left = rule.count;
    let day = start;
    for (; day <= last && left > 0; day += 1) if (isNamed(day)) left -= 1;
    last = Math.min(last, day - 1);
  }
  return { last, isNamed: (day) => day >= start && day <= last && isNamed(day) };
}
