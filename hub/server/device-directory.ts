/**
 * What this node knows of devices: the rows of connected ones and of those that polled lately, read from the database in
 * batches (one query for hundreds of connecting devices) and kept up to date by the change log.
 *
 * Invariants:
 * - A record in here is the row as of the model's rev, or ahead of it by changes that the model has yet to read; who hands
 *   out state waits for the model to reach `record.rev` first. [INV-5]
 * - A change that is applied while a row is being read is not lost: the row is read again.
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
/** How often a row is read again because a change overtook it: once is enough, unless changes come without a pause. */
const REREADS_MAX = 5;

/** A device that connects, until nobody waits for it any more. */
interface Connecting {
  readonly deviceId: number;
  readonly isWanted: () => boolean;
}

export type Lookup<T> = { ok: true; value: T } | { ok: false; why: 'unknown' | 'unavailable' };

export class DeviceDirectory {
  readonly #options: DeviceDirectoryOptions;
  readonly #entries = new Map<number, Entry>();
  /** Revs of device changes applied while rows were being read. */
  readonly #changedMeanwhile = new Map<number, number>();
  #reads = 0;
  readonly #connects: BatchWriter<Connecting, Connected | null>;
  readonly #loads: BatchWriter<number, DeviceRecord | null>;

  constructor(options: DeviceDirectoryOptions) {
    this.#options = options;
    const { store, clock, queueMax, log } = options;
    const common = {
      clock,
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
   * Gives the device its next connEpoch and reads it. A connection that ended while it waited for its batch takes none
   * (`isWanted`), else it would stand above the session that the device has by then elsewhere.
   */
  async connect(deviceId: number, isWanted: () => boolean): Promise<Lookup<Connected>> {
    const found = await this.#ask(this.#connects, { deviceId, isWanted });
    if (!found.ok) return found;
    const record = await this.#settle(deviceId, found.value.record);
    return record.ok ? { ok: true, value: { record: record.value, connEpoch: found.value.connEpoch } } : record;
  }

  /** The device's record, from memory when it is here. */
  async load(deviceId: number): Promise<Lookup<DeviceRecord>> {
    const entry = this.#entries.get(deviceId);
    if (entry !== undefined) {
      entry.usedAtMs = this.#options.clock.monotonicMs();
      return { ok: true, value: entry.record };
    }
    const found = await this.#ask(this.#loads, deviceId);
    return found.ok ? this.#settle(deviceId, found.value) : found;
  }

  async #ask<I, T>(writer: BatchWriter<I, T | null>, item: I): Promise<Lookup<T>> {
    this.#reads += 1;
    const outcome = await new Promise<Lookup<T>>((resolve) => {
      const taken = writer.add(item, (settled) => {
        if (!settled.ok) resolve({ ok: false, why: 'unavailable' });
        else if (settled.result === null) resolve({ ok: false, why: 'unknown' });
        else resolve({ ok: true, value: settled.result });
      });
      if (!taken) resolve({ ok: false, why: 'unavailable' });
    });
  }

  #isOvertaken(record: DeviceRecord): boolean {
    return record.rev < (this.#changedMeanwhile.get(record.deviceId) ?? 0);
  }

  /** Enters a row just read, unless a change overtook it while it was being read: then it is read again. */
  async #settle(deviceId: number, read: DeviceRecord): Promise<Lookup<DeviceRecord>> {
    let record = read;
    for (let attempt = 0; this.#isOvertaken(record) && attempt < REREADS_MAX; attempt += 1) {
      const again = await this.#ask(this.#loads, deviceId);
      if (!again.ok) return again;
      record = again.value;
    }
    const nowMs = this.#options.clock.monotonicMs();
    const entry = this.#entries.get(deviceId);
    if (entry === undefined) {
      this.#entries.set(deviceId, { record, pins: 0, usedAtMs: nowMs });
      return { ok: true, value: record };
    }
    if (record.rev >= entry.record.rev) entry.record = record;
    entry.usedAtMs = nowMs;
    return { ok: true, value: entry.record };
  }

  pin(deviceId: number): void {
    const entry = this.#entries.get(deviceId);
    if (entry !== undefined) entry.pins += 1;
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
    if (this.#reads > 0) this.#changedMeanwhile.set(effect.deviceId, effect.rev);
    const entry = this.#entries.get(effect.deviceId);
    if (entry !== undefined) entry.record = applyToRecord(entry.record, effect);
  }

  /** Forgets everything that no session holds (the history changed) and reads the rest again. */
  reload(): Promise<void> {
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
    let open = deviceIds;
    for (let attempt = 0; open.length > 0 && attempt <= REREADS_MAX; attempt += 1) {
      const records = await this.#loadBatch(open);
      for (const [index, deviceId] of open.entries()) {
        const record = records[index];
        const entry = this.#entries.get(deviceId);
        if (entry === undefined) continue;
        // Not in this history: whoever holds it is to be sent away.
        if (record === undefined || record === null) this.#entries.delete(deviceId);
        else entry.record = record;
      }
      open = records.flatMap((record) => (record !== null && this.#isOvertaken(record) ? [record.deviceId] : []));
    }
  }

  sweep(): void {
    const before = this.#options.clock.monotonicMs() - IDLE_RECORD_MS;
    for (const [deviceId, entry] of this.#entries) {
      if (entry.pins <= 0 && entry.usedAtMs < before) this.#entries.delete(deviceId);
    }
  }

  async #connectBatch(tokens: readonly Connecting[]): Promise<(Connected | null)[]> {
    const { store, clock, nodeId } = this.#options;
    const results: (Connected | null)[] = Array.from({ length: tokens.length }, () => null);
    // A device that connects twice at once gets two connEpochs: repeats go into a further round.
    let round = tokens.map((token, index) => ({ token, index }));
    while (round.length > 0) {
      const now = new Map<number, (typeof round)[number]>();
      const later: typeof round = [];
      for (const item of round) {
        if (now.has(item.token.deviceId)) later.push(item);
        else now.set(item.token.deviceId, item);
      }
      const rows = await store.connect(
        [...now.values()].map(({ token }) => token),
        nodeId(),
        clock.now(),
      );
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
