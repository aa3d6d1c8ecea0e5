/**
 * Heartbeats held open until something changes for their device, so that an alert is instant over plain HTTP too.
 * Invariant: a waiter is woken at most once and is in exactly one group's set and one device's set until then.
 * Overflow: past `waitersMax` a heartbeat is answered at once.
 */
export interface Waiter {
  readonly tenantId: number;
  readonly deviceId: number;
  /** 0: in none; that set is shared by all tenants. */
  readonly groupId: number;
  readonly wake: () => void;
}

export class HeartbeatWaiters {
  readonly #max: number;
  readonly #byDevice = new Map<number, Set<Waiter>>();
  readonly #byGroup = new Map<number, Set<Waiter>>();
  #size = 0;

  constructor(waitersMax: number) {
    this.#max = waitersMax;
  }

  get size(): number {
    return this.#size;
  }

  /** False when there are too many. */
  add(waiter: Waiter): boolean {
    if (this.#size >= this.#max) return false;
    put(this.#byDevice, waiter.deviceId, waiter);
    put(this.#byGroup, waiter.groupId, waiter);
    this.#size += 1;
    return true;
  }

  remove(waiter: Waiter): void {
    if (!take(this.#byDevice, waiter.deviceId, waiter)) return;
    take(this.#byGroup, waiter.groupId, waiter);
    this.#size -= 1;
  }

  wakeDevice(deviceId: number): void {
    for (const waiter of [...(this.#byDevice.get(deviceId) ?? [])]) this.#wake(waiter);
  }

  wake(groupIds: readonly number[], deviceIds: readonly number[]): void {
    if (this.#size === 0) return;
    for (const groupId of groupIds) {
      for (const waiter of [...(this.#byGroup.get(groupId) ?? [])]) this.#wake(waiter);
    }
    for (const deviceId of deviceIds) this.wakeDevice(deviceId);
  }

  /** Wakes this tenant's devices that are in no group, and nobody else's. [INV-10] */
  wakeUngrouped(tenantId: number): void {
    for (const waiter of [...(this.#byGroup.get(0) ?? [])]) if (waiter.tenantId === tenantId) this.#wake(waiter);
  }

  wakeAll(): void {
    for (const waiters of [...this.#byDevice.values()]) for (const waiter of [...waiters]) this.#wake(waiter);
  }

  #wake(waiter: Waiter): void {
    this.remove(waiter);
    waiter.wake();
  }
}

function put(index: Map<number, Set<Waiter>>, key: number, waiter: Waiter): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([waiter]));
  else set.add(waiter);
}

function take(index: Map<number, Set<Waiter>>, key: number, waiter: Waiter): boolean {
  const set = index.get(key);
  if (set === undefined || !set.delete(waiter)) return false;
  if (set.size === 0) index.delete(key);
  return true;
}
