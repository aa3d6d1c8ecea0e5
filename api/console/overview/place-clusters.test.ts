import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterByGrid, lookOf, type Spot } from './place-clusters.ts';

const spot = fc
  .record({
    latitude: fc.double({ min: -80, max: 80, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    devices: fc.integer({ min: 1, max: 5 }),
    away: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ devices, away, ...place }): Spot => {
    const online = Math.max(0, devices - away);
    return { ...place, counts: { devices, online, http: Math.min(1, online) } };
  });
const project = ({ latitude, longitude }: Spot) => ({ x: longitude * 10, y: -latitude * 10 });

test('every spot is in one cluster, with all that are in its square and nobody else', () => {
  fc.assert(
    fc.property(fc.array(spot, { maxLength: 40 }), fc.integer({ min: 1, max: 400 }), (spots, cell) => {
      const clusters = clusterByGrid(spots, project, cell);
      expect(clusters.flatMap(({ members }) => members).toSorted(order)).toEqual([...spots].toSorted(order));
      const cellOf = (one: Spot): string => `${Math.floor(project(one).x / cell)} ${Math.floor(project(one).y / cell)}`;
      const cells = clusters.map(({ members }) => new Set(members.map(cellOf)));
      for (const cellsOfOne of cells) expect(cellsOfOne.size).toBe(1);
      expect(new Set(cells.flatMap((cellsOfOne) => [...cellsOfOne])).size).toBe(clusters.length);
    }),
  );
});

function order(a: Spot, b: Spot): number {
  return a.latitude - b.latitude || a.longitude - b.longitude || a.counts.devices - b.counts.devices;
}

test('a cluster counts its members and stands in their middle', () => {
  const spots: Spot[] = [
    { latitude: 10, longitude: 20, counts: { devices: 3, online: 2, http: 1 } },
    { latitude: 14, longitude: 24, counts: { devices: 1, online: 1, http: 0 } },
  ];
  const [cluster, ...others] = clusterByGrid(spots, () => ({ x: 0, y: 0 }), 50);
  expect(others).toEqual([]);
  expect(cluster).toEqual({
    latitude: 11,
    longitude: 21,
    counts: { devices: 4, online: 3, http: 1 },
    members: spots,
  });
});

test('a mark looks as its worst device', () => {
  expect(lookOf({ devices: 3, online: 2, http: 0 })).toBe('offline');
  expect(lookOf({ devices: 3, online: 3, http: 1 })).toBe('http');
  expect(lookOf({ devices: 3, online: 3, http: 0 })).toBe('online');
});
