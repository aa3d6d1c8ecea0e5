/**
 * Which schedule was deployed to which target, and from when to when. Pure.
 *
 * A deployment counts on a target from its creation until it was withdrawn there: as a whole, by a withdrawal that named the target,
 * or by a later deployment of the same schedule to the target, whichever came first. What a target holds no more without any of these
 * lost it when its schedule was deployed next.
 */
import type { TargetKind } from '../../migrations/columns.ts';

export interface Target {
  readonly kind: TargetKind;
  readonly id: number;
}

/** One act of deploying; instants are epoch milliseconds. */
export interface DeploymentAct {
  readonly id: number;
  readonly scheduleId: number;
  readonly createdAt: number;
  readonly withdrawnAt: number | null;
  readonly targets: readonly Target[];
}

/** One act of taking a schedule from some targets. */
export interface WithdrawalAct {
  readonly scheduleId: number;
  readonly at: number;
  readonly targets: readonly Target[];
}

/** A deployment on a target from `startMs` until before `endMs`; Infinity while it goes on. */
export interface DeployedSpan {
  readonly deploymentId: number;
  readonly scheduleId: number;
  readonly target: Target;
  readonly startMs: number;
  readonly endMs: number;
}

/** Names a target among those of a tenant. */
export function targetKey({ kind, id }: Target): string {
  return `${kind}:${id}`;
}

/**
 * The spans of all deployments, each of which has one per target. `acts` has every deployment of each schedule in it; `isAssigned`
 * tells what is assigned now.
 */
export function deployedSpans(
  acts: readonly DeploymentAct[],
  withdrawals: readonly WithdrawalAct[],
  isAssigned: (deploymentId: number, target: Target) => boolean,
): DeployedSpan[] {
  const actsOf = Map.groupBy(acts, (act) => act.scheduleId);
  const withdrawalsOf = Map.groupBy(withdrawals, (act) => act.scheduleId);
  return acts.flatMap((act) => {
    // Ids grow with time, two in the same millisecond included.
    const later = (actsOf.get(act.scheduleId) ?? []).filter(({ id }) => id > act.id);
    const taken = (withdrawalsOf.get(act.scheduleId) ?? []).filter(({ at }) => at >= act.createdAt);
    return act.targets.map((target): DeployedSpan => {
      const key = targetKey(target);
      const has = ({ targets }: { readonly targets: readonly Target[] }) =>
        targets.some((one) => targetKey(one) === key);
      const known = Math.min(
        act.withdrawnAt ?? Infinity,
        ...later.filter(has).map(({ createdAt }) => createdAt),
        ...taken.filter(has).map(({ at }) => at),
      );
      const endMs =
        known === Infinity && !isAssigned(act.id, target)
          ? Math.min(...later.map(({ createdAt }) => createdAt), later.length === 0 ? act.createdAt : Infinity)
          : known;
      return { deploymentId: act.id, scheduleId: act.scheduleId, target, startMs: act.createdAt, endMs };
    });
  });
}
