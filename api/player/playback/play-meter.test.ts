/** What counts as a play: only what was seen, in stretches that do not overlap. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertPlay, type FinishedPlay } from './finished-play.ts';
import { PlayMeter, STRETCH_MS_MAX, type Moment } from './play-meter.ts';

const START = Date.UTC(2026, 10, 20, 9);
const at = (ms: number): Moment => ({ nowMs: START + ms, monotonicMs: 5_000 + ms });
const iso = (ms: number): string => new Date(START + ms).toISOString();
const ITEM = { contentId: 33, scheduleId: 4 };

function metered(): { meter: PlayMeter; plays: FinishedPlay[] } {
  const plays: FinishedPlay[] = [];
  return { meter: new PlayMeter((play) => plays.push(play)), plays };
}

describe('a play', () => {
  it('begins with the first frame and ends with the next item', () => {
    const { meter, plays } = metered();
    meter.put(ITEM, at(0));
    meter.seen(at(40));
    meter.seen(at(500));
    meter.put({ contentId: 34, scheduleId: 4 }, at(10_000));
    expect(plays).toEqual([{ contentId: 33, scheduleId: 4, startedAt: iso(40), playSeconds: 9.96 }]);
  });

  it('that nobody saw is none', () => {
    const { meter, plays } = metered();
    meter.put(ITEM, at(0));
    meter.put(null, at(10_000));
    meter.seen(at(11_000));
    meter.put(null, at(12_000));
    meter.put(ITEM, at(12_000));
    meter.seen(at(12_000));
    meter.covered(at(12_000.4));
    expect(plays).toEqual([]);
  });

  it('that is covered in the middle is two', () => {
    const { meter, plays } = metered();
    meter.put(ITEM, at(0));
    meter.seen(at(0));
    meter.covered(at(3_000));
    meter.covered(at(3_500));
    meter.seen(at(8_000));
    meter.put(null, at(10_000));
    expect(plays.map(({ startedAt, playSeconds }) => [startedAt, playSeconds])).toEqual([
      [iso(0), 3],
      [iso(8_000), 2],
    ]);
  });

  it('of an item that follows itself is one for each time it begins anew, and none while it is covered', () => {
    const { meter, plays } = metered();
    meter.put(ITEM, at(0));
    meter.seen(at(0));
    meter.again(at(5_000));
    meter.covered(at(6_000));
    meter.again(at(10_000));
    meter.put(null, at(12_000));
    expect(plays.map(({ playSeconds }) => playSeconds)).toEqual([5, 1]);
  });

  it('that never ends is told now and then', () => {
    const { meter, plays } = metered();
    meter.put(ITEM, at(0));
    meter.seen(at(0));
    for (let ms = 0; ms <= STRETCH_MS_MAX + 60_000; ms += 1_000) meter.tick(at(ms));
    expect(plays.map(({ playSeconds }) => playSeconds)).toEqual([STRETCH_MS_MAX / 1_000]);
  });

  it('lasts as long as it lasted, whatever is done to the clock meanwhile', () => {
    const { meter, plays } = metered();
    meter.put(ITEM, at(0));
    meter.seen(at(0));
    meter.put(null, { nowMs: START - 3_600_000, monotonicMs: 15_000 });
    expect(plays).toEqual([{ ...ITEM, startedAt: iso(0), playSeconds: 10 }]);
  });
});

it("an alert's content is a play of that alert; its text is none", () => {
  const content = { id: 7, type: 'image' as const, url: '/media/7', sha256: null };
  const span = { startedAtMs: START, playedMs: 1_234.4 };
  expect(alertPlay({ deploymentId: 512, content }, span)).toEqual({
    ...{ contentId: 7, startedAt: iso(0), playSeconds: 1.234, alertDeploymentId: 512 },
  });
  expect(alertPlay({ deploymentId: 512 }, span)).toBeNull();
});

it('property: stretches never overlap, and add up to the time in which something was seen', () => {
  const step = fc.record({
    do: fc.constantFrom('put', 'none', 'seen', 'covered', 'again', 'tick'),
    afterMs: fc.integer({ min: 0, max: 400_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { meter, plays } = metered();
      let ms = 0;
      let seenMs = 0;
      let isSeen = false;
      let hasItem = false;
      for (const one of steps) {
        ms += one.afterMs;
        if (isSeen) seenMs += one.afterMs;
        if (one.do === 'put' || one.do === 'none') {
          hasItem = one.do === 'put';
          meter.put(hasItem ? ITEM : null, at(ms));
          isSeen = false;
        } else if (one.do === 'seen') {
          meter.seen(at(ms));
          isSeen = hasItem;
        } else if (one.do === 'covered') {
          meter.covered(at(ms));
          isSeen = false;
        } else {
          meter[one.do === 'again' ? 'again' : 'tick'](at(ms));
        }
      }
      meter.put(null, at(ms));
      const spans = plays.map(({ startedAt, playSeconds }) => [Date.parse(startedAt), playSeconds * 1_000] as const);
      for (const [index, [from]] of spans.entries()) {
        const before = spans[index - 1];
        if (before !== undefined) expect(from).toBeGreaterThanOrEqual(before[0] + before[1]);
      }
      expect(spans.reduce((sum, [, long]) => sum + long, 0)).toBeCloseTo(seenMs, 3);
    }),
  );
});
