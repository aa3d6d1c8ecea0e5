/** The life of a command. Pure. `expired` is said of a pending command by its time alone and is not a stored state. */

export type CommandState = 'pending' | 'acknowledged' | 'succeeded' | 'failed' | 'rejected' | 'expired';
export type CommandUpdateState = 'acknowledged' | 'succeeded' | 'failed' | 'rejected';

/** Whether nothing may follow. */
export function isFinished(state: CommandState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'rejected' || state === 'expired';
}

/**
 * The state after a device's word, or null when that word changes nothing (a repeat, or one that comes late).
 * A result is accepted after the time ran out too: the device did it, and that is the truth.
 */
export function nextCommandState(current: CommandState, said: CommandUpdateState): CommandState | null {
  if (isFinished(current)) return null;
  return said === current ? null : said;
}
