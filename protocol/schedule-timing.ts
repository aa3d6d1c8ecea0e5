/**
 * When a schedule is active. The meaning is in README.md ("What is on now"): exactly while the wall clock of its zone reads a time
 * inside a window of one of its days. Pure, for servers and browsers alike; the zone of the process plays no part.
 *
 * State of a compiled timing: `memo`, the answer given last and the instants for which it holds. It never changes what is answered.
 *
 * An instant before 2 January 1970 or past 30 December 2199 (UTC) is taken for the nearest one between: in every zone that is a day
 * that schedules may speak of.
 */
import { DAY_MAX, DAY_MIN, DAY_MS, dayOfText } from './schedule-calendar.ts';
import { daysOfRule, parseRule, RuleProblem, type Rule } from './schedule-rule.ts';
import type { Timing } from './schedule.ts';
import { isTimeZone, zoneSpanAt } from './schedule-zone.ts';

/** How far ahead anybody looks, in milliseconds: five years. Past it `until` says "ask again then", and `occurrences` ends. */
export const HORIZON_MS = 1_827 * DAY_MS;

const INSTANT_MIN = (DAY_MIN + 1) * DAY_MS;
const INSTANT_MAX = DAY_MAX * DAY_MS;

export interface TimingProblem {
  /** E.g. `timing.rrule` or `timing.windows[1].end`. */
  readonly field: string;
  /** The end of a sentence that begins with the field. */
  readonly message: string;
}

export interface Activity {
  readonly active: boolean;
  /** Instant (epoch ms) up to which the answer holds, or the horizon, where it is worth asking again; null: for ever. */
  readonly until: number | null;
}

/** Instants from `startMs` to before `endMs`, epoch milliseconds. */
export interface Occurrence {
  readonly startMs: number;
  readonly endMs: number;
}

export interface CompiledTiming {
  /** The zone whose wall clock counts. */
  readonly zone: string;
  activeAt(instantMs: number): Activity;
  /** In order; those that touch are one; cut at both ends of the range, which is at most HORIZON_MS long. */
  occurrences(fromMs: number, toMs: number): Iterable<Occurrence>;
}

/** A stretch of the wall clock in milliseconds from midnight; its end may lie in the next day. */
interface Window {
  readonly start: number;
  readonly end: number;
}

interface Days {
  /** No day before it. */
  readonly first: number;
  /** No day after it. */
  readonly last: number;
  /** From this day on it is every day, for ever; null when nobody can say. */
  readonly steadyFrom: number | null;
  isOn(day: number): boolean;
}

const WHOLE_DAY: readonly Window[] = [{ start: 0, end: DAY_MS }];
const NO_DAYS: Days = { first: DAY_MIN, last: DAY_MIN - 2, steadyFrom: null, isOn: () => false };

/** Milliseconds from midnight of `HH:MM`. */
function timeOf(text: string): number {
  const [hours, minutes] = text.split(':').map(Number);
  return ((hours ?? Number.NaN) * 60 + (minutes ?? Number.NaN)) * 60_000;
}

/** The windows in order; null for one that is none (it starts where it ends, or at 24:00). */
function windowsOf(timing: Timing): (Window | null)[] {
  return (timing.windows ?? []).map((window) => {
    const start = timeOf(window.start);
    const end = timeOf(window.end);
    if (!(start < DAY_MS) || !(end >= 0) || start === end) return null;
    return { start, end: end < start ? end + DAY_MS : end };
  });
}

function daysOf(timing: Timing, rule: Rule | null): Days {
  const excluded = new Set((timing.excludedDates ?? []).map(dayOfText));
  const start = timing.startDate === undefined ? DAY_MIN : dayOfText(timing.startDate);
  const end = timing.endDate === undefined ? DAY_MAX : dayOfText(timing.endDate);
  if (start === null || end === null) return NO_DAYS;
  if (rule === null) {
    const isEndless = timing.endDate === undefined;
    const lastExcluded = [...excluded].reduce<number>((max, day) => Math.max(max, day ?? DAY_MIN), DAY_MIN);
    return {
      first: start,
      last: end,
      steadyFrom: isEndless ? Math.max(start, lastExcluded + 1) : null,
      isOn: (day) => day >= start && day <= end && !excluded.has(day),
    };
  }
  if (timing.startDate === undefined) return NO_DAYS;
  const named = daysOfRule(rule, start);
  return {
    first: start,
    last: Math.min(end, named.last),
    steadyFrom: null,
    isOn: (day) => day <= end && !excluded.has(day) && named.isNamed(day),
  };
}

