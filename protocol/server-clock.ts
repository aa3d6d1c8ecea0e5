/**
 * The hub's time on a device whose own wall clock may be wrong by years or jump at any moment. The hub says its time in
 * `welcome`, `pong` and every heartbeat; from there on the device counts with its monotonic clock, and the wall clock is not
 * looked at while the process lives. Plain data and no imports, for browsers and WebViews.
 *
 * After a restart the monotonic clock has begun anew. Within one boot (`boot` is the same) it still serves; otherwise the wall
 * clock bridges the gap, and only forward: one that has gone backwards (a dead clock battery) proves nothing, and then the time
 * is not known (null) until the hub says it, so that an alert that ran out meanwhile is not shown again [INV-3].
 */

/** The hub's time at one reading of the monotonic clock, and how wrong that may be, all in milliseconds. */
export interface ServerClock {
  readonly serverMs: number;
  readonly monotonicMs: number;
  readonly errorMs: number;
}

/** How much a device's monotonic clock may run fast or slow, in millionths. */
export const DRIFT_PPM = 200;
/** Taken as the error when the round trip is not known, in milliseconds. */
export const ONE_WAY_ERROR_MS = 1_000;
/** The error of a time carried over a restart, in milliseconds: the first word from the hub is always better. */
export const RESTORED_ERROR_MS = 60_000;
/** How far the wall clock may step back over a restart (time synchronisation does) and still be believed, in milliseconds. */
export const WALL_BACK_MAX_MS = 1_000;

export interface TimeSample {
  /** `serverTime` as the hub wrote it. */
  readonly serverTime: string;
  /** The monotonic clock when it arrived. */
  readonly receivedMonotonicMs: number;
  /** The monotonic clock when the question was sent (`hello`, `ping`, a heartbeat). Leave out for an answer the hub held back. */
  readonly sentMonotonicMs?: number;
}

/** The device's own clocks at one moment. `boot` names the boot (Android's BOOT_COUNT) where there is such a thing. */
export interface OwnClocks {
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly boot?: string;
}

/**
 * Takes a sample in: the better one is kept, where a kept one grows worse by drift. A sample that contradicts what is kept wins,
 * because then the hub's time was set or the monotonic clock stood still in sleep. An unreadable time changes nothing.
 */
export function observeServerTime(clock: ServerClock | null, sample: TimeSample): ServerClock | null {
  const said = Date.parse(sample.serverTime);
  if (Number.isNaN(said)) return clock;
  const roundTrip = sample.sentMonotonicMs === undefined ? null : sample.receivedMonotonicMs - sample.sentMonotonicMs;
  const measured = roundTrip !== null && roundTrip >= 0;
  const observed: ServerClock = {
    serverMs: said + (measured ? roundTrip / 2 : 0),
    monotonicMs: sample.receivedMonotonicMs,
    errorMs: measured ? roundTrip / 2 : ONE_WAY_ERROR_MS,
  };
  if (clock === null) return observed;
  const elapsed = Math.max(0, observed.monotonicMs - clock.monotonicMs);
  const aged = clock.errorMs + (elapsed * DRIFT_PPM) / 1_000_000;
  const apart = Math.abs(observed.serverMs - (clock.serverMs + observed.monotonicMs - clock.monotonicMs));
  return observed.errorMs <= aged || apart > aged + observed.errorMs ? observed : clock;
}

/** The hub's time now in epoch milliseconds, or null when it is not known. */
export function serverNow(clock: ServerClock | null, monotonicMs: number): number | null {
  return clock === null ? null : clock.serverMs + (monotonicMs - clock.monotonicMs);
}

/** The clock as text. Save it now and then (each minute is enough) and with the screen. */
export function saveClock(clock: ServerClock, own: OwnClocks): string {
  return JSON.stringify({ version: 1, serverMs: serverNow(clock, own.monotonicMs), ...own });
}

/** The clock after a restart, or null when nothing can be known of the time until the hub says it. */
export function restoreClock(text: string | null, own: OwnClocks): ServerClock | null {
  const saved = savedClock(text);
  if (saved === null) return null;
  const anchor = { monotonicMs: own.monotonicMs, errorMs: RESTORED_ERROR_MS };
  if (own.boot !== undefined && own.boot === saved.boot && own.monotonicMs >= saved.monotonicMs) {
    return { ...anchor, serverMs: saved.serverMs + own.monotonicMs - saved.monotonicMs };
  }
  const passed = own.wallMs - saved.wallMs;
  if (passed < -WALL_BACK_MAX_MS) return null;
  return { ...anchor, serverMs: saved.serverMs + Math.max(0, passed) };
}

interface SavedClock extends OwnClocks {
  readonly serverMs: number;
}

function savedClock(text: string | null): SavedClock | null {
  if (text === null) return null;
  let saved: Partial<Record<string, unknown>> | null;
  try {
    saved = JSON.parse(text) as typeof saved;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof saved !== 'object' || saved === null || saved['version'] !== 1) return null;
  const { serverMs, wallMs, monotonicMs, boot } = saved;
  if (!isFinite(serverMs) || !isFinite(wallMs) || !isFinite(monotonicMs)) return null;
  return { serverMs, wallMs, monotonicMs, ...(typeof boot === 'string' ? { boot } : {}) };
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}
