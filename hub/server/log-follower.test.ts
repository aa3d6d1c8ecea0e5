/** The follower over a log that the test writes, with hints that come or do not, and a database that goes away. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { anyAct, FactWorld, WORLD_EPOCH } from '../../test/support/fact-world.ts';
import { recordingLog } from '../../test/support/recording-log.ts';
import type { Change } from '../core/changes.ts';
import { HubModel, type ModelSnapshot } from '../core/hub-model.ts';
import type { LogPage } from '../core/hub-store.ts';
import { systemClock, systemIds } from '../system-ports.ts';
import { LogFollower } from './log-follower.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class Away extends Error {}
const POLL = { min: 500, max: 1_000 };

/** A database that holds a world, and a node that follows it. */
class Bench {
  readonly world = new FactWorld().populate();
  readonly model = new HubModel();
  readonly seen: number[] = [];
  readonly reloads: number[] = [];
  readonly log = recordingLog();
  readonly follower: LogFollower;
  reads = 0;
  loads = 0;
  away = false;
  epoch = WORLD_EPOCH;
  /** Changes up to this rev are no longer in the log. */
  prunedTo = 0;
  /** What a read waits for before it answers. */
  gate: Promise<void> = Promise.resolve();
  /** A change of this rev cannot be applied. */
  poison = 0;

  constructor({ polls = true }: { polls?: boolean } = {}) {
    const never = 1_000_000_000;
    this.follower = new LogFollower({
      store: {
        isUnavailable: (error) => error instanceof Away,
        loadModel: () => this.#load(),
        readLog: (cursor, limit) => this.#read(cursor, limit),
      },
      model: this.model,
      clock: systemClock,
      ids: systemIds,
      log: { ...this.log, debug: () => undefined },
      onChange: (change) => this.#change(change),
      onLoaded: () => undefined,
      onReload: (snapshot) => this.reloads.push(snapshot.rev),
      pollMinMs: polls ? POLL.min : never,
      pollMaxMs: polls ? POLL.max : never,
    });
  }

  #change(change: Change): void {
    if (change.rev === this.poison) throw new Error('cannot be applied');
    this.model.apply(change);
    this.seen.push(change.rev);
  }

  async #load(): Promise<ModelSnapshot> {
    this.loads += 1;
    if (this.away) throw new Away();
    return { ...this.world.snapshot(), epoch: this.epoch };
  }

  /** What the log holds when the read begins is what the read gives. */
  async #read(cursor: number, limit: number): Promise<LogPage> {
    this.reads += 1;
    const { away } = this;
    const changes = this.world.log.filter(({ rev }) => rev > cursor && rev > this.prunedTo).slice(0, limit);
    const page = { epoch: this.epoch, headRev: this.world.facts.rev, changes };
    await this.gate;
    if (away) throw new Away();
    return page;
  }

  /** Somebody commits changes; nobody says so. */
  commit(count = 1): number {
    for (let done = 0; done < count;) {
      if (this.world.act({ kind: 'assign-schedules', tenantId: 1, groups: [done], devices: [] }) !== null) done += 1;
    }
    return this.world.facts.rev;
  }
}

const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('the follower of the log', () => {
  test('looks at once when it is told to, and never when it knows better', async () => {
    const bench = new Bench();
    await bench.follower.start();
    const rev = bench.commit(3);
    bench.follower.hint(rev);
    await turn();
    expect(bench.model.rev).toBe(rev);
    expect(bench.seen).toEqual([rev - 2, rev - 1, rev]);
    const { reads } = bench;
    bench.follower.hint(rev);
    bench.follower.hint(1);
    await turn();
    expect(bench.reads).toBe(reads);
    bench.follower.stop();
  });

  test('[INV-6] without any hint it learns of a change within the longest poll', async () => {
    const bench = new Bench();
    await bench.follower.start();
    const rev = bench.commit();
    await vi.advanceTimersByTimeAsync(POLL.max);
    expect(bench.model.rev).toBe(rev);
    bench.follower.stop();
  });

  test('[INV-6] control: without its polls it learns of nothing', async () => {
    const bench = new Bench({ polls: false });
    await bench.follower.start();
    const rev = bench.commit();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bench.model.rev).toBe(rev - 1);
    bench.follower.stop();
  });

  test('[INV-6] a hint that comes during a read is not forgotten: that read may have begun before the commit', async () => {
    const bench = new Bench({ polls: false });
    await bench.follower.start();
    const gate = Promise.withResolvers<void>();
    bench.gate = gate.promise;
    bench.follower.hint(bench.commit());
    const rev = bench.commit();
    bench.follower.hint(rev);
    bench.follower.hint(rev);
    gate.resolve();
    await turn();
    expect(bench.model.rev).toBe(rev);
    expect(bench.reads).toBe(2);
    bench.follower.stop();
  });

  test('[INV-5][INV-6] hints lost, doubled, late and wrong: every change is applied once, in order', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: anyAct({ revocations: false }).map((act) => ({ kind: 'commit' as const, act })) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('hint' as const), off: fc.integer({ min: -5, max: 5 }) }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'resync' as const }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(700) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('away' as const), away: fc.boolean() }) },
    );
    const law = fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const bench = new Bench();
      const first = bench.world.facts.rev + 1;
      await bench.follower.start();
      for (const one of steps) {
        if (one.kind === 'commit') bench.world.act(one.act);
        else if (one.kind === 'hint') bench.follower.hint(Math.max(0, bench.world.facts.rev + one.off));
        else if (one.kind === 'resync') bench.follower.hint(null);
        else if (one.kind === 'away') bench.away = one.away;
        else await vi.advanceTimersByTimeAsync(one.ms);
      }
      bench.away = false;
      await vi.advanceTimersByTimeAsync(POLL.max);
      bench.follower.stop();
      const revs = bench.world.log.map(({ rev }) => rev).filter((rev) => rev >= first);
      expect(bench.seen).toEqual(revs);
      expect(bench.follower.lag()).toBe(0);
    });
    await fc.assert(law, { numRuns: 60 });
  });

  test('reads page after page until it stands at the head', async () => {
    const bench = new Bench();
    await bench.follower.start();
    const rev = bench.commit(1_100);
    bench.follower.hint(rev);
    await turn();
    expect(bench.model.rev).toBe(rev);
    expect(bench.reads).toBe(3);
    bench.follower.stop();
  });
});

