/** Where devices stand, for a map: each of them, or, where they are too many, how many stand near each other. */
import { sql } from 'kysely';
import Type, { type Static } from 'typebox';
import { Id } from '../../protocol/desired-state.ts';
import { visibleSubtree } from '../groups/tree-rows.ts';
import type { Call } from '../route.ts';
import { inScopeSql } from '../scope.ts';
import { DEVICE_STATES, DEVICE_STATUSES, DEVICE_TRANSPORTS } from './device-json.ts';
import { DevicePlace } from './device-place.ts';

/** Devices listed one by one. Past it: clusters. */
export const PLACES_MAX = 10_000;
/** Clusters along the longer side of the box that holds all devices: there are at most the square of it and one. */
const CELLS_A_SIDE = 60;
/** Least side of a cluster, in degrees: devices at one spot are one. */
const CELL_DEGREES_MIN = 0.000_1;

export const PlacesQuery = Type.Object(
  { groupId: Type.Optional({ ...Id, description: 'Devices in this group and below it' }) },
  { additionalProperties: false },
);

const { latitude, longitude } = DevicePlace.properties;
const Count = Type.Integer({ minimum: 0 });

export const PlacesJson = Type.Object({
  total: { ...Count, description: 'Devices that have a place' },
  devices: Type.Array(
    Type.Object({
      deviceId: Id,
      name: Type.String(),
      latitude,
      longitude,
      status: Type.Enum([...DEVICE_STATUSES]),
      transport: Type.Union([Type.Enum([...DEVICE_TRANSPORTS]), Type.Null()]),
      state: Type.Enum([...DEVICE_STATES]),
    }),
    { description: `By name; none when there are more than ${PLACES_MAX}`, maxItems: PLACES_MAX },
  ),
  clusters: Type.Array(
    Type.Object({
      latitude: { ...latitude, description: 'Of their middle: degrees north of the equator, WGS 84' },
      longitude: { ...longitude, description: 'Of their middle: degrees east of Greenwich, WGS 84' },
      devices: Count,
      online: Count,
      http: { ...Count, description: 'Of the online, over HTTP' },
    }),
    { description: `Devices that stand near each other; none when there are at most ${PLACES_MAX}` },
  ),
});
export type PlacesJson = Static<typeof PlacesJson>;

/** The devices of the actor's scope that have a place. NOT_FOUND when the group is not there for the actor. */
export async function listDevicePlaces(call: Call<unknown, Static<typeof PlacesQuery>, unknown>): Promise<PlacesJson> {
  const placed = await choosePlaced(call);
  const box = await placed
    .select((eb) => [
      eb.fn.countAll<number | string>().as('total'),
      eb.fn.min('latitude').as('south'),
      eb.fn.max('latitude').as('north'),
      eb.fn.min('longitude').as('west'),
      eb.fn.max('longitude').as('east'),
    ])
    .executeTakeFirstOrThrow();
  const total = Number(box.total);
  if (total <= PLACES_MAX) {
    const rows = await placed
      .select(['id', 'name', 'latitude', 'longitude', 'status', 'transport', 'state'])
      .orderBy('name')
      .orderBy('id')
      .limit(PLACES_MAX)
      .execute();
    const devices = rows.flatMap(({ id, latitude: north, longitude: east, ...rest }) =>
      north === null || east === null ? [] : [{ deviceId: id, latitude: north, longitude: east, ...rest }],
    );
    return { total, devices, clusters: [] };
  }
  const spanDegrees = Math.max(
    Number(box.north) - Number(box.south),
    Number(box.east) - Number(box.west),
    CELL_DEGREES_MIN,
  );
  return { total, devices: [], clusters: await readClusters(placed, spanDegrees / CELLS_A_SIDE) };
}

type Placed = Awaited<ReturnType<typeof choosePlaced>>;

/** Devices with a place that the actor may see, as a query. */
async function choosePlaced({ ctx, actor, query }: Call<unknown, Static<typeof PlacesQuery>, unknown>) {
  const placed = ctx.db.sql
    .selectFrom('devices')
    .where('tenant_id', '=', actor.tenantId)
    .where('latitude', 'is not', null)
    .where('longitude', 'is not', null);
  if (query.groupId === undefined) return placed.where(inScopeSql(actor, 'devices.group_id'));
  return placed.where('group_id', 'in', await visibleSubtree(ctx.db.sql, actor, query.groupId, 'groupId'));
}

/** Counts the devices by the square of `cellDegrees` that they stand in. */
async function readClusters(placed: Placed, cellDegrees: number): Promise<PlacesJson['clusters']> {
  // Written out, because MariaDB does not see that two parameters of the same value are one expression.
  const cell = sql.lit(cellDegrees);
  const rows = await placed
    .select((eb) => [
      eb.fn.avg<number | string>('latitude').as('latitude'),
      eb.fn.avg<number | string>('longitude').as('longitude'),
      eb.fn.countAll<number | string>().as('devices'),
      sql<number | string>`sum(case when status = 'online' then 1 else 0 end)`.as('online'),
      sql<number | string>`sum(case when status = 'online' and transport = 'http' then 1 else 0 end)`.as('http'),
    ])
    .groupBy([sql`round(latitude / ${cell})`, sql`round(longitude / ${cell})`])
    .execute();
  return rows.map((row) => ({
    latitude: Number(row.latitude),
    longitude: Number(row.longitude),
    devices: Number(row.devices),
    online: Number(row.online),
    http: Number(row.http),
  }));
}
