/**
 * For how long each deployment was the one to be shown on a device, out of all that were deployed along its chain. Pure. The choice
 * is that of the players (protocol/schedule-choice.ts): of one schedule the nearest target's deployment stands for it; among those
 * whose timing is active the nearest wins, then the highest priority, then the newest.
 */
import { compareRank } from '../../protocol/schedule-choice.ts';
import type { Occurrence } from '../../protocol/schedule-timing.ts';

/** A deployment that reaches the device from `startMs` until before `endMs`. */
export interface ReachingSpan {
  readonly deploymentId: number;
  readonly scheduleId: number;
  readonly priority: number;
  /** 0: deployed to the device itself, 1: to its group, and so on up. */
  readonly distance: number;
  readonly startMs: number;
  readonly endMs: number;
  /** When its timing is active: in order, apart from each other. */
  readonly active: readonly Occurrence[];
}

/** Milliseconds of [fromMs, toMs) for which each deployment wins; deployments that never do are not in it. */
export function winningTime(spans: readonly ReachingSpan[], fromMs: number, toMs: number): Map<number, number> {
  if (fromMs >= toMs) return new Map();
  const cuts = new Set([fromMs, toMs]);
  for (const { startMs, endMs } of spans) {
    if (startMs > fromMs && startMs < toMs) cuts.add(startMs);
    if (endMs > fromMs && endMs < toMs) cuts.add(endMs);
  }
  const bounds = [...cuts].sort((a, b) => a - b);
  const won = new Map<number, number>();
  // Between two bounds the same deployments are there, so that the order among them holds throughout.
  for (let at = 0; at + 1 < bounds.length; at += 1) {
    const [start, end] = [bounds[at]!, bounds[at + 1]!];
    let taken: readonly Occurrence[] = [];
    for (const span of ranked(spans.filter(({ startMs, endMs }) => startMs <= start && endMs >= end))) {
      const active = cut(span.active, start, end);
      const ms = lengthOf(minus(active, taken));
      if (ms > 0) won.set(span.deploymentId, (won.get(span.deploymentId) ?? 0) + ms);
      taken = plus(taken, active);
    }
  }
  return won;
}

/** One deployment of each schedule, those that win over the others first. */
function ranked(spans: readonly ReachingSpan[]): ReachingSpan[] {
  const nearest = new Map<number, ReachingSpan>();
  for (const span of spans) {
    const other = nearest.get(span.scheduleId);
    const isNearer =
      other === undefined ||
      span.distance < other.distance ||
      (span.distance === other.distance && span.deploymentId > other.deploymentId);
    if (isNearer) nearest.set(span.scheduleId, span);
  }
  return [...nearest.values()].sort((a, b) => compareRank({ ...a, id: a.scheduleId }, { ...b, id: b.scheduleId }));
}

function lengthOf(parts: readonly Occurrence[]): number {
  return parts.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

function cut(parts: readonly Occurrence[], fromMs: number, toMs: number): Occurrence[] {
  return parts.flatMap(({ startMs, endMs }) => {
    const part = { startMs: Math.max(startMs, fromMs), endMs: Math.min(endMs, toMs) };
    return part.startMs < part.endMs ? [part] : [];
  });
}

/** What of `parts` lies outside `others`; both in order. */
function minus(parts: readonly Occurrence[], others: readonly Occurrence[]): Occurrence[] {
  const left: Occurrence[] = [];
  let at = 0;
  for (const { startMs, endMs } of parts) {
    let start = startMs;
    while (at < others.length && others[at]!.endMs <= start) at += 1;
    for (let other = at; other < others.length && others[other]!.startMs < endMs; other += 1) {
      if (others[other]!.startMs > start) left.push({ startMs: start, endMs: others[other]!.startMs });
      start = Math.max(start, others[other]!.endMs);
    }
    if (start < endMs) left.push({ startMs: start, endMs });
  }
  return left;
}

/** Both together, in order, those that touch made one. */
function plus(parts: readonly Occurrence[], others: readonly Occurrence[]): Occurrence[] {
  const all: { startMs: number; endMs: number }[] = [];
  for (const { startMs, endMs } of [...parts, ...others].sort((a, b) => a.startMs - b.startMs)) {
    const last = all.at(-1);
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else all.push({ startMs, endMs });
  }
  return all;
}
