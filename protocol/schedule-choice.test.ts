/** Which schedule is on: the nearest, then the most important, then the one deployed last. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseSchedule, createChooser, type Candidate } from './schedule-choice.ts';
import { activeAt } from './schedule-timing.ts';
import type { Timing } from './schedule.ts';

const NOW = Date.UTC(2026, 10, 20, 9);
const MORNING: Timing = { windows: [{ start: '08:00', end: '12:00' }] };
const EVENING: Timing = { windows: [{ start: '18:00', end: '20:00' }] };
const hour = (hours: number): number => Date.UTC(2026, 10, 20, hours);

function candidate(id: number, fields: Partial<Candidate> = {}): Candidate {
  return { id, priority: 0, distance: 1, deploymentId: 10, timing: {}, ...fields };
}

describe('order', () => {
  test.each<[string, Partial<Candidate>, Partial<Candidate>, string]>([
    [
      'the nearer one, whatever its priority',
      { distance: 1 },
      { distance: 2, priority: 9, deploymentId: 99 },
      'farther',
    ],
    ['the more important one', { priority: 1 }, { priority: 0, deploymentId: 99 }, 'lower-priority'],
    ['the one deployed later', { deploymentId: 11 }, { deploymentId: 10 }, 'older-deployment'],
  ])('%s wins', (_label, winning, losing, why) => {
    for (const [winner, loser] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const list = [candidate(winner, winning), candidate(loser, losing)];
      for (const order of [list, list.toReversed()]) {
        const choice = chooseSchedule(order, NOW);
        expect(choice.winner?.id).toBe(winner);
        expect(choice.losers).toEqual([{ id: loser, why }]);
        expect(choice.changesAt).toBeNull();
      }
    }
  });

  test('of two that are alike the higher id wins', () => {
    const choice = chooseSchedule([candidate(1), candidate(2)], NOW);
    expect(choice).toEqual({ winner: candidate(2), losers: [{ id: 1, why: 'older-deployment' }], changesAt: null });
  });

  test('without distances the order of the manifest counts', () => {
    const bare = (id: number, priority: number): Candidate => ({ id, priority, timing: {} });
    const choice = chooseSchedule([bare(1, 0), bare(2, 5), bare(3, -1), bare(4, 0)], NOW);
    expect(choice.winner?.id).toBe(1);
    expect(choice.losers).toEqual([
      { id: 2, why: 'farther' },
      { id: 3, why: 'lower-priority' },
      { id: 4, why: 'older-deployment' },
    ]);
  });

  test('only what is active competes; nothing is an answer, too', () => {
    const list = [candidate(1, { distance: 0, timing: EVENING }), candidate(2, { timing: MORNING })];
    expect(chooseSchedule(list, NOW)).toEqual({
      winner: list[1],
      losers: [{ id: 1, why: 'inactive' }],
      changesAt: hour(12),
    });
    expect(chooseSchedule(list, hour(13)).winner).toBeNull();
    expect(chooseSchedule(list, hour(13)).changesAt).toBe(hour(18));
    expect(chooseSchedule([], NOW)).toEqual({ winner: null, losers: [], changesAt: null });
  });
});

describe('changesAt', () => {
  test('is when something that ranks higher begins, and not when something lower does', () => {
    const always = candidate(1, { priority: 5 });
    expect(chooseSchedule([always, candidate(2, { timing: EVENING })], NOW).changesAt).toBeNull();
    expect(chooseSchedule([always, candidate(2, { priority: 9, timing: EVENING })], NOW).changesAt).toBe(hour(18));
  });

  test('follows the zone of the device', () => {
    const list = [candidate(1, { timing: MORNING })];
    expect(chooseSchedule(list, NOW, 'Asia/Tokyo').winner).toBeNull();
    expect(chooseSchedule(list, hour(0), 'Asia/Tokyo')).toMatchObject({ winner: list[0], changesAt: hour(3) });
  });
});

const timings = fc.constantFrom<Timing>({}, MORNING, EVENING, { startDate: '2026-11-21' }, { endDate: '2026-11-19' });
const candidates = fc
  .array(
    fc.record({
      priority: fc.integer({ min: -1, max: 1 }),
      distance: fc.integer({ min: 0, max: 2 }),
      deploymentId: fc.integer({ min: 1, max: 3 }),
      timing: timings,
    }),
    { maxLength: 8 },
  )
  .map((list) => list.map((fields, index) => ({ id: index + 1, ...fields })));

test('property: the winner is active, nothing active beats it, everybody else has a reason, and it stays until changesAt', () => {
  fc.assert(
    fc.property(candidates, fc.integer({ min: -48, max: 48 }), (list, hours) => {
      const ms = NOW + hours * 3_600_000;
      const chooser = createChooser(list);
      const { winner, losers, changesAt } = chooser.at(ms);
      const rank = (one: Required<Candidate>): number[] => [-one.distance, one.priority, one.deploymentId, one.id];
      const beats = (one: number[], other: number[]): boolean => {
        const place = one.findIndex((value, index) => value !== other[index]);
        return place >= 0 && one[place]! > other[place]!;
      };
      const active = list.filter((one) => activeAt(one.timing, ms).active);
      expect(winner === null).toBe(active.length === 0);
      for (const one of active) if (winner && one !== winner) expect(beats(rank(winner), rank(one))).toBe(true);
      const others = list.filter((one) => one !== winner).map(({ id }) => id);
      expect(new Set(losers.map(({ id }) => id))).toEqual(new Set(others));
      expect(losers).toHaveLength(others.length);
      for (const { id, why } of losers) expect(why === 'inactive').toBe(!active.some((one) => one.id === id));
      const last = Math.min(changesAt ?? Infinity, ms + 72 * 3_600_000) - 1;
      for (let later = ms; later <= last; later += 1_800_000) expect(chooser.at(later).winner).toBe(winner);
      expect(chooser.at(last).winner).toBe(winner);
    }),
    { numRuns: 150 },
  );
});
