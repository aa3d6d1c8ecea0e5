/** Reading devices: the list and one. */
import type { Static } from 'typebox';
import { listQuery, sortOf, type Call, type Page } from '../route.ts';
import { DEVICE_FILTERS, matchingDevices } from './device-filter.ts';
import { DEVICE_COLUMNS, deviceJson, findDevice, type DeviceJson } from './device-json.ts';

const SORT_COLUMNS = {
  name: 'name',
  id: 'id',
  playerId: 'player_id',
  status: 'status',
  lastSeen: 'last_seen_at',
  createdAt: 'created_at',
} as const;

export const DevicesQuery = listQuery(['name', 'id', 'playerId', 'status', 'lastSeen', 'createdAt'], DEVICE_FILTERS);

/** The devices of the actor's scope. NOT_FOUND when the group to look in is not there for the actor. */
export async function listDevices(
  call: Call<unknown, Static<typeof DevicesQuery>, unknown>,
): Promise<{ data: DeviceJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { page, limit } = query;
  const found = await matchingDevices(ctx.db.sql, actor, query);
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
