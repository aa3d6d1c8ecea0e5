/**
 * What this node knows of devices: the rows of connected ones and of those that polled lately, read from the database in
 * batches (one query for hundreds of connecting devices) and kept up to date by the change log.
 *
 * Invariants:
 * - A record in here is the row as of the model's rev, or ahead of it by changes that the model has yet to read; who hands
 *   out state waits for the model to reach `record.rev` first. [INV-5]
 * - A change that is applied while a row is being read is not lost: it is applied to the row as well, unless the row has it.
 * - Overflow: at most `queueMax` reads wait; more are refused.
 */
import type { Connected, Connecting, HubStore } from '../core/hub-store.ts';
import type { Effect } from '../core/hub-model.ts';
import { applyToRecord } from '../core/device-records.ts';
import type { DeviceRecord } from '../core/model.ts';
import type { Clock } from '../core/ports.ts';
import { BatchWriter } from './batch-writer.ts';
import type { HubLog } from './hub-log.ts';

interface Entry {
  record: DeviceRecord;
  /** Live sessions and waiting heartbeats that hold it. */
  pins: number;
  usedAtMs: number;
}

export interface DeviceDirectoryOptions {
  readonly store: HubStore;
  readonly clock: Clock;
  readonly log: HubLog;
  readonly nodeId: () => string;
  readonly queueMax: number;
}

/** How long the record of a device without a session is kept after its last use. */
const IDLE_RECORD_MS = 600_000;
const BATCH_MAX = 500;
/** Batches gather while the one before is under way; a lone device waits no longer than this. */
const BATCH_DELAY_MS = 3;

/** A device that connects, until nobody waits for it any more. */
interface Waiting extends Connecting {
  readonly isWanted: () => boolean;
}

export type Lookup<T> = { ok: true; value: T } | { ok: false; why: 'unknown' | 'unavailable' };

export class DeviceDirectory {
  readonly #options: DeviceDirectoryOptions;
  readonly #entries = new Map<number, Entry>();
  /** By device, what was applied while rows were being read. Kept until the last row that is being read was entered. */
  readonly #meanwhile = new Map<number, Effect[]>();
  #reads = 0;
  readonly #connects: BatchWriter<Waiting, Connected | null>;
  readonly #loads: BatchWriter<number, DeviceRecord | null>;

  constructor(options: DeviceDirectoryOptions) {
    this.#options = options;
    const { store, queueMax, log } = options;
    const common = {
      queueMax,
      batchMax: BATCH_MAX,
      delayMs: BATCH_DELAY_MS,
      // Whoever waits has a deadline of its own: a failed read is answered, not tried again behind its back.
      isTransient: () => false,
      onError: (error: unknown, items: number) => {
        if (store.isUnavailable(error)) log.debug({ items }, 'devices not read: database away');
        else log.error({ err: error, items }, 'reading devices failed');
      },
    };
    this.#connects = new BatchWriter({ ...common, name: 'connects', write: (asked) => this.#connectBatch(asked) });
    this.#loads = new BatchWriter({ ...common, name: 'device reads', write: (ids) => this.#loadBatch(ids) });
  }

  get size(): number {
    return this.#entries.size;
  }

  get(deviceId: number): DeviceRecord | undefined {
    return this.#entries.get(deviceId)?.record;
  }

  /**
   * Reads the device and gives it its next connEpoch; 0 where a token of this version is not good any more. A connection that
   * ended while it waited for its batch takes none (`isWanted`), else it would stand above the session that the device has by
   * then elsewhere.
   */
  connect(deviceId: number, credentialVersion: number, isWanted: () => boolean): Promise<Lookup<Connected>> {
    return this.#reading(async () => {
      const found = await this.#ask(this.#connects, { deviceId, credentialVersion, isWanted });
      if (!found.ok) return found;
      const { record, connEpoch } = found.value;
      return { ok: true, value: { record: this.#enter(record), connEpoch } };
    });
  }

  /** The device's record, from memory when it is here. */
  async load(deviceId: number): Promise<Lookup<DeviceRecord>> {
    const entry = this.#entries.get(deviceId);
    if (entry !== undefined) {
      entry.usedAtMs = this.#options.clock.monotonicMs();
      return { ok: true, value: entry.record };
    }
    return this.#reading(async () => {
      const found = await this.#ask(this.#loads, deviceId);
      return found.ok ? { ok: true, value: this.#enter(found.value) } : found;
    });
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    this.#reads += 1;
    try {
      return await read();
    } finally {
      this.#reads -= 1;
      if (this.#reads === 0) this.#meanwhile.clear();
    }
  }

