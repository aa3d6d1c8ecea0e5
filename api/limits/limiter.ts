/**
 * Request limits per key and minute, counted in Redis for all processes together and in this process for itself.
 *
 * States of the Redis side: `up` (asked on every request, under a deadline) and `down` (not asked; a probe in the
 * background looks once a second). It goes down with the first answer that fails or is late, and up with the first probe
 * that is answered in time.
 * Invariants: a request never waits for Redis longer than ANSWER_WITHIN_MS; Redis being away never lets more than one
 * process's full limit through that process, and never fails a request.
 */
import type { Redis } from 'ioredis';
import type { FastifyBaseLogger } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../../hub/core/ports.ts';
import { countAt, WINDOW_MS, WINDOW_SCRIPT, waitMs, type WindowCount } from './sliding-window.ts';

/** The longest that a request waits for Redis, in milliseconds. */
const ANSWER_WITHIN_MS = 100;
/** How often a Redis that is down is looked at, in milliseconds. */
const PROBE_EVERY_MS = 1_000;
/** After this many probes without an answer the connection is taken for half-open and made anew. */
const SILENT_PROBES_MAX = 3;
/** Keys counted in this process; past it the key that was first seen longest ago is forgotten. */
const KEYS_MAX = 50_000;
/** Where several installations share a Redis, the connection's own `keyPrefix` comes before it. */
const KEY_PREFIX = 'limit:';

export interface Limiter {
  /** Counts one request of `key`. Resolves to the milliseconds to wait, 0 when it may go on. Never rejects. */
  take(key: string, limitPerMinute: number): Promise<number>;
  /** Whether Redis is being asked. */
  redisState(): 'none' | 'up' | 'down';
  /** Stops probing. */
  close(): void;
}

export interface LimiterParts {
  readonly clock: Clock;
  /** A connection of its own: it is made anew when it goes silent. */
  readonly redis: Redis | null;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
  readonly registry: Registry;
}

/** Settles as the promise does, or rejects when it takes too long. The late outcome is dropped. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The counts of one process. */
function createLocalCounts(clock: Clock) {
  const counts = new Map<string, WindowCount>();
  return {
    waitMs(key: string, limit: number): number {
      const now = clock.monotonicMs();
      return waitMs(countAt(counts.get(key), now), limit, now);
    },
    add(key: string): void {
      const known = counts.get(key);
      const count = countAt(known, clock.monotonicMs());
      if (known === undefined && counts.size >= KEYS_MAX) {
        const oldest = counts.keys().next();
        if (!oldest.done) counts.delete(oldest.value);
      }
      counts.set(key, { ...count, current: count.current + 1 });
    },
    /** Takes one count back. */
    undo(key: string): void {
      const count = counts.get(key);
      if (count && count.current > 0) counts.set(key, { ...count, current: count.current - 1 });
    },
  };
}

/** The counts of all processes, behind a breaker. */
function createSharedCounts(redis: Redis, log: LimiterParts['log'], failures: Counter) {
  let state: 'up' | 'down' = 'up';
  let timer: NodeJS.Timeout | null = null;
  let silentProbes = 0;

  async function probe(): Promise<void> {
    try {
      await within(PROBE_EVERY_MS, redis.ping());
    } catch (error) {
      failures.inc();
      silentProbes++;
      if (silentProbes % SILENT_PROBES_MAX === 0 && redis.status === 'ready') {
        log.warn({ reason: String(error) }, 'rate limits: Redis is silent, connecting anew');
        redis.disconnect(true);
      }
      return;
    }
    state = 'up';
    silentProbes = 0;
    if (timer) clearInterval(timer);
    timer = null;
    log.info('rate limits: counted in Redis again');
  }

  function goDown(error: unknown): void {
    failures.inc();
    if (state === 'down') return;
    state = 'down';
    log.warn({ reason: String(error) }, 'rate limits: Redis is away, this process counts for itself');
    timer = setInterval(() => void probe(), PROBE_EVERY_MS);
    timer.unref();
  }

  return {
    state: () => state,
    /** The wait in milliseconds, or null when Redis did not say. */
    async take(key: string, limit: number): Promise<number | null> {
      if (state === 'down') return null;
      try {
        return Number(await within(ANSWER_WITHIN_MS, redis.eval(WINDOW_SCRIPT, 1, KEY_PREFIX + key, limit, WINDOW_MS)));
      } catch (error) {
        goDown(error);
        return null;
      }
    },
    close(): void {
      if (timer) clearInterval(timer);
      timer = null;
    },
  };
}

/** Makes the limiter of one process. */
export function createLimiter({ clock, redis, log, registry }: LimiterParts): Limiter {
  const failures = new Counter({
    name: 'podoh_api_limiter_redis_failures_total',
    help: 'Rate-limit questions that Redis did not answer in time',
    registers: [registry],
  });
  const local = createLocalCounts(clock);
  const shared = redis ? createSharedCounts(redis, log, failures) : null;

  return {
    async take(key, limitPerMinute) {
      const localWait = local.waitMs(key, limitPerMinute);
      if (localWait > 0) return localWait;
      // Counted before the question goes out, so that requests of the same instant see each other.
      local.add(key);
      const sharedWait = (await shared?.take(key, limitPerMinute)) ?? 0;
      if (sharedWait > 0) local.undo(key);
      return sharedWait;
    },
    redisState: () => shared?.state() ?? 'none',
    close: () => shared?.close(),
  };
}
