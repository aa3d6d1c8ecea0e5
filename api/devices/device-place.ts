/** Where a device stands, for maps. */
import Type, { type Static } from 'typebox';
import type { DevicesTable } from '../../migrations/tables.ts';

export const DevicePlace = Type.Object(
  {
    latitude: Type.Number({ minimum: -90, maximum: 90, description: 'degrees north of the equator, WGS 84' }),
    longitude: Type.Number({ minimum: -180, maximum: 180, description: 'degrees east of Greenwich, WGS 84' }),
  },
  { additionalProperties: false, description: 'Where it stands' },
);
export type DevicePlace = Static<typeof DevicePlace>;

export const DevicePlaceOrNull = Type.Union([DevicePlace, Type.Null()], { description: 'null: nobody has said where' });

type PlaceColumns = Pick<DevicesTable, 'latitude' | 'longitude'>;

export function placeOf({ latitude, longitude }: PlaceColumns): DevicePlace | null {
  return latitude === null || longitude === null ? null : { latitude, longitude };
}

/** The columns of a place; undefined leaves what there is, null where it is a new device. */
export function placeColumns(place: DevicePlace | null | undefined, old: PlaceColumns | null): PlaceColumns {
  if (place === undefined) return { latitude: old?.latitude ?? null, longitude: old?.longitude ?? null };
  return { latitude: place?.latitude ?? null, longitude: place?.longitude ?? null };
}
