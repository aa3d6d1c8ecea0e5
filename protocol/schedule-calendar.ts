/**
 * Calendar days as whole numbers: days since 1970-01-01 in the Gregorian calendar, without time and without zone. Only UTC methods
 * of Date are used, so that the zone of the process never matters.
 */

/** Milliseconds of a calendar day on the wall clock. */
export const DAY_MS = 86_400_000;
/** The first and the last day that a schedule may speak of: 1970-01-01 and 2199-12-31. They bound every search. */
export const DAY_MIN = 0;
export const DAY_MAX = Date.UTC(2199, 11, 31) / DAY_MS;

/** Weekdays as RFC 5545 writes them; the place in the list is the weekday's number. */
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;

export interface CivilDate {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  /** 1 to 31 */
  readonly dayOfMonth: number;
}

/** The day of `YYYY-MM-DD`; null when no calendar has it (the 30th of February) or it is outside DAY_MIN to DAY_MAX. */
export function dayOfText(text: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return null;
  return dayOfCivil({ year: Number(match[1]), month: Number(match[2]), dayOfMonth: Number(match[3]) });
}

/** The day of a date; null when no calendar has it or it is outside DAY_MIN to DAY_MAX. */
export function dayOfCivil({ year, month, dayOfMonth }: CivilDate): number | null {
  // Date.UTC takes a year below 100 for one of the 1900s.
  if (year < 1970) return null;
  const day = Date.UTC(year, month - 1, dayOfMonth) / DAY_MS;
  const made = civilOfDay(day);
  const exists = made.year === year && made.month === month && made.dayOfMonth === dayOfMonth;
  return exists && day >= DAY_MIN && day <= DAY_MAX ? day : null;
}

export function civilOfDay(day: number): CivilDate {
  const date = new Date(day * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, dayOfMonth: date.getUTCDate() };
}

/** 0 is Monday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

export function firstDayOfYear(year: number): number {
  return Date.UTC(year, 0, 1) / DAY_MS;
}

export function firstDayOfMonth(year: number, month: number): number {
  return Date.UTC(year, month - 1, 1) / DAY_MS;
}

/** The first day of the week that holds `day`; `weekStart` is the weekday that weeks begin with. */
export function weekOf(day: number, weekStart: number): number {
  return day - ((weekdayOf(day) - weekStart + 7) % 7);
}

/** The number of the week that holds `day` (week 1 is the first with four days in its year), and how many weeks that year has. */
export function weekNumberOf(day: number, weekStart: number): { number: number; total: number } {
  const week = weekOf(day, weekStart);
  const { year } = civilOfDay(week + 3);
  const first = weekOf(firstDayOfYear(year) + 3, weekStart);
  const next = weekOf(firstDayOfYear(year + 1) + 3, weekStart);
  return { number: (week - first) / 7 + 1, total: (next - first) / 7 };
}
