/** What a zone is to have on glass now, and what it should make ready: its slot, without the items that cannot be shown here. Pure. */
import type { ZonePlaylist, ZoneSlot } from '../../../protocol/zone-playlist.ts';

/** How far ahead a showable item is looked for, in slots: an item of every 500 is found in a shuffled zone, too. */
const LOOK_AHEAD_SLOTS = 1_024;

export interface ZonePlan {
  /** The slot to be on glass: the one of this moment, or of the next item that can be shown, which is then on early. */
  readonly show: ZoneSlot;
  /** The next showing after it, be it of the same item; null when nothing else can be shown. */
  readonly next: ZoneSlot | null;
  /** When `next` takes over, epoch milliseconds; Infinity without one. */
  readonly changesAt: number;
}

/** The plan of an instant; null when nothing of the zone can be shown. */
export function planZone(
  playlist: ZonePlaylist,
  instantMs: number,
  isShowable: (index: number) => boolean,
): ZonePlan | null {
  const now = playlist.at(instantMs);
  const show = now === null ? null : firstShowable(playlist, now, isShowable);
  if (show === null) return null;
  const after = playlist.at(show.endsAt);
  const next = after === null ? null : firstShowable(playlist, after, isShowable);
  return { show, next, changesAt: next === null ? Infinity : show.endsAt };
}

function firstShowable(
  playlist: ZonePlaylist,
  from: ZoneSlot,
  isShowable: (index: number) => boolean,
): ZoneSlot | null {
  let slot: ZoneSlot | null = from;
  for (let looked = 0; slot !== null && looked < LOOK_AHEAD_SLOTS; looked += 1) {
    if (isShowable(slot.index)) return slot;
    slot = playlist.at(slot.endsAt);
  }
  return null;
}
