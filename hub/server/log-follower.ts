/**
 * Follows the change log from this node's own cursor. Hints make it look at once; a jittered timer makes it look anyway, so
 * that a bus that is dead, deaf or lying costs latency and never correctness. [INV-6]
 *
 * States: stopped -> loading (the model is read as one snapshot) -> following. From following back to loading when the
 * history changed (another epoch, a rev that went backwards) or when the log was pruned past our cursor. A history without any
 * device is not followed into: somebody lost a database, and no screen may be told that it has nothing to show and is unknown.
 * Invariants: one read at a time; changes reach `onChange` in rev order without a gap, each exactly once per load. [INV-5]
 */
import type { Change } from '../core/changes.ts';
import type { HubModel, ModelSnapshot } from '../core/hub-model.ts';
import type { HubStore } from '../core/hub-store.ts';
import type { Clock, Ids } from '../core/ports.ts';
import type { HubLog } from './hub-log.ts';

export interface LogFollowerOptions {
  readonly store: Pick<HubStore, 'loadModel' | 'readLog' | 'isUnavailable'>;
  readonly model: HubModel;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: HubLog;
  /** Called for each change, in order, synchronously: the callee applies it to the model. */
  readonly onChange: (change: Change) => void;
  /** Called after the first load. */
  readonly onLoaded: (snapshot: ModelSnapshot) => void;
  /** Called after the model was loaded anew while following: every session is to be reconciled. */
  readonly onReload: (snapshot: ModelSnapshot) => void;
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
}

const PAGE_SIZE = 500;
/** Tries to read or apply the same change before it is passed over. */
const POISON_AFTER = 5;

export class LogFollower {
  readonly #options: LogFollowerOptions;
  #timer: NodeJS.Timeout | null = null;
  #reading: Promise<void> | null = null;
  /** A hint came while a read was under way: that read may have started before the hint's commit. */
  #again = false;
  #stopped = true;
  #loaded = false;
  #lastReadAtMs = 0;
  #available = false;
  #headRev = 0;
  /** How often in a row a change could not be read or applied, the database being there. */
  #failures = 0;
  #distrusts = false;
  #waiters: { rev: number; wake: () => void }[] = [];

  constructor(options: LogFollowerOptions) {
    this.#options = options;
  }

  /** Whether the last look at the database succeeded, and what it holds is believed. */
  get available(): boolean {
    return this.#available;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** Milliseconds since the log was last read successfully. */
  ageMs(): number {
    return this.#options.clock.monotonicMs() - this.#lastReadAtMs;
  }

  /** Revs committed that this node has not applied yet, as of the last read. */
  lag(): number {
    return Math.max(0, this.#headRev - this.#options.model.rev);
  }

  /** Loads the model and begins to follow; rejects when the first load fails. */
  async start(): Promise<void> {
    this.#stopped = false;
    await this.#load();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { wake } of this.#waiters.splice(0)) wake();
  }

  /** A hint: look now. `rev` spares the look when it is known already. */
  hint(rev: number | null): void {
    // Before the first load there is no cursor to read from; the load itself reads everything.
    if (this.#stopped || !this.#loaded || (rev !== null && rev <= this.#options.model.rev)) return;
    if (this.#reading !== null) this.#again = true;
    else void this.#read();
  }

  /** Resolves when the model has reached `rev`, or after `withinMs`; true when it has. */
  async reached(rev: number, withinMs: number): Promise<boolean> {
    if (this.#options.model.rev >= rev) return true;
    this.hint(rev);
    await new Promise<void>((resolve) => {
      const waiter = { rev, wake: resolve };
      this.#waiters.push(waiter);
      setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve();
      }, withinMs).unref();
    });
    return this.#options.model.rev >= rev;
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { ids, pollMinMs, pollMaxMs } = this.#options;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.hint(null);
        this.#schedule();
      },
      pollMinMs + ids.below(pollMaxMs - pollMinMs + 1),
    );
  }

  async #read(): Promise<void> {
    this.#reading = this.#readPages();
    await this.#reading;
    this.#reading = null;
    if (this.#again && !this.#stopped) {
      this.#again = false;
      void this.#read();
    }
  }

