/** What the hub is told of the manifest, and what is worth telling. Pure. */
import type { Manifest } from '../../../protocol/sync.ts';
import type { Status } from '../../../protocol/up.ts';
import type { WantedFile } from './download-plan.ts';
import type { DownloadTrouble } from './downloads.ts';
import type { KeptManifest } from './player-database.ts';

/** The longest reason of a status (protocol/up.ts). */
const REASON_MAX = 200;
/** An address that ran out is a matter of course; one that is refused so often is not. */
const REFUSALS_TOLD = 3;

export type ScheduleReport = Required<Pick<Status, 'scheduleVersion' | 'scheduleState'>> &
  Pick<Status, 'scheduleReason'>;

export interface Held {
  readonly wanted: { readonly epoch: number; readonly version: number | null } | null;
  readonly current: KeptManifest | null;
  readonly staged: KeptManifest | null;
  readonly trouble: string | null;
}

/** The newest manifest that there is something to say of; null when nothing is scheduled, or nothing of it is known yet. */
export function reportOf({ wanted, current, staged, trouble }: Held): ScheduleReport | null {
  if (wanted === null || wanted.version === null) return null;
  const ofNow = [staged, current].filter((kept) => kept?.epoch === wanted.epoch);
  const newest = ofNow[0] ?? null;
  const failed = (scheduleVersion: number): ScheduleReport => ({
    scheduleVersion,
    scheduleState: 'failed',
    scheduleReason: (trouble ?? '').slice(0, REASON_MAX),
  });
  if (newest === null || newest.version < wanted.version) {
    if (trouble !== null) return failed(wanted.version);
    return newest !== null && newest === current ? applied(newest) : null;
  }
  // Its addresses were renewed: what plays is the same.
  if (current?.epoch === newest.epoch && current.version === newest.version) return applied(current);
  if (trouble !== null) return failed(newest.version);
  return { scheduleVersion: newest.version, scheduleState: 'received' };
}

function applied({ version }: KeptManifest): ScheduleReport {
  return { scheduleVersion: version, scheduleState: 'applied' };
}

/** Whether this is trouble that an operator should hear of, and not one of the network's ordinary moods. */
export function isTold({ kind, failures }: DownloadTrouble): boolean {
  return kind === 'corrupt' || kind === 'full' || (kind === 'refused' && failures >= REFUSALS_TOLD);
}

export function describeTrouble({ contentIds }: WantedFile, { why }: DownloadTrouble): string {
  return `content ${contentIds.join(', ')}: ${why}`;
}

/** Whether something else is to be played: addresses of stored content change with every manifest and mean nothing. */
export function isNews(before: Manifest, now: Manifest): boolean {
  return played(before) !== played(now);
}

function played({ schedules, contentList }: Manifest): string {
  const contents = contentList.map((content) => (content.sha256 === null ? content : { ...content, url: '' }));
  return JSON.stringify([schedules, contents]);
}
