import { beforeEach, describe, expect, it } from 'vitest';
import type { Alert, Command, DesiredState } from '../../protocol/desired-state.ts';
import type { DownFrame } from '../../protocol/down.ts';
import { memoryKeyValue, type KeyValue } from './key-value.ts';
import { PlayerMemory } from './player-memory.ts';

const START = Date.parse('2026-11-20T09:30:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

/** Storage over which a player can be started again. `full` makes it refuse. */
function lastingKeyValue(): KeyValue & { full: boolean; values: Map<string, string> } {
  const values = new Map<string, string>();
  return {
    full: false,
    values,
    get: (key) => values.get(key) ?? null,
    set(key, value) {
      if (this.full) return false;
      values.set(key, value);
      return true;
    },
    remove: (key) => void values.delete(key),
  };
}

function alert(deploymentId: number, rev: number, livesMs = 3_600_000): Alert {
  const life = { startedAt: iso(START), expiresAt: iso(START + livesMs) };
  return {
    deploymentId,
    alertId: null,
    rev,
    severity: 'critical',
    title: 'Evacuate',
    message: '',
    ...life,
    drill: false,
  };
}

function command(commandId: number, name: Command['name']): Command {
  return { commandId, name, args: {}, issuedAt: iso(START), expiresAt: iso(START + 60_000) };
}

function state(rev: number, parts: Partial<DesiredState> = {}): DownFrame {
  const { epoch = 7 } = parts;
  return {
    type: 'state',
    epoch,
    rev,
    state: { epoch, rev, alerts: [], schedule: null, config: {}, commands: [], ...parts },
  };
}

describe('PlayerMemory', () => {
  let kept: ReturnType<typeof lastingKeyValue>;
  let own: { monotonicMs: number; wallMs: number };
  let memory: PlayerMemory;

  /** A player that starts over what the last one kept, in a new process: the monotonic clock begins anew. */
  function restart(passedMs = 0): PlayerMemory {
    own = { monotonicMs: 50, wallMs: own.wallMs + passedMs };
    memory = new PlayerMemory(kept, 'podoh:p', () => own);
    return memory;
  }

  function pass(ms: number): void {
    own = { monotonicMs: own.monotonicMs + ms, wallMs: own.wallMs + ms };
  }

  function receipts(): string[] {
    return memory.due().receipts.map((receipt) => `${receipt.deploymentId} ${receipt.stage}`);
  }

  beforeEach(() => {
    kept = lastingKeyValue();
    own = { monotonicMs: 1_000, wallMs: START + 5_000_000 };
    memory = new PlayerMemory(kept, 'podoh:p', () => own);
    memory.observeTime({ serverTime: iso(START), receivedMonotonicMs: 1_000, sentMonotonicMs: 1_000 });
  });

  it('says received of what it has stored, displayed of what was painted, cleared of what has gone', () => {
    memory.apply(state(10, { alerts: [alert(1, 10)] }));
    expect(receipts()).toEqual(['1 received']);
    memory.painted([1]);
    expect(receipts()).toEqual(['1 received', '1 displayed']);
    memory.apply({ type: 'alert.stop', rev: 11, deploymentId: 1 });
    expect(receipts()).toEqual(['1 received', '1 displayed']);
    memory.painted([1]);
    expect(receipts()).toEqual(['1 received', '1 displayed']);
    memory.painted([]);
    expect(receipts()).toEqual(['1 received', '1 displayed', '1 cleared']);
  });

  it('does not call cleared what only waits for its turn on the screen', () => {
    memory.apply(state(10, { alerts: [alert(1, 9), alert(2, 10)] }));
    memory.painted([1]);
    memory.painted([2]);
    expect(receipts().toSorted()).toEqual(['1 displayed', '1 received', '2 displayed', '2 received']);
  });

  it('does not say received when storage refused, and still says displayed', () => {
    kept.full = true;
    memory.apply(state(10, { alerts: [alert(1, 10)] }));
    memory.painted([1]);
    expect(receipts()).toEqual(['1 displayed']);
  });

  it('stamps receipts with the hub’s time, not its own', () => {
    pass(2_000);
    memory.apply(state(10, { alerts: [alert(1, 10)] }));
    expect(memory.due().receipts[0]?.at).toBe(iso(START + 2_000));
  });

  it('shows after a restart what it held, and clears by itself what ran out meanwhile [INV-3]', () => {
    memory.apply(state(10, { alerts: [alert(1, 9, 60_000), alert(2, 10)] }));
    memory.painted([1, 2]);
    restart(120_000);
    expect(memory.visible().map((shown) => shown.deploymentId)).toEqual([2]);
    memory.painted([2]);
    expect(receipts()).toContain('1 cleared');
    expect(receipts()).not.toContain('2 cleared');
  });

  it('hides an alert at its expiry although its own wall clock jumps back [INV-3]', () => {
    memory.apply(state(10, { alerts: [alert(1, 10, 60_000)] }));
    expect(memory.expiresInMs()).toBe(60_000);
    own = { monotonicMs: own.monotonicMs + 59_999, wallMs: START - 1_000_000_000 };
    expect(memory.visible()).toHaveLength(1);
    own = { ...own, monotonicMs: own.monotonicMs + 1 };
    expect([memory.visible(), memory.expiresInMs()]).toEqual([[], null]);
  });

  it('does not report twice over a restart what the hub has confirmed', () => {
    memory.apply(state(10, { alerts: [alert(1, 10)] }));
    memory.painted([1]);
    memory.confirmed({ receipts: memory.due().receipts, updates: [] });
    restart();
    memory.painted([1]);
    expect(receipts()).toEqual([]);
  });

  it('reports nothing of a database’s lost history in its new one', () => {
    memory.apply(state(10, { alerts: [alert(1, 10)] }));
    memory.painted([1]);
    memory.apply(state(3, { epoch: 8, alerts: [alert(1, 3)] }));
    expect(receipts()).toEqual(['1 received']);
  });

  it('hands a command out once, over restarts too', () => {
    memory.apply(state(10, { commands: [command(1, 'restart_app'), command(2, 'reboot')] }));
    expect(memory.takeCommands().map((taken) => taken.name)).toEqual(['restart_app']);
    expect(memory.takeCommands()).toEqual([]);
    restart();
    memory.apply(state(10, { commands: [command(1, 'restart_app')] }));
    expect(memory.takeCommands()).toEqual([]);
    expect(memory.due().updates).toEqual([
      { commandId: 1, state: 'acknowledged' },
      { commandId: 1, state: 'succeeded' },
      { commandId: 2, state: 'rejected', reason: 'not supported' },
    ]);
  });

  it('does not restart when it could not remember that it did', () => {
    memory = new PlayerMemory(memoryKeyValue(), 'podoh:p', () => own);
    memory.observeTime({ serverTime: iso(START), receivedMonotonicMs: own.monotonicMs });
    memory.apply(state(10, { commands: [command(1, 'restart_app'), command(2, 'identify')] }));
    expect(memory.takeCommands().map((taken) => taken.name)).toEqual(['identify']);
    expect(memory.due().updates).toContainEqual({
      commandId: 1,
      state: 'failed',
      reason: 'no storage to remember it by',
    });
  });

  it('goes on showing what it holds while it wants the whole state again', () => {
    memory.apply(state(10, { alerts: [alert(1, 10)] }));
    memory.distrust();
    expect([memory.visible().length, memory.screen.stateRev]).toEqual([1, -1]);
    expect(restart().screen.stateRev).toBe(-1);
    memory.apply(state(10, { alerts: [] }));
    expect(memory.visible()).toEqual([]);
  });

  it('forgets as another device what it had to say as the old one', () => {
    memory.apply(state(10, { alerts: [alert(1, 10)], commands: [command(1, 'identify')] }));
    memory.takeCommands();
    memory.becomeAnotherDevice();
    expect(memory.due()).toEqual({ receipts: [], updates: [] });
    expect(memory.visible()).toHaveLength(1);
  });

  it('starts empty on damaged storage', () => {
    for (const part of ['screen', 'receipts', 'commands', 'clock']) kept.values.set(`podoh:p:${part}`, '{"version":1,');
    restart();
    expect([memory.visible(), memory.screen.epoch, memory.nowMs()]).toEqual([[], null, null]);
  });
});
