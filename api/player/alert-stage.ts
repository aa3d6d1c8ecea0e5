/**
 * Which alert is large and which are strips at a given turn. Severity decides who may be large; among equals they take
 * turns, and strips that do not fit at once are paged, so that no alert stays hidden.
 */
import type { Alert } from '../../protocol/desired-state.ts';

/** How long a turn lasts, in milliseconds: long enough to read a sentence from across a hall. */
export const TURN_MS = 10_000;

export interface Stage {
  readonly main: Alert | null;
  readonly strips: readonly Alert[];
  /** Turns until everything has been seen; 1 when nothing rotates. */
  readonly turns: number;
}

/** Arranges alerts, given as `visibleAlerts` orders them: the most severe first, then the newest. */
export function arrangeStage(alerts: readonly Alert[], turn: number, stripsMax: number): Stage {
  const first = alerts[0];
  if (first === undefined) return { main: null, strips: [], turns: 1 };
  const leaders = alerts.filter((alert) => alert.severity === first.severity);
  const main = leaders[turn % leaders.length] ?? first;
  const others = alerts.filter((alert) => alert !== main);
  const pages = Math.max(1, Math.ceil(others.length / stripsMax));
  const start = (turn % pages) * stripsMax;
  return { main, strips: others.slice(start, start + stripsMax), turns: leastCommonMultiple(leaders.length, pages) };
}

/** The first turn on which this alert is on the screen, so that a new one is shown at once. */
export function turnShowing(alerts: readonly Alert[], deploymentId: number, stripsMax: number): number {
  const { turns } = arrangeStage(alerts, 0, stripsMax);
  for (let turn = 0; turn < turns; turn += 1) {
    const { main, strips } = arrangeStage(alerts, turn, stripsMax);
    if (main?.deploymentId === deploymentId || strips.some((alert) => alert.deploymentId === deploymentId)) return turn;
  }
  return 0;
}

function leastCommonMultiple(a: number, b: number): number {
  let [high, low] = [a, b];
  while (low !== 0) [high, low] = [low, high % low];
  return (a * b) / high;
}
