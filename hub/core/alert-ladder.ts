/**
 * The arithmetic of the receipt ladder: accepted > sent > received > displayed > cleared, or failed; what is missing is
 * unconfirmed. Pure. The store counts the same in SQL and a test holds the two together.
 *
 * A later word implies the earlier ones: who displayed, cleared or failed an alert has received it, and who received it
 * was sent it. One that failed and then displayed is displayed: the last word on glass counts.
 */

/** Instants of one device's stages on one deployment, epoch milliseconds; null while a stage has not been reached. */
export interface StageTimes {
  readonly sentAt: number | null;
  readonly receivedAt: number | null;
  readonly displayedAt: number | null;
  readonly clearedAt: number | null;
  readonly failedAt: number | null;
}

/** Where a deployment is in its life. */
export type DeploymentPhase = 'active' | 'stopped' | 'expired';

export interface DeploymentLife {
  readonly expiresAt: number;
  readonly stoppedAt: number | null;
}

/** A stop that came after the end changes nothing about how the deployment ended. */
export function deploymentPhase({ expiresAt, stoppedAt }: DeploymentLife, now: number): DeploymentPhase {
  if (stoppedAt !== null && stoppedAt < expiresAt) return 'stopped';
  return expiresAt <= now ? 'expired' : 'active';
}

/** A filter over a deployment's devices; all but the last three are cumulative. */
export const LADDER_STAGES = ['sent', 'received', 'displayed', 'cleared', 'failed', 'unconfirmed', 'all'] as const;
export type LadderStage = (typeof LADDER_STAGES)[number];

/** Whether a device with these times belongs to the stage. */
export function hasStage(times: StageTimes, stage: LadderStage): boolean {
  switch (stage) {
    case 'all':
      return true;
    case 'cleared':
      return times.clearedAt !== null;
    case 'displayed':
      return times.displayedAt !== null;
    case 'failed':
      return times.failedAt !== null && times.displayedAt === null;
    case 'unconfirmed':
      return times.failedAt === null && times.displayedAt === null;
    case 'received':
      return (times.receivedAt ?? times.displayedAt ?? times.clearedAt ?? times.failedAt) !== null;
    case 'sent':
      return times.sentAt !== null || hasStage(times, 'received');
  }
}

/** Counted devices of one deployment, before the two figures that follow from them. */
export interface LadderCounts {
  readonly targeted: number;
  readonly online: number;
  readonly sent: number;
  readonly received: number;
  readonly displayed: number;
  readonly cleared: number;
  readonly failed: number;
}

export interface Ladder extends LadderCounts {
  /** Never displayed, now that the deployment is over by expiry; 0 before that and when it was stopped. */
  readonly expired: number;
  /** Neither displayed nor failed: while the deployment is on, the screens to look after. */
  readonly unconfirmed: number;
}

export function completeLadder(counts: LadderCounts, phase: DeploymentPhase): Ladder {
  return {
    ...counts,
    expired: phase === 'expired' ? counts.targeted - counts.displayed : 0,
    unconfirmed: counts.targeted - counts.displayed - counts.failed,
  };
}

/** The counts of a list of devices. */
export function countLadder(
  devices: readonly { readonly online: boolean; readonly times: StageTimes }[],
): LadderCounts {
  const count = (stage: LadderStage): number => devices.filter(({ times }) => hasStage(times, stage)).length;
  return {
    targeted: devices.length,
    online: devices.filter(({ online }) => online).length,
    sent: count('sent'),
    received: count('received'),
    displayed: count('displayed'),
    cleared: count('cleared'),
    failed: count('failed'),
  };
}

/** Position of a percentile in `count` ascending values, from 0 (nearest rank); null when there are none. */
export function percentileIndex(count: number, percent: number): number | null {
  if (count === 0) return null;
  return Math.min(count - 1, Math.max(0, Math.ceil((count * percent) / 100) - 1));
}
