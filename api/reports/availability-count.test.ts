import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AvailabilityCount, type Availability, type Transition } from './availability-count.ts';

/** Transitions as `+at` (online) and `-at` (offline), in the order in which they happened. */
function count(from: number, to: number, isOnline: boolean, ...signed: number[]): Availability {
  const counting = new AvailabilityCount(from, to, isOnline);
  const rows = signed.map((at, index): Transition => ({ id: index + 1, at: Math.abs(at), isOnline: at > 0 }));
  for (const row of rows.toSorted((a, b) => a.at - b.at || a.id - b.id)) counting.take(row);
  return counting.finish();
}

describe('availability', () => {
  test('without a transition is what the device was all along', () => {
    expect(count(100, 200, true)).toEqual({ onlineMs: 100, offlineMs: 0, outages: 0, longestOutageMs: 0 });
    expect(count(100, 200, false)).toEqual({ onlineMs: 0, offlineMs: 100, outages: 1, longestOutageMs: 100 });
  });

  test('counts outages and the longest of them', () => {
    const counted = count(0, 100, true, -10, 20, -30, 70, -95);
    expect(counted).toEqual({ onlineMs: 45, offlineMs: 55, outages: 3, longestOutageMs: 40 });
  });

  test('a change of transport is no transition', () => {
    expect(count(0, 100, true, 10, 20, -60, 80, 90)).toEqual({
      onlineMs: 80,
      offlineMs: 20,
      outages: 1,
      longestOutageMs: 20,
    });
  });

  test('online for no time at all does not end an outage', () => {
    expect(count(0, 100, true, -10, 50, -50)).toEqual({
      onlineMs: 10,
      offlineMs: 90,
      outages: 1,
      longestOutageMs: 90,
    });
  });

  test('is cut at both ends, and of a time that is none is nothing', () => {
    expect(count(50, 100, true, -10, 20, -60, 150)).toMatchObject({ onlineMs: 10, offlineMs: 40, outages: 1 });
    expect(count(100, 100, false)).toEqual({ onlineMs: 0, offlineMs: 0, outages: 0, longestOutageMs: 0 });
    expect(count(200, 100, true, -150)).toEqual({ onlineMs: 0, offlineMs: 0, outages: 0, longestOutageMs: 0 });
  });

  test('what two nodes with different clocks tell ends in what happened last', () => {
    // Online at 40 by the clock of one node, after it went offline at 50 by the clock of the other.
    expect(count(0, 1_000, true, -50, 40)).toMatchObject({ onlineMs: 1_000, outages: 0 });
    expect(count(0, 1_000, false, 50, -40)).toMatchObject({ offlineMs: 1_000, outages: 1 });
    expect(count(0, 1_000, true, -50, 40, -500)).toMatchObject({ onlineMs: 500, offlineMs: 500 });
  });

  test('agrees with looking at every millisecond', () => {
    const transitions = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.boolean()), { maxLength: 12 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.nat(40), fc.boolean(), transitions, (from, length, was, list) => {
        const to = from + length;
        const rows = list.map(([at, isOnline]) => ({ at, isOnline })).sort((a, b) => a.at - b.at);
        const counting = new AvailabilityCount(from, to, was);
        for (const [index, row] of rows.entries())
          if (row.at >= from && row.at < to) counting.take({ id: index + 1, ...row });
        let [onlineMs, offlineMs, outages, longestOutageMs, lastedMs] = [0, 0, 0, 0, 0];
        for (let at = from; at < to; at += 1) {
          const isOnline = rows.findLast((row) => row.at >= from && row.at <= at)?.isOnline ?? was;
          if (isOnline) onlineMs += 1;
          else offlineMs += 1;
          if (!isOnline && lastedMs === 0) outages += 1;
          lastedMs = isOnline ? 0 : lastedMs + 1;
          longestOutageMs = Math.max(longestOutageMs, lastedMs);
        }
        expect(counting.finish()).toEqual({ onlineMs, offlineMs, outages, longestOutageMs });
      }),
      { numRuns: 1_000 },
    );
  });
});
