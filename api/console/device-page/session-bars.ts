/** A screen's times online as bars, one for each day of the viewer's calendar. Pure. */
import type { SessionJson } from '../../devices/device-sessions.ts';

export interface BarPiece {
  /** Epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly transport: SessionJson['transport'];
}

export interface DayBar {
  /** Midnight of the day, epoch milliseconds. */
  readonly startMs: number;
  /** The next midnight: 23 to 25 hours later. */
  readonly endMs: number;
  readonly pieces: readonly BarPiece[];
  readonly onlineMs: number;
  /** Part of the time that has passed of the day since the screen is there. */
  readonly onlineShare: number;
}

/** Midnight of the day that lies so many days before the one of this instant. */
function midnight(instantMs: number, daysBefore: number): number {
  const day = new Date(instantMs);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - daysBefore);
  return day.getTime();
}

/**
 * The last `days` days, today first, without those before the screen was there. Sessions may overlap by a little: clocks of two hubs
 * differ.
 * @param sinceMs since when the screen is there, epoch milliseconds
 */
export function dayBars(sessions: readonly SessionJson[], nowMs: number, days: number, sinceMs: number): DayBar[] {
  return Array.from({ length: days }, (_, before): DayBar => {
    const startMs = midnight(nowMs, before);
    const endMs = midnight(nowMs, before - 1);
    const pieces = sessions
      .map(({ from, to, transport }): BarPiece => {
        const endsMs = to === null ? nowMs : Math.min(nowMs, Date.parse(to));
        return { fromMs: Math.max(startMs, Date.parse(from)), toMs: Math.min(endMs, endsMs), transport };
      })
      .filter(({ fromMs, toMs }) => toMs > fromMs)
      .sort((one, other) => one.fromMs - other.fromMs);
    const onlineMs = coveredMs(pieces);
    const passedMs = Math.min(endMs, nowMs) - Math.max(startMs, Math.min(sinceMs, pieces[0]?.fromMs ?? sinceMs));
    return { startMs, endMs, pieces, onlineMs, onlineShare: passedMs > 0 ? onlineMs / passedMs : 0 };
  }).filter(({ endMs, pieces }, at) => at === 0 || endMs > sinceMs || pieces.length > 0);
}

/** Time that lies in any of the pieces, which are sorted by their beginning. */
function coveredMs(pieces: readonly BarPiece[]): number {
  let sum = 0;
  let reachedMs = -Infinity;
  for (const { fromMs, toMs } of pieces) {
    sum += Math.max(0, toMs - Math.max(fromMs, reachedMs));
    reachedMs = Math.max(reachedMs, toMs);
  }
  return sum;
}