describe('when the log is not what it was', () => {
  test.each([
    ['has another epoch', (bench: Bench) => (bench.epoch += 1)],
    ['was pruned past the cursor', (bench: Bench) => (bench.prunedTo = bench.commit(3) - 1)],
    ['was pruned altogether', (bench: Bench) => (bench.prunedTo = bench.commit(3))],
    ['ends before the cursor', (bench: Bench) => bench.world.history.pop()],
  ])('[INV-5] a log that %s is not read on: everything is loaded anew', async (_what, change) => {
    const bench = new Bench();
    await bench.follower.start();
    change(bench);
    await vi.advanceTimersByTimeAsync(POLL.max);
    expect(bench.reloads).toEqual([bench.world.facts.rev]);
    expect(bench.model.position).toEqual({ epoch: bench.epoch, rev: bench.world.facts.rev });
    expect(bench.seen).toEqual([]);
    const rev = bench.commit();
    await vi.advanceTimersByTimeAsync(POLL.max);
    expect(bench.seen).toEqual([rev]);
    bench.follower.stop();
  });

  test('[INV-5] a change that cannot be applied does not stop the rest for ever', async () => {
    const bench = new Bench();
    await bench.follower.start();
    bench.poison = bench.commit();
    await vi.advanceTimersByTimeAsync(6 * POLL.max);
    expect(bench.reloads).toEqual([bench.poison]);
    const rev = bench.commit();
    await vi.advanceTimersByTimeAsync(POLL.max);
    expect(bench.model.rev).toBe(rev);
    expect(bench.log.lines.filter(({ level }) => level === 'error').length).toBeGreaterThan(0);
    bench.follower.stop();
  });
});

describe('when the database is away', () => {
  test('it says so once, keeps what it has, and catches up by itself', async () => {
    const bench = new Bench();
    await bench.follower.start();
    const before = bench.model.rev;
    bench.away = true;
    const rev = bench.commit();
    await vi.advanceTimersByTimeAsync(5 * POLL.max);
    expect(bench.follower.available).toBe(false);
    expect(bench.follower.ageMs()).toBeGreaterThanOrEqual(5 * POLL.max);
    expect(bench.model.rev).toBe(before);
    bench.away = false;
    await vi.advanceTimersByTimeAsync(POLL.max);
    expect(bench.model.rev).toBe(rev);
    expect(bench.follower.available).toBe(true);
    expect(bench.log.lines.map(({ message }) => message)).toEqual([
      'database is away: serving from memory',
      'database is back',
    ]);
    bench.follower.stop();
  });

  test('a first load that fails is told to the starter, and hints before it do no harm', async () => {
    const bench = new Bench();
    bench.away = true;
    bench.follower.hint(5);
    await expect(bench.follower.start()).rejects.toThrow(Away);
    expect(bench.reads).toBe(0);
    expect(bench.follower.loaded).toBe(false);
  });
});

describe('who waits for a rev', () => {
  test('goes on when it is reached, and is told the truth when the time is up', async () => {
    const bench = new Bench({ polls: false });
    await bench.follower.start();
    expect(await bench.follower.reached(bench.model.rev, 1)).toBe(true);
    const rev = bench.commit();
    const one = bench.follower.reached(rev, 5_000);
    const other = bench.follower.reached(rev + 1, 5_000);
    await turn();
    expect(await one).toBe(true);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await other).toBe(false);
    bench.follower.stop();
  });

  test('does not wait for a follower that was stopped', async () => {
    const bench = new Bench({ polls: false });
    await bench.follower.start();
    const waiting = bench.follower.reached(bench.model.rev + 1, 60_000);
    bench.follower.stop();
    expect(await waiting).toBe(false);
    bench.commit();
    bench.follower.hint(null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bench.seen).toEqual([]);
  });
});
