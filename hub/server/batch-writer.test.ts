/** Fake timers: the writer's own pace is what is tested. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BatchWriter, type BatchWriterOptions } from './batch-writer.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class Away extends Error {}
type Outcome = { ok: true; result: string } | { ok: false; error: unknown };

/** A writer into a list, whose writes end when and how the test says. */
class Bench {
  readonly writes: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  readonly outcomes = new Map<number, Outcome[]>();
  readonly errors: number[] = [];
  readonly writer: BatchWriter<number, string>;

  constructor(options: Partial<BatchWriterOptions<number, string>> = {}) {
    this.writer = new BatchWriter<number, string>({
      name: 'bench',
      batchMax: 3,
      queueMax: 10,
      delayMs: 20,
      write: (items) =>
        new Promise((resolve, reject) => {
          const end = (error?: Error): void => {
            if (error === undefined) resolve(items.map((item) => `wrote ${item}`));
            else reject(error);
          };
          this.writes.push({ items, end });
        }),
      isTransient: (error) => error instanceof Away,
      onError: (_error, items) => this.errors.push(items),
      ...options,
    });
  }

  add(item: number): boolean {
    return this.writer.add(item, (outcome) => {
      this.outcomes.set(item, [...(this.outcomes.get(item) ?? []), outcome]);
    });
  }

  /** Ends the write that is under way. */
  async end(error?: Error): Promise<void> {
    this.writes.at(-1)?.end(error);
    await vi.advanceTimersByTimeAsync(0);
  }
}

describe('a batch writer', () => {
  test('waits a moment for company, and not for more when a batch is full', async () => {
    const bench = new Bench();
    bench.add(1);
    bench.add(2);
    await vi.advanceTimersByTimeAsync(19);
    expect(bench.writes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(bench.writes.map(({ items }) => items)).toEqual([[1, 2]]);
    for (const item of [3, 4, 5, 6]) bench.add(item);
    await bench.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.writes.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  test('a full batch goes out at once', async () => {
    const bench = new Bench();
    for (const item of [1, 2, 3]) bench.add(item);
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.writes.map(({ items }) => items)).toEqual([[1, 2, 3]]);
  });

  test('has one write under way at most, and settles each item with its own result after the write', async () => {
    const bench = new Bench();
    for (const item of [1, 2, 3, 4]) bench.add(item);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.writes).toHaveLength(1);
    expect(bench.outcomes.size).toBe(0);
    await bench.end();
    expect([...bench.outcomes.keys()]).toEqual([1, 2, 3]);
    expect(bench.outcomes.get(2)).toEqual([{ ok: true, result: 'wrote 2' }]);
    await vi.advanceTimersByTimeAsync(20);
    await bench.end();
    expect(bench.outcomes.get(4)).toEqual([{ ok: true, result: 'wrote 4' }]);
    expect(bench.writer.length).toBe(0);
  });

  test('[INV-8] refuses past its queue, what is under way included, and takes again when there is room', async () => {
    const bench = new Bench({ queueMax: 4 });
    expect([1, 2, 3, 4, 5].map((item) => bench.add(item))).toEqual([true, true, true, true, false]);
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.add(6)).toBe(false);
    await bench.end();
    expect(bench.add(7)).toBe(true);
    expect(bench.outcomes.has(5)).toBe(false);
  });

  test('tries again what may pass, in the same order, ever more slowly, and settles nothing meanwhile', async () => {
    const bench = new Bench();
    bench.add(1);
    await vi.advanceTimersByTimeAsync(20);
    await bench.end(new Away());
    expect(bench.outcomes.size).toBe(0);
    bench.add(2);
    await vi.advanceTimersByTimeAsync(99);
    expect(bench.writes).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(bench.writes[1]?.items).toEqual([1, 2]);
    await bench.end(new Away());
    await vi.advanceTimersByTimeAsync(199);
    expect(bench.writes).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    await bench.end();
    expect([...bench.outcomes.keys()]).toEqual([1, 2]);
    expect(bench.errors).toEqual([1, 2]);
  });

  test('[INV-8] a crowd does not hurry the retries of a database that is away', async () => {
    const bench = new Bench({ queueMax: 1_000 });
    bench.add(0);
    await vi.advanceTimersByTimeAsync(20);
    await bench.end(new Away());
    for (let item = 1; item < 100; item += 1) {
      bench.add(item);
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(bench.writes).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(bench.writes).toHaveLength(2);
    await bench.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.writes).toHaveLength(3);
  });

  test('gives up what will not pass, and goes on with the rest', async () => {
    const bench = new Bench();
    const broken = new Error('our bug');
    for (const item of [1, 2, 3, 4]) bench.add(item);
    await vi.advanceTimersByTimeAsync(0);
    await bench.end(broken);
    expect(bench.outcomes.get(3)).toEqual([{ ok: false, error: broken }]);
    await vi.advanceTimersByTimeAsync(20);
    await bench.end();
    expect(bench.outcomes.get(4)).toEqual([{ ok: true, result: 'wrote 4' }]);
  });

  test('closing writes what is queued first, then refuses', async () => {
    const bench = new Bench();
    for (const item of [1, 2, 3, 4]) bench.add(item);
    const closed = bench.writer.close(5_000);
    await vi.advanceTimersByTimeAsync(0);
    await bench.end();
    await vi.advanceTimersByTimeAsync(20);
    await bench.end();
    await closed;
    expect(bench.outcomes.get(4)).toEqual([{ ok: true, result: 'wrote 4' }]);
    expect(bench.add(5)).toBe(false);
  });

  test('closing gives up after its time, and says so to who waits', async () => {
    const bench = new Bench();
    for (const item of [1, 2, 3, 4]) bench.add(item);
    const closed = bench.writer.close(300);
    await vi.advanceTimersByTimeAsync(300);
    await closed;
    expect(bench.outcomes.get(4)).toMatchObject([{ ok: false }]);
    expect(bench.outcomes.has(1)).toBe(false);
    await bench.end(new Away());
    expect(bench.outcomes.get(1)).toMatchObject([{ ok: false }]);
  });

  test('[INV-4] every item that was taken is settled exactly once, whatever the writes do', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.constant('add' as const) },
      { weight: 2, arbitrary: fc.constantFrom('succeed' as const, 'fail-away' as const, 'fail' as const) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 400 }) },
    );
    const law = fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const bench = new Bench();
      const taken: number[] = [];
      for (const [item, one] of steps.entries()) {
        if (one === 'add') taken.push(...(bench.add(item) ? [item] : []));
        else if (typeof one === 'number') await vi.advanceTimersByTimeAsync(one);
        else await bench.end(one === 'succeed' ? undefined : one === 'fail' ? new Error('our bug') : new Away());
      }
      const closed = bench.writer.close(60_000);
      // What is left is let through.
      for (let turn = 0; turn < 40; turn += 1) {
        await vi.advanceTimersByTimeAsync(2_000);
        await bench.end();
      }
      await closed;
      expect(taken.map((item) => bench.outcomes.get(item)?.length)).toEqual(taken.map(() => 1));
      expect(bench.outcomes.size).toBe(taken.length);
    });
    await fc.assert(law, { numRuns: 60 });
  });
});
