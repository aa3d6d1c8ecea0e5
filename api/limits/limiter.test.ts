import { Redis } from 'ioredis';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { startRedis, type RedisServer } from '../../test/support/redis.ts';
import { testClock } from '../testing/api-fixture.ts';
import { createLimiter, type Limiter } from './limiter.ts';

function connect(url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: () => 50,
    lazyConnect: true,
  });
  redis.on('error', () => undefined);
  return redis;
}

function limiterOn(redis: Redis | null): Limiter {
  return createLimiter({ clock: testClock(), redis, log: pino({ level: 'silent' }), registry: new Registry() });
}

async function takeMany(limiter: Limiter, key: string, limit: number, times: number): Promise<number> {
  const waits = await Promise.all(Array.from({ length: times }, () => limiter.take(key, limit)));
  return waits.filter((wait) => wait === 0).length;
}

describe('the limiter of one process', () => {
  test('lets exactly the limit through, however many come at once', async () => {
    const limiter = limiterOn(null);
    expect(await takeMany(limiter, 'a', 10, 30)).toBe(10);
    expect(await takeMany(limiter, 'b', 10, 3)).toBe(3);
    expect(limiter.redisState()).toBe('none');
  });
});

describe.skipIf(inject('redisUrl') === null)('limiters that share a Redis', () => {
  let server: RedisServer;
  const open: Redis[] = [];
  const limiters: Limiter[] = [];
  const connected = async (): Promise<Limiter> => {
    const redis = connect(server.url);
    open.push(redis);
    await redis.connect();
    const limiter = limiterOn(redis);
    limiters.push(limiter);
    return limiter;
  };
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    for (const limiter of limiters) limiter.close();
    for (const redis of open) redis.disconnect();
    await server.stop();
  });

  test('count together', async () => {
    const [one, two] = [await connected(), await connected()];
    const passed = (await takeMany(one, 'together', 10, 8)) + (await takeMany(two, 'together', 10, 8));
    expect(passed).toBe(10);
    expect(await one.take('together', 10)).toBeGreaterThan(0);
    const ttl = await open[0]?.pttl('limit:together');
    expect(ttl).toBeGreaterThan(0);
  });

  test.each(['freezes', 'is killed'] as const)(
    'count for themselves while Redis %s, and together again after',
    async (how) => {
      const limiter = await connected();
      expect(await limiter.take(how, 5)).toBe(0);
      if (how === 'freezes') server.freeze();
      else await server.kill9();
      // Were Redis waited for, this would never come back: nothing answers until we thaw it.
      expect(await takeMany(limiter, how, 5, 10)).toBe(4);
      expect(limiter.redisState()).toBe('down');
      expect(await limiter.take(`${how}, another key`, 5)).toBe(0);
      if (how === 'freezes') server.thaw();
      else await server.restart();
      await eventually(() => limiter.redisState() === 'up');
      expect(await limiter.take(`${how}, a third key`, 5)).toBe(0);
    },
  );

  test('take an answer that is an error for no answer', async () => {
    const limiter = await connected();
    await open.at(-1)?.set('limit:spoiled', 'a string, not a hash');
    expect(await takeMany(limiter, 'spoiled', 5, 10)).toBe(5);
  });
});
