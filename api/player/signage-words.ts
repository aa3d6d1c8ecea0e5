/** What the player says of its schedule and media: to those who wait in front of an idle screen, and to the technician. Pure. */
import type { DownloadProgress } from './media/downloads.ts';
import { requiredFiles } from './media/download-plan.ts';
import type { Media } from './media/open-media.ts';
import type { KeptManifest } from './media/player-database.ts';
import type { Space } from './media/room.ts';
import type { PlaysKeeper } from './plays-keeper.ts';

/** Content on its way. */
export interface Preparing {
  readonly files: number;
  readonly filesHere: number;
  readonly bytes: number;
  readonly bytesHere: number;
  /** Why it does not go on, or null. */
  readonly trouble: string | null;
}

export interface SignagePicture {
  /** A schedule is on: there is something to see, or would be if its content could be shown. */
  readonly isPlaying: boolean;
  readonly preparing: Preparing | null;
}

/** How far the staged manifest is; null when none is. */
export function progressOf(staged: KeptManifest | null, downloads: readonly DownloadProgress[]): Preparing | null {
  if (staged === null) return null;
  const required = new Map(requiredFiles(staged.manifest).map((file) => [file.sha256, file]));
  const ofIt = downloads.filter(({ file }) => required.has(file.sha256));
  return {
    files: required.size,
    filesHere: ofIt.filter(({ state }) => state === 'whole').length,
    bytes: [...required.values()].reduce((sum, { size }) => sum + (size ?? 0), 0),
    bytesHere: ofIt.reduce((sum, { bytes }) => sum + bytes, 0),
    trouble: ofIt.find(({ state, trouble }) => state === 'delayed' && trouble !== null)?.trouble?.why ?? null,
  };
}

/** Bytes for people: `812 kB`, `3.4 MB`, `1.2 GB`. */
export function readableBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit > 1 && value < 99.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export interface SignageFacts {
  readonly media: Media | null;
  readonly plays: PlaysKeeper | null;
  readonly space: Space | null;
  readonly on: {
    readonly scheduleId: number | null;
    readonly zones: readonly { readonly zoneId: string; readonly contentId: number | null }[];
  };
}

export function technicianRows({ media, plays, space, on }: SignageFacts): [string, string][] {
  const zones = on.zones.map(({ zoneId, contentId }) => `${zoneId}: ${contentId ?? '–'}`).join(', ');
  return [
    ['schedule', on.scheduleId === null ? '–' : `${on.scheduleId} (${zones})`],
    ...(media === null ? ([['media', 'storage is being opened']] as [string, string][]) : mediaRows(media)),
    ['storage', space === null ? 'unknown' : `${readableBytes(space.usedBytes)} of ${readableBytes(space.quotaBytes)}`],
    ['plays waiting', plays === null ? '–' : `${plays.waiting}${plays.dropped > 0 ? `, ${plays.dropped} lost` : ''}`],
  ];
}

function mediaRows({ keeper, downloads, storage }: Media): [string, string][] {
  const { current, staged } = keeper;
  const progress = downloads.progress();
  const whole = progress.filter(({ state }) => state === 'whole');
  const missing = progress.filter(({ state }) => state !== 'whole');
  const report = keeper.report();
  const name = (progress: DownloadProgress): string => {
    const of = progress.file.size === null ? '' : ` of ${readableBytes(progress.file.size)}`;
    const why = progress.trouble === null ? '' : ` (${progress.trouble.why})`;
    return `${progress.file.contentIds.join('+')} ${progress.state} ${readableBytes(progress.bytes)}${of}${why}`;
  };
  return [
    ['manifest', `${current?.version ?? '–'}${staged === null ? '' : `, fetching ${staged.version}`}`],
    ['told the hub', report === null ? '–' : [report.scheduleState, report.scheduleReason ?? []].flat().join(': ')],
    [
      'cache',
      `${whole.length} files, ${readableBytes(whole.reduce((sum, { bytes }) => sum + bytes, 0))}${storage.isKept ? '' : ', in memory only'}`,
    ],
    ['downloads', missing.length === 0 ? '–' : missing.slice(0, 4).map(name).join('; ')],
  ];
}