function ruleOf(text: string | undefined): Rule | null | RuleProblem {
  if (text === undefined) return null;
  try {
    return parseRule(text);
  } catch (error) {
    if (error instanceof RuleProblem) return error;
    throw error;
  }
}

function isOneDay(field: string, text: string | undefined, problems: TimingProblem[]): void {
  if (text !== undefined && dayOfText(text) === null)
    problems.push({ field, message: 'is a day that no calendar has, or that is not in 1970 to 2199' });
}

function windowProblems(timing: Timing): TimingProblem[] {
  const problems: TimingProblem[] = [];
  const windows = windowsOf(timing);
  for (const [index, window] of (timing.windows ?? []).entries()) {
    const field = `timing.windows[${index}]`;
    const known = windows[index];
    if (window.start === '24:00') {
      problems.push({ field: `${field}.start`, message: 'is the end of a day, where nothing can start' });
    } else if (known == null) {
      problems.push({ field: `${field}.end`, message: 'is the same as start: a whole day is written without windows' });
    } else {
      const other = windows.findIndex(
        (one, at) => at < index && one !== null && one.start < known.end && known.start < one.end,
      );
      if (other >= 0) problems.push({ field, message: `overlaps windows[${other}]` });
    }
  }
  return problems;
}

/** What is wrong with a timing that its schema cannot say; empty when nothing is. Takes some tens of milliseconds at most. */
export function timingProblems(timing: Timing): TimingProblem[] {
  const problems: TimingProblem[] = [];
  const add = (field: string, message: string): void => void problems.push({ field: `timing.${field}`, message });
  if (timing.timezone !== undefined && !isTimeZone(timing.timezone)) add('timezone', 'is no IANA time zone');
  isOneDay('timing.startDate', timing.startDate, problems);
  isOneDay('timing.endDate', timing.endDate, problems);
  for (const [index, day] of (timing.excludedDates ?? []).entries())
    isOneDay(`timing.excludedDates[${index}]`, day, problems);
  if (timing.startDate !== undefined && timing.endDate !== undefined && timing.endDate < timing.startDate)
    add('endDate', 'is before startDate');
  const rule = ruleOf(timing.rrule);
  if (rule instanceof RuleProblem) add('rrule', rule.message);
  else if (rule !== null && timing.startDate === undefined) add('startDate', 'is needed by rrule, which begins there');
  problems.push(...windowProblems(timing));
  if (problems.length > 0 || rule instanceof RuleProblem) return problems;
  if (!hasDay(daysOf(timing, rule))) {
    if (rule === null) add('excludedDates', 'leaves no day');
    else add('rrule', 'names no day from startDate to endDate that is not excluded');
  }
  return problems;
}

function hasDay(days: Days): boolean {
  for (let day = days.first; day <= days.last; day += 1) if (days.isOn(day)) return true;
  return false;
}

function clamp(instantMs: number): number {
  return Math.min(Math.max(instantMs, INSTANT_MIN), INSTANT_MAX - 1);
}

class Compiled implements CompiledTiming {
  readonly zone: string;
  readonly #days: Days;
  readonly #windows: readonly Window[];
  readonly #isWholeDay: boolean;
  #memo: { readonly from: number; readonly to: number; readonly activity: Activity } | null = null;

  constructor(zone: string, days: Days, windows: readonly Window[]) {
    this.zone = zone;
    this.#days = days;
    this.#windows = windows;
    this.#isWholeDay = windows.some(({ start, end }) => start === 0 && end === DAY_MS);
  }

  activeAt(instantMs: number): Activity {
    const at = clamp(instantMs);
    const memo = this.#memo;
    if (memo !== null && memo.from <= at && at < memo.to) return memo.activity;
    const activity = this.#find(at);
    this.#memo = { from: at, to: activity.until ?? Infinity, activity };
    return activity;
  }

