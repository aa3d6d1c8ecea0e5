/**
 * Before a deploy: which deployed schedules a schedule would compete with on the same devices, when, and who wins.
 *
 * Devices that cannot differ (the same group, the same own settings, nothing deployed to themselves) are one reach with a count, so
 * that the work grows with groups and not with screens. Reading is one read-only transaction; the comparison comes after it.
 */
import { setImmediate } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { compareRank, lostBecause } from '../../protocol/schedule-choice.ts';
import { compileTiming, type Occurrence } from '../../protocol/schedule-timing.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { fromInstantQuery, InstantQuery, toIso } from '../iso-time.ts';
import type { Call } from '../route.ts';
import { isGroupInScope } from '../scope.ts';
import { readReaches, tooBroad, type Reach } from './conflict-reaches.ts';
import { byTarget, reaching, type Deployed, type Reaching } from './preview-deployed.ts';

const DAY_MS = 86_400_000;
/** Longest range, in days. Past it: VALIDATION_ERROR. */
const RANGE_DAYS_MAX = 31;
const RANGE_DAYS = 7;
/** Comparisons of a schedule with another one on one kind of device. Past it: VALIDATION_ERROR; name fewer targets. */
const COMPARISONS_MAX = 200_000;
/** Different pairs of timings whose overlaps are computed, each in at most a millisecond or so. Past it: VALIDATION_ERROR. */
const PAIRS_MAX = 2_000;
/** Pairs computed before others get their turn. */
const PAIRS_AT_ONCE = 10;
/** Timings whose occurrences are kept while pairs are computed. Past it: all are forgotten and found again. */
const TIMINGS_KEPT_MAX = 200;
/** Entries, overlaps of one entry and targets of one entry that an answer lists. Past it: the rest is only counted. */
const ENTRIES_MAX = 200;
const OVERLAPS_MAX = 50;
const TARGETS_MAX = 50;
/** Ids in one statement. */
const CHUNK = 1_000;

const IdList = Type.String({ pattern: '^[1-9]\\d{0,14}(,[1-9]\\d{0,14}){0,199}$' });

export const ConflictsQuery = Type.Object(
  {
    groupIds: Type.Optional({
      ...IdList,
      description:
        'Groups to deploy to, with commas between, at most 200; without groups and devices: where it is deployed now',
    }),
    deviceIds: Type.Optional({ ...IdList, description: 'Devices to deploy to, with commas between, at most 200' }),
    from: Type.Optional({ ...InstantQuery, description: 'ISO 8601 UTC; default now' }),
    to: Type.Optional({ ...InstantQuery, description: 'ISO 8601 UTC, at most 31 days later; default 7 days later' }),
  },
  { additionalProperties: false },
);

const ConflictJson = Type.Object({
  schedule: Type.Object(
    { id: Id, name: Type.String(), priority: Type.Integer() },
    { description: 'The other schedule, with the priority that it was deployed with' },
  ),
  deploymentId: Id,
  targets: Type.Array(
    Type.Object({
      kind: Type.Enum(['device', 'group']),
      id: Id,
      name: Type.Union([Type.String(), Type.Null()], { description: 'null: a group above those that you may see' }),
    }),
    { description: 'Where the other one is deployed, as far as it competes here; the first 50' },
  ),
  devices: Type.Integer({ description: 'Active devices on which both would be' }),
  winner: Type.Enum(['this', 'other'], { description: 'Who is shown while both are active, and nothing else is' }),
  why: Type.Enum(['farther', 'lower-priority', 'older-deployment'], {
    description: 'Why the other one of the two loses',
  }),
  timezone: Type.Union([Type.String(), Type.Null()], {
    description: 'Zone of these devices; null where it does not matter, because both timings name their own',
  }),
  overlaps: Type.Array(Type.Object({ from: Timestamp, to: Timestamp }), {
    description: 'When both are active; the first 50',
  }),
  overlapSeconds: Type.Number({ description: 'seconds, of all overlaps in the range' }),
});

export const ConflictsJson = Type.Object({
  from: Timestamp,
  to: Timestamp,
  devices: Type.Integer({ description: 'Active devices that the schedule would reach' }),
  conflicts: Type.Array(ConflictJson, { description: 'The longest first; the first 200' }),
  omitted: Type.Integer({ description: 'Conflicts beyond those listed' }),
});
type ConflictsJson = Static<typeof ConflictsJson>;
type ConflictJson = Static<typeof ConflictJson>;

