/** What a zone is to show when some of its items cannot be shown: the next one that can, early; and nothing only when there is none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createZonePlaylist } from '../../../protocol/zone-playlist.ts';
import { planZone } from './zone-plan.ts';

const playlist = createZonePlaylist(
  { id: 'main', items: [1, 2, 3].map((contentId) => ({ contentId, durationMs: contentId * 1_000 })) },
  () => null,
);
const always = (): boolean => true;

describe('the plan of a zone', () => {
  it('is its slot, and the next one after it', () => {
    expect(planZone(playlist, 6_500, always)).toMatchObject({
      ...{ show: { index: 0, startedAt: 6_000 }, next: { index: 1, startedAt: 7_000 }, changesAt: 7_000 },
    });
  });

  it('gives the slot of what cannot be shown to the next that can', () => {
    const plan = planZone(playlist, 7_500, (index) => index !== 1);
    expect(plan).toMatchObject({
      ...{ show: { index: 2, startedAt: 9_000 }, next: { index: 0, startedAt: 12_000 }, changesAt: 12_000 },
    });
    expect(planZone(playlist, 6_500, (index) => index !== 1)).toMatchObject({ next: { index: 2 }, changesAt: 7_000 });
  });

  it('goes on with the only one that can be shown', () => {
    expect(planZone(playlist, 9_500, (index) => index === 0)).toMatchObject({
      ...{ show: { index: 0, startedAt: 12_000 }, next: { index: 0, startedAt: 18_000 }, changesAt: 13_000 },
    });
  });

  it('is none when nothing can be shown', () => {
    expect(planZone(playlist, 9_500, () => false)).toBeNull();
  });
});

it('property: what can be shown is shown, what cannot never is, and it stays until it changes', () => {
  const zones = fc.record({
    durations: fc.array(fc.integer({ min: 500, max: 20_000 }), { minLength: 1, maxLength: 8 }),
    shuffle: fc.boolean(),
    broken: fc.uniqueArray(fc.integer({ min: 0, max: 7 })),
    at: fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
    part: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(zones, ({ durations, shuffle, broken, at, part }) => {
      const items = durations.map((durationMs, index) => ({ contentId: index + 1, durationMs }));
      const made = createZonePlaylist({ id: 'z', items, shuffle }, () => null);
      const isShowable = (index: number): boolean => !broken.includes(index);
      const plan = planZone(made, at, isShowable);
      expect(plan === null).toBe(!items.some((_item, index) => isShowable(index)));
      if (plan === null || plan.next === null) return;
      expect(isShowable(plan.show.index) && isShowable(plan.next.index)).toBe(true);
      expect(plan.changesAt).toBeGreaterThan(at);
      expect(plan.next.startedAt).toBeGreaterThanOrEqual(plan.changesAt);
      const later = at + Math.floor((plan.changesAt - at) * part);
      expect(planZone(made, later, isShowable)?.show).toEqual(plan.show);
      expect(planZone(made, plan.changesAt, isShowable)?.show).toEqual(plan.next);
    }),
  );
});