  /** Reads until the head is reached. A failed read is left to the next poll. */
  async #readPages(): Promise<void> {
    const { store, model, log } = this.#options;
    let isRead = false;
    try {
      for (;;) {
        isRead = false;
        const page = await store.readLog(model.rev, PAGE_SIZE);
        isRead = true;
        if (this.#stopped) return;
        this.#headRev = page.headRev;
        const first = page.changes[0];
        const pruned = first === undefined ? page.headRev > model.rev : first.rev !== model.rev + 1;
        if (page.epoch !== model.epoch || page.headRev < model.rev || pruned) {
          if (!this.#distrusts)
            log.warn(
              { epoch: page.epoch, headRev: page.headRev, cursor: model.rev, ourEpoch: model.epoch },
              'history changed or log pruned past our cursor: loading everything anew',
            );
          await this.#load();
          return;
        }
        this.#distrusts = false;
        this.#saw(true);
        for (const change of page.changes) this.#deliver(change);
        this.#wake();
        if (page.changes.length < PAGE_SIZE) return;
      }
    } catch (error) {
      const away = store.isUnavailable(error);
      if (away || !isRead) this.#saw(false);
      // A row that cannot even be read is as bad as one that cannot be applied.
      if (!away && !isRead) this.#failures += 1;
      if (!away) log.error({ err: error, rev: model.rev, failures: this.#failures }, 'reading the change log failed');
      if (this.#failures >= POISON_AFTER) await this.#skipPoison();
    }
  }

  /** The tables say what the change could not: the model is read anew from them, past the change that cannot be applied. */
  async #skipPoison(): Promise<void> {
    const { log, model } = this.#options;
    this.#failures = 0;
    try {
      log.error({ rev: model.rev + 1 }, 'a change cannot be applied: loading everything anew past it');
      await this.#load();
    } catch (error) {
      log.error({ err: error }, 'loading everything anew failed');
    }
  }

  /** A change that cannot be applied is a bug of ours; it must not stop the rest of the log for ever. */
  #deliver(change: Change): void {
    try {
      this.#options.onChange(change);
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      throw error;
    }
  }

  async #load(): Promise<void> {
    const { store, model, clock, onReload, onLoaded } = this.#options;
    const snapshot = await store.loadModel(clock.now());
    const isOther = snapshot.epoch !== model.epoch || snapshot.rev < model.rev;
    if (this.#loaded && isOther && snapshot.holdsDevices === false) {
      this.#distrust(snapshot);
      return;
    }
    this.#distrusts = false;
    model.load(snapshot);
    this.#headRev = snapshot.rev;
    this.#saw(true);
    if (this.#loaded) onReload(snapshot);
    else onLoaded(snapshot);
    this.#loaded = true;
    this.#wake();
  }

  #distrust({ epoch, rev }: ModelSnapshot): void {
    this.#saw(false);
    if (this.#distrusts) return;
    this.#distrusts = true;
    this.#options.log.error(
      { epoch, rev, ourEpoch: this.#options.model.epoch },
      'the database is another one and holds no device: serving from memory until it is restored, or this hub restarted',
    );
  }

  #saw(available: boolean): void {
    if (available) this.#lastReadAtMs = this.#options.clock.monotonicMs();
    if (available !== this.#available && this.#loaded) {
      this.#options.log.warn({ available }, available ? 'database is back' : 'database is away: serving from memory');
    }
    this.#available = available;
  }

  #wake(): void {
    const rev = this.#options.model.rev;
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter((waiter) => waiter.rev <= rev);
    this.#waiters = this.#waiters.filter((waiter) => waiter.rev > rev);
    for (const { wake } of ready) wake();
  }
}
