/** Timers of browsers and Node take at most this, in milliseconds; more would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The delay to give a timer now for something `delayMs` away: a far moment is approached in steps. */
export function timerStepMs(delayMs: number): number {
  return Math.min(Math.max(0, delayMs), TIMER_MAX_MS);
}

/** A wait that can be cut short. */
export class Pause {
  #end: (() => void) | null = null;

  /** Resolves after `delayMs`, or when `cut` is called. One wait at a time. */
  async wait(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timerStepMs(delayMs));
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#end = null;
  }

  cut(): void {
    this.#end?.();
  }
}
