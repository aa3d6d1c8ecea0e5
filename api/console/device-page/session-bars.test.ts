import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SessionJson } from '../../devices/device-sessions.ts';
import { dayBars } from './session-bars.ts';

const HOUR_MS = 3_600_000;
/** Noon of a day without a clock change, in whatever zone this runs. */
const NOON_MS = new Date(2026, 10, 18, 12).getTime();

function session(fromHours: number, toHours: number | null): SessionJson {
  return {
    from: new Date(NOON_MS + fromHours * HOUR_MS).toISOString(),
    to: toHours === null ? null : new Date(NOON_MS + toHours * HOUR_MS).toISOString(),
    transport: 'websocket',
  };
}

test('a session over midnight is part of both days, and one that lasts ends now', () => {
  const [today, yesterday, before] = dayBars([session(-6, null), session(-20, -8)], NOON_MS, 3, 0);
  expect(today?.pieces.map(({ fromMs, toMs }) => [fromMs - NOON_MS, toMs - NOON_MS])).toEqual([
    [-12 * HOUR_MS, -8 * HOUR_MS],
    [-6 * HOUR_MS, 0],
  ]);
  expect(today).toMatchObject({ onlineMs: 10 * HOUR_MS, onlineShare: 10 / 12 });
  expect(yesterday).toMatchObject({ onlineMs: 8 * HOUR_MS, onlineShare: 8 / 24, endMs: today?.startMs });
  expect(before).toMatchObject({ pieces: [], onlineMs: 0, onlineShare: 0 });
});

test('time that two sessions share counts once', () => {
  const [today] = dayBars([session(-5, -2), session(-4, -1), session(-3.5, -3)], NOON_MS, 1, 0);
  expect(today?.onlineMs).toBe(4 * HOUR_MS);
});

test('days before the screen was there are left out, and of its first day only its time counts', () => {
  const bars = dayBars([session(-1, null)], NOON_MS, 7, NOON_MS - 2 * HOUR_MS);
  expect(bars).toHaveLength(1);
  expect(bars[0]?.onlineShare).toBe(0.5);
  expect(dayBars([], NOON_MS, 7, NOON_MS - 36 * HOUR_MS)).toHaveLength(2);
  expect(dayBars([session(-30, -29)], NOON_MS, 7, NOON_MS)).toHaveLength(2);
});

test('every day is whole, follows the next, and holds no more than has passed of it', () => {
  const one = fc.tuple(fc.integer({ min: -400, max: 0 }), fc.integer({ min: 0, max: 100 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(one, { maxLength: 20 }), fc.integer({ min: 1, max: 14 }), (drawn, days) => {
      const bars = dayBars(
        drawn.map(([from, length, lasts]) => session(from, lasts ? null : from + length)),
        NOON_MS,
        days,
        0,
      );
      expect(bars).toHaveLength(days);
      for (const [at, bar] of bars.entries()) {
        if (at > 0) expect(bar.endMs).toBe(bars[at - 1]?.startMs);
        expect(bar.onlineShare).toBeGreaterThanOrEqual(0);
        expect(bar.onlineShare).toBeLessThanOrEqual(1);
        for (const { fromMs, toMs } of bar.pieces) {
          expect(fromMs).toBeGreaterThanOrEqual(bar.startMs);
          expect(toMs).toBeLessThanOrEqual(bar.endMs);
        }
      }
    }),
  );
});
