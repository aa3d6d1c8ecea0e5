/** What is deployed to targets, as far as it matters for who wins: everything of a snapshot but its layout. */
import { sql, type Kysely } from 'kysely';
import type { TargetKind } from '../../migrations/columns.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Timing } from '../../protocol/schedule.ts';

/** Ids in one statement. */
const CHUNK = 1_000;

/** A schedule as it is deployed to one target. */
export interface Deployed {
  readonly scheduleId: number;
  readonly deploymentId: number;
  readonly kind: TargetKind;
  readonly targetId: number;
  /** As it is called today. */
  readonly name: string;
  readonly priority: number;
  readonly timing: Timing;
}

/** Deployed to a target in a device's chain; `distance` is 0 for the device itself, 1 for its group, 2 for that group's parent. */
export interface Reaching extends Deployed {
  readonly distance: number;
}

interface Assigned {
  readonly schedule_id: number;
  readonly deployment_id: number;
  readonly target_kind: TargetKind;
  readonly target_id: number;
  readonly name: string;
}

type Facts = Pick<Deployed, 'priority' | 'timing'>;

/** Everything deployed to these groups and devices themselves, in no order. */
export async function readDeployed(
  db: Kysely<Database>,
  tenantId: number,
  targets: { readonly groupIds: readonly number[]; readonly deviceIds: readonly number[] },
): Promise<Deployed[]> {
  const assigned = [
    ...(await readAssigned(db, tenantId, 'group', targets.groupIds)),
    ...(await readAssigned(db, tenantId, 'device', targets.deviceIds)),
  ];
  const facts = await readFacts(db, [...new Set(assigned.map((row) => row.deployment_id))]);
  return assigned.flatMap((row) => {
    const found = facts.get(row.deployment_id);
    if (found === undefined) return [];
    const { schedule_id: scheduleId, deployment_id: deploymentId, target_kind: kind, target_id: targetId, name } = row;
    return [{ scheduleId, deploymentId, kind, targetId, name, ...found }];
  });
}

async function readAssigned(
  db: Kysely<Database>,
  tenantId: number,
  kind: TargetKind,
  ids: readonly number[],
): Promise<Assigned[]> {
  const found: Assigned[] = [];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const rows = await db
      .selectFrom('schedule_assignments as a')
      .innerJoin('schedules as s', 's.id', 'a.schedule_id')
      .select(['a.schedule_id', 'a.deployment_id', 'a.target_kind', 'a.target_id', 's.name'])
      .where('a.tenant_id', '=', tenantId)
      .where('a.target_kind', '=', kind)
      .where('a.target_id', 'in', ids.slice(at, at + CHUNK))
      .execute();
    found.push(...rows);
  }
  return found;
}

/** Priority and timing of deployments that are on. The layout, by far the largest part of a snapshot, stays in the database. */
async function readFacts(db: Kysely<Database>, deploymentIds: readonly number[]): Promise<Map<number, Facts>> {
  const facts = new Map<number, Facts>();
  for (let at = 0; at < deploymentIds.length; at += CHUNK) {
    const { rows } = await sql<{ id: number; priority: number | string | null; timing: string | null }>`select id,
        json_extract(snapshot, '$.priority') as priority, json_extract(snapshot, '$.timing') as timing
      from deployments where id in (${sql.join(deploymentIds.slice(at, at + CHUNK))}) and status = 'active'`.execute(
      db,
    );
    for (const { id, priority, timing } of rows) {
      facts.set(id, { priority: Number(priority ?? 0), timing: timing === null ? {} : (JSON.parse(timing) as Timing) });
    }
  }
  return facts;
}

/** By target, so that a chain is looked up and not searched. */
export function byTarget(deployed: readonly Deployed[]): ReadonlyMap<string, readonly Deployed[]> {
  return Map.groupBy(deployed, (one) => targetKey(one.kind, one.targetId));
}

function targetKey(kind: TargetKind, id: number): string {
  return `${kind} ${id}`;
}

/**
 * What reaches a device, one entry for each schedule: of the same one deployed several times along the chain the nearest target's
 * counts, and there the newest.
 * @param deviceId null for a device to which nothing is deployed itself
 * @param chain its groups, from its own to the top
 */
export function reaching(
  targets: ReadonlyMap<string, readonly Deployed[]>,
  deviceId: number | null,
  chain: readonly number[],
): Map<number, Reaching> {
  const nearest = new Map<number, Reaching>();
  const keys = [deviceId === null ? null : targetKey('device', deviceId), ...chain.map((id) => targetKey('group', id))];
  keys.forEach((key, distance) => {
    for (const one of key === null ? [] : (targets.get(key) ?? [])) {
      const known = nearest.get(one.scheduleId);
      if (known === undefined || (known.distance === distance && known.deploymentId < one.deploymentId))
        nearest.set(one.scheduleId, { ...one, distance });
    }
  });
  return nearest;
}
