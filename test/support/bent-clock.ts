import type { Clock } from '../../hub/core/ports.ts';

/** A clock that runs as the system's does and can be put forward. */
export interface BentClock extends Clock {
  /** Puts the wall clock forward, as if the time had passed since; intervals (deadlines, leases of this process) do not notice. */
  putForward(ms: number): void;
  /** Lets intervals seem longer by this; the wall clock does not notice. */
  stretch(ms: number): void;
}

export function bentClock(): BentClock {
  let ahead = 0;
  let longer = 0;
  return {
    now: () => Date.now() + ahead,
    monotonicMs: () => performance.now() + longer,
    putForward: (ms) => {
      ahead += ms;
    },
    stretch: (ms) => {
      longer += ms;
    },
  };
}
