/** When a schedule is active, for any timing: what a wall clock read by Intl says, and one answer by either function. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY_MS } from './schedule-calendar.ts';
import { activeAt, compileTiming, HORIZON_MS, timingProblems } from './schedule-timing.ts';
import type { Timing } from './schedule.ts';

const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'UTC',
];
const days = (from: string, count: number) =>
  fc.integer({ min: 0, max: count }).map((day) => dayText(Date.parse(from) + day * DAY_MS));
const clock = (max: number) =>
  fc.integer({ min: 0, max }).map((quarter) => {
    const text = (value: number): string => String(value).padStart(2, '0');
    return `${text(Math.floor(quarter / 4))}:${text((quarter % 4) * 15)}`;
  });
const rrules = fc.constantFrom(
  'FREQ=DAILY;INTERVAL=2',
  'FREQ=WEEKLY;BYDAY=SA,SU',
  'FREQ=MONTHLY;BYDAY=-1SU',
  'FREQ=DAILY;COUNT=20',
  'FREQ=YEARLY;BYMONTH=3,10;BYDAY=SU',
);
/** Timings without problems. */
const timings = fc
  .record(
    {
      timezone: fc.constantFrom(...ZONES),
      startDate: days('2023-01-01', 700),
      endDate: days('2023-06-01', 900),
      rrule: rrules,
      excludedDates: fc.array(days('2024-01-01', 400), { maxLength: 5 }),
      windows: fc.array(fc.record({ start: clock(95), end: clock(96) }), { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: [] },
  )
  .filter((timing) => timingProblems(timing).length === 0);
/** Quarters of an hour in 2024, half of them near the clock changes of March, April, October and November. */
const instants = fc.oneof(
  fc.integer({ min: 0, max: 366 * 96 }).map((quarter) => Date.UTC(2024, 0, 1) + quarter * 900_000),
  fc
    .tuple(
      fc.constantFrom('2024-03-10', '2024-03-31', '2024-04-07', '2024-04-14', '2024-10-06', '2024-10-27', '2024-11-03'),
      fc.integer({ min: -96, max: 96 }),
    )
    .map(([day, quarter]) => Date.parse(day) + quarter * 900_000),
);

/** Date and time of day on the wall clock, read by Intl. */
function wallClock(zone: string, ms: number): { date: string; minutes: number } {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(ms);
  const part = (type: string): string => parts.find((one) => one.type === type)!.value;
  const date = `${part('year')}-${part('month')}-${part('day')}`;
  return { date, minutes: Number(part('hour')) * 60 + Number(part('minute')) };
}

/** The meaning in README.md, word by word, from the wall clock; whole days of the rule are taken from the module in UTC. */
function isActiveByWallClock(timing: Timing, ms: number): boolean {
  const { date, minutes } = wallClock(timing.timezone ?? 'UTC', ms);
  const { windows = [{ start: '00:00', end: '24:00' }], ...dates } = timing;
  delete dates.timezone;
  const isDay = (day: string): boolean => activeAt({ ...dates }, Date.parse(day)).active;
  const yesterday = dayText(Date.parse(date) - DAY_MS);
  const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return windows.some((window) => {
    const [start, end] = [minutesOf(window.start), minutesOf(window.end)];
    if (start < end) return isDay(date) && start <= minutes && minutes < end;
    return (isDay(date) && start <= minutes) || (isDay(yesterday) && minutes < end);
  });
}

test('property: active is what the wall clock says', () => {
  fc.assert(
    fc.property(timings, instants, (timing, ms) => {
      expect(activeAt(timing, ms).active).toBe(isActiveByWallClock(timing, ms));
    }),
    { numRuns: 400 },
  );
});

test('property: activeAt agrees with occurrences, and `until` is the first instant at which the answer differs', () => {
  fc.assert(
    fc.property(timings, instants, (timing, ms) => {
      const compiled = compileTiming(timing);
      const { active, until } = compiled.activeAt(ms);
      const list = [...compiled.occurrences(ms - DAY_MS, ms + 40 * DAY_MS)];
      expect(list.some(({ startMs, endMs }) => startMs <= ms && ms < endMs)).toBe(active);
      for (const [index, one] of list.entries()) {
        expect(one.startMs).toBeLessThan(one.endMs);
        if (index > 0) expect(list[index - 1]!.endMs).toBeLessThan(one.startMs);
      }
      if (until === null) return;
      expect(until).toBeGreaterThan(ms);
      expect(activeAt(timing, until - 1).active).toBe(active);
      if (until < ms + HORIZON_MS) expect(activeAt(timing, until).active).toBe(!active);
    }),
    { numRuns: 300 },
  );
});

test('property: the order of the questions does not matter', () => {
  fc.assert(
    fc.property(timings, fc.array(instants, { minLength: 2, maxLength: 20 }), (timing, list) => {
      const compiled = compileTiming(timing);
      for (const ms of list) expect(compiled.activeAt(ms).active).toBe(activeAt(timing, ms).active);
    }),
    { numRuns: 100 },
  );
});
