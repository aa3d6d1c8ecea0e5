/** When a timing is on, day by day in its own zone and one after the other: asked of the code that players go by. Pure. */
import { civilOfDay, DAY_MS, dayOfCivil, weekdayOf } from '../../../protocol/schedule-calendar.ts';
import { HORIZON_MS, type CompiledTiming, type Occurrence } from '../../../protocol/schedule-timing.ts';
import { clockChanges, instantAt, wallAt, timeText, type ClockChange } from './wall-clock.ts';

export interface Month {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
}

export interface CalendarDay {
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly dayOfMonth: number;
  readonly isInMonth: boolean;
  /** When it is on, cut at both ends of the day; instants. */
  readonly spans: readonly Occurrence[];
  readonly isWhole: boolean;
  /** The clock is put forward or back on this day. */
  readonly clockChange: ClockChange | null;
}

/** The month of a day. */
export function monthOf(day: number): Month {
  const { year, month } = civilOfDay(day);
  return { year, month };
}

export function monthsLater({ year, month }: Month, months: number): Month {
  const at = year * 12 + month - 1 + months;
  return { year: Math.floor(at / 12), month: (at % 12) + 1 };
}

/** The weeks that a month lies in, each from Monday to Sunday. Schedules speak of 1970 to 2199; the month must be one of those. */
export function monthCalendar(timing: CompiledTiming, month: Month): CalendarDay[][] {
  const first = dayOfCivil({ ...month, dayOfMonth: 1 });
  const next = dayOfCivil({ ...monthsLater(month, 1), dayOfMonth: 1 });
  if (first === null || next === null) throw new RangeError(`no month ${month.year}-${month.month}`);
  const begin = first - weekdayOf(first);
  const weeks: CalendarDay[][] = [];
  for (let monday = begin; monday < next; monday += 7) {
    const days = [0, 1, 2, 3, 4, 5, 6].map((at) => calendarDay(timing, monday + at));
    weeks.push(days.map((day) => ({ ...day, isInMonth: day.day >= first && day.day < next })));
  }
  return weeks;
}

function calendarDay(timing: CompiledTiming, day: number): Omit<CalendarDay, 'isInMonth'> {
  const startMs = instantAt(timing.zone, day * DAY_MS);
  const endMs = instantAt(timing.zone, (day + 1) * DAY_MS);
  const spans = [...timing.occurrences(startMs, endMs)];
  const [only] = spans;
  const isWhole = spans.length === 1 && only?.startMs === startMs && only.endMs === endMs;
  const [clockChange = null] = clockChanges(timing.zone, startMs, endMs);
  return { day, dayOfMonth: civilOfDay(day).dayOfMonth, spans, isWhole, clockChange };
}

/** A span of a day as the wall clock reads it; what lasts until midnight ends at 24:00. */
export function spanTimes(
  { startMs, endMs }: Occurrence,
  zone: string,
): { readonly from: string; readonly to: string } {
  const [from, to] = [wallAt(zone, startMs), wallAt(zone, endMs)];
  return { from: timeText(from), to: to % DAY_MS === 0 ? '24:00' : timeText(to) };
}

export interface Upcoming extends Occurrence {
  /** It is on now, since whenever. */
  readonly isOn: boolean;
  /** It is on as far as anybody looks ahead. */
  readonly isOpen: boolean;
}

/** What is on now or begins next, in order, at most `count`. */
export function upcoming(timing: CompiledTiming, nowMs: number, count: number): Upcoming[] {
  const found: Upcoming[] = [];
  for (const { startMs, endMs } of timing.occurrences(nowMs, nowMs + HORIZON_MS)) {
    if (found.length >= count) break;
    found.push({ startMs, endMs, isOn: startMs <= nowMs, isOpen: endMs >= nowMs + HORIZON_MS });
  }
  return found;
}
