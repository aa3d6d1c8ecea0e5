/** The receipt ladder as it is drawn: steps with how many of how many, and what stays behind. Pure. */
import type { LadderItem } from '../../live/live-messages.ts';

export type Ladder = LadderItem['ladder'];
export type LadderStatus = LadderItem['status'];
export type StepName = 'sent' | 'received' | 'displayed' | 'cleared';

export interface Step {
  readonly name: StepName;
  readonly count: number;
  readonly of: number;
}

/** The steps of a ladder; the last one only once the alert is over, and counted over the screens that had it. */
export function ladderSteps(ladder: Ladder, status: LadderStatus): Step[] {
  const { targeted, sent, received, displayed, cleared } = ladder;
  const steps: Step[] = [
    { name: 'sent', count: sent, of: targeted },
    { name: 'received', count: received, of: targeted },
    { name: 'displayed', count: displayed, of: targeted },
  ];
  if (status === 'stopped') steps.push({ name: 'cleared', count: cleared, of: hadIt(ladder) });
  return steps;
}

/** Screens that had the alert, and so have something to clear. */
export function hadIt({ displayed, cleared }: Ladder): number {
  return Math.max(displayed, cleared);
}

/** A share from 0 to 1; of nothing, 0. */
export function shareOf({ count, of }: Pick<Step, 'count' | 'of'>): number {
  return of === 0 ? 0 : Math.min(1, count / of);
}

/** A share in words; 100 % only when it is all, 0 % only when it is nothing. */
export function percentText(share: number): string {
  if (share === 1) return '100 %';
  const whole = Math.floor(share * 100);
  if (whole === 0 && share > 0) return '< 1 %';
  return `${whole} %`;
}

/** What is spoken to who cannot see the bars: quarters, so that it does not talk without end. */
export function spokenQuarter(ladder: Ladder): number {
  return Math.floor(shareOf({ count: ladder.displayed, of: ladder.targeted }) * 4) * 25;
}
