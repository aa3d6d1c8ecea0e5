/** Whom a deployment is aimed at: groups with their subtrees, and devices named one by one. */
import type { Kysely } from 'kysely';
import { reduceTargets, subtreesOf, treeOf } from '../hub/core/group-tree.ts';
import type { Targets } from '../hub/core/model.ts';
import type { Database } from '../migrations/tables.ts';
import type { Actor } from './context.ts';
import { apiError } from './errors.ts';
import { readTree } from './groups/tree-rows.ts';
import { isGroupInScope } from './scope.ts';

/** Devices named in one call. Past it: VALIDATION_ERROR; target their group instead. */
export const DEVICE_TARGETS_MAX = 5_000;
/** Groups named in one call. Past it: VALIDATION_ERROR. */
export const GROUP_TARGETS_MAX = 500;

/** The targets without those that stand under another, and how many active devices they reach. */
export interface Audience extends Targets {
  readonly total: number;
  readonly online: number;
  /** Of the online, those that ask over HTTP. */
  readonly http: number;
}

/** NOT_FOUND that names the field and the ids. */
export function noneOf(field: string, what: string, ids: readonly number[]): Error {
  return apiError('NOT_FOUND', `No such ${what}`, [
    { field, message: `there is no ${what} ${ids.slice(0, 20).join(', ')}` },
  ]);
}

interface DeviceRow {
  readonly group_id: number | null;
  readonly state: string;
  readonly status: string;
  readonly transport: string | null;
}

/** The smallest set of targets, and how many active devices stand in it. Every target must be there for the actor. */
export async function findAudience(
  db: Kysely<Database>,
  actor: Actor,
  body: { readonly groupIds?: readonly number[]; readonly deviceIds?: readonly number[] },
): Promise<Audience> {
  const groupIds = [...new Set(body.groupIds)];
  const tree = groupIds.length === 0 ? treeOf([]) : await readTree(db, actor.tenantId);
  const noGroups = groupIds.filter((id) => !tree.parentOf.has(id) || !isGroupInScope(actor, id));
  if (noGroups.length > 0) throw noneOf('groupIds', 'group', noGroups);

  const deviceIds = [...new Set(body.deviceIds)];
  const devices = new Map<number, DeviceRow>();
  if (deviceIds.length > 0) {
    const rows = await db
      .selectFrom('devices')
      .select(['id', 'group_id', 'state', 'status', 'transport'])
      .where('tenant_id', '=', actor.tenantId)
      .where('id', 'in', deviceIds)
      .execute();
    for (const row of rows) if (isGroupInScope(actor, row.group_id)) devices.set(row.id, row);
  }
  const noDevices = deviceIds.filter((id) => !devices.has(id));
  if (noDevices.length > 0) throw noneOf('deviceIds', 'device', noDevices);

  const groupOfDevice = new Map([...devices].map(([id, row]) => [id, row.group_id]));
  const targets = reduceTargets(tree, groupOfDevice, { groupIds, deviceIds });
  const inGroups = await countActive(db, actor.tenantId, [...subtreesOf(tree, targets.groupIds)]);
  const named = targets.deviceIds.map((id) => devices.get(id)).filter((row) => row?.state === 'active');
  const online = named.filter((row) => row?.status === 'online');
  return {
    ...targets,
    total: inGroups.total + named.length,
    online: inGroups.online + online.length,
    http: inGroups.http + online.filter((row) => row?.transport === 'http').length,
  };
}

async function countActive(
  db: Kysely<Database>,
  tenantId: number,
  groupIds: readonly number[],
): Promise<Pick<Audience, 'total' | 'online' | 'http'>> {
  if (groupIds.length === 0) return { total: 0, online: 0, http: 0 };
  const row = await db
    .selectFrom('devices')
    .select((eb) => [
      eb.fn.countAll<number>().as('total'),
      eb.fn.count<number>(eb.case().when('status', '=', 'online').then(1).end()).as('online'),
      eb.fn
        .count<number>(
          eb
            .case()
            .when(eb.and({ status: 'online', transport: 'http' }))
            .then(1)
            .end(),
        )
        .as('http'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('group_id', 'in', groupIds)
    .where('state', '=', 'active')
    .executeTakeFirstOrThrow();
  return { total: Number(row.total), online: Number(row.online), http: Number(row.http) };
}