  *occurrences(fromMs: number, toMs: number): Generator<Occurrence> {
    const from = clamp(fromMs);
    yield* this.#spans(from, Math.min(toMs, from + HORIZON_MS, INSTANT_MAX));
  }

  #find(at: number): Activity {
    const horizon = Math.min(at + HORIZON_MS, INSTANT_MAX);
    for (const { startMs, endMs } of this.#spans(at, horizon)) {
      if (startMs > at) return { active: false, until: startMs };
      return { active: true, until: endMs < horizon ? endMs : this.#orNever(horizon) };
    }
    return { active: false, until: this.#orNever(horizon) };
  }

  /** The horizon; null when what is true there stays true. */
  #orNever(horizon: number): number | null {
    if (horizon >= INSTANT_MAX) return null;
    // A day's last window ends on the day after it; a zone is less than a day away from UTC.
    const day = Math.floor(horizon / DAY_MS);
    if (day > this.#days.last + 3) return null;
    const { steadyFrom } = this.#days;
    return this.#isWholeDay && steadyFrom !== null && day > steadyFrom + 1 ? null : horizon;
  }

  /** Active stretches within a range of instants: between two clock changes the wall clock is the instant plus a constant. */
  *#spans(fromMs: number, toMs: number): Generator<Occurrence> {
    let open: { startMs: number; endMs: number } | null = null;
    for (let at = fromMs; at < toMs;) {
      const zone = zoneSpanAt(this.zone, at);
      const end = Math.min(zone.endMs, toMs);
      for (const wall of this.#wallSpans(at + zone.offsetMs, end + zone.offsetMs)) {
        const startMs = wall.start - zone.offsetMs;
        const endMs = wall.end - zone.offsetMs;
        if (open !== null && startMs <= open.endMs) {
          open.endMs = Math.max(open.endMs, endMs);
        } else {
          if (open !== null) yield open;
          open = { startMs, endMs };
        }
      }
      at = end;
    }
    if (open !== null) yield open;
  }

  /** Active stretches within a range of the wall clock (milliseconds from 1970-01-01 00:00 there), by their start; they may overlap. */
  *#wallSpans(from: number, to: number): Generator<Window> {
    const { first, last, steadyFrom } = this.#days;
    const end = Math.min(Math.ceil(to / DAY_MS) - 1, last);
    for (let day = Math.max(Math.floor(from / DAY_MS) - 1, first); day <= end; day += 1) {
      if (this.#isWholeDay && steadyFrom !== null && day >= steadyFrom) {
        if (to > day * DAY_MS) yield { start: Math.max(from, day * DAY_MS), end: to };
        return;
      }
      if (!this.#days.isOn(day)) continue;
      for (const window of this.#windows) {
        const start = Math.max(from, day * DAY_MS + window.start);
        const stop = Math.min(to, day * DAY_MS + window.end);
        if (start < stop) yield { start, end: stop };
      }
    }
  }
}

/**
 * Makes a timing ready to be asked often. Never throws: a timing with problems is never active; an unknown zone is the fallback, and an
 * unknown fallback is UTC.
 * @param fallbackZone the device's own zone, for a timing that names none
 */
export function compileTiming(timing: Timing, fallbackZone = 'UTC'): CompiledTiming {
  const zone = [timing.timezone, fallbackZone].find((name) => name !== undefined && isTimeZone(name)) ?? 'UTC';
  const rule = ruleOf(timing.rrule);
  const days = rule instanceof RuleProblem ? NO_DAYS : daysOf(timing, rule);
  if (timing.windows === undefined) return new Compiled(zone, days, WHOLE_DAY);
  const windows = windowsOf(timing).filter((window) => window !== null);
  return new Compiled(
    zone,
    days,
    windows.sort((one, other) => one.start - other.start),
  );
}

/** `compileTiming(...).activeAt`, for one question. */
export function activeAt(timing: Timing, instantMs: number, fallbackZone?: string): Activity {
  return compileTiming(timing, fallbackZone).activeAt(instantMs);
}

/** `compileTiming(...).occurrences`, for one question. */
export function occurrences(timing: Timing, fromMs: number, toMs: number, fallbackZone?: string): Iterable<Occurrence> {
  return compileTiming(timing, fallbackZone).occurrences(fromMs, toMs);
}