type ConflictsCall = Call<{ id: number }, Static<typeof ConflictsQuery>, unknown>;

/**
 * The schedule is taken as it is now (its current version, deployed anew). NOT_FOUND for a schedule or target that the actor has not;
 * VALIDATION_ERROR for a range that is empty or too long, and for more devices of their own kind than can be compared.
 */
export async function findConflicts({ ctx, actor, params, query }: ConflictsCall): Promise<ConflictsJson> {
  const range = rangeOf(query, ctx.clock.now());
  const named = { groupIds: idsOf(query.groupIds), deviceIds: idsOf(query.deviceIds) };
  const { pairs, devices, names } = await ctx.db.sql
    .transaction()
    .setAccessMode('read only')
    .execute(async (tx) => {
      const found = await readReaches(tx, actor, params.id, named);
      const compared = compare(found.reaches, found.deployed, params.id);
      return { pairs: compared, devices: found.devices, names: await namesOf(tx, actor, compared) };
    });
  const conflicts = await overlapping(pairs, range, names);
  conflicts.sort((a, b) => b.overlapSeconds - a.overlapSeconds || a.schedule.id - b.schedule.id);
  return {
    from: toIso(range.from),
    to: toIso(range.to),
    devices,
    conflicts: conflicts.slice(0, ENTRIES_MAX),
    omitted: Math.max(0, conflicts.length - ENTRIES_MAX),
  };
}

