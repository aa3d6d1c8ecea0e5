/** Proof of play as the hub judges it: can the device's clock be right, and was an alert on the screen meanwhile. Pure. */

/** A play that started further ahead of the hub's clock than this, in milliseconds, comes from a clock that is wrong. */
export const CLOCK_AHEAD_MAX_MS = 5 * 60_000;
/** A play older than this, in milliseconds, comes from a clock that is wrong: no player keeps its log for so long. */
export const PLAY_AGE_MAX_MS = 400 * 86_400_000;
/** Between a device's clock and the hub's this much, in milliseconds, is delay and drift, and says nothing about the clock. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Whether the device's clock cannot have been right. Batches that are days or weeks late are nothing special. */
export function isClockSuspect(startedAt: number, now: number): boolean {
  return startedAt > now + CLOCK_AHEAD_MAX_MS || startedAt < now - PLAY_AGE_MAX_MS;
}

/** An alert that a device had on glass. Instants are the hub's clock but for `deviceDisplayedAt`. */
export interface ShownAlert {
  readonly deploymentId: number;
  readonly raisedAt: number;
  readonly displayedAt: number;
  readonly deviceDisplayedAt: number | null;
  readonly clearedAt: number | null;
  readonly stoppedAt: number | null;
  readonly expiresAt: number;
}

interface Play {
  readonly startedAt: number;
  readonly playMs: number;
}

/**
 * The alert that was on glass during a play: of several the one that shared most of it, then the newest; null if none was.
 * A play is told in the device's clock, so the alert is looked at in that clock too.
 */
export function alertDuring({ startedAt, playMs }: Play, shown: readonly ShownAlert[]): number | null {
  const endedAt = startedAt + playMs;
  let found: { deploymentId: number; sharedMs: number } | null = null;
  for (const alert of shown) {
    const { from, to } = onGlass(alert);
    const sharedMs = Math.min(endedAt, to) - Math.max(startedAt, from);
    // A play of no length is an instant: it counts where the alert was on at that instant.
    const isShared = playMs === 0 ? from <= startedAt && startedAt < to : sharedMs > 0;
    if (!isShared) continue;
    const isBetter =
      found === null ||
      sharedMs > found.sharedMs ||
      (sharedMs === found.sharedMs && alert.deploymentId > found.deploymentId);
    if (isBetter) found = { deploymentId: alert.deploymentId, sharedMs };
  }
  return found?.deploymentId ?? null;
}

/** From when to when an alert was on glass, in the device's own clock. */
function onGlass(alert: ShownAlert): { from: number; to: number } {
  const { raisedAt, displayedAt, deviceDisplayedAt, clearedAt, stoppedAt, expiresAt } = alert;
  const from = deviceDisplayedAt ?? displayedAt;
  const end = Math.min(clearedAt ?? Infinity, stoppedAt ?? Infinity, expiresAt);
  // Shown before it was raised, or after the hub had heard of it: that clock is wrong, and the end is told in it as well. A
  // time in between is believed, for the receipt itself may have been late.
  const isWrong = from < raisedAt - CLOCK_TOLERANCE_MS || from > displayedAt + CLOCK_TOLERANCE_MS;
  return { from, to: isWrong ? end + (from - displayedAt) : end };
}
