/**
 * How many devices were online at each of many instants, counted device by device while their transitions come by: memory does not
 * grow with devices or transitions. Pure.
 *
 * Each count is kept as differences: what a device adds from an instant on. Invariant: a device adds one to `total` from its creation
 * on, and at every instant at most one to `online`, of which at most one to `http`.
 */
import type { Transport } from './presence-reading.ts';

export interface FleetPoint {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Devices that existed. */
  readonly total: number;
  readonly online: number;
  /** Of the online, over HTTP. */
  readonly http: number;
}

export interface FleetTransition {
  /** Ids are in the order in which a device's transitions happened. */
  readonly id: number;
  /** Epoch milliseconds, the clock of the node that saw it. */
  readonly at: number;
  readonly transport: Transport;
}

/** Instants from `fromMs` to `toMs`, both included, as far from each other as whole milliseconds allow. */
export function instantsOf(fromMs: number, toMs: number, points: number): number[] {
  return Array.from({ length: points }, (_, at) => Math.round(fromMs + ((toMs - fromMs) * at) / (points - 1)));
}

export class FleetCount {
  readonly #instants: readonly number[];
  readonly #total: Int32Array;
  readonly #online: Int32Array;
  readonly #http: Int32Array;

  /** Counts at these instants, epoch milliseconds, rising. */
  constructor(instants: readonly number[]) {
    this.#instants = instants;
    const length = instants.length + 1;
    this.#total = new Int32Array(length);
    this.#online = new Int32Array(length);
    this.#http = new Int32Array(length);
  }

  /** Begins with a device: what it was at the first instant. Give its transitions to what is returned, by their time. */
  device(createdAt: number, transport: Transport): (next: FleetTransition) => void {
    const from = this.#firstFrom(createdAt);
    let now: Transport = null;
    let lastId = 0;
    const become = (next: Transport, at: number): void => {
      if (next === now) return;
      const change = Number(next !== null) - Number(now !== null);
      const httpChange = Number(next === 'http') - Number(now === 'http');
      this.#online[at] = (this.#online[at] ?? 0) + change;
      this.#http[at] = (this.#http[at] ?? 0) + httpChange;
      now = next;
    };
    this.#total[from] = (this.#total[from] ?? 0) + 1;
    become(transport, from);
    return (next) => {
      // Clocks of two nodes differ a little: what happened before the one that is known already says nothing any more.
      if (next.id < lastId) return;
      lastId = next.id;
      become(next.transport, Math.max(from, this.#firstFrom(next.at)));
    };
  }

  finish(): FleetPoint[] {
    let [total, online, http] = [0, 0, 0];
    return this.#instants.map((at, index) => {
      total += this.#total[index] ?? 0;
      online += this.#online[index] ?? 0;
      http += this.#http[index] ?? 0;
      return { at, total, online, http };
    });
  }

  /** Index of the first instant that is not before `at`; their number when there is none. */
  #firstFrom(at: number): number {
    let [low, high] = [0, this.#instants.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#instants[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
