/** The Redis bus when Redis is killed, frozen, cut off, or says nonsense. Each test breaks a server of its own. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { freePort } from '../../test/support/free-port.ts';
import { recordingLog, type RecordingLog } from '../../test/support/recording-log.ts';
import { startRedis, type RedisServer } from '../../test/support/redis.ts';
import { describeWithRedis } from '../../test/support/server-suites.ts';
import type { Hint } from '../core/ports.ts';
import { systemClock, systemIds } from '../system-ports.ts';
import { RedisBus } from './redis-bus.ts';
import { retryPauseMs } from './redis-link.ts';

const session = (deviceId: number): Hint => ({ kind: 'session', deviceId, connEpoch: 1 });

test('the pause before a retry is jittered, grows, and has an end', () => {
  const most = { below: (below: number) => below - 1 };
  const least = { below: () => 0 };
  expect([1, 2, 3, 30, 1_000].map((times) => retryPauseMs(times, most))).toEqual([119, 219, 419, 1_019, 1_019]);
  expect([1, 30].map((times) => retryPauseMs(times, least))).toEqual([20, 20]);
});

describeWithRedis('the Redis bus in trouble', () => {
  let server: RedisServer;
  let prefix: string;
  let log: RecordingLog;
  let buses: RedisBus[];
  const rejections: unknown[] = [];
  const noteRejection = (reason: unknown): void => {
    rejections.push(reason);
  };

  const makeBus = (url = server.url, clock = systemClock): { bus: RedisBus; hints: Hint[] } => {
    const bus = new RedisBus({ url, prefix, log, clock, ids: systemIds });
    const hints: Hint[] = [];
    bus.subscribe((hint) => hints.push(hint));
    buses.push(bus);
    bus.start();
    return { bus, hints };
  };
  const up = (bus: RedisBus) => eventually(() => bus.state() === 'up');
  const down = (bus: RedisBus) => eventually(() => bus.state() === 'down');
  const linksDown = (): number => {
    const warned = log.lines
      .filter(({ level }) => level === 'warn')
      .map(({ fields }) => (fields as { link?: string }).link);
    return new Set(warned).size;
  };
  const resyncs = (hints: readonly Hint[]): number => hints.filter((hint) => hint.kind === 'resync').length;
  /** A hint from one bus reaches the other, perhaps not at the first try. */
  const expectReaches = async (from: RedisBus, hints: readonly Hint[], deviceId: number): Promise<void> => {
    await eventually(async () => {
      from.publish(session(deviceId));
      await new Promise((resolve) => setTimeout(resolve, 20));
      return hints.some((hint) => hint.kind === 'session' && hint.deviceId === deviceId);
    });
    expect(hints).toContainEqual(session(deviceId));
  };
  const withAdmin = async <T>(work: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(server.url);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  };
  const clientId = async (redis: Redis, name: string): Promise<number> => {
    const list = String(await redis.call('CLIENT', 'LIST'));
    const line = list.split('\n').find((text) => text.includes(`name=${name} `));
    return Number(/id=(\d+)/.exec(line ?? '')?.[1]);
  };

  beforeAll(async () => {
    process.on('unhandledRejection', noteRejection);
    server = await startRedis();
  });
  beforeEach(() => {
    prefix = `test-${randomUUID()}`;
    log = recordingLog();
    buses = [];
  });
  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    expect(rejections).toEqual([]);
  });
  afterAll(async () => {
    process.off('unhandledRejection', noteRejection);
    await server.stop();
  });

  test('the first subscription is a resync, because hints before it were not heard', async () => {
    const { bus, hints } = makeBus();
    await up(bus);
    await eventually(() => resyncs(hints) === 1);
    expect(hints).toEqual([{ kind: 'resync' }]);
  });

  test('killed: down, hints of this process still heard; restarted: up by itself, with a resync', async () => {
    const a = makeBus();
    const b = makeBus();
    await Promise.all([up(a.bus), up(b.bus)]);
    await expectReaches(a.bus, b.hints, 1);
    await server.kill9();
    await Promise.all([down(a.bus), down(b.bus)]);
    const before = { dropped: a.bus.dropped(), resyncs: resyncs(b.hints) };
    a.bus.publish(session(2));
    expect(a.bus.dropped()).toBe(before.dropped + 1);
    await eventually(() => a.hints.some((hint) => hint.kind === 'session' && hint.deviceId === 2));
    await server.restart();
    await Promise.all([up(a.bus), up(b.bus)]);
    await eventually(() => resyncs(b.hints) > before.resyncs);
    await expectReaches(a.bus, b.hints, 3);
    expect(b.hints.some((hint) => hint.kind === 'session' && hint.deviceId === 2)).toBe(false);
    // Said once per outage and link, however many attempts there were.
    expect(log.lines.filter(({ level }) => level === 'warn').length).toBeLessThanOrEqual(4);
  });

  test('frozen: noticed though the sockets stay open; thawed: up by itself, with a resync', async () => {
    const { bus, hints } = makeBus();
    await up(bus);
    server.freeze();
    try {
      // Both links: thawed after the first alone, the other would get its answer in time and have lost nothing to look up again.
      await eventually(() => linksDown() === 2);
      expect(bus.state()).toBe('down');
    } finally {
      server.thaw();
    }
    await up(bus);
    await eventually(() => resyncs(hints) >= 2);
    const other = makeBus();
    await up(other.bus);
    await expectReaches(other.bus, hints, 1);
  });

  test('a flood into a frozen Redis is dropped and counted, not kept', async () => {
    const { bus } = makeBus();
    await up(bus);
    server.freeze();
    try {
      for (let round = 0; round < 200; round += 1) {
        for (let device = 0; device < 300; device += 1) bus.publish(session(device));
        await new Promise((resolve) => setImmediate(resolve));
      }
      // 64 messages of at most 256 hints wait for an answer; the other 43,616 and more are gone at once.
      expect(bus.dropped()).toBeGreaterThanOrEqual(200 * 300 - 64 * 256);
      await down(bus);
    } finally {
      server.thaw();
    }
    await up(bus);
  });

  test('a subscription cut by the server is taken up again, with a resync', async () => {
    const { bus, hints } = makeBus();
    await up(bus);
    await eventually(() => resyncs(hints) === 1);
    await withAdmin(async (redis) => {
      await redis.call('CLIENT', 'KILL', 'ID', String(await clientId(redis, `${prefix}:subscribe`)));
    });
    await eventually(() => resyncs(hints) === 2);
    await up(bus);
    const other = makeBus();
    await up(other.bus);
    await expectReaches(other.bus, hints, 1);
  });

  test('a publishing link cut by the server comes back', async () => {
    const a = makeBus();
    const b = makeBus();
    await Promise.all([up(a.bus), up(b.bus)]);
    await withAdmin(async (redis) => {
      await redis.call('CLIENT', 'KILL', 'ID', String(await clientId(redis, `${prefix}:publish`)));
    });
    await Promise.all([up(a.bus), up(b.bus)]);
    await expectReaches(a.bus, b.hints, 1);
    await expectReaches(b.bus, a.hints, 2);
  });

  test('nonsense on the channel is ignored and counted, and the next hint is heard', async () => {
    const { bus, hints } = makeBus();
    await up(bus);
    const nonsense = ['', '{', 'null', '\u0000\uFFFF', '[1]', '{"from":"x","hints":{}}', 'x'.repeat(200_000)];
    await withAdmin(async (redis) => {
      for (const text of nonsense) await redis.publish(`${prefix}:hints`, text);
      await redis.publish(`${prefix}:hints`, Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]));
      await redis.publish(
        `${prefix}:hints`,
        JSON.stringify({ from: 'x', hints: [{ kind: 'changes', rev: 'one' }, { kind: 'resync' }] }),
      );
      await redis.publish(`${prefix}:hints`, JSON.stringify({ from: 'x', hints: [session(1)] }));
    });
    await eventually(() => hints.some((hint) => hint.kind === 'session'));
    expect(hints.filter((hint) => hint.kind !== 'resync')).toEqual([session(1)]);
    expect(bus.ignored()).toBe(nonsense.length + 1);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(bus.state()).toBe('up');
  });

  test('another installation on the same Redis is not heard', async () => {
    const { bus, hints } = makeBus();
    prefix = `test-${randomUUID()}`;
    const stranger = makeBus();
    await Promise.all([up(bus), up(stranger.bus)]);
    await expectReaches(stranger.bus, stranger.hints, 1);
    expect(hints.filter((hint) => hint.kind !== 'resync')).toEqual([]);
  });

  test('without the right to subscribe it stays down, does not spin, and recovers when it gets the right', async () => {
    const user = `u${randomUUID().slice(0, 8)}`;
    await withAdmin((redis) => redis.call('ACL', 'SETUSER', user, 'on', '>pw', 'allkeys', 'resetchannels', '+@all'));
    const { bus, hints } = makeBus(server.url.replace('redis://', `redis://${user}:pw@`));
    await eventually(() => log.lines.some(({ fields }) => JSON.stringify(fields).includes('NOPERM')));
    expect(bus.state()).toBe('down');
    expect(JSON.stringify(log.lines)).not.toContain('pw@');
    await withAdmin((redis) => redis.call('ACL', 'SETUSER', user, 'allchannels'));
    await up(bus);
    await eventually(() => resyncs(hints) === 1);
  });

  test('a Redis that is not there at the start is waited for in the background', async () => {
    const port = await freePort();
    const { bus } = makeBus(`redis://127.0.0.1:${port}`);
    expect(bus.state()).toBe('down');
    await eventually(() => log.lines.some(({ level }) => level === 'warn'));
    bus.publish(session(1));
    expect(bus.dropped()).toBe(1);
  });

  test('closing needs nothing from a frozen Redis', async () => {
    const { bus } = makeBus();
    await up(bus);
    server.freeze();
    try {
      await bus.close();
      expect(bus.state()).toBe('down');
    } finally {
      server.thaw();
    }
  });

  test('control: a subscription that is merely quiet is left alone', async () => {
    const { bus, hints } = makeBus();
    await up(bus);
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(resyncs(hints)).toBe(1);
    expect(bus.state()).toBe('up');
    expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('a busy process does not take its own silence for the server’s', async () => {
    let stalls = 0;
    const stall = (): void => {
      const until = performance.now() + 2_200;
      while (performance.now() < until) Math.sqrt(until);
    };
    // The link reads the clock right before it sends a PING: so the process stalls with the PING sent and its answer unread.
    const clock = {
      ...systemClock,
      monotonicMs: () => {
        if (stalls > 0) setImmediate(stall);
        stalls -= 1;
        return systemClock.monotonicMs();
      },
    };
    const { bus, hints } = makeBus(server.url, clock);
    await up(bus);
    stalls = 2;
    await eventually(() => stalls < 0);
    expect(resyncs(hints)).toBe(1);
    expect(bus.state()).toBe('up');
    expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
