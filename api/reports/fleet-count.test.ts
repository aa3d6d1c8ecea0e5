/** Counting a fleet over instants, against a recount that asks each device at each instant. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FleetCount, instantsOf, type FleetPoint, type FleetTransition } from './fleet-count.ts';

interface Life {
  readonly createdAt: number;
  readonly before: FleetTransition['transport'];
  /** In the order in which they happened. */
  readonly transitions: readonly FleetTransition[];
}

const transport = fc.constantFrom('websocket' as const, 'http' as const, null);
const life: fc.Arbitrary<Life> = fc
  .record({
    createdAt: fc.integer({ min: -50, max: 120 }),
    before: transport,
    steps: fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), transport), { maxLength: 12 }),
  })
  .map(({ createdAt, before, steps }) => {
    let at = 0;
    const transitions = steps.map(([afterMs, next], index) => {
      at += afterMs;
      return { id: index + 1, at, transport: next };
    });
    return { createdAt, before, transitions };
  });

function recount(lives: readonly Life[], instants: readonly number[]): FleetPoint[] {
  return instants.map((at) => {
    const here = lives.filter(({ createdAt }) => createdAt <= at);
    const are = here.map(({ before, transitions }) => {
      const last = transitions.findLast((one) => one.at <= at);
      return last === undefined ? before : last.transport;
    });
    const online = are.filter((one) => one !== null).length;
    return { at, total: here.length, online, http: are.filter((one) => one === 'http').length };
  });
}

test('says of every instant what a look at each device says', () => {
  fc.assert(
    fc.property(fc.array(life, { maxLength: 8 }), fc.integer({ min: 2, max: 20 }), (lives, points) => {
      const instants = instantsOf(0, 100, points);
      const count = new FleetCount(instants);
      for (const { createdAt, before, transitions } of lives) {
        const take = count.device(createdAt, before);
        for (const one of transitions) take(one);
      }
      expect(count.finish()).toEqual(recount(lives, instants));
    }),
  );
});

test('instants begin and end where they are asked to', () => {
  expect(instantsOf(1_000, 2_000, 2)).toEqual([1_000, 2_000]);
  expect(instantsOf(0, 10, 4)).toEqual([0, 3, 7, 10]);
});

test('what another node told late does not undo what happened after it', () => {
  const count = new FleetCount([0, 10, 20]);
  const take = count.device(0, null);
  take({ id: 7, at: 5, transport: 'websocket' });
  take({ id: 6, at: 8, transport: null });
  expect(count.finish().map(({ online }) => online)).toEqual([0, 1, 1]);
});
