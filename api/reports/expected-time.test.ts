import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareRank } from '../../protocol/schedule-choice.ts';
import { deployedSpans, type DeploymentAct, type Target } from './expected-spans.ts';
import { winningTime, type ReachingSpan } from './expected-time.ts';

const END = 40;

describe('winning time', () => {
  const steps = fc.uniqueArray(fc.integer({ min: -3, max: END + 3 }), { minLength: 2, maxLength: 8 });
  const span = fc
    .record({
      deploymentId: fc.integer({ min: 1, max: 50 }),
      scheduleId: fc.integer({ min: 1, max: 4 }),
      priority: fc.integer({ min: 0, max: 2 }),
      distance: fc.integer({ min: 0, max: 2 }),
      ends: fc.uniqueArray(fc.integer({ min: -5, max: END + 5 }), { minLength: 2, maxLength: 2 }),
      steps,
    })
    .map(({ ends, steps: unsorted, ...rest }): ReachingSpan => {
      const [startMs = 0, endMs = 0] = [...ends].sort((a, b) => a - b);
      const sorted = [...unsorted].sort((a, b) => a - b);
      const active = Array.from({ length: sorted.length >> 1 }, (_, index) => ({
        startMs: sorted[2 * index]!,
        endMs: sorted[2 * index + 1]!,
      }));
      return { ...rest, startMs, endMs, active };
    });

  /** Who is shown at an instant, asked one instant at a time. */
  function shownAt(spans: readonly ReachingSpan[], at: number): number | null {
    const there = spans.filter(({ startMs, endMs }) => startMs <= at && at < endMs);
    const stands = there.filter(
      (one) =>
        !there.some(
          (other) =>
            other.scheduleId === one.scheduleId &&
            (other.distance < one.distance ||
              (other.distance === one.distance && other.deploymentId > one.deploymentId)),
        ),
    );
    const active = stands.filter((one) => one.active.some(({ startMs, endMs }) => startMs <= at && at < endMs));
    active.sort((a, b) => compareRank({ ...a, id: a.scheduleId }, { ...b, id: b.scheduleId }));
    return active[0]?.deploymentId ?? null;
  }

  test('is what a look at every single instant finds', () => {
    fc.assert(
      fc.property(fc.uniqueArray(span, { selector: ({ deploymentId }) => deploymentId, maxLength: 7 }), (spans) => {
        const expected = new Map<number, number>();
        for (let at = 0; at < END; at += 1) {
          const id = shownAt(spans, at);
          if (id !== null) expected.set(id, (expected.get(id) ?? 0) + 1);
        }
        expect(winningTime(spans, 0, END)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('of an empty time is none', () => {
    const always = { deploymentId: 1, scheduleId: 1, priority: 0, distance: 0, startMs: 0, endMs: 9 };
    expect(winningTime([{ ...always, active: [{ startMs: 0, endMs: 9 }] }], 5, 5).size).toBe(0);
    expect(winningTime([{ ...always, active: [{ startMs: 0, endMs: 9 }] }], 7, 5).size).toBe(0);
  });
});

describe('deployed spans', () => {
  const group = (id: number): Target => ({ kind: 'group', id });
  const act = (id: number, createdAt: number, targets: Target[], withdrawnAt: number | null = null): DeploymentAct => ({
    id,
    scheduleId: 1,
    createdAt,
    withdrawnAt,
    targets,
  });
  const endsOf = (spans: ReturnType<typeof deployedSpans>): (number | string)[][] =>
    spans.map(({ deploymentId, target, startMs, endMs }) => [deploymentId, target.id, startMs, endMs]);

  test('go on while they are assigned, and end with the whole deployment', () => {
    expect(endsOf(deployedSpans([act(1, 10, [group(1)]), act(2, 20, [group(2)], 30)], [], () => true))).toEqual([
      [1, 1, 10, Infinity],
      [2, 2, 20, 30],
    ]);
  });

  test('end where the schedule was deployed anew, or taken away, target by target', () => {
    const acts = [act(1, 10, [group(1), group(2), group(3)]), act(2, 50, [group(2)])];
    const taken = [{ scheduleId: 1, at: 70, targets: [group(3)] }];
    const assigned = new Set(['1 1', '2 2']);
    expect(endsOf(deployedSpans(acts, taken, (id, target) => assigned.has(`${id} ${target.id}`)))).toEqual([
      [1, 1, 10, Infinity],
      [1, 2, 10, 50],
      [1, 3, 10, 70],
      [2, 2, 50, Infinity],
    ]);
  });

  test('what a target lost without a word of it ended with the next deployment, at the latest', () => {
    const acts = [act(1, 10, [group(1), group(2)]), act(2, 50, [group(9)])];
    expect(endsOf(deployedSpans(acts, [], (id, target) => id === 2 || target.id === 1))[1]).toEqual([1, 2, 10, 50]);
    expect(endsOf(deployedSpans(acts.slice(0, 1), [], () => false))).toEqual([
      [1, 1, 10, 10],
      [1, 2, 10, 10],
    ]);
  });
});
