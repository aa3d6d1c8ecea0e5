/**
 * The availability of one device, counted while its transitions come by: memory does not grow with them. Pure.
 *
 * States: `online` or `offline` since an instant. Invariant: what is counted covers the time from `from` to that instant, without a
 * gap and without an overlap.
 */

export interface Availability {
  readonly onlineMs: number;
  readonly offlineMs: number;
  /** Unbroken times offline, as far as they lie within the time that is counted. */
  readonly outages: number;
  readonly longestOutageMs: number;
}

export interface Transition {
  /** Ids are in the order in which a device's transitions happened. */
  readonly id: number;
  /** Epoch milliseconds, the clock of the node that saw it. */
  readonly at: number;
  readonly isOnline: boolean;
}

export class AvailabilityCount {
  readonly #from: number;
  readonly #to: number;
  #isOnline: boolean;
  /** Since when it is so. */
  #since: number;
  #lastId = 0;
  #onlineMs = 0;
  #offlineMs = 0;
  #outages = 0;
  #longestOutageMs = 0;
  /** How long the outage has lasted that is counted now or was last; 0 once the device was online for any time. */
  #outageMs = 0;

  /** Counts from `from` until before `to`, epoch milliseconds; `isOnline` is what the device was at `from`. */
  constructor(from: number, to: number, isOnline: boolean) {
    this.#from = from;
    this.#to = Math.max(from, to);
    this.#isOnline = isOnline;
    this.#since = from;
  }

  /** The next transition by its time. */
  take({ id, at, isOnline }: Transition): void {
    // Clocks of two nodes differ a little: what happened before the one that is known already says nothing any more.
    if (id < this.#lastId) return;
    this.#lastId = id;
    // A change of transport.
    if (isOnline === this.#isOnline) return;
    this.#countUntil(Math.min(Math.max(at, this.#from), this.#to));
    this.#isOnline = isOnline;
  }

  finish(): Availability {
    this.#countUntil(this.#to);
    return {
      onlineMs: this.#onlineMs,
      offlineMs: this.#offlineMs,
      outages: this.#outages,
      longestOutageMs: this.#longestOutageMs,
    };
  }

  #countUntil(until: number): void {
    const lastedMs = until - this.#since;
    this.#since = until;
    if (lastedMs <= 0) return;
    if (this.#isOnline) {
      this.#onlineMs += lastedMs;
      this.#outageMs = 0;
      return;
    }
    this.#offlineMs += lastedMs;
    // Online for no time at all, between two transitions of one instant, is no end of an outage.
    if (this.#outageMs === 0) this.#outages += 1;
    this.#outageMs += lastedMs;
    this.#longestOutageMs = Math.max(this.#longestOutageMs, this.#outageMs);
  }
}
