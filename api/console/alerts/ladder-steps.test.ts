import { expect, test } from 'vitest';
import { hadIt, ladderSteps, percentText, shareOf, spokenQuarter, type Ladder } from './ladder-steps.ts';

const LADDER: Ladder = {
  targeted: 8,
  online: 6,
  sent: 7,
  received: 5,
  displayed: 3,
  cleared: 1,
  failed: 1,
  expired: 0,
  unconfirmed: 4,
};

test('an alert that is on has three steps, one that was stopped a fourth over those that had it', () => {
  expect(ladderSteps(LADDER, 'active').map(({ name, count, of }) => [name, count, of])).toEqual([
    ['sent', 7, 8],
    ['received', 5, 8],
    ['displayed', 3, 8],
  ]);
  expect(ladderSteps(LADDER, 'stopped').at(-1)).toEqual({ name: 'cleared', count: 1, of: 3 });
  expect(ladderSteps(LADDER, 'expired').length).toBe(3);
  // A screen may have taken it off before it said that it showed it.
  expect(hadIt({ ...LADDER, cleared: 4 })).toBe(4);
});

test('a share is all or nothing only when it is', () => {
  expect(shareOf({ count: 0, of: 0 })).toBe(0);
  expect(percentText(shareOf({ count: 4_999, of: 5_000 }))).toBe('99 %');
  expect(percentText(shareOf({ count: 1, of: 5_000 }))).toBe('< 1 %');
  expect([percentText(0), percentText(1), percentText(0.5)]).toEqual(['0 %', '100 %', '50 %']);
});

test('what is spoken goes by quarters', () => {
  const spoken = (displayed: number) => spokenQuarter({ ...LADDER, displayed });
  expect([0, 1, 2, 5, 8].map(spoken)).toEqual([0, 0, 25, 50, 100]);
  expect(spokenQuarter({ ...LADDER, targeted: 0, displayed: 0 })).toBe(0);
});
