/** Which files a manifest needs, and in which order they are fetched. Pure. */
import { compileTiming } from '../../../protocol/schedule-timing.ts';
import type { Manifest } from '../../../protocol/sync.ts';

/** A file to have: one entry per SHA-256, whatever the number of its contents. */
export interface WantedFile {
  readonly sha256: string;
  /** As the manifest has it; may be relative. */
  readonly url: string;
  /** In bytes; null when the manifest does not say. */
  readonly size: number | null;
  readonly mimeType: string;
  readonly contentIds: readonly number[];
}

type Content = Manifest['contentList'][number];
type Schedule = Manifest['schedules'][number];

/** Files without which the manifest may not be played: all stored content of its schedules. */
export function requiredFiles(manifest: Manifest): WantedFile[] {
  return filesOf(manifest.contentList);
}

/** SHA-256 of everything that the manifest names, in any role. */
export function namedFiles(manifest: Manifest): Set<string> {
  const named = [...manifest.contentList, ...manifest.prefetch].flatMap(({ sha256 }) => sha256 ?? []);
  return new Set(named);
}

/**
 * All files of a manifest in the order in which they matter: what an alert may show at any moment, then what is on first. A
 * schedule that is never on comes last.
 */
export function planDownloads(manifest: Manifest, nowMs: number, timezone?: string): WantedFile[] {
  const soonest = new Map<number, number>();
  for (const schedule of manifest.schedules) {
    const onAtMs = nextOnMs(schedule, nowMs, timezone);
    for (const zone of schedule.layout.zones)
      for (const { contentId } of zone.items)
        soonest.set(contentId, Math.min(soonest.get(contentId) ?? Infinity, onAtMs));
  }
  const rank = (content: Content): number => soonest.get(content.id) ?? Infinity;
  // A stable sort: among equals the manifest's own order stands.
  const scheduled = [...manifest.contentList].sort((one, other) => compare(rank(one), rank(other)));
  return filesOf([...manifest.prefetch, ...scheduled]);
}

/** When a schedule is on, in epoch milliseconds: `nowMs` when it is on already, Infinity when it never will be. */
function nextOnMs({ timing }: Schedule, nowMs: number, timezone: string | undefined): number {
  const { active, until } = compileTiming(timing, timezone).activeAt(nowMs);
  return active ? nowMs : (until ?? Infinity);
}

function compare(one: number, other: number): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

function filesOf(contents: readonly Content[]): WantedFile[] {
  const files = new Map<string, WantedFile>();
  for (const { id, url, sha256, size, mimeType } of contents) {
    if (sha256 === null) continue;
    const known = files.get(sha256);
    const contentIds = known === undefined ? [id] : [...new Set([...known.contentIds, id])];
    files.set(
      sha256,
      known === undefined ? { sha256, url, size, mimeType: mimeType ?? '', contentIds } : { ...known, contentIds },
    );
  }
  return [...files.values()];
}
