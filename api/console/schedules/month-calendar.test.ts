import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileTiming } from '../../../protocol/schedule-timing.ts';
import type { Timing } from '../../../protocol/schedule.ts';
import { monthCalendar, monthOf, monthsLater, spanTimes, upcoming } from './month-calendar.ts';
import { clockChanges, dayAt, instantAt, wallAt } from './wall-clock.ts';

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC', 'Pacific/Apia'];
const zone = fc.constantFrom(...ZONES);
const clock = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
const text = ([hours, minutes]: [number, number]): string =>
  `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
const timing: fc.Arbitrary<Timing> = fc.record({
  timezone: zone,
  startDate: fc.constantFrom('2026-01-01', '2026-11-20', '2027-03-10'),
  rrule: fc.constantFrom(
    'FREQ=DAILY',
    'FREQ=WEEKLY;BYDAY=SA,SU',
    'FREQ=MONTHLY;BYMONTHDAY=28,-1',
    'FREQ=DAILY;INTERVAL=3',
  ),
  windows: fc
    .tuple(clock, clock)
    .filter(([start, end]) => text(start) !== text(end))
    .map(([start, end]) => [{ start: text(start), end: text(end) }]),
});
const instant = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 0, 1) });

describe('the calendar of a month', () => {
  test('agrees at any instant with what players do then', () => {
    fc.assert(
      fc.property(timing, instant, (timing, at) => {
        const compiled = compileTiming(timing);
        const day = dayAt(compiled.zone, at);
        const cell = monthCalendar(compiled, monthOf(day))
          .flat()
          .find((one) => one.day === day);
        const isShown = cell?.spans.some(({ startMs, endMs }) => startMs <= at && at < endMs);
        expect(isShown).toBe(compiled.activeAt(at).active);
      }),
      { numRuns: 300 },
    );
  });

  test('has whole weeks from Monday on, every day of the month once', () => {
    const always = compileTiming({});
    for (let month = { year: 2026, month: 1 }; month.year < 2028; month = monthsLater(month, 1)) {
      const weeks = monthCalendar(always, month);
      expect(weeks.every((week) => week.length === 7)).toBe(true);
      const inMonth = weeks.flat().filter(({ isInMonth }) => isInMonth);
      expect(inMonth.map(({ dayOfMonth }) => dayOfMonth)).toEqual(inMonth.map((_, at) => at + 1));
      expect(inMonth).toHaveLength(new Date(Date.UTC(month.year, month.month, 0)).getUTCDate());
      expect(inMonth.every(({ isWhole }) => isWhole)).toBe(true);
    }
  });

  test('tells the clock change, and times as the wall clock reads them', () => {
    const compiled = compileTiming({ timezone: 'Europe/Berlin', windows: [{ start: '01:30', end: '03:30' }] });
    const days = monthCalendar(compiled, { year: 2027, month: 3 }).flat();
    const forward = days.find(({ clockChange }) => clockChange !== null);
    expect(forward).toMatchObject({ dayOfMonth: 28, clockChange: { byMs: 3_600_000 } });
    const [span] = forward?.spans ?? [];
    expect(span === undefined ? null : [spanTimes(span, 'Europe/Berlin'), span.endMs - span.startMs]).toEqual([
      { from: '01:30', to: '03:30' },
      3_600_000,
    ]);
    const late = compileTiming({ windows: [{ start: '22:00', end: '02:00' }] });
    const [, day] = monthCalendar(late, { year: 2026, month: 6 }).flat();
    expect(day?.spans.map((one) => spanTimes(one, 'UTC'))).toEqual([
      { from: '00:00', to: '02:00' },
      { from: '22:00', to: '24:00' },
    ]);
  });
});

describe('the wall clock', () => {
  test('comes back to the instant that it was read at, but for the hour that comes twice', () => {
    fc.assert(
      fc.property(zone, instant, (zone, at) => {
        const back = instantAt(zone, wallAt(zone, at));
        expect(wallAt(zone, back)).toBe(wallAt(zone, at));
        expect(back).toBeLessThanOrEqual(at);
      }),
    );
  });

  test('skips what it skips: the first instant after it', () => {
    // 02:30 on 28 March 2027 is never read in Berlin.
    const skipped = Date.UTC(2027, 2, 28, 2, 30);
    expect(instantAt('Europe/Berlin', skipped)).toBe(Date.UTC(2027, 2, 28, 1));
    expect(clockChanges('Europe/Berlin', Date.UTC(2027, 0, 1), Date.UTC(2028, 0, 1))).toEqual([
      { atMs: Date.UTC(2027, 2, 28, 1), byMs: 3_600_000 },
      { atMs: Date.UTC(2027, 9, 31, 1), byMs: -3_600_000 },
    ]);
    expect(clockChanges('UTC', 0, Date.UTC(2030, 0, 1))).toEqual([]);
  });
});

describe('what comes next', () => {
  const now = Date.UTC(2026, 10, 20, 9);

  test('is what is on now and what begins after it, as many as asked for', () => {
    const found = upcoming(compileTiming({ windows: [{ start: '08:00', end: '10:00' }] }), now, 3);
    expect(found.map(({ startMs, isOn }) => [new Date(startMs).toISOString(), isOn])).toEqual([
      ['2026-11-20T09:00:00.000Z', true],
      ['2026-11-21T08:00:00.000Z', false],
      ['2026-11-22T08:00:00.000Z', false],
    ]);
  });

  test('has no end where there is none, and is nothing where there is nothing', () => {
    expect(upcoming(compileTiming({}), now, 5)).toMatchObject([{ isOn: true, isOpen: true }]);
    expect(upcoming(compileTiming({ endDate: '2020-01-01' }), now, 5)).toEqual([]);
  });
});
