/** How long the items of a zone take, and which one is shown when. Pure; what players do, without shuffling. */
import type { ZoneItem } from '../../../protocol/schedule.ts';
import { ITEM_MS_DEFAULT } from '../../../protocol/zone-playlist.ts';

/** How long content lasts by itself, in milliseconds; null: it does not say. */
export type DurationOf = (contentId: number) => number | null;

/** How long an item is shown, in milliseconds. */
export function itemMs(item: Pick<ZoneItem, 'contentId' | 'durationMs'>, durationOf: DurationOf): number {
  return item.durationMs ?? durationOf(item.contentId) ?? ITEM_MS_DEFAULT;
}

/** How long all items take once, in milliseconds. */
export function loopMs(items: readonly ZoneItem[], durationOf: DurationOf): number {
  return items.reduce((sum, item) => sum + itemMs(item, durationOf), 0);
}

/** The place of the item shown so many milliseconds after the zone began; -1 for a zone without items. */
export function itemAt(items: readonly ZoneItem[], elapsedMs: number, durationOf: DurationOf): number {
  const loop = loopMs(items, durationOf);
  if (loop === 0) return -1;
  let left = elapsedMs % loop;
  for (const [at, item] of items.entries()) {
    left -= itemMs(item, durationOf);
    if (left < 0) return at;
  }
  return items.length - 1;
}
