import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plotLines } from './plot-points.ts';

const POINTS = [
  { afterMs: 0, received: 1, displayed: 0 },
  { afterMs: 120, received: 5, displayed: 4 },
];

test('begins at the raising, and goes on to a second at least', () => {
  expect(plotLines([], null)).toEqual({
    seconds: [0.01, 1],
    received: [0, 0],
    displayed: [0, 0],
    isLogarithmic: false,
  });
  expect(plotLines(POINTS, null)).toMatchObject({
    seconds: [0.01, 0.12, 1],
    received: [1, 5, 5],
    displayed: [0, 4, 4],
  });
});

test('takes from the feed what is news, and nothing that was known', () => {
  const known = { afterMs: 900, received: 5, displayed: 4 };
  expect(plotLines(POINTS, known)).toEqual(plotLines(POINTS, null));
  const news = plotLines(POINTS, { afterMs: 2_000, received: 8, displayed: 8 });
  expect([news.seconds.at(-1), news.received.at(-1), news.displayed.at(-1)]).toEqual([2, 8, 8]);
  // The clock of the browser is behind the hub's: the line does not go back.
  expect(plotLines(POINTS, { afterMs: 3, received: 8, displayed: 8 }).seconds).toEqual([0.01, 0.12, 1]);
});

test('a straggler makes it logarithmic', () => {
  expect(plotLines([...POINTS, { afterMs: 3_600_000, received: 6, displayed: 5 }], null).isLogarithmic).toBe(true);
});

test('always rises, in time and in counts', () => {
  const point = fc.record({ afterMs: fc.nat(100_000), received: fc.nat(50), displayed: fc.nat(50) });
  const rising = fc.array(point).map((points) => {
    const sorted = (key: keyof (typeof points)[number]) => points.map((one) => one[key]).toSorted((a, b) => a - b);
    const [times, received, displayed] = [sorted('afterMs'), sorted('received'), sorted('displayed')];
    return times.map((afterMs, at) => ({
      afterMs,
      received: received[at] ?? 0,
      displayed: displayed[at] ?? 0,
    }));
  });
  fc.assert(
    fc.property(rising, fc.option(point), (points, tail) => {
      const { seconds, received, displayed } = plotLines(points, tail);
      for (let at = 1; at < seconds.length; at += 1) {
        expect(seconds[at]).toBeGreaterThan(seconds[at - 1] ?? 0);
        expect(received[at]).toBeGreaterThanOrEqual(received[at - 1] ?? 0);
        expect(displayed[at]).toBeGreaterThanOrEqual(displayed[at - 1] ?? 0);
      }
    }),
  );
});
