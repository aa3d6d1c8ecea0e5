/**
 * What the console proposes when a prepared alert is raised: where it usually goes, for how long, and whether it is an exercise.
 * Proposals alone: raising names its targets, so that nobody is reached by what somebody else wrote down long ago.
 */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id } from '../../protocol/desired-state.ts';
import { findAudience } from '../audience.ts';
import type { Actor } from '../context.ts';
import { readTree } from '../groups/tree-rows.ts';
import { isGroupInScope } from '../scope.ts';
import { EXPIRES_SECONDS_MAX } from './deployment-json.ts';

/** Most that a prepared alert proposes of each. Past it: VALIDATION_ERROR; propose the group above. */
const GROUPS_MAX = 100;
const DEVICES_MAX = 200;

const Groups = Type.Array(Id, {
  maxItems: GROUPS_MAX,
  description: 'Groups it usually goes to, each with its subtree',
});
const Devices = Type.Array(Id, { maxItems: DEVICES_MAX, description: 'Single devices it usually goes to' });
const Seconds = Type.Union([Type.Integer({ minimum: 1, maximum: EXPIRES_SECONDS_MAX }), Type.Null()], {
  description: 'How long it usually stays, in seconds; null for no proposal',
});
const Drill = Type.Boolean({ description: 'Usually raised as an exercise' });

/** Proposals as they come in. */
export const DEFAULTS_INPUT = {
  groupIds: Type.Optional(Groups),
  deviceIds: Type.Optional(Devices),
  expiresInSeconds: Type.Optional(Seconds),
  drill: Type.Optional(Drill),
} as const;

/** Proposals as they are shown: what was deleted since, or is not the reader's, is left out. */
export const DEFAULTS_SHOWN = {
  groupIds: Groups,
  deviceIds: Devices,
  expiresInSeconds: Seconds,
  drill: Drill,
} as const;

const Defaults = Type.Object(DEFAULTS_SHOWN);
export type AlertDefaults = Static<typeof Defaults>;

const NO_DEFAULTS: AlertDefaults = { groupIds: [], deviceIds: [], expiresInSeconds: null, drill: false };

export function readDefaults(json: string | null): AlertDefaults {
  return json === null ? NO_DEFAULTS : { ...NO_DEFAULTS, ...(JSON.parse(json) as Partial<AlertDefaults>) };
}

/** The proposals that are still there for the actor, in the order given. */
export async function visibleDefaults(
  db: Kysely<Database>,
  actor: Actor,
  proposals: readonly AlertDefaults[],
): Promise<AlertDefaults[]> {
  const there = await targetsThere(db, actor, proposals);
  return proposals.map((one) => ({
    ...one,
    groupIds: one.groupIds.filter((id) => there.groups.get(id) === true),
    deviceIds: one.deviceIds.filter((id) => there.devices.get(id) === true),
  }));
}

/**
 * The proposals after an edit. NOT_FOUND naming the field for a target that is not there for the actor. What is proposed outside of
 * the actor's scope, and so was not shown to him, stays.
 */
export async function editDefaults(
  db: Kysely<Database>,
  actor: Actor,
  old: AlertDefaults,
  given: Partial<AlertDefaults>,
): Promise<AlertDefaults> {
  await findAudience(db, actor, given);
  const there = await targetsThere(db, actor, [old]);
  const merged = (kept: readonly number[], is: ReadonlyMap<number, boolean>, next: readonly number[] | undefined) =>
    next === undefined ? [...kept] : [...new Set([...next, ...kept.filter((id) => is.get(id) === false)])];
  return {
    groupIds: merged(old.groupIds, there.groups, given.groupIds),
    deviceIds: merged(old.deviceIds, there.devices, given.deviceIds),
    expiresInSeconds: given.expiresInSeconds === undefined ? old.expiresInSeconds : given.expiresInSeconds,
    drill: given.drill ?? old.drill,
  };
}

/** Of the targets proposed, those that exist, and whether they are in the actor's scope. */
async function targetsThere(
  db: Kysely<Database>,
  actor: Actor,
  proposals: readonly AlertDefaults[],
): Promise<Record<'groups' | 'devices', ReadonlyMap<number, boolean>>> {
  const groupIds = [...new Set(proposals.flatMap((one) => one.groupIds))];
  const deviceIds = [...new Set(proposals.flatMap((one) => one.deviceIds))];
  const groups = new Map<number, boolean>();
  const devices = new Map<number, boolean>();
  if (groupIds.length > 0) {
    const { parentOf } = await readTree(db, actor.tenantId);
    for (const id of groupIds) if (parentOf.has(id)) groups.set(id, isGroupInScope(actor, id));
  }
  if (deviceIds.length > 0) {
    const rows = await db
      .selectFrom('devices')
      .select(['id', 'group_id'])
      .where('tenant_id', '=', actor.tenantId)
      .where('id', 'in', deviceIds)
      .execute();
    for (const row of rows) devices.set(row.id, isGroupInScope(actor, row.group_id));
  }
  return { groups, devices };
}
