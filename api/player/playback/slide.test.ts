/** How loud an item is. */
import { expect, it } from 'vitest';
import { transitionMs } from './layer-switch.ts';
import { loudness } from './slide.ts';

it('an item is as loud as it and the device say together', () => {
  expect(loudness({}, 100)).toBe(1);
  expect(loudness({ volume: 50 }, 40)).toBeCloseTo(0.2);
  expect(loudness({ volume: 100, muted: true }, 100)).toBe(0);
  expect(loudness({ volume: 100 }, 400)).toBe(1);
  expect(loudness({ volume: 0 }, 100)).toBe(0);
});

it('a transition takes its time, but no more than half of the slot', () => {
  const fade = (durationMs?: number) => ({
    contentId: 1,
    transition: { type: 'fade' as const, ...(durationMs !== undefined && { durationMs }) },
  });
  expect([
    transitionMs({ contentId: 1 }, 10_000),
    transitionMs({ contentId: 1, transition: { type: 'none' } }, 9_000),
  ]).toEqual([0, 0]);
  expect([transitionMs(fade(), 10_000), transitionMs(fade(800), 10_000), transitionMs(fade(8_000), 3_000)]).toEqual([
    ...[500, 800, 1_500],
  ]);
});
