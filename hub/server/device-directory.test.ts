/** The directory over a store whose answers the test holds back, so that changes can overtake the reads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { recordingLog } from '../../test/support/recording-log.ts';
import { systemClock } from '../system-ports.ts';
import type { Connected, Connecting, HubStore } from '../core/hub-store.ts';
import type { DeviceRecord } from '../core/model.ts';
import { DeviceDirectory } from './device-directory.ts';

const BASE = { tenantId: 1, config: {}, active: true, credentialVersion: 1, placementRev: 0, commands: [] };

/** A store of devices: what it holds when a read begins is what the read gives, however late it answers. */
class ScriptedStore {
  readonly rows = new Map<number, DeviceRecord>();
  readonly asked: { how: 'connect' | 'load'; deviceIds: readonly number[] }[] = [];
  /** Answers wait for this. */
  gate: Promise<void> = Promise.resolve();
  failing: Error | null = null;
  #connEpoch = 0;

  put(deviceId: number, rev: number, groupId: number | null = null): void {
    this.rows.set(deviceId, { ...BASE, deviceId, groupId, rev });
  }

  async connect(tokens: readonly Connecting[]): Promise<Map<number, Connected>> {
    const found = new Map<number, Connected>();
    const deviceIds = tokens.map(({ deviceId }) => deviceId);
    const versions = new Map(tokens.map(({ deviceId, credentialVersion }) => [deviceId, credentialVersion]));
    for (const [deviceId, record] of this.#read('connect', deviceIds)) {
      const good = versions.get(deviceId) === record.credentialVersion;
      if (good) this.#connEpoch += 1;
      found.set(deviceId, { record, connEpoch: good ? this.#connEpoch : 0 });
    }
    return this.#answer(found);
  }

  async loadDevices(deviceIds: readonly number[]): Promise<Map<number, DeviceRecord>> {
    return this.#answer(this.#read('load', deviceIds));
  }

  #read(how: 'connect' | 'load', deviceIds: readonly number[]): Map<number, DeviceRecord> {
    this.asked.push({ how, deviceIds });
    const rows = deviceIds.map((deviceId) => [deviceId, this.rows.get(deviceId)] as const);
    return new Map(rows.filter((row): row is [number, DeviceRecord] => row[1] !== undefined));
  }

  async #answer<T>(value: T): Promise<T> {
    const { failing } = this;
    await this.gate;
    if (failing !== null) throw failing;
    return value;
  }
}

function fixture(queueMax = 100): {
  store: ScriptedStore;
  directory: DeviceDirectory;
  log: ReturnType<typeof recordingLog>;
} {
  const store = new ScriptedStore();
  const log = recordingLog();
  const directory = new DeviceDirectory({
    store: { ...bound(store), isUnavailable: (error: unknown) => error === store.failing } as unknown as HubStore,
    clock: systemClock,
    log: { ...log, debug: () => undefined },
    nodeId: () => 'node',
    queueMax,
  });
  return { store, directory, log };
}

function bound(store: ScriptedStore): object {
  return {
    connect: (tokens: readonly Connecting[]) => store.connect(tokens),
    loadDevices: (deviceIds: readonly number[]) => store.loadDevices(deviceIds),
  };
}

/** Waits until the store was asked so often. */
async function asked(store: ScriptedStore, times: number): Promise<void> {
  while (store.asked.length < times) await sleep(1);
}

const wanted = (): boolean => true;

const moved = (deviceId: number, rev: number, groupId: number) =>
  ({ kind: 'device', rev, deviceId, groupId, config: {} }) as const;

