/** Whom a schedule would reach, and what reaches them already. */
import { sql, type Kysely, type Transaction } from 'kysely';
import { chainOf, subtreesOf } from '../../hub/core/group-tree.ts';
import type { DeviceConfig } from '../../hub/core/model.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Timing } from '../../protocol/schedule.ts';
import { findAudience, type Audience } from '../audience.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { readTree } from '../groups/tree-rows.ts';
import { isGroupInScope } from '../scope.ts';
import { readAssignments, type Assignment } from './assignments.ts';
import { findSchedule } from './find-schedule.ts';
import { readDeployed, type Deployed } from './preview-deployed.ts';

/** Devices with deployments of their own that one answer takes in, each by itself. Past it: VALIDATION_ERROR. */
const SINGLE_DEVICES_MAX = 2_000;
/** Ids in one statement. */
const CHUNK = 1_000;
/** A deployment that does not exist yet is newer than all that do. */
const DEPLOYMENT_TO_COME = Number.MAX_SAFE_INTEGER;

/** Devices that cannot differ in what is deployed to them. */
export interface Reach {
  /** Of the one device, where something is or would be deployed to itself; else null. */
  readonly deviceId: number | null;
  /** Groups from its own to the top. */
  readonly chain: readonly number[];
  readonly zone: string;
  /** How many devices. */
  readonly devices: number;
}

export interface Reaches {
  readonly reaches: readonly Reach[];
  /** Everything deployed along their chains, the schedule itself as it would be then. */
  readonly deployed: readonly Deployed[];
  /** Active devices, all together. */
  readonly devices: number;
}

interface Named {
  readonly groupIds: readonly number[];
  readonly deviceIds: readonly number[];
}

/** VALIDATION_ERROR for a question that is too large to answer. */
export function tooBroad(message: string): Error {
  return apiError('VALIDATION_ERROR', 'The request is too broad', [{ field: 'groupIds', message }]);
}

/**
 * Reads whom the schedule would reach. Without targets it is those where it is deployed now, as far as the actor sees them.
 * NOT_FOUND for the schedule or a target; VALIDATION_ERROR when too many devices have deployments of their own.
 */
export async function readReaches(
  tx: Transaction<Database>,
  actor: Actor,
  scheduleId: number,
  given: Named,
): Promise<Reaches> {
  const schedule = await findSchedule(tx, actor, scheduleId);
  const assigned = await readAssignments(tx, scheduleId);
  const isGiven = given.groupIds.length + given.deviceIds.length > 0;
  const named = isGiven ? given : await visibleTargets(tx, actor, assigned);
  if (named.groupIds.length + named.deviceIds.length === 0) return { reaches: [], deployed: [], devices: 0 };
  const audience = await findAudience(tx, actor, named);
  const tree = await readTree(tx, actor.tenantId);
  const covered = [...subtreesOf(tree, audience.groupIds)];
  const classes = await readClasses(tx, actor.tenantId, covered, audience);
  const chains = new Map(
    [...new Set(classes.map((one) => one.groupId))].map((groupId) => [groupId, chainOf(tree, groupId)]),
  );
  const groupIds = [...new Set([...chains.values()].flat())];
  const zones = await readZones(tx, groupIds);
  const reaches = classes.map(({ deviceId, groupId, timezone, devices }): Reach => {
    const chain = chains.get(groupId) ?? [];
    const zone = timezone ?? chain.map((id) => zones.get(id)).find((one) => one !== undefined) ?? 'UTC';
    return { deviceId, chain, zone, devices };
  });
  const deviceIds = classes.flatMap((one) => (one.deviceId === null ? [] : [one.deviceId]));
  const present = await readDeployed(tx, actor.tenantId, { groupIds, deviceIds });
  const namedIds = { group: new Set(named.groupIds), device: new Set(named.deviceIds) };
  const isNamed = (one: Deployed): boolean => namedIds[one.kind].has(one.targetId);
  const timing = JSON.parse(schedule.timing) as Timing;
  const mine = {
    scheduleId,
    deploymentId: DEPLOYMENT_TO_COME,
    name: schedule.name,
    priority: schedule.priority,
    timing,
  };
  return {
    reaches: reaches.filter((one) => one.devices > 0),
    deployed: [
      // Deploying anew takes the place of what was deployed to any of the targets named.
      ...present.filter((one) => one.scheduleId !== scheduleId || !isNamed(one)),
      ...audience.groupIds.map((targetId): Deployed => ({ ...mine, kind: 'group', targetId })),
      ...audience.deviceIds.map((targetId): Deployed => ({ ...mine, kind: 'device', targetId })),
    ],
    devices: audience.total,
  };
}

