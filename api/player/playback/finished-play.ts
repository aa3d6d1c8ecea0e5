/** A play that is over: what proof of play is made of. Pure. */
import type { Alert } from '../../../protocol/desired-state.ts';
import type { LogEntry } from '../../../protocol/up.ts';

/** A `LogEntry` without its id, which the queue gives. */
export type FinishedPlay = Omit<LogEntry, 'id'>;

/** Longest play that a `LogEntry` may tell of, in seconds. */
const PLAY_SECONDS_MAX = 604_800;

export interface PlaySpan {
  /** First frame on glass, epoch milliseconds by the hub's clock. */
  readonly startedAtMs: number;
  /** Time on glass from there, in milliseconds of a clock that is never set. */
  readonly playedMs: number;
}

/** The play of an item of a schedule. */
export function schedulePlay(contentId: number, scheduleId: number, span: PlaySpan): FinishedPlay {
  return { contentId, scheduleId, ...told(span) };
}

/** The play of an alert's content; null for an alert that has none. Its own text is no play: receipts tell of that. */
export function alertPlay(alert: Pick<Alert, 'deploymentId' | 'content'>, span: PlaySpan): FinishedPlay | null {
  if (alert.content === undefined) return null;
  return { contentId: alert.content.id, ...told(span), alertDeploymentId: alert.deploymentId };
}

function told({ startedAtMs, playedMs }: PlaySpan): Pick<FinishedPlay, 'startedAt' | 'playSeconds'> {
  const playSeconds = Math.min(Math.max(0, Math.round(playedMs)) / 1_000, PLAY_SECONDS_MAX);
  return { startedAt: new Date(startedAtMs).toISOString(), playSeconds };
}
