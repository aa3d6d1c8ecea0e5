import { describe, expect, test } from 'vitest';
import { alertDuring, CLOCK_AHEAD_MAX_MS, isClockSuspect, PLAY_AGE_MAX_MS, type ShownAlert } from './proof-of-play.ts';

const NOW = 1_700_000_000_000;
const DAY_MS = 86_400_000;

describe('a clock', () => {
  test.each([
    ['right', 0, false],
    ['ahead by as much as is let pass', CLOCK_AHEAD_MAX_MS, false],
    ['further ahead', CLOCK_AHEAD_MAX_MS + 1, true],
    ['right, of a batch that is weeks late', -50 * DAY_MS, false],
    ['right, of the oldest batch there is', -PLAY_AGE_MAX_MS, false],
    ['behind any batch', -PLAY_AGE_MAX_MS - 1, true],
    ['set to 1970', -NOW, true],
    ['ten years ahead', 3_650 * DAY_MS, true],
  ])('that is %s', (_what, offMs, isSuspect) => {
    expect(isClockSuspect(NOW + offMs, NOW)).toBe(isSuspect);
  });
});

describe('the alert during a play', () => {
  /** On glass from NOW for ten minutes. */
  const ALERT: ShownAlert = {
    deploymentId: 7,
    raisedAt: NOW - 100,
    displayedAt: NOW + 50,
    deviceDisplayedAt: NOW,
    clearedAt: NOW + 600_000,
    stoppedAt: null,
    expiresAt: NOW + 3_600_000,
  };
  const play = (fromMs: number, playMs: number) => ({ startedAt: NOW + fromMs, playMs });

  test.each([
    ['before it', -60_000, 60_000, null],
    ['that runs into it', -60_000, 60_001, 7],
    ['within it', 1_000, 10_000, 7],
    ['around it', -60_000, 3_600_000, 7],
    ['that starts at its last millisecond', 599_999, 10_000, 7],
    ['after it', 600_000, 10_000, null],
    ['of no length at its first instant', 0, 0, 7],
    ['of no length just before it', -1, 0, null],
    ['of no length as it ends', 600_000, 0, null],
  ])('%s', (_what, fromMs, playMs, expected) => {
    expect(alertDuring(play(fromMs, playMs), [ALERT])).toBe(expected);
  });

  test('whatever ended it first ended it', () => {
    const after = play(120_000, 1_000);
    expect(alertDuring(after, [ALERT])).toBe(7);
    expect(alertDuring(after, [{ ...ALERT, clearedAt: NOW + 60_000 }])).toBeNull();
    expect(alertDuring(after, [{ ...ALERT, stoppedAt: NOW + 60_000 }])).toBeNull();
    expect(alertDuring(after, [{ ...ALERT, clearedAt: null, expiresAt: NOW + 60_000 }])).toBeNull();
    expect(alertDuring(after, [{ ...ALERT, clearedAt: null }])).toBe(7);
  });

  test('of several is the one that shared most of it, then the newest', () => {
    const short = { ...ALERT, deploymentId: 9, clearedAt: NOW + 2_000 };
    expect(alertDuring(play(0, 10_000), [short, ALERT])).toBe(7);
    expect(alertDuring(play(0, 10_000), [ALERT, short])).toBe(7);
    expect(alertDuring(play(0, 1_000), [short, ALERT])).toBe(9);
    expect(alertDuring(play(0, 1_000), [ALERT, short])).toBe(9);
    expect(alertDuring(play(0, 1_000), [])).toBeNull();
  });

  test.each([-40 * 365 * DAY_MS, -3_600_000, 3_600_000, 10 * 365 * DAY_MS])(
    'is found in a clock that is %d ms off, and so is its end',
    (offMs) => {
      const alert = { ...ALERT, deviceDisplayedAt: NOW + offMs };
      expect(alertDuring(play(offMs + 1_000, 10_000), [alert])).toBe(7);
      expect(alertDuring(play(offMs - 20_000, 10_000), [alert])).toBeNull();
      expect(alertDuring(play(offMs + 700_000, 10_000), [alert])).toBeNull();
    },
  );

  test('is found although the hub heard of it hours later', () => {
    const late = { ...ALERT, displayedAt: NOW + 7_200_000, clearedAt: NOW + 7_200_000, expiresAt: NOW + 600_000 };
    expect(alertDuring(play(1_000, 10_000), [late])).toBe(7);
    expect(alertDuring(play(600_000, 10_000), [late])).toBeNull();
  });

  test('without the word of the device is as the hub saw it', () => {
    const seen = { ...ALERT, deviceDisplayedAt: null };
    expect(alertDuring(play(0, 50), [seen])).toBeNull();
    expect(alertDuring(play(0, 51), [seen])).toBe(7);
  });
});
