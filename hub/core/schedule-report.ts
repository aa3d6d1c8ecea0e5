/** What a device says became of a manifest, and which of two such words stands. Pure. */

export type ScheduleReportState = 'received' | 'applied' | 'failed';

export interface ScheduleReport {
  /** The manifest's version. */
  readonly version: number;
  readonly state: ScheduleReportState;
  /** Why it failed, in the device's words. */
  readonly reason: string | null;
}

/**
 * What stands once `said` has come after `held`: words of a newer manifest replace those of an older one; of the same manifest
 * `received` takes nothing back, and a repeat changes nothing. The store has the same law in SQL; a test holds the two together.
 */
export function laterReport(held: ScheduleReport | null, said: ScheduleReport | null): ScheduleReport | null {
  if (held === null || said === null) return said ?? held;
  if (said.version !== held.version) return said.version > held.version ? said : held;
  return said.state === 'received' || said.state === held.state ? held : said;
}
