/** Which screens a list would make, and what is wrong with the lines that would make none. Pure. */
import type { GroupForest } from '../pickers/groups.ts';
import { groupPath } from '../pickers/groups.ts';
import type { DeviceLine } from './device-table.ts';

interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** A screen as `POST /devices/import` takes it. */
export interface NewScreen {
  readonly playerId: string;
  readonly name: string;
  readonly groupId?: number;
  readonly place?: Place;
}

export type LineProblem =
  | { readonly kind: 'noPlayerId' | 'oddPlayerId' | 'longName' | 'needsGroup' | 'oddPlace' | 'halfPlace' }
  | { readonly kind: 'repeated'; readonly line: number }
  | { readonly kind: 'unknownGroup' | 'ambiguousGroup'; readonly group: string };

export interface PlannedLine {
  readonly line: number;
  readonly given: DeviceLine;
  /** Null when there is a problem. */
  readonly screen: NewScreen | null;
  readonly problem: LineProblem | null;
}

export interface ImportOptions {
  readonly forest: GroupForest;
  /** For lines that name no group; null: none. */
  readonly groupId: number | null;
  /** Whoever is not an administrator has to have a group for each. */
  readonly needsGroup: boolean;
}

const PLAYER_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const NAME_MAX = 120;

export function planImport(lines: readonly DeviceLine[], options: ImportOptions): PlannedLine[] {
  const groupOf = groupFinder(options.forest);
  const firstLine = new Map<string, number>();
  return lines.map((given) => {
    const { line, playerId } = given;
    const before = firstLine.get(playerId);
    if (before === undefined) firstLine.set(playerId, line);
    const judged =
      before === undefined ? screenOf(given, groupOf, options) : { kind: 'repeated' as const, line: before };
    return 'kind' in judged
      ? { line, given, screen: null, problem: playerId === '' ? { kind: 'noPlayerId' } : judged }
      : { line, given, screen: judged, problem: null };
  });
}

function screenOf(
  given: DeviceLine,
  groupOf: (named: string) => number | LineProblem,
  { groupId, needsGroup }: ImportOptions,
): NewScreen | LineProblem {
  const { playerId, name, group } = given;
  if (playerId === '') return { kind: 'noPlayerId' };
  if (!PLAYER_ID.test(playerId)) return { kind: 'oddPlayerId' };
  if (name.length > NAME_MAX) return { kind: 'longName' };
  const found = group === '' ? groupId : groupOf(group);
  if (typeof found === 'object' && found !== null) return found;
  if (found === null && needsGroup) return { kind: 'needsGroup' };
  const place = placeOf(given);
  if (place !== null && 'kind' in place) return place;
  return {
    playerId,
    name: name === '' ? playerId : name,
    ...(found === null ? {} : { groupId: found }),
    ...(place === null ? {} : { place }),
  };
}

function placeOf({ latitude, longitude }: DeviceLine): Place | LineProblem | null {
  if (latitude === '' && longitude === '') return null;
  if (latitude === '' || longitude === '') return { kind: 'halfPlace' };
  // A spreadsheet of a country that writes 52,5 for 52.5.
  const [north, east] = [latitude, longitude].map((text) => Number(text.replace(',', '.')));
  const isPlace = north !== undefined && east !== undefined && Math.abs(north) <= 90 && Math.abs(east) <= 180;
  return isPlace ? { latitude: north, longitude: east } : { kind: 'oddPlace' };
}

function comparable(path: string): string {
  return path
    .split('/')
    .map((name) => name.trim().toLowerCase())
    .join('/');
}

/** Finds groups by id, by whole path, or by a name that only one has. */
function groupFinder(forest: GroupForest): (named: string) => number | LineProblem {
  const byPath = new Map<string, number>();
  const byName = new Map<string, number[]>();
  for (const { id, name } of forest.byId.values()) {
    byPath.set(comparable(groupPath(forest, id)), id);
    byName.set(comparable(name), [...(byName.get(comparable(name)) ?? []), id]);
  }
  return (named) => {
    const wanted = comparable(named);
    const whole = byPath.get(wanted);
    if (whole !== undefined) return whole;
    const [only, ...others] = byName.get(wanted) ?? [];
    if (only !== undefined) return others.length === 0 ? only : { kind: 'ambiguousGroup', group: named };
    const id = /^\d+$/.test(named) ? Number(named) : 0;
    return forest.byId.has(id) ? id : { kind: 'unknownGroup', group: named };
  };
}
