/**
 * Writes in batches at our own pace: items are queued, one loop drains them.
 *
 * States: idle (nothing queued) -> waiting (a timer runs) -> writing (one batch under way; others queue) -> idle/waiting, or
 * after a failure that may pass: backing off (a longer timer runs, which no crowd shortens) -> writing.
 * Invariants: at most one write under way; at most `queueMax` items held; every item accepted is settled exactly once,
 * with its result after the write committed, or with an error when it was given up. Overflow policy: refuse (`add` is false).
 */

export interface BatchWriterOptions<T, R> {
  readonly name: string;
  /** Most items of one write. */
  readonly batchMax: number;
  /** Most items held, waiting and under way together. */
  readonly queueMax: number;
  /** How long the first item of a batch waits for company. */
  readonly delayMs: number;
  /** Writes a batch; results in the order of the items. */
  readonly write: (items: readonly T[]) => Promise<readonly R[]>;
  /** Whether a failed write should be tried again. */
  readonly isTransient: (error: unknown) => boolean;
  readonly onError: (error: unknown, items: number) => void;
}

interface Queued<T, R> {
  readonly item: T;
  readonly settle: (outcome: { ok: true; result: R } | { ok: false; error: unknown }) => void;
}

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 2_000;

export class BatchWriter<T, R> {
  readonly #options: BatchWriterOptions<T, R>;
  #queue: Queued<T, R>[] = [];
  #inFlight = 0;
  #timer: NodeJS.Timeout | null = null;
  #retryMs = RETRY_MIN_MS;
  /** The last write failed and waits to be tried again. */
  #backingOff = false;
  #closed = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: BatchWriterOptions<T, R>) {
    this.#options = options;
  }

  get length(): number {
    return this.#queue.length + this.#inFlight;
  }

  /** Queues an item; false when the queue is full or closed, and the item was not taken. */
  add(item: T, settle: Queued<T, R>['settle']): boolean {
    if (this.#closed || this.length >= this.#options.queueMax) return false;
    this.#queue.push({ item, settle });
    if (this.#inFlight === 0) {
      // After a failure the retry sets the pace: a crowd must not hammer a database that is away.
      if (this.#queue.length === this.#options.batchMax && !this.#backingOff) this.#arm(0);
      else if (this.#timer === null) this.#arm(this.#options.delayMs);
    }
    return true;
  }

  #arm(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#drainOne();
    }, delayMs);
  }

  async #drainOne(): Promise<void> {
    if (this.#inFlight > 0 || this.#queue.length === 0) return;
    const batch = this.#queue.splice(0, this.#options.batchMax);
    this.#inFlight = batch.length;
    let again: number = this.#options.delayMs;
    try {
      const results = await this.#options.write(batch.map(({ item }) => item));
      this.#retryMs = RETRY_MIN_MS;
      this.#backingOff = false;
      this.#inFlight = 0;
      batch.forEach(({ settle }, index) => settle({ ok: true, result: results[index] as R }));
      if (this.#queue.length >= this.#options.batchMax) again = 0;
    } catch (error) {
      this.#inFlight = 0;
      this.#options.onError(error, batch.length);
      if (this.#options.isTransient(error) && !this.#closed) {
        this.#queue.unshift(...batch);
        this.#backingOff = true;
        again = this.#retryMs;
        this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
      } else {
        for (const { settle } of batch) settle({ ok: false, error });
      }
    }
    if (this.#queue.length > 0) this.#arm(again);
    else for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  /** Writes what is queued, then refuses more. Gives up after `withinMs`: what is left is settled as failed. */
  async close(withinMs: number): Promise<void> {
    if (this.length > 0) {
      this.#arm(0);
      await Promise.race([
        new Promise<void>((resolve) => this.#idleWaiters.push(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref()),
      ]);
    }
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const error = new Error(`${this.#options.name}: closed with ${this.#queue.length} items not written`);
    for (const { settle } of this.#queue.splice(0)) settle({ ok: false, error });
  }
}
