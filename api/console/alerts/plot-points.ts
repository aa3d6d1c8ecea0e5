/** The lines of the ladder's chart: what the API tells of the past, and what the feed told since. Pure. */
import type { TimelinePoint } from '../../alerts/deployment-timeline.ts';

export interface PlotLines {
  /** Seconds since the alert was raised, rising, all above 0. */
  readonly seconds: number[];
  readonly received: number[];
  readonly displayed: number[];
  /** What took longer than a minute is drawn on a logarithmic axis, so that the first second is still seen. */
  readonly isLogarithmic: boolean;
}

/** A logarithm has no zero: what came sooner is drawn here, in milliseconds. */
const SOONEST_MS = 10;
const LINEAR_MS_MAX = 60_000;
/** Shortest time that is drawn, in milliseconds. */
const LENGTH_MS_MIN = 1_000;

/** `tail` is the newest that the feed said; it counts where it goes further than the points, which are read less often. */
export function plotLines(points: readonly TimelinePoint[], tail: TimelinePoint | null): PlotLines {
  const last = points.at(-1) ?? { afterMs: 0, received: 0, displayed: 0 };
  const isNews = tail !== null && (tail.received > last.received || tail.displayed > last.displayed);
  const all = [{ afterMs: 0, received: 0, displayed: 0 }, ...points];
  if (isNews) {
    all.push({
      afterMs: Math.max(tail.afterMs, last.afterMs),
      received: Math.max(tail.received, last.received),
      displayed: Math.max(tail.displayed, last.displayed),
    });
  }
  const end = all.at(-1) ?? last;
  if (end.afterMs < LENGTH_MS_MIN) all.push({ ...end, afterMs: LENGTH_MS_MIN });
  const rising: TimelinePoint[] = [];
  for (const point of all) {
    const afterMs = Math.max(SOONEST_MS, point.afterMs);
    // Of several at one instant the last one holds.
    if (rising.at(-1)?.afterMs === afterMs) rising.pop();
    rising.push({ ...point, afterMs });
  }
  return {
    seconds: rising.map(({ afterMs }) => afterMs / 1_000),
    received: rising.map(({ received }) => received),
    displayed: rising.map(({ displayed }) => displayed),
    isLogarithmic: end.afterMs > LINEAR_MS_MAX,
  };
}
