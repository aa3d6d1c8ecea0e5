import { expect, test } from 'vitest';
import { offsetSpans, rangeLine, readRange } from './report-range.ts';

const NOW = Date.UTC(2026, 10, 20, 9, 30);
const HOUR_MS = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();
const read = (query: { from?: string; to?: string; timezone?: string }, daysMax = 31) =>
  readRange({ timezone: 'UTC', ...query }, NOW, daysMax);

test('without words it is the last seven days', () => {
  expect(read({})).toEqual({ fromMs: NOW - 7 * 24 * HOUR_MS, toMs: NOW, timezone: 'UTC' });
  expect(iso(read({ to: '2026-11-10' }).fromMs)).toBe('2026-11-03T00:00:00.000Z');
});

test.each([
  ['UTC', '2026-03-29', '2026-03-29T00:00:00.000Z'],
  ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'],
  ['Asia/Kathmandu', '2026-03-29', '2026-03-28T18:15:00.000Z'],
  // Clocks went forward at midnight: the day begins at one.
  ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00.000Z'],
])('in %s the day %s begins at %s', (timezone, from, begins) => {
  expect(iso(read({ from, to: '2026-04-26', timezone }).fromMs)).toBe(begins);
});

test.each([
  ['2026-11-01T10:00:00Z', '2026-11-01T10:00:00.000Z'],
  ['2026-11-01T10:00Z', '2026-11-01T10:00:00.000Z'],
  ['2026-11-01T10:00:00.25Z', '2026-11-01T10:00:00.250Z'],
])('%s is an instant, whatever the zone', (from, instant) => {
  expect(iso(read({ from, timezone: 'Asia/Tokyo' }).fromMs)).toBe(instant);
});

test('the longest time may hold the night with 25 hours', () => {
  const query = { from: '2026-10-01', to: '2026-11-01', timezone: 'Europe/Berlin' };
  const { fromMs, toMs } = read(query);
  expect(toMs - fromMs).toBe((31 * 24 + 1) * HOUR_MS);
  expect(() => read(query, 30)).toThrow('not valid');
  expect(rangeLine(read(query))).toBe(
    'Time: 2026-09-30T22:00:00.000Z to 2026-10-31T23:00:00.000Z (days of Europe/Berlin)',
  );
});

test('distances from UTC cover the range without a gap', () => {
  const range = read({ from: '2026-10-01', to: '2026-11-01', timezone: 'Europe/Berlin' });
  expect(offsetSpans(range)).toEqual([
    { untilMs: Date.UTC(2026, 9, 25, 1), offsetMs: 2 * HOUR_MS },
    { untilMs: range.toMs, offsetMs: HOUR_MS },
  ]);
  expect(offsetSpans(read({ from: '2026-11-01' }))).toEqual([{ untilMs: NOW, offsetMs: 0 }]);
});
