import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takeToken, type TokenBucket } from './token-bucket.ts';

const RATE = 5;
const BURST = 20;
type Take = typeof takeToken;

/** Requests at these gaps, in milliseconds: how many pass in any window never exceeds the burst and what the window refills. */
function isBounded(gaps: readonly number[], take: Take): boolean {
  const bucket: TokenBucket = { tokens: BURST, filledAtMs: 0 };
  const passed: number[] = [];
  let nowMs = 0;
  for (const gap of gaps) {
    nowMs += gap;
    if (take(bucket, RATE, BURST, nowMs)) passed.push(nowMs);
  }
  return passed.every((from, first) =>
    passed.slice(first).every((until, more) => more + 1 <= BURST + ((until - from) / 1000) * RATE + 1e-6),
  );
}

/** Silences, each followed by a flood. */
const gaps = fc
  .array(fc.record({ silenceMs: fc.nat(60_000), gapMs: fc.nat(50), count: fc.nat(60) }), { minLength: 1, maxLength: 6 })
  .map((floods) =>
    floods.flatMap(({ silenceMs, gapMs, count }) => [silenceMs, ...Array.from({ length: count }, () => gapMs)]),
  );

/** Control: a bucket without a brim. */
const overflowing: Take = (bucket, rate, _burst, nowMs) => takeToken(bucket, rate, Number.POSITIVE_INFINITY, nowMs);

describe('a token bucket', () => {
  test('[INV-8] lets no window have more than the burst and its refill', () => {
    fc.assert(fc.property(gaps, (list) => isBounded(list, takeToken)));
  });

  test('[INV-8] control: without a brim, silence buys a flood', () => {
    expect(
      fc.check(
        fc.property(gaps, (list) => isBounded(list, overflowing)),
        { numRuns: 1_000 },
      ).failed,
    ).toBe(true);
  });

  test('who stays under the rate always passes, and who was refused passes after a while', () => {
    const bucket: TokenBucket = { tokens: 1, filledAtMs: 0 };
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1000 / RATE) expect(takeToken(bucket, RATE, BURST, nowMs)).toBe(true);
    const empty: TokenBucket = { tokens: 0, filledAtMs: 1_000 };
    expect(takeToken(empty, RATE, BURST, 1_000)).toBe(false);
    expect(takeToken(empty, RATE, BURST, 1_199)).toBe(false);
    expect(takeToken(empty, RATE, BURST, 1_200)).toBe(true);
  });

  test('a clock that does not move, or steps back, refills nothing', () => {
    const bucket: TokenBucket = { tokens: 1, filledAtMs: 1_000 };
    expect(takeToken(bucket, RATE, BURST, 500)).toBe(true);
    expect(takeToken(bucket, RATE, BURST, 500)).toBe(false);
    expect(bucket.filledAtMs).toBe(1_000);
  });
});
