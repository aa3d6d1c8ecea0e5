/** Which of the schedules of a manifest is on now. Pure. The meaning is in README.md ("What is on now"). */
import { compileTiming, type CompiledTiming } from './schedule-timing.ts';
import type { Timing } from './schedule.ts';

/** A schedule of a manifest, as far as it matters here. */
export interface Candidate {
  readonly id: number;
  readonly priority: number;
  /** Absent in a manifest of an old hub: its order says who wins. */
  readonly distance?: number;
  readonly deploymentId?: number;
  readonly timing: Timing;
}

/** Why a schedule is not the one: it is not active, or a winner is nearer, more important, or deployed later. */
export type Lost = 'inactive' | 'farther' | 'lower-priority' | 'older-deployment';

export interface Choice<C> {
  readonly winner: C | null;
  readonly losers: readonly { readonly id: number; readonly why: Lost }[];
  /** Instant (epoch ms) at which there may be another winner; null: never. */
  readonly changesAt: number | null;
}

export interface Chooser<C> {
  /** The candidates as they rank, the one that wins over all others first. */
  readonly ranked: readonly C[];
  at(instantMs: number): Choice<C>;
}

type Ranked = Pick<Candidate, 'id' | 'priority' | 'distance' | 'deploymentId'>;

/** Negative when `one` wins over `other`, both being active. Ids and deployments: the higher one. */
export function compareRank(one: Ranked, other: Ranked): number {
  return (
    (one.distance ?? 0) - (other.distance ?? 0) ||
    other.priority - one.priority ||
    (other.deploymentId ?? 0) - (one.deploymentId ?? 0) ||
    other.id - one.id
  );
}

/** Why `loser`, active as it is, does not win over `winner`. */
export function lostBecause(loser: Ranked, winner: Ranked): Exclude<Lost, 'inactive'> {
  if (loser.distance !== undefined && winner.distance !== undefined && loser.distance !== winner.distance)
    return 'farther';
  if (loser.priority < winner.priority) return 'lower-priority';
  // Without distances the order is all there is: what ranks lower although it is more important must be farther away.
  return loser.priority > winner.priority ? 'farther' : 'older-deployment';
}

/** Makes the schedules of a manifest ready to be asked every second. Where a distance is absent, all stand in the order given. */
export function createChooser<C extends Candidate>(candidates: readonly C[], fallbackZone?: string): Chooser<C> {
  const compiled: { readonly candidate: C; readonly timing: CompiledTiming }[] = candidates.map((candidate) => ({
    candidate,
    timing: compileTiming(candidate.timing, fallbackZone),
  }));
  if (candidates.every(({ distance }) => distance !== undefined))
    compiled.sort((one, other) => compareRank(one.candidate, other.candidate));
  return {
    ranked: compiled.map(({ candidate }) => candidate),
    at(instantMs) {
      let winner: C | null = null;
      let changesAt = Infinity;
      const losers: { id: number; why: Lost }[] = [];
      for (const { candidate, timing } of compiled) {
        const { active, until } = timing.activeAt(instantMs);
        // What ranks below the winner cannot take its place before it ends, or before something above it begins.
        if (winner === null) changesAt = Math.min(changesAt, until ?? Infinity);
        if (active && winner === null) winner = candidate;
        else losers.push({ id: candidate.id, why: active && winner ? lostBecause(candidate, winner) : 'inactive' });
      }
      return { winner, losers, changesAt: changesAt === Infinity ? null : changesAt };
    },
  };
}

/** `createChooser(...).at`, for one question. */
export function chooseSchedule<C extends Candidate>(
  candidates: readonly C[],
  instantMs: number,
  fallbackZone?: string,
): Choice<C> {
  return createChooser(candidates, fallbackZone).at(instantMs);
}
