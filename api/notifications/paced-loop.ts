/**
 * Work that is done again and again at its own pace: soon after it is woken, and anyway once in a while.
 *
 * States: waiting, woken (it begins when its delay is over; more calls change nothing), working, working with more asked for
 * meanwhile, and stopped. Invariant: the work never overlaps itself, and whoever wakes it is followed by a whole run that began
 * after the call.
 */
import type { Ids } from '../../hub/core/ports.ts';
import type { ApiContext } from '../context.ts';
import { loggedError } from '../failure-answer.ts';

/** Pause between two runs that nobody asked for, in milliseconds, give or take a fifth. */
const PAUSE_MS = 1_000;

export interface PacedLoopOptions {
  /** What the work is, for the log. */
  readonly name: string;
  /** From being woken until the work begins, in milliseconds: what wakes it in between is done along with it. */
  readonly delayMs: number;
}

export class PacedLoop {
  readonly #name: string;
  readonly #delayMs: number;
  readonly #work: () => Promise<void>;
  readonly #ids: Pick<Ids, 'below'>;
  readonly #log: ApiContext['log'];
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<void> | null = null;
  #woken = false;
  #again = false;
  #stopped = false;
  #fails = false;

  constructor(
    { name, delayMs }: PacedLoopOptions,
    work: () => Promise<void>,
    { ids, log }: Pick<ApiContext, 'ids' | 'log'>,
  ) {
    this.#name = name;
    this.#delayMs = delayMs;
    this.#work = work;
    this.#ids = ids;
    this.#log = log;
  }

  /** Works soon, or once more after the run that is under way. Also begins the loop. */
  wake(): void {
    if (this.#stopped || this.#woken) return;
    if (this.#working === null) this.#wait(true);
    else this.#again = true;
  }

  /** Resolves when the run that is under way has ended; no other begins. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#working;
  }

  #wait(woken: boolean): void {
    this.#woken = woken;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const pauseMs = PAUSE_MS * 0.8 + this.#ids.below(PAUSE_MS * 0.4);
    this.#timer = setTimeout(() => this.#begin(), woken ? this.#delayMs : pauseMs);
    this.#timer.unref();
  }

  #begin(): void {
    this.#woken = false;
    this.#working = this.#run().finally(() => {
      this.#working = null;
      const woken = this.#again;
      this.#again = false;
      if (!this.#stopped) this.#wait(woken);
    });
  }

  /** A failure is told once, and once that it is over: what is away stays away for more than a run. */
  async #run(): Promise<void> {
    try {
      await this.#work();
      if (this.#fails) this.#log.info(`${this.#name} works again`);
      this.#fails = false;
    } catch (error) {
      if (!this.#fails) this.#log.warn({ error: loggedError(error) }, `${this.#name} failed and is tried again`);
      this.#fails = true;
    }
  }
}
