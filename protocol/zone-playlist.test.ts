/** Which item of a zone is on: every instant has exactly one, in order, whoever asks and however often. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Zone } from './schedule.ts';
import {
  createZonePlaylist,
  hashOf,
  ITEM_MS_DEFAULT,
  itemDurationMs,
  roundOrder,
  zoneItemAt,
  type DurationOf,
} from './zone-playlist.ts';

const NOW = Date.UTC(2026, 10, 20, 9);
const nothingKnown: DurationOf = () => null;

function zone(items: Zone['items'], shuffle = false): Zone {
  return { id: 'main', x: 0, y: 0, width: 10, height: 10, items, shuffle };
}

/** Content 1, 2, 3, … for so long each. */
function items(...durations: (number | undefined)[]): Zone['items'] {
  return durations.map((durationMs, index) => ({
    contentId: index + 1,
    ...(durationMs !== undefined && { durationMs }),
  }));
}

describe('how long an item is on', () => {
  test('is what it says, else what its content lasts, else ten seconds', () => {
    const lasts: DurationOf = (id) => (id === 7 ? 33_333 : null);
    expect(itemDurationMs({ contentId: 7, durationMs: 5_000 }, lasts)).toBe(5_000);
    expect(itemDurationMs({ contentId: 7 }, lasts)).toBe(33_333);
    expect(itemDurationMs({ contentId: 8 }, lasts)).toBe(ITEM_MS_DEFAULT);
  });

  test.each([0, -1, Number.NaN, Infinity])('is never %d, whatever a content claims', (claimed) => {
    expect(itemDurationMs({ contentId: 1 }, () => claimed)).toBe(ITEM_MS_DEFAULT);
  });
});

describe('which item', () => {
  const playlist = createZonePlaylist(zone(items(1_000, 2_000, 3_000)), nothingKnown);

  test('rounds begin at multiples of their length since 1970', () => {
    const start = Math.floor(NOW / 6_000) * 6_000;
    const shown = [0, 999, 1_000, 2_999, 3_000, 5_999, 6_000].map((ms) => playlist.at(start + ms)?.index);
    expect(shown).toEqual([0, 0, 1, 1, 2, 2, 0]);
    expect(playlist.at(start + 1_500)).toEqual({
      index: 1,
      item: { contentId: 2, durationMs: 2_000 },
      startedAt: start + 1_000,
      endsAt: start + 3_000,
    });
  });

  test('before 1970 there are rounds, too', () => {
    expect(playlist.at(-1)).toMatchObject({ index: 2, startedAt: -3_000, endsAt: 0 });
  });

  test('an item alone follows itself; an empty zone shows nothing', () => {
    const alone = zoneItemAt(zone(items(undefined)), nothingKnown, NOW + 5);
    expect(alone).toMatchObject({ index: 0, startedAt: NOW, endsAt: NOW + ITEM_MS_DEFAULT });
    expect(zoneItemAt(zone([]), nothingKnown, NOW)).toBeNull();
  });
});

describe('shuffled', () => {
  test('as written down in the contract: the first rounds of "main" with five items', () => {
    // The published vectors of FNV-1a.
    expect([hashOf(''), hashOf('a'), hashOf('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
    const rounds = [0, 1, 2, 3, 300_000_000, 5_000_000_000].map((round) =>
      roundOrder(5, hashOf('main'), round).join(''),
    );
    expect(rounds).toEqual(['32410', '40123', '43210', '21340', '13024', '12043']);
  });

  test('zones of other names go other ways, and rounds differ', () => {
    const of = (id: string): string[] =>
      Array.from({ length: 50 }, (_, round) => roundOrder(6, hashOf(id), round).join(''));
    expect(of('main')).not.toEqual(of('side'));
    expect(new Set(of('main')).size).toBeGreaterThan(40);
  });

  test('property: a round shows every item once, and does not begin with what ended the one before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.string(), fc.maxSafeNat(), (count, id, round) => {
        const order = roundOrder(count, hashOf(id), round);
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
        const before = roundOrder(count, hashOf(id), round - 1);
        if (count >= 3) expect(order[0]).not.toBe(before.at(-1));
      }),
    );
  });

  test('every place is taken by every item about as often', () => {
    const first = [0, 0, 0, 0];
    for (let round = 0; round < 4_000; round += 1) first[roundOrder(4, hashOf('x'), round)[0]!]! += 1;
    for (const times of first) expect(times).toBeGreaterThan(800);
  });
});

const zones = fc
  .record({
    durations: fc.array(fc.option(fc.integer({ min: 500, max: 90_000 }), { nil: undefined }), {
      minLength: 1,
      maxLength: 12,
    }),
    shuffle: fc.boolean(),
    lasts: fc.option(fc.integer({ min: 1, max: 60_000 })),
  })
  .map(({ durations, shuffle, lasts }) => ({ made: zone(items(...durations), shuffle), durationOf: () => lasts }));
const instants = fc.integer({ min: Date.UTC(1969, 0, 1), max: Date.UTC(2100, 0, 1) });

test('property: the slot holds the instant, and everybody asks it in vain for another one while it lasts', () => {
  fc.assert(
    fc.property(zones, instants, fc.double({ min: 0, max: 1, noNaN: true }), ({ made, durationOf }, at, part) => {
      const slot = zoneItemAt(made, durationOf, at)!;
      expect(slot.startedAt).toBeLessThanOrEqual(at);
      expect(slot.endsAt).toBeGreaterThan(at);
      expect(slot.item).toBe(made.items[slot.index]);
      expect(slot.endsAt - slot.startedAt).toBe(itemDurationMs(slot.item, durationOf));
      const other = slot.startedAt + Math.floor((slot.endsAt - 1 - slot.startedAt) * part);
      expect(zoneItemAt(made, durationOf, other)).toEqual(slot);
    }),
  );
});

test('property: going from slot to slot leaves out no instant and arrives where asking directly does', () => {
  fc.assert(
    fc.property(zones, instants, fc.integer({ min: 1, max: 60 }), ({ made, durationOf }, at, steps) => {
      const playlist = createZonePlaylist(made, durationOf);
      let slot = playlist.at(at)!;
      const seen = new Map<number, number>();
      for (let step = 0; step < steps; step += 1) {
        const next = playlist.at(slot.endsAt)!;
        expect(next.startedAt).toBe(slot.endsAt);
        if (made.shuffle !== true) expect(next.index).toBe((slot.index + 1) % made.items.length);
        seen.set(next.index, (seen.get(next.index) ?? 0) + 1);
        slot = next;
      }
      expect(createZonePlaylist(made, durationOf).at(slot.startedAt)).toEqual(slot);
      // Nobody is forgotten: every item has had its turn, shuffled or not.
      if (steps >= made.items.length * 2) expect(seen.size).toBe(made.items.length);
    }),
  );
});
