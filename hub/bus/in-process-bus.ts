/**
 * The bus of a single process: API and hub together, nothing between them.
 * States: `down` until `start`, `up`, `down` for good after `close`. Invariant: a hint published while up reaches every
 * listener exactly once, in order.
 */
import type { Bus, BusState, Hint } from '../core/ports.ts';
import type { BusLog } from './bus-log.ts';
import { HintListeners, type HintListener } from './hint-listeners.ts';

export class InProcessBus implements Bus {
  readonly #listeners: HintListeners;
  #state: BusState = 'down';
  #closed = false;
  #dropped = 0;

  constructor(log: BusLog) {
    this.#listeners = new HintListeners(log);
  }

  start(): void {
    if (!this.#closed) this.#state = 'up';
  }

  publish(hint: Hint): void {
    if (this.#state === 'up') this.#listeners.deliver([hint]);
    else this.#dropped += 1;
  }

  subscribe(listener: HintListener): () => void {
    return this.#listeners.add(listener);
  }

  state(): BusState {
    return this.#state;
  }

  dropped(): number {
    return this.#dropped;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state = 'down';
    this.#listeners.clear();
  }
}
