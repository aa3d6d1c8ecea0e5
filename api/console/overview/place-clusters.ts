/** Gathers what stands too near each other on a map to be told apart: everything in one square of a grid is one mark. */

export interface Point {
  /** Pixels. */
  readonly x: number;
  readonly y: number;
}

export interface PlaceCounts {
  readonly devices: number;
  readonly online: number;
  /** Of the online, over HTTP. */
  readonly http: number;
}

export interface Spot {
  readonly latitude: number;
  readonly longitude: number;
  readonly counts: PlaceCounts;
}

export interface Cluster<T extends Spot> extends Spot {
  readonly members: readonly T[];
}

/**
 * Clusters of the spots; each stands in the middle of its members, weighed by how many devices they are.
 * @param project where a spot is on the map at its zoom, in pixels that do not move with the map
 * @param cellPixels side of a square of the grid
 */
export function clusterByGrid<T extends Spot>(
  spots: readonly T[],
  project: (spot: T) => Point,
  cellPixels: number,
): Cluster<T>[] {
  const cells = new Map<string, T[]>();
  for (const spot of spots) {
    const { x, y } = project(spot);
    const key = `${Math.floor(x / cellPixels)} ${Math.floor(y / cellPixels)}`;
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [spot]);
    else cell.push(spot);
  }
  return [...cells.values()].map(clusterOf);
}

function clusterOf<T extends Spot>(members: readonly T[]): Cluster<T> {
  const sum = { devices: 0, online: 0, http: 0, latitude: 0, longitude: 0 };
  for (const { latitude, longitude, counts } of members) {
    sum.devices += counts.devices;
    sum.online += counts.online;
    sum.http += counts.http;
    sum.latitude += latitude * counts.devices;
    sum.longitude += longitude * counts.devices;
  }
  const { devices, online, http } = sum;
  return {
    latitude: sum.latitude / devices,
    longitude: sum.longitude / devices,
    counts: { devices, online, http },
    members,
  };
}

/** How a mark looks: as its worst device, because that is what somebody has to see. */
export function lookOf({ devices, online, http }: PlaceCounts): 'offline' | 'http' | 'online' {
  if (online < devices) return 'offline';
  return http > 0 ? 'http' : 'online';
}
