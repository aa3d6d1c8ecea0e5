/** The wall clock of a time zone: from instants to what it reads, and back. Pure. */
import { DAY_MS } from '../../../protocol/schedule-calendar.ts';
import { zoneSpanAt } from '../../../protocol/schedule-zone.ts';

/** What the wall clock reads at an instant (epoch ms): milliseconds since it read 1970-01-01 00:00. */
export function wallAt(zone: string, instantMs: number): number {
  return instantMs + zoneSpanAt(zone, instantMs).offsetMs;
}

/** The first instant (epoch ms) at which the wall clock has come to a reading; one that is skipped is when it skips it. */
export function instantAt(zone: string, wallMs: number): number {
  // No zone is a day away from UTC.
  for (let at = wallMs - DAY_MS; ;) {
    const { startMs, endMs, offsetMs } = zoneSpanAt(zone, at);
    const found = Math.max(startMs, wallMs - offsetMs);
    if (found < endMs) return found;
    at = endMs;
  }
}

/** The day (since 1970-01-01) that the wall clock is in. */
export function dayAt(zone: string, instantMs: number): number {
  return Math.floor(wallAt(zone, instantMs) / DAY_MS);
}

export interface ClockChange {
  readonly atMs: number;
  /** Forward is more than 0, in milliseconds. */
  readonly byMs: number;
}

/** When the clock is put forward or back, from one instant to before another. */
export function clockChanges(zone: string, fromMs: number, toMs: number): ClockChange[] {
  const changes: ClockChange[] = [];
  for (let span = zoneSpanAt(zone, fromMs); span.endMs < toMs;) {
    const next = zoneSpanAt(zone, span.endMs);
    changes.push({ atMs: span.endMs, byMs: next.offsetMs - span.offsetMs });
    span = next;
  }
  return changes;
}

/** `HH:MM` of a reading of the wall clock. */
export function timeText(wallMs: number): string {
  const minutes = Math.floor((((wallMs % DAY_MS) + DAY_MS) % DAY_MS) / 60_000);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
