/**
 * Registers and polls until an operator has entered the code.
 * Invariants: one loop at a time; it ends only with a pairing; the pending code survives reloads.
 */
import type { RegisterRequest } from '../../protocol/sync.ts';
import type { HubHttp } from './hub-http.ts';
import type { KeyValue } from './key-value.ts';
import { registerRequest, restorePending, stepPairing, type Paired, type PairingState } from './pairing.ts';
import { Pause } from './pause.ts';

export interface PairingLoopParts {
  readonly http: Pick<HubHttp, 'register' | 'isThere'>;
  readonly keyValue: KeyValue;
  /** Where the pending code is kept. */
  readonly key: string;
  readonly about: Omit<RegisterRequest, 'pollSecret'>;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly onPaired: (paired: Paired) => void;
  /** The code, or whether the hub answers, has changed. */
  readonly onChanged: () => void;
}

export class PairingLoop {
  readonly #parts: PairingLoopParts;
  readonly #pause = new Pause();
  #state: PairingState;
  #running = false;
  #shutOut = false;

  constructor(parts: PairingLoopParts) {
    this.#parts = parts;
    this.#state = { pending: restorePending(parts.keyValue.get(parts.key)), failures: 0 };
  }

  get running(): boolean {
    return this.#running;
  }

  /** The code to show, or null when there is none. */
  get code(): string | null {
    return this.#running ? (this.#state.pending?.pairingCode ?? null) : null;
  }

  /** Calls in a row that got no usable answer. */
  get failures(): number {
    return this.#state.failures;
  }

  /** Whether the hub is there but does not let this page read its answers. */
  get shutOut(): boolean {
    return this.#shutOut;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#poll();
  }

  /** Try again now: the network is back. */
  hurry(): void {
    this.#pause.cut();
  }

  async #poll(): Promise<void> {
    const { http, keyValue, key, about, nowMs, random } = this.#parts;
    while (this.#running) {
      const answer = await http.register(registerRequest(this.#state, about, nowMs()));
      const step = stepPairing(this.#state, answer, nowMs(), random());
      if (step.kind === 'paired') {
        this.#running = false;
        this.#state = { pending: null, failures: 0 };
        keyValue.remove(key);
        this.#parts.onPaired(step.paired);
        return;
      }
      this.#state = step.state;
      this.#shutOut = !answer.ok && answer.code === 'NO_ANSWER' && (await http.isThere());
      if (step.state.pending === null) keyValue.remove(key);
      else keyValue.set(key, JSON.stringify(step.state.pending));
      this.#parts.onChanged();
      await this.#pause.wait(step.delayMs);
    }
  }
}
