/**
 * Which item of a zone is on now. The meaning is in README.md ("Which item of a zone is on"): the place in the loop is a function of the
 * time alone, so that all screens of a group show the same item, one that was switched off falls back into step, and a hub can tell what
 * is on at any moment. Pure, for servers and browsers alike.
 */
import type { Zone, ZoneItem } from './schedule.ts';

/** How long an item without a duration of its own is shown when its content has none either, in milliseconds. */
export const ITEM_MS_DEFAULT = 10_000;

/** How long content lasts by itself, in milliseconds; null when it does not say or is not known. */
export type DurationOf = (contentId: number) => number | null;

/** One showing of one item. Instants are epoch milliseconds by the hub's clock. */
export interface ZoneSlot {
  /** Place of the item in `zone.items`. */
  readonly index: number;
  readonly item: ZoneItem;
  readonly startedAt: number;
  /** First instant after it: the next slot starts here. */
  readonly endsAt: number;
}

export interface ZonePlaylist {
  /** How long one round takes, in milliseconds; 0 when there is nothing to show. */
  readonly roundMs: number;
  /** The slot that holds an instant; null when there is nothing to show. */
  at(instantMs: number): ZoneSlot | null;
}

/** How long an item is shown: as it says itself, else as long as its content lasts, else ITEM_MS_DEFAULT. Milliseconds, at least 1. */
export function itemDurationMs(item: ZoneItem, durationOf: DurationOf): number {
  const ms = item.durationMs ?? durationOf(item.contentId) ?? ITEM_MS_DEFAULT;
  return Number.isFinite(ms) && ms >= 1 ? Math.floor(ms) : ITEM_MS_DEFAULT;
}

/** Makes a zone ready to be asked often. */
export function createZonePlaylist(zone: Pick<Zone, 'id' | 'items' | 'shuffle'>, durationOf: DurationOf): ZonePlaylist {
  const durations = zone.items.map((item) => itemDurationMs(item, durationOf));
  const roundMs = durations.reduce((sum, ms) => sum + ms, 0);
  const seed = hashOf(zone.id);
  const straight = durations.map((_ms, index) => index);
  return {
    roundMs,
    at(instantMs) {
      if (roundMs === 0) return null;
      const round = Math.floor(instantMs / roundMs);
      let startedAt = round * roundMs;
      for (const index of zone.shuffle === true ? roundOrder(durations.length, seed, round) : straight) {
        const endsAt = startedAt + durations[index]!;
        if (instantMs < endsAt) return { index, item: zone.items[index]!, startedAt, endsAt };
        startedAt = endsAt;
      }
      throw new Error('the slots of a round fill it');
    },
  };
}

/** `createZonePlaylist(...).at`, for one question. */
export function zoneItemAt(
  zone: Pick<Zone, 'id' | 'items' | 'shuffle'>,
  durationOf: DurationOf,
  instantMs: number,
): ZoneSlot | null {
  return createZonePlaylist(zone, durationOf).at(instantMs);
}

/**
 * The order of one round of a shuffled zone, the same for everybody: Fisher and Yates, with numbers that come from the zone's id and
 * the number of the round. From three items on no round begins with the item that ended the one before.
 */
export function roundOrder(count: number, seed: number, round: number): number[] {
  const order = shuffled(count, seed, round);
  if (count < 3) return order;
  // Only the first two change places: what a round ends with is never touched, so no round depends on more than the one before.
  const last = shuffled(count, seed, round - 1).at(-1);
  const [first, second] = [order[0]!, order[1]!];
  if (first === last) [order[0], order[1]] = [second, first];
  return order;
}

function shuffled(count: number, seed: number, round: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  // Rounds are larger than 32 bits: both halves count.
  let state = (seed ^ Math.imul(round >>> 0, 0x9e3779b1) ^ Math.floor(round / 2 ** 32)) >>> 0;
  for (let at = count - 1; at > 0; at -= 1) {
    state = (state + 0x9e3779b9) >>> 0;
    const other = mixed(state) % (at + 1);
    const [one, two] = [order[at]!, order[other]!];
    order[at] = two;
    order[other] = one;
  }
  return order;
}

/** A 32-bit number from a 32-bit number, every bit of which depends on every bit (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** FNV-1a of 32 bits over the characters of an id, which are ASCII. */
export function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
