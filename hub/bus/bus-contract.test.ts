/** What every bus must do, run over both adapters. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { recordingLog, type RecordingLog } from '../../test/support/recording-log.ts';
import { describeWithRedis } from '../../test/support/server-suites.ts';
import type { Bus, Hint } from '../core/ports.ts';
import { systemClock, systemIds } from '../system-ports.ts';
import type { BusLog } from './bus-log.ts';
import { InProcessBus } from './in-process-bus.ts';
import { RedisBus } from './redis-bus.ts';

/** Makes two buses that hear each other; a bus that knows one process only is its own peer. */
type MakePair = (log: BusLog) => readonly [Bus, Bus];

/** Collects hints, without those that the adapter makes itself. */
function collect(bus: Bus): Hint[] {
  const hints: Hint[] = [];
  bus.subscribe((hint) => {
    if (hint.kind !== 'resync') hints.push(hint);
  });
  return hints;
}

const session = (deviceId: number): Hint => ({ kind: 'session', deviceId, connEpoch: 1 });

function describeBus(make: MakePair): void {
  let log: RecordingLog;
  let bus: Bus;
  let peer: Bus;

  beforeEach(async () => {
    log = recordingLog();
    [bus, peer] = make(log);
    bus.start();
    peer.start();
    await eventually(() => bus.state() === 'up' && peer.state() === 'up');
  });
  afterEach(async () => {
    await Promise.all([bus.close(), peer.close()]);
  });

  test('every listener, here and there, gets every hint once and in order', async () => {
    const lists = [collect(bus), collect(bus), collect(peer)];
    const hints = Array.from({ length: 1_000 }, (_, index) => session(index));
    for (const hint of hints) bus.publish(hint);
    await eventually(() => lists.every((list) => list.length >= hints.length));
    for (const list of lists) expect(list).toEqual(hints);
    expect(bus.dropped()).toBe(0);
  });

  test('of many changes the highest arrives, and nothing that was not said', async () => {
    const here = collect(bus);
    const there = collect(peer);
    for (const rev of [3, 9, 4, 7]) bus.publish({ kind: 'changes', rev });
    bus.publish(session(1));
    const highest = (hints: readonly Hint[]): number =>
      Math.max(0, ...hints.map((hint) => (hint.kind === 'changes' ? hint.rev : 0)));
    const arrived = (hints: readonly Hint[]): boolean =>
      highest(hints) === 9 && hints.some((hint) => hint.kind === 'session');
    await eventually(() => arrived(here) && arrived(there));
    for (const hint of [...here, ...there]) {
      expect([session(1), ...[3, 9, 4, 7].map((rev) => ({ kind: 'changes', rev }))]).toContainEqual(hint);
    }
  });

  test('publish calls no listener before it returns', async () => {
    const hints = collect(bus);
    bus.publish(session(1));
    expect(hints).toEqual([]);
    await eventually(() => hints.length === 1);
    expect(hints).toEqual([session(1)]);
  });

  test('a listener that stopped hears nothing more', async () => {
    const stopped: Hint[] = [];
    const stop = peer.subscribe((hint) => stopped.push(hint));
    const rest = collect(peer);
    stop();
    bus.publish(session(1));
    await eventually(() => rest.length === 1);
    expect(stopped).toEqual([]);
  });

  test('a listener that fails is logged and harms nobody', async () => {
    peer.subscribe(() => {
      throw new Error('on purpose');
    });
    const rest = collect(peer);
    bus.publish(session(1));
    bus.publish(session(2));
    await eventually(() => rest.length === 2);
    expect(log.lines.some(({ message }) => message === 'a listener of the bus failed')).toBe(true);
  });

  test('a closed bus drops and counts, hears nothing, and closes twice', async () => {
    const hints = collect(bus);
    await bus.close();
    await bus.close();
    bus.start();
    expect(bus.state()).toBe('down');
    const before = bus.dropped();
    bus.publish(session(1));
    expect(bus.dropped()).toBe(before + 1);
    peer.publish(session(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(hints).toEqual([]);
  });

  test('a bus that was not started is down', async () => {
    const [fresh, other] = make(log);
    expect(fresh.state()).toBe('down');
    fresh.publish(session(1));
    expect(fresh.dropped()).toBe(1);
    await Promise.all([fresh.close(), other.close()]);
  });
}

describe('the bus (in process)', () => {
  describeBus((log) => {
    const bus = new InProcessBus(log);
    return [bus, bus];
  });
});

describeWithRedis('the bus (redis)', (url) => {
  describeBus((log) => {
    const options = { url, prefix: `test-${randomUUID()}`, log, clock: systemClock, ids: systemIds };
    return [new RedisBus(options), new RedisBus(options)];
  });
});
