/** A group as the API shows it. */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import { subtreesOf, type GroupTree } from '../../hub/core/group-tree.ts';
import type { DeviceConfig } from '../../hub/core/model.ts';
import type { Database, GroupsTable } from '../../migrations/tables.ts';
import { Config, Id, Timestamp } from '../../protocol/desired-state.ts';
import { toIso } from '../iso-time.ts';

export const GroupJson = Type.Object({
  id: Id,
  name: Type.String(),
  parentId: Type.Union([Id, Type.Null()], { description: 'null at the top' }),
  config: Config,
  deviceCount: Type.Integer({ description: 'Devices in the whole subtree' }),
  onlineCount: Type.Integer({ description: 'Of these, active and online now' }),
  version: Type.Integer(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type GroupJson = Static<typeof GroupJson>;

export const GROUP_COLUMNS = ['id', 'parent_id', 'name', 'config', 'version', 'created_at', 'updated_at'] as const;

export interface GroupRow extends Pick<
  GroupsTable,
  'parent_id' | 'name' | 'config' | 'version' | 'created_at' | 'updated_at'
> {
  readonly id: number;
}

export interface DeviceCounts {
  readonly total: number;
  readonly online: number;
}

export function groupJson(row: GroupRow, counts: DeviceCounts): GroupJson {
  return {
    id: row.id,
    name: row.name,
    parentId: row.parent_id,
    config: JSON.parse(row.config) as DeviceConfig,
    deviceCount: counts.total,
    onlineCount: counts.online,
    version: row.version,
    createdAt: toIso(row.created_at),
    updatedAt: toIso(row.updated_at),
  };
}

/** Devices standing directly in each group of the tenant. */
export async function countByGroup(db: Kysely<Database>, tenantId: number): Promise<Map<number, DeviceCounts>> {
  const rows = await db
    .selectFrom('devices')
    .select((eb) => [
      'group_id',
      eb.fn.countAll<number>().as('total'),
      eb.fn
        .count<number>(
          eb
            .case()
            .when(eb.and([eb('status', '=', 'online'), eb('state', '=', 'active')]))
            .then(1)
            .end(),
        )
        .as('online'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('group_id', 'is not', null)
    .groupBy('group_id')
    .execute();
  return new Map(rows.map((row) => [row.group_id as number, { total: Number(row.total), online: Number(row.online) }]));
}

/** Devices in the whole subtree of a group. */
export function subtreeCounts(
  tree: GroupTree,
  direct: ReadonlyMap<number, DeviceCounts>,
  groupId: number,
): DeviceCounts {
  let total = 0;
  let online = 0;
  for (const id of subtreesOf(tree, [groupId])) {
    const counts = direct.get(id);
    total += counts?.total ?? 0;
    online += counts?.online ?? 0;
  }
  return { total, online };
}
