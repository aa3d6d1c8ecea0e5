/** What a manifest shows at an instant: the schedule that wins, and the item of each of its zones. Pure: what a hub's preview says, too. */
import { createChooser } from '../../../protocol/schedule-choice.ts';
import type { Manifest } from '../../../protocol/sync.ts';
import { createZonePlaylist, type ZonePlaylist } from '../../../protocol/zone-playlist.ts';

export type ManifestSchedule = Manifest['schedules'][number];
export type ManifestContent = Manifest['contentList'][number];

export interface ProgrammeZone {
  readonly zone: ManifestSchedule['layout']['zones'][number];
  readonly playlist: ZonePlaylist;
}

export interface OnNow {
  readonly schedule: ManifestSchedule;
  readonly zones: readonly ProgrammeZone[];
}

export interface Programme {
  readonly contents: ReadonlyMap<number, ManifestContent>;
  /** What is on, and the instant (epoch milliseconds) at which there may be another schedule; null: never. */
  at(instantMs: number): { readonly on: OnNow | null; readonly changesAt: number | null };
}

/** Makes a manifest ready to be asked every second. The answer for one schedule is the same object each time. */
export function createProgramme(manifest: Manifest, timezone: string | undefined): Programme {
  const contents = new Map(manifest.contentList.map((content) => [content.id, content]));
  const chooser = createChooser(manifest.schedules, timezone);
  const compiled = new Map<ManifestSchedule, OnNow>();
  function compile(schedule: ManifestSchedule): OnNow {
    const durationOf = (contentId: number): number | null => contents.get(contentId)?.durationMs ?? null;
    const zones = schedule.layout.zones.map((zone) => ({ zone, playlist: createZonePlaylist(zone, durationOf) }));
    return { schedule, zones };
  }
  return {
    contents,
    at(instantMs) {
      const { winner, changesAt } = chooser.at(instantMs);
      if (winner === null) return { on: null, changesAt };
      let on = compiled.get(winner);
      if (on === undefined) compiled.set(winner, (on = compile(winner)));
      return { on, changesAt };
    },
  };
}
