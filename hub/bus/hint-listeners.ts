/**
 * Who listens to a bus in this process. Hints are handed over after the current turn, so that `publish` never runs a
 * listener inside its caller; one listener's error is logged and keeps nothing from the others.
 */
import type { Hint } from '../core/ports.ts';
import type { BusLog } from './bus-log.ts';

export type HintListener = (hint: Hint) => void;

export class HintListeners {
  readonly #log: BusLog;
  readonly #listeners = new Set<{ readonly call: HintListener }>();

  constructor(log: BusLog) {
    this.#log = log;
  }

  /** Adds a listener; returns the way to stop. The same function added twice is called twice. */
  add(listener: HintListener): () => void {
    const entry = { call: listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /** Hands hints, in order, to everybody who listens when they are handed over. */
  deliver(hints: readonly Hint[]): void {
    queueMicrotask(() => {
      for (const hint of hints) {
        for (const listener of this.#listeners) this.#call(listener.call, hint);
      }
    });
  }

  clear(): void {
    this.#listeners.clear();
  }

  #call(listener: HintListener, hint: Hint): void {
    try {
      listener(hint);
    } catch (error) {
      this.#log.warn({ err: error, hint }, 'a listener of the bus failed');
    }
  }
}
