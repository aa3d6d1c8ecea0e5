/**
 * Who is online, written in batches and fenced by connEpoch: a late disconnect of an old connection changes nothing.
 *
 * Each node holds a lease in the database, renewed every LEASE_RENEW_MS. A node that dies without a word loses it after
 * LEASE_MS, and any other node marks its devices offline. A node that was frozen longer than its lease must not go on as if
 * it still owned its devices: it takes a new name and drops its sockets. A killed node's devices are offline within
 * LEASE_MS + REAP_EVERY_MS = 20 s.
 *
 * Leases run out for all while the database is away. So who has missed a renewal marks nobody offline until the others have
 * had time for theirs, and who was cut off for longer than its lease claims its devices again.
 */
import type { HubStore } from '../core/hub-store.ts';
import type { Clock, Ids } from '../core/ports.ts';
import { BatchWriter } from './batch-writer.ts';
import type { HubLog } from './hub-log.ts';

const LEASE_MS = 15_000;
const LEASE_RENEW_MS = 4_000;
const REAP_EVERY_MS = 5_000;
/** Longer than this between two renewals: one was missed. */
const RENEWAL_MISSED_MS = 2 * LEASE_RENEW_MS;
const BATCH_MAX = 500;
const QUEUE_MAX = 200_000;
const DELAY_MS = 250;

export interface PresenceOptions {
  readonly store: HubStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: HubLog;
  /** The live sessions of this node. */
  readonly held: () => readonly { readonly deviceId: number; readonly connEpoch: number }[];
  /** HTTP devices silent for this long are offline, in milliseconds. */
  readonly httpSilentMs: number;
  /** This node slept past its lease: its sessions belong to others now. */
  readonly onLeaseLost: () => void;
}

export class Presence {
  readonly #options: PresenceOptions;
  #nodeId: string;
  readonly #startedAt: number;
  /** When the last renewal that succeeded began, monotonic; null before the first. */
  #renewedAtMs: number | null = null;
  /** Before this, monotonic, nobody is marked offline. */
  #reapFromMs = 0;
  #reclaimDue = false;
  /** When the lease's timer last had its turn, monotonic. */
  #turnedAtMs = 0;
  #renewTimer: NodeJS.Timeout | null = null;
  #reapTimer: NodeJS.Timeout | null = null;
  readonly #gone: BatchWriter<{ deviceId: number; connEpoch: number }, null>;
  readonly #seen: BatchWriter<number, null>;
  /** HTTP devices whose sighting waits to be written. */
  readonly #seenWaiting = new Set<number>();