describe('the device directory', () => {
  test('reads a crowd with one query, and each of a repeated device with a connEpoch of its own', async () => {
    const { store, directory } = fixture();
    for (const deviceId of [1, 2, 3]) store.put(deviceId, 5);
    const found = await Promise.all([1, 2, 3, 2, 2, 9].map((id) => directory.connect(id, 1, wanted)));
    const epochs = found.map((one) => (one.ok ? one.value.connEpoch : one.why));
    expect(epochs.at(-1)).toBe('unknown');
    expect(new Set(epochs).size).toBe(6);
    expect(store.asked.map(({ deviceIds }) => deviceIds.length)).toEqual([4, 1, 1]);
    const ofTwo = [epochs[1], epochs[3], epochs[4]] as number[];
    expect(ofTwo).toEqual(ofTwo.toSorted((a, b) => a - b));
  });

  test('[INV-9] gives no connEpoch to who came with a token of an older credential, and reads the device all the same', async () => {
    const { store, directory } = fixture();
    store.put(1, 5);
    expect(await directory.connect(1, 0, wanted)).toMatchObject({
      ok: true,
      value: { connEpoch: 0, record: { rev: 5 } },
    });
    expect(await directory.connect(1, 1, wanted)).toMatchObject({ ok: true, value: { connEpoch: 1 } });
  });

  test('a connection that ended while it waited for its batch takes no connEpoch', async () => {
    const { store, directory } = fixture();
    for (const deviceId of [1, 2]) store.put(deviceId, 5);
    const found = [directory.connect(1, 1, () => false), directory.connect(2, 1, wanted)];
    expect(await Promise.all(found)).toMatchObject([{ ok: false }, { ok: true, value: { connEpoch: 1 } }]);
    expect(store.asked).toEqual([{ how: 'connect', deviceIds: [2] }]);
  });

  test('gives what is in memory without asking, and asks again for what nobody held for long', async () => {
    const { store, directory } = fixture();
    store.put(1, 5);
    await directory.load(1);
    expect(await directory.load(1)).toMatchObject({ ok: true, value: { rev: 5 } });
    expect(store.asked).toHaveLength(1);
    directory.sweep();
    expect(directory.size).toBe(1);
    await directory.reload();
    expect(directory.size).toBe(0);
  });

  test('[INV-5] a change that comes while a row is being read is not lost', async () => {
    const { store, directory } = fixture();
    store.put(1, 5, 10);
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    const found = directory.connect(1, 1, wanted);
    await asked(store, 1);
    store.put(1, 6, 11);
    directory.apply(moved(1, 6, 11));
    gate.resolve();
    expect(await found).toMatchObject({ ok: true, value: { record: { groupId: 11, rev: 6 } } });
    expect(directory.get(1)).toMatchObject({ groupId: 11 });
  });

  test('[INV-5] nor is the end of a command, which leaves the rev of the device alone', async () => {
    const { store, directory } = fixture();
    store.put(1, 5);
    const command = { commandId: 8, name: 'identify', args: {}, issuedAt: 0, expiresAt: 9_000 };
    store.rows.set(1, { ...(store.rows.get(1) as DeviceRecord), commands: [command] });
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    const found = directory.load(1);
    await asked(store, 1);
    directory.apply({ kind: 'command.finished', rev: 6, deviceId: 1, commandId: 8 });
    gate.resolve();
    expect(await found).toMatchObject({ ok: true, value: { commands: [] } });
    expect(store.asked).toHaveLength(1);
  });

  test('[INV-5] not for any of a batch either, whichever of them is entered first', async () => {
    const { store, directory } = fixture();
    const ids = [1, 2, 3];
    for (const deviceId of ids) store.put(deviceId, 5, 10);
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    const found = ids.map((deviceId) => directory.load(deviceId));
    await asked(store, 1);
    for (const deviceId of [3, 2]) {
      store.put(deviceId, 4 + deviceId, 11);
      directory.apply(moved(deviceId, 4 + deviceId, 11));
    }
    gate.resolve();
    await Promise.all(found);
    expect(ids.map((deviceId) => directory.get(deviceId)?.groupId)).toEqual([10, 11, 11]);
  });

  test('[INV-5] a row that is ahead of the log is not set back by the log', async () => {
    const { store, directory } = fixture();
    store.put(1, 9, 12);
    await directory.load(1);
    directory.apply(moved(1, 8, 11));
    expect(directory.get(1)).toMatchObject({ groupId: 12, rev: 9 });
    directory.apply(moved(1, 10, 13));
    expect(directory.get(1)).toMatchObject({ groupId: 13, rev: 10 });
  });

  test('[INV-5] what changes while everything is read anew is not lost', async () => {
    const { store, directory } = fixture();
    store.put(1, 50, 10);
    await directory.load(1);
    directory.pin(1);
    // Another history, in which the device stood elsewhere at a lower rev.
    store.put(1, 20, 11);
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    const reloaded = directory.reload();
    await asked(store, 2);
    store.put(1, 21, 12);
    directory.apply(moved(1, 21, 12));
    gate.resolve();
    await reloaded;
    expect(directory.get(1)).toMatchObject({ groupId: 12, rev: 21 });
  });

  test('reading anew keeps what sessions hold, forgets the rest and what is not in this history', async () => {
    const { store, directory } = fixture();
    for (const deviceId of [1, 2, 3]) store.put(deviceId, 50, 10);
    for (const deviceId of [1, 2, 3]) await directory.load(deviceId);
    directory.pin(1);
    directory.pin(2);
    store.put(1, 20, 11);
    store.rows.delete(2);
    await directory.reload();
    expect(directory.get(1)).toMatchObject({ groupId: 11, rev: 20 });
    expect(directory.get(2)).toBeUndefined();
    expect(directory.get(3)).toBeUndefined();
  });

  test('a database that is away is said at once, and past its queue it refuses', async () => {
    const { store, directory, log } = fixture(2);
    store.failing = new Error('away');
    expect(await directory.connect(1, 1, wanted)).toEqual({ ok: false, why: 'unavailable' });
    const [, , third] = await Promise.all([1, 2, 3].map((deviceId) => directory.load(deviceId)));
    expect(third).toEqual({ ok: false, why: 'unavailable' });
    expect(log.lines).toEqual([]);
    store.failing = null;
    store.put(1, 5);
    expect(await directory.load(1)).toMatchObject({ ok: true });
  });
});