  #ask<I, T>(writer: BatchWriter<I, T | null>, item: I): Promise<Lookup<T>> {
    return new Promise((resolve) => {
      const taken = writer.add(item, (settled) => {
        if (!settled.ok) resolve({ ok: false, why: 'unavailable' });
        else if (settled.result === null) resolve({ ok: false, why: 'unknown' });
        else resolve({ ok: true, value: settled.result });
      });
      if (!taken) resolve({ ok: false, why: 'unavailable' });
    });
  }

  /** The row with what was applied while it was being read; what it has already changes nothing. */
  #caughtUp(read: DeviceRecord): DeviceRecord {
    return (this.#meanwhile.get(read.deviceId) ?? []).reduce(applyToRecord, read);
  }

  #enter(read: DeviceRecord): DeviceRecord {
    const record = this.#caughtUp(read);
    const nowMs = this.#options.clock.monotonicMs();
    const entry = this.#entries.get(record.deviceId);
    if (entry === undefined) {
      this.#entries.set(record.deviceId, { record, pins: 0, usedAtMs: nowMs });
      return record;
    }
    if (record.rev >= entry.record.rev) entry.record = record;
    entry.usedAtMs = nowMs;
    return entry.record;
  }

  /**
   * Whether a token of this version is known here to be dead: whoever still has one must not use up what its device may ask
   * for, nor cost a look at the database. A higher version than is known here is newer than what this node has read.
   */
  isOutdated(deviceId: number, credentialVersion: number): boolean {
    return credentialVersion < (this.get(deviceId)?.credentialVersion ?? 0);
  }

  /** Keeps the record and lets it follow the log. False when there is none; else `unpin` is due once. */
  pin(deviceId: number): boolean {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined) return false;
    entry.pins += 1;
    return true;
  }

  unpin(deviceId: number): void {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined) return;
    entry.pins -= 1;
    entry.usedAtMs = this.#options.clock.monotonicMs();
  }

  /** Brings the record that an effect concerns up to date. */
  apply(effect: Effect): void {
    if (!('deviceId' in effect)) return;
    if (this.#reads > 0) {
      const before = this.#meanwhile.get(effect.deviceId);
      if (before === undefined) this.#meanwhile.set(effect.deviceId, [effect]);
      else before.push(effect);
    }
    const entry = this.#entries.get(effect.deviceId);
    if (entry !== undefined) entry.record = applyToRecord(entry.record, effect);
  }

  /** Forgets everything that no session holds (the history changed) and reads the rest again. */
  reload(): Promise<void> {
    // What was applied before belongs to a history that is over.
    this.#meanwhile.clear();
    return this.#reading(async () => {
      const pinned: number[] = [];
      for (const [deviceId, entry] of this.#entries) {
        if (entry.pins > 0) pinned.push(deviceId);
        else this.#entries.delete(deviceId);
      }
      for (let at = 0; at < pinned.length; at += BATCH_MAX) await this.#readAgain(pinned.slice(at, at + BATCH_MAX));
    });
  }

  async #readAgain(deviceIds: readonly number[]): Promise<void> {
    const rows = await this.#options.store.loadDevices(deviceIds, this.#options.clock.now());
    for (const deviceId of deviceIds) {
      const record = rows.get(deviceId);
      const entry = this.#entries.get(deviceId);
      if (entry === undefined) continue;
      // Not in this history: whoever holds it is to be sent away.
      if (record === undefined) this.#entries.delete(deviceId);
      else entry.record = this.#caughtUp(record);
    }
  }

  sweep(): void {
    const before = this.#options.clock.monotonicMs() - IDLE_RECORD_MS;
    for (const [deviceId, entry] of this.#entries) {
      if (entry.pins <= 0 && entry.usedAtMs < before) this.#entries.delete(deviceId);
    }
  }

  async #connectBatch(asked: readonly Waiting[]): Promise<(Connected | null)[]> {
    const { store, clock, nodeId } = this.#options;
    const results: (Connected | null)[] = Array.from({ length: asked.length }, () => null);
    // A device that connects twice at once gets two connEpochs: repeats go into a further round.
    let round = asked.flatMap(({ isWanted, ...token }, index) => (isWanted() ? [{ token, index }] : []));
    while (round.length > 0) {
      const now = new Map<number, (typeof round)[number]>();
      const later: typeof round = [];
      for (const item of round) {
        if (now.has(item.token.deviceId)) later.push(item);
        else now.set(item.token.deviceId, item);
      }
      const tokens = [...now.values()].map(({ token }) => token);
      const rows = await store.connect(tokens, nodeId(), clock.now());
      for (const [deviceId, { index }] of now) results[index] = rows.get(deviceId) ?? null;
      round = later;
    }
    return results;
  }

  async #loadBatch(ids: readonly number[]): Promise<(DeviceRecord | null)[]> {
    const rows = await this.#options.store.loadDevices([...new Set(ids)], this.#options.clock.now());
    return ids.map((deviceId) => rows.get(deviceId) ?? null);
  }
}