/** Where the schedule is deployed now, as far as the actor sees it. */
async function visibleTargets(
  tx: Transaction<Database>,
  actor: Actor,
  assigned: readonly Assignment[],
): Promise<Named> {
  const ofKind = (kind: 'group' | 'device'): number[] =>
    assigned.filter((row) => row.target_kind === kind).map((row) => row.target_id);
  const deviceIds: number[] = [];
  const wanted = ofKind('device');
  for (let at = 0; at < wanted.length; at += CHUNK) {
    const rows = await tx
      .selectFrom('devices')
      .select(['id', 'group_id'])
      .where('tenant_id', '=', actor.tenantId)
      .where('id', 'in', wanted.slice(at, at + CHUNK))
      .execute();
    for (const row of rows) if (isGroupInScope(actor, row.group_id)) deviceIds.push(row.id);
  }
  return { groupIds: ofKind('group').filter((id) => isGroupInScope(actor, id)), deviceIds };
}

interface DeviceClass {
  readonly deviceId: number | null;
  readonly groupId: number | null;
  /** Set on the device itself. */
  readonly timezone: string | undefined;
  readonly devices: number;
}

/** The active devices, those to which something is deployed one by one, all others counted by group and own settings. */
async function readClasses(
  tx: Transaction<Database>,
  tenantId: number,
  groupIds: readonly number[],
  { deviceIds }: Audience,
): Promise<DeviceClass[]> {
  const isSingle = sql<number>`exists (select 1 from schedule_assignments a where a.tenant_id = devices.tenant_id
    and a.target_kind = 'device' and a.target_id = devices.id)`;
  const active = tx.selectFrom('devices').where('tenant_id', '=', tenantId).where('state', '=', 'active');
  const singles: { id: number; group_id: number | null; config: string }[] = [];
  const counted: DeviceClass[] = [];
  for (let at = 0; at < groupIds.length; at += CHUNK) {
    const some = groupIds.slice(at, at + CHUNK);
    const inGroups = active.where('group_id', 'in', some);
    const left = SINGLE_DEVICES_MAX + 1 - singles.length;
    const single = inGroups
      .select(['id', 'group_id', 'config'])
      .where(sql<boolean>`${isSingle}`)
      .limit(left);
    singles.push(...(await single.execute()));
    if (singles.length > SINGLE_DEVICES_MAX) {
      throw tooBroad(`reach more than ${SINGLE_DEVICES_MAX} devices with deployments of their own: name fewer targets`);
    }
    const alike = inGroups
      .select(['group_id', 'config'])
      .select((eb) => eb.fn.countAll<number>().as('devices'))
      .where(sql<boolean>`not ${isSingle}`)
      .groupBy(['group_id', 'config']);
    for (const row of await alike.execute()) {
      const timezone = timezoneOf(row.config);
      counted.push({ deviceId: null, groupId: row.group_id, timezone, devices: Number(row.devices) });
    }
  }
  for (let at = 0; at < deviceIds.length; at += CHUNK) {
    const some = active.where('id', 'in', deviceIds.slice(at, at + CHUNK));
    singles.push(...(await some.select(['id', 'group_id', 'config']).execute()));
  }
  return [
    ...merged(counted),
    ...singles.map(({ id, group_id, config }): DeviceClass => ({
      deviceId: id,
      groupId: group_id,
      timezone: timezoneOf(config),
      devices: 1,
    })),
  ];
}

/** Of their own settings only the zone matters here. */
function merged(classes: readonly DeviceClass[]): DeviceClass[] {
  const alike = Map.groupBy(classes, (one) => `${one.groupId} ${one.timezone ?? ''}`);
  return [...alike.values()].map((some) => ({
    ...some[0]!,
    devices: some.reduce((sum, one) => sum + one.devices, 0),
  }));
}

function timezoneOf(config: string): string | undefined {
  return (JSON.parse(config) as DeviceConfig).timezone;
}

/** Zones set on groups. */
async function readZones(db: Kysely<Database>, groupIds: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const zones = new Map<number, string>();
  for (let at = 0; at < groupIds.length; at += CHUNK) {
    const some = groupIds.slice(at, at + CHUNK);
    const rows = await db.selectFrom('groups').select(['id', 'config']).where('id', 'in', some).execute();
    for (const row of rows) {
      const timezone = timezoneOf(row.config);
      if (timezone !== undefined) zones.set(row.id, timezone);
    }
  }
  return zones;
}
