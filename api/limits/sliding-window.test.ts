import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKey } from './address-key.ts';
import { countAt, waitMs, WINDOW_MS, type WindowCount } from './sliding-window.ts';

/** Sends requests at these instants and returns those that were let through. */
function allowed(limit: number, instants: readonly number[]): number[] {
  let count: WindowCount | undefined;
  return instants.filter((at) => {
    const now = countAt(count, at);
    if (waitMs(now, limit, at) > 0) return false;
    count = { ...now, current: now.current + 1 };
    return true;
  });
}

const burst = (at: number, size: number): number[] => Array<number>(size).fill(at);

describe('the sliding window', () => {
  test('lets the limit through at once and no more', () => {
    expect(allowed(100, burst(5_000, 150))).toHaveLength(100);
  });

  test('gives no second allowance on the other side of an edge', () => {
    const passed = allowed(100, [...burst(WINDOW_MS - 1_000, 150), ...burst(WINDOW_MS + 1_000, 150)]);
    expect(passed.length).toBeGreaterThanOrEqual(100);
    expect(passed.length).toBeLessThanOrEqual(110);
  });

  test('gives the whole allowance again after two quiet windows', () => {
    expect(allowed(100, [...burst(0, 100), ...burst(2 * WINDOW_MS, 100)])).toHaveLength(200);
  });

  test('refuses everything at a limit of zero', () => {
    expect(allowed(0, burst(0, 3))).toEqual([]);
    expect(waitMs(countAt(undefined, 0), 0, 0)).toBeGreaterThan(0);
  });

  test('says exactly how long to wait', () => {
    const counts = fc.record({
      limit: fc.integer({ min: 1, max: 50 }),
      current: fc.nat(50),
      previous: fc.nat(50),
      at: fc.nat(WINDOW_MS - 1),
    });
    fc.assert(
      fc.property(counts, ({ limit, current, previous, at }) => {
        const count = { window: 3, current: Math.min(current, limit), previous: Math.min(previous, limit) };
        const now = 3 * WINDOW_MS + at;
        const wait = waitMs(count, limit, now);
        const free = (ms: number): boolean => waitMs(countAt(count, now + ms), limit, now + ms) === 0;
        expect(free(wait)).toBe(true);
        if (wait > 1) expect(free(wait - 2)).toBe(false);
      }),
    );
  });

  test('never lets more than the limit and one window edge of it through in any minute', () => {
    const arrivals = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 300 }).map((gaps) => {
      let at = 0;
      return gaps.map((gap) => (at += gap));
    });
    fc.assert(
      fc.property(arrivals, (instants) => {
        const passed = allowed(20, instants);
        for (const [index, at] of passed.entries()) {
          const inMinute = passed.slice(index).filter((other) => other < at + WINDOW_MS).length;
          expect(inMinute).toBeLessThanOrEqual(2 * 20 - 1);
        }
      }),
    );
  });
});

describe('the key of an address', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:0:7::1', '2001:db8:0:7::/64'],
    ['2001:0DB8:0000:0007:ffff:1:2:3', '2001:db8:0:7::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
  ])('%s is %s', (ip, key) => {
    expect(addressKey(ip)).toBe(key);
  });
});
