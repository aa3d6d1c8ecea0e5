/** Reading devices: the list and one. */
import { sql, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import { Id } from '../../protocol/desired-state.ts';
import { visibleSubtree } from '../groups/tree-rows.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import { inScopeSql } from '../scope.ts';
import {
  DEVICE_COLUMNS,
  DEVICE_STATES,
  DEVICE_STATUSES,
  DEVICE_TRANSPORTS,
  deviceJson,
  findDevice,
  type DeviceJson,
} from './device-json.ts';

const SORT_COLUMNS = {
  name: 'name',
  id: 'id',
  playerId: 'player_id',
  status: 'status',
  lastSeen: 'last_seen_at',
  createdAt: 'created_at',
} as const;

export const DevicesQuery = listQuery(['name', 'id', 'playerId', 'status', 'lastSeen', 'createdAt'], {
  groupId: Type.Optional({ ...Id, description: 'Devices in this group and below it' }),
  status: Type.Optional(Type.Enum([...DEVICE_STATUSES])),
  state: Type.Optional(Type.Enum([...DEVICE_STATES])),
  transport: Type.Optional(Type.Enum([...DEVICE_TRANSPORTS])),
});

/** The devices of the actor's scope. NOT_FOUND when the group to look in is not there for the actor. */
export async function listDevices(
  call: Call<unknown, Static<typeof DevicesQuery>, unknown>,
): Promise<{ data: DeviceJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { q, groupId, status, state, transport, page, limit } = query;
  let found = ctx.db.sql.selectFrom('devices').where('tenant_id', '=', actor.tenantId);
  if (groupId === undefined) found = found.where(inScopeSql(actor, 'devices.group_id'));
  else found = found.where('group_id', 'in', await visibleSubtree(ctx.db.sql, actor, groupId, 'groupId'));
  if (status !== undefined) found = found.where('status', '=', status);
  if (state !== undefined) found = found.where('state', '=', state);
  if (transport !== undefined) found = found.where('transport', '=', transport);
  if (q !== undefined) {
    const pattern = likePattern(q);
    const like = (column: 'name' | 'player_id') =>
      sql<SqlBool>`lower(${sql.ref(column)}) like lower(${pattern}) escape '!'`;
    found = found.where((eb) => eb.or([like('name'), like('player_id')]));
  }
  const { column, direction } = sortOf(query.sort, 'name');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(DEVICE_COLUMNS)
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('id')
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  return { data: rows.map(deviceJson), page: { page, limit, total: Number(total) } };
}

/** One device. NOT_FOUND when the actor has none of this id. */
export async function getDevice({ ctx, actor, params }: Call<{ id: number }, unknown, unknown>): Promise<DeviceJson> {
  return deviceJson(await findDevice(ctx.db.sql, actor, params.id));
}