  constructor(options: PresenceOptions) {
    this.#options = options;
    const { store, clock, log, ids } = options;
    this.#nodeId = ids.uuid();
    this.#startedAt = clock.now();
    const common = {
      batchMax: BATCH_MAX,
      queueMax: QUEUE_MAX,
      delayMs: DELAY_MS,
      isTransient: (error: unknown) => store.isUnavailable(error),
      onError: (error: unknown, items: number) => {
        if (!store.isUnavailable(error)) log.error({ err: error, items }, 'writing presence failed');
      },
    };
    this.#gone = new BatchWriter({
      ...common,
      name: 'disconnects',
      write: async (devices) => {
        await store.disconnect(devices, clock.now());
        return devices.map(() => null);
      },
    });
    this.#seen = new BatchWriter({
      ...common,
      name: 'sightings',
      write: async (deviceIds) => {
        for (const deviceId of deviceIds) this.#seenWaiting.delete(deviceId);
        await store.seenOverHttp(deviceIds, clock.now());
        return deviceIds.map(() => null);
      },
    });
  }

  get nodeId(): string {
    return this.#nodeId;
  }

  /** Takes the lease, then keeps it. */
  async start(): Promise<void> {
    this.#turnedAtMs = this.#options.clock.monotonicMs();
    await this.#renew();
    this.#renewTimer = setInterval(() => void this.#keepLease(), LEASE_RENEW_MS);
    this.#reapTimer = setInterval(() => void this.#reap(), REAP_EVERY_MS);
  }

  /** A session ended. */
  disconnected(deviceId: number, connEpoch: number): void {
    this.#gone.add({ deviceId, connEpoch }, () => undefined);
  }

  /** A device polled. */
  polled(deviceId: number): void {
    if (this.#seenWaiting.has(deviceId)) return;
    if (this.#seen.add(deviceId, () => undefined)) this.#seenWaiting.add(deviceId);
  }

  async #renew(): Promise<void> {
    const { store, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    await store.renewLease(this.#nodeId, this.#startedAt, clock.now() + LEASE_MS);
    const sinceMs = clock.monotonicMs() - (this.#renewedAtMs ?? nowMs);
    this.#renewedAtMs = nowMs;
    if (sinceMs > RENEWAL_MISSED_MS) this.#reapFromMs = nowMs + RENEWAL_MISSED_MS;
    this.#reclaimDue ||= sinceMs > LEASE_MS;
    if (this.#reclaimDue) await this.#reclaim();
  }

  /** Our lease had run out: others may have marked our devices offline. */
  async #reclaim(): Promise<void> {
    const { store, clock, held } = this.#options;
    const devices = held().map(({ deviceId, connEpoch }) => ({ deviceId, connEpoch }));
    for (let at = 0; at < devices.length; at += BATCH_MAX) {
      await store.reclaim(devices.slice(at, at + BATCH_MAX), this.#nodeId, clock.now());
    }
    this.#reclaimDue = false;
    // Who left meanwhile may have been marked offline before it was claimed.
    const now = new Map(held().map(({ deviceId, connEpoch }) => [deviceId, connEpoch]));
    for (const { deviceId, connEpoch } of devices)
      if (now.get(deviceId) !== connEpoch) this.disconnected(deviceId, connEpoch);
  }

  /**
   * A lease that could not be renewed because the database was away is nobody's gain: others could not reap either. Only
   * time asleep counts, seen as a gap between two turns of this timer.
   */
  async #keepLease(): Promise<void> {
    const { clock, log, ids, onLeaseLost, store } = this.#options;
    const nowMs = clock.monotonicMs();
    const asleepMs = nowMs - this.#turnedAtMs;
    this.#turnedAtMs = nowMs;
    if (asleepMs > LEASE_MS) {
      log.warn({ asleepMs }, 'this node slept past its lease: dropping its sessions');
      this.#nodeId = ids.uuid();
      onLeaseLost();
    }
    try {
      await this.#renew();
    } catch (error) {
      const heldMs = clock.monotonicMs() - (this.#renewedAtMs ?? nowMs);
      if (store.isUnavailable(error)) log.debug({ heldMs }, 'lease not renewed: database away');
      else log.error({ err: error }, 'lease not renewed');
    }
  }

  async #reap(): Promise<void> {
    const { store, clock, log, httpSilentMs } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#reapFromMs || nowMs - (this.#renewedAtMs ?? nowMs) > RENEWAL_MISSED_MS) return;
    try {
      const now = clock.now();
      const count = await store.reapAbsent(now, now - httpSilentMs);
      if (count > 0) log.info({ count }, 'devices without a living node marked offline');
    } catch (error) {
      if (!store.isUnavailable(error)) log.error({ err: error }, 'marking absent devices failed');
    }
  }

  /** Writes what waits and gives the lease back. */
  async close(withinMs: number): Promise<void> {
    if (this.#renewTimer !== null) clearInterval(this.#renewTimer);
    if (this.#reapTimer !== null) clearInterval(this.#reapTimer);
    await Promise.all([this.#gone.close(withinMs), this.#seen.close(withinMs)]);
    try {
      await this.#options.store.dropLease(this.#nodeId);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'lease not given back: it runs out by itself');
    }
  }
}