function idsOf(list: string | undefined): number[] {
  return list === undefined ? [] : list.split(',').map(Number);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function rangeOf(query: Static<typeof ConflictsQuery>, now: number): Range {
  const from = query.from === undefined ? now : fromInstantQuery('from', query.from);
  const to = query.to === undefined ? from + RANGE_DAYS * DAY_MS : fromInstantQuery('to', query.to);
  const message =
    to <= from ? 'is not after from' : to - from > RANGE_DAYS_MAX * DAY_MS ? 'is more than 31 days after from' : null;
  if (message !== null) throw apiError('VALIDATION_ERROR', 'The request is not valid', [{ field: 'to', message }]);
  return { from, to };
}

/** Two schedules on devices where they rank alike and read the same clock. */
interface Pair {
  readonly mine: Reaching;
  readonly other: Reaching;
  readonly zone: string;
  readonly isZoneIrrelevant: boolean;
  devices: number;
  readonly targets: Map<string, Deployed>;
}

/** The schedule against everything that reaches the same devices. */
function compare(reaches: readonly Reach[], deployed: readonly Deployed[], scheduleId: number): Pair[] {
  const targets = byTarget(deployed);
  const pairs = new Map<string, Pair>();
  let comparisons = 0;
  for (const { deviceId, chain, zone, devices } of reaches) {
    const schedules = reaching(targets, deviceId, chain);
    const mine = schedules.get(scheduleId);
    if (mine === undefined) throw new Error(`schedule ${scheduleId} does not reach a device that it is aimed at`);
    comparisons += schedules.size;
    if (comparisons > COMPARISONS_MAX) throw tooBroad('is more than can be compared: name fewer targets');
    for (const other of schedules.values()) {
      if (other.scheduleId === scheduleId) continue;
      const isZoneIrrelevant = mine.timing.timezone !== undefined && other.timing.timezone !== undefined;
      const won = compareRank(ranked(mine), ranked(other)) < 0;
      const why = won ? lostBecause(ranked(other), ranked(mine)) : lostBecause(ranked(mine), ranked(other));
      const key = [mine.deploymentId, other.deploymentId, won, why, isZoneIrrelevant ? '' : zone].join(' ');
      const pair = pairs.get(key) ?? { mine, other, zone, isZoneIrrelevant, devices: 0, targets: new Map() };
      pair.devices += devices;
      pair.targets.set(`${other.kind} ${other.targetId}`, other);
      pairs.set(key, pair);
    }
    if (pairs.size > PAIRS_MAX) throw tooBroad('compete with more schedules than can be compared: name fewer targets');
  }
  return [...pairs.values()];
}

function ranked(one: Reaching): Reaching & { readonly id: number } {
  return { ...one, id: one.scheduleId };
}

/** Names of the other schedules' targets, by kind and id; those out of the actor's scope have none. */
async function namesOf(
  db: Transaction<Database>,
  actor: Actor,
  pairs: readonly Pair[],
): Promise<ReadonlyMap<string, string>> {
  const listed = pairs.flatMap((pair) => [...pair.targets.values()].slice(0, TARGETS_MAX));
  const idsOfKind = (kind: 'group' | 'device'): number[] => [
    ...new Set(listed.filter((one) => one.kind === kind).map((one) => one.targetId)),
  ];
  const names = new Map<string, string>();
  const groupIds = idsOfKind('group').filter((id) => isGroupInScope(actor, id));
  for (let at = 0; at < groupIds.length; at += CHUNK) {
    const some = groupIds.slice(at, at + CHUNK);
    const rows = await db.selectFrom('groups').select(['id', 'name']).where('id', 'in', some).execute();
    for (const row of rows) names.set(`group ${row.id}`, row.name);
  }
  // Devices stand under the targets, which are in scope.
  const deviceIds = idsOfKind('device');
  for (let at = 0; at < deviceIds.length; at += CHUNK) {
    const some = deviceIds.slice(at, at + CHUNK);
    const rows = await db.selectFrom('devices').select(['id', 'name']).where('id', 'in', some).execute();
    for (const row of rows) names.set(`device ${row.id}`, row.name);
  }
  return names;
}

/** The pairs whose timings overlap in the range. */
async function overlapping(
  pairs: readonly Pair[],
  range: Range,
  names: ReadonlyMap<string, string>,
): Promise<ConflictJson[]> {
  const known = new Map<string, readonly Occurrence[]>();
  const occurrencesOf = ({ deploymentId, timing }: Reaching, zone: string): readonly Occurrence[] => {
    const key = `${deploymentId} ${timing.timezone ?? zone}`;
    const list = known.get(key) ?? [...compileTiming(timing, zone).occurrences(range.from, range.to)];
    if (known.size >= TIMINGS_KEPT_MAX) known.clear();
    known.set(key, list);
    return list;
  };
  const conflicts: ConflictJson[] = [];
  for (const [index, pair] of pairs.entries()) {
    if (index % PAIRS_AT_ONCE === PAIRS_AT_ONCE - 1) await setImmediate();
    const { mine, other, zone } = pair;
    const common = intersection(occurrencesOf(mine, zone), occurrencesOf(other, zone));
    if (common.length > 0) conflicts.push(conflictJson(pair, common, names));
  }
  return conflicts;
}

/** What two lists, each in order, have in common. */
function intersection(one: readonly Occurrence[], other: readonly Occurrence[]): Occurrence[] {
  const common: Occurrence[] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    const a = one[i]!;
    const b = other[j]!;
    const startMs = Math.max(a.startMs, b.startMs);
    const endMs = Math.min(a.endMs, b.endMs);
    if (startMs < endMs) common.push({ startMs, endMs });
    if (a.endMs < b.endMs) i += 1;
    else j += 1;
  }
  return common;
}

function conflictJson(
  { mine, other, zone, isZoneIrrelevant, devices, targets }: Pair,
  common: readonly Occurrence[],
  names: ReadonlyMap<string, string>,
): ConflictJson {
  const won = compareRank(ranked(mine), ranked(other)) < 0;
  return {
    schedule: { id: other.scheduleId, name: other.name, priority: other.priority },
    deploymentId: other.deploymentId,
    targets: [...targets].slice(0, TARGETS_MAX).map(([key, { kind, targetId }]) => ({
      kind,
      id: targetId,
      name: names.get(key) ?? null,
    })),
    devices,
    winner: won ? 'this' : 'other',
    why: won ? lostBecause(ranked(other), ranked(mine)) : lostBecause(ranked(mine), ranked(other)),
    timezone: isZoneIrrelevant ? null : zone,
    overlaps: common.slice(0, OVERLAPS_MAX).map(({ startMs, endMs }) => ({ from: toIso(startMs), to: toIso(endMs) })),
    overlapSeconds: common.reduce((sum, { startMs, endMs }) => sum + (endMs - startMs), 0) / 1_000,
  };
}
