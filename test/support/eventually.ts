import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 10;

/**
 * Waits until a condition holds; it is the test's own time-out that ends a wait in vain. For what comes in its own time, where
 * no event tells of it.
 */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(EVERY_MS);
}
