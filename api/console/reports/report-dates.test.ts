import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addDays, dayIn, daysOf, everyDay, isDay, rangeQuery } from './report-dates.ts';

const NONE = { from: '', to: '' };

test('a day is that of the time zone', () => {
  const at = Date.UTC(2026, 10, 20, 23, 30);
  expect(dayIn('UTC', at)).toBe('2026-11-20');
  expect(dayIn('Europe/Berlin', at)).toBe('2026-11-21');
  expect(dayIn('America/Los_Angeles', at)).toBe('2026-11-20');
});

test('presets are counted back from today, with it', () => {
  const of = (preset: Parameters<typeof daysOf>[0]) => daysOf(preset, '2026-03-02', NONE);
  expect(of('today')).toEqual({ first: '2026-03-02', last: '2026-03-02' });
  expect(of('yesterday')).toEqual({ first: '2026-03-01', last: '2026-03-01' });
  expect(of('week')).toEqual({ first: '2026-02-24', last: '2026-03-02' });
  expect(of('month')).toEqual({ first: '2026-02-01', last: '2026-03-02' });
  expect(of('thisMonth')).toEqual({ first: '2026-03-01', last: '2026-03-02' });
});

test('own days hold as far as they are days, and never end before they begin', () => {
  const of = (from: string, to: string) => daysOf('own', '2026-03-02', { from, to });
  expect(of('2026-01-01', '2026-01-31')).toEqual({ first: '2026-01-01', last: '2026-01-31' });
  expect(of('', '2026-01-31')).toEqual({ first: '2026-01-25', last: '2026-01-31' });
  expect(of('nonsense', '')).toEqual({ first: '2026-02-24', last: '2026-03-02' });
  expect(of('2026-05-01', '2026-04-01')).toEqual({ first: '2026-04-01', last: '2026-04-01' });
  expect(isDay('2026-02-31')).toBe(!Number.isNaN(Date.parse('2026-02-31T00:00:00Z')));
});

test('the API is asked for all of the last day', () => {
  expect(rangeQuery({ first: '2026-02-27', last: '2026-02-28' })).toEqual({ from: '2026-02-27', to: '2026-03-01' });
});

test('every day comes once, in order, to the last', () => {
  const day = fc.integer({ min: 0, max: 20_000 }).map((count) => addDays('1990-01-01', count));
  fc.assert(
    fc.property(day, fc.integer({ min: 0, max: 400 }), (first, count) => {
      const days = everyDay({ first, last: addDays(first, count) }, 1_000);
      expect(days.length).toBe(count + 1);
      expect(days).toEqual([...new Set(days)].toSorted());
      expect([days[0], days.at(-1)]).toEqual([first, addDays(first, count)]);
    }),
  );
});
