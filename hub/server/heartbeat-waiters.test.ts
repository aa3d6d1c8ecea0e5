import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeartbeatWaiters, type Waiter } from './heartbeat-waiters.ts';

function bench(max = 100): {
  waiters: HeartbeatWaiters;
  woken: string[];
  wait: (name: string, deviceId: number, groupId: number) => Waiter | null;
} {
  const waiters = new HeartbeatWaiters(max);
  const woken: string[] = [];
  return {
    waiters,
    woken,
    wait(name, deviceId, groupId) {
      const waiter: Waiter = { tenantId: 1, deviceId, groupId, wake: () => woken.push(name) };
      return waiters.add(waiter) ? waiter : null;
    },
  };
}

describe('held heartbeats', () => {
  test('are woken by their group, their device or everything, each once', () => {
    const { waiters, woken, wait } = bench();
    wait('a', 1, 10);
    wait('b', 2, 10);
    wait('c', 3, 11);
    wait('d', 4, 12);
    waiters.wake([10], [2]);
    expect(woken).toEqual(['a', 'b']);
    waiters.wake([10], [2, 3]);
    expect(woken).toEqual(['a', 'b', 'c']);
    expect(waiters.size).toBe(1);
    waiters.wakeAll();
    waiters.wakeAll();
    expect(woken).toEqual(['a', 'b', 'c', 'd']);
    expect(waiters.size).toBe(0);
  });

  test('[INV-10] those in no group share a set, and are woken with their own tenant alone', () => {
    const { waiters, woken } = bench();
    const wait = (name: string, tenantId: number, groupId: number) =>
      waiters.add({ tenantId, deviceId: tenantId, groupId, wake: () => woken.push(name) });
    wait('ours', 1, 0);
    wait('theirs', 2, 0);
    wait('grouped', 1, 10);
    waiters.wakeUngrouped(1);
    expect(woken).toEqual(['ours']);
    waiters.wakeUngrouped(2);
    expect(woken).toEqual(['ours', 'theirs']);
    expect(waiters.size).toBe(1);
  });

  test('one that ended by itself is not woken, and taking it out twice takes out no other', () => {
    const { waiters, woken, wait } = bench();
    const first = wait('a', 1, 10);
    wait('b', 1, 10);
    if (first === null) throw new Error('there was room');
    waiters.remove(first);
    waiters.remove(first);
    expect(waiters.size).toBe(1);
    waiters.wakeDevice(1);
    expect(woken).toEqual(['b']);
  });

  test('[INV-8] past the limit none is taken, and one that ends makes room', () => {
    const { waiters, wait } = bench(2);
    wait('a', 1, 10);
    wait('b', 1, 10);
    expect(wait('c', 2, 11)).toBeNull();
    waiters.wakeDevice(2);
    expect(waiters.size).toBe(2);
    waiters.wakeDevice(1);
    expect(wait('d', 2, 11)).not.toBeNull();
  });

  test('one that waits again while it is being woken is left waiting', () => {
    const waiters = new HeartbeatWaiters(10);
    let times = 0;
    const again = (): void => {
      times += 1;
      waiters.add({ tenantId: 1, deviceId: 1, groupId: 10, wake: again });
    };
    again();
    waiters.wake([10], [1]);
    expect(times).toBe(3);
    expect(waiters.size).toBe(1);
  });

  test('however they come and go, nobody is woken twice or forgotten', () => {
    const step = fc.oneof(
      fc.record({ add: fc.nat(4), groupId: fc.nat(2) }),
      fc.record({ wakeDevice: fc.nat(4) }),
      fc.record({ wakeGroup: fc.nat(2) }),
      fc.record({ remove: fc.nat(20) }),
    );
    const law = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { waiters, woken, wait } = bench();
      const open: { waiter: Waiter; name: string }[] = [];
      const removed = new Set<string>();
      for (const [at, one] of steps.entries()) {
        if ('add' in one) {
          const waiter = wait(String(at), one.add, one.groupId);
          if (waiter !== null) open.push({ waiter, name: String(at) });
        } else if ('wakeDevice' in one) waiters.wakeDevice(one.wakeDevice);
        else if ('wakeGroup' in one) waiters.wake([one.wakeGroup], []);
        else {
          const found = open[one.remove % Math.max(1, open.length)];
          if (found !== undefined && !woken.includes(found.name)) {
            waiters.remove(found.waiter);
            removed.add(found.name);
          }
        }
      }
      waiters.wakeAll();
      expect(new Set(woken).size).toBe(woken.length);
      expect(woken.length + removed.size).toBe(open.length);
      expect(waiters.size).toBe(0);
    });
    fc.assert(law);
  });
});
