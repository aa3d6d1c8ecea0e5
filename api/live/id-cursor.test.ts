import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdCursor } from './id-cursor.ts';

const rowsOf = (...ids: number[]) => ids.map((id) => ({ id }));
const idsOf = (rows: readonly { id: number }[]) => rows.map(({ id }) => id);

describe('a cursor over ids', () => {
  test('gives every row once, in whatever order rows commit', () => {
    const order = fc.shuffledSubarray(
      Array.from({ length: 40 }, (_, at) => at + 1),
      { minLength: 40 },
    );
    fc.assert(
      fc.property(order, fc.integer({ min: 1, max: 8 }), (commits, every) => {
        const cursor = new IdCursor(0);
        const table = new Set<number>();
        const given: number[] = [];
        const look = (): void => {
          const { last, gaps } = cursor;
          const seen = [...table].filter((id) => id > last || gaps.includes(id)).sort((a, b) => a - b);
          given.push(...idsOf(cursor.take(rowsOf(...seen), 0)));
        };
        commits.forEach((id, at) => {
          table.add(id);
          if (at % every === 0) look();
        });
        look();
        expect([...given].sort((a, b) => a - b)).toEqual([...commits].sort((a, b) => a - b));
        expect(cursor.gaps).toEqual([]);
      }),
    );
  });

  test('gives up on ids that never come, and waits for so many and no more', () => {
    const cursor = new IdCursor(0);
    expect(idsOf(cursor.take(rowsOf(3), 0))).toEqual([3]);
    expect(cursor.gaps).toEqual([1, 2]);
    expect(idsOf(cursor.take(rowsOf(2, 3), 9_999))).toEqual([2]);
    expect(cursor.gaps).toEqual([1]);
    cursor.take([], 10_000);
    expect(cursor.gaps).toEqual([]);
    cursor.take(rowsOf(1_000_000), 10_000);
    expect([cursor.gaps.length, cursor.gaps[0], cursor.last]).toEqual([1_000, 999_000, 1_000_000]);
  });
});
