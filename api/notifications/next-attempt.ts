/** When a delivery that failed is tried again, and when it is given up. */
import type { Ids } from '../../hub/core/ports.ts';

/** Wait after the first failure, in milliseconds; it doubles with each. */
const FIRST_WAIT_MS = 1_000;
/** Longest wait of our own, in milliseconds. */
const WAIT_MS_MAX = 15 * 60_000;
/** A delivery is given up when its next attempt would be later than this after it was made, in milliseconds. */
export const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/**
 * The instant of the next attempt, or null to give up. Half of the wait is random, so that what failed together does not come back
 * together; `retryAfterMs` is what the other side asked for, and is kept when it is longer.
 */
export function nextAttemptAt(
  failed: { readonly attempts: number; readonly createdAt: number; readonly retryAfterMs: number | null },
  now: number,
  ids: Pick<Ids, 'below'>,
): number | null {
  const waitMs = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** Math.min(failed.attempts - 1, 30));
  const half = Math.floor(waitMs / 2);
  const at = now + Math.max(half + ids.below(half + 1), failed.retryAfterMs ?? 0);
  return at - failed.createdAt > GIVE_UP_AFTER_MS ? null : at;
}
