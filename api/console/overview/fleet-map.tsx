/**
 * A map of devices that needs nobody's tiles: the outlines of the world's countries (Natural Earth, in the public domain) and marks.
 * For eyes and pointers alone: whoever uses a keyboard or a screen reader has the list beside it.
 */
import 'leaflet/dist/leaflet.css';
import '../charts/charts.css';
import './map.css';
import { ActionIcon, Group } from '@mantine/core';
import L from 'leaflet';
import { Maximize, Minus, Plus } from 'lucide-react';
import { useEffect, useEffectEvent, useRef } from 'react';
import { feature } from 'topojson-client';
import coarseAddress from 'world-atlas/countries-110m.json?url';
import fineAddress from 'world-atlas/countries-50m.json?url';
import { useTexts } from '../texts/texts-context.tsx';
import { markElement, markSize } from './map-marks.ts';
import { clusterByGrid, type Cluster, type Spot } from './place-clusters.ts';

/** Marks nearer than this to each other are one, in pixels. */
const CELL_PIXELS = 44;
const ZOOM_MAX = 14;
const OPTIONS: L.MapOptions = {
  ...{ zoomControl: false, attributionControl: false, keyboard: false, worldCopyJump: true },
  // A zoom that is under way when another view is asked for would win over it when it ends.
  zoomAnimation: false,
  ...{ minZoom: 1, maxZoom: ZOOM_MAX, zoomSnap: 0.5, center: [30, 10], zoom: 2 },
  // A page is scrolled with the wheel; the map is zoomed with its buttons or two fingers.
  scrollWheelZoom: false,
};
/** Zoom that showing all does not go beyond: around a single place there is something to see then. */
const ALL_ZOOM_MAX = 9;
/** From this zoom on coasts are drawn finely. */
const FINE_ZOOM = 5;

export interface MapSpot extends Spot {
  /** Devices at the spot by themselves; none where only counts are known. */
  readonly deviceId: number | null;
}

export interface FleetMapProps {
  readonly label: string;
  readonly spots: readonly MapSpot[];
  /** A mark was clicked that zooming in does not take apart any more, or that is one device. */
  readonly onChoose: (members: readonly MapSpot[]) => void;
}

export function FleetMap({ label, spots, onChoose }: FleetMapProps) {
  const texts = useTexts().overview;
  const place = useRef<HTMLDivElement>(null);
  const map = useRef<L.Map | null>(null);
  const marks = useRef<L.LayerGroup | null>(null);
  const begin = useEffectEvent((made: L.Map) => showAll(made, spots));

  useEffect(() => {
    if (place.current === null) return undefined;
    const made = L.map(place.current, OPTIONS);
    L.control.scale({ imperial: false }).addTo(made);
    begin(made);
    const endLand = keepLand(made);
    map.current = made;
    marks.current = L.layerGroup().addTo(made);
    const watcher = new ResizeObserver(() => made.invalidateSize());
    watcher.observe(place.current);
    return () => {
      watcher.disconnect();
      endLand();
      map.current = null;
      made.remove();
    };
  }, []);
  useEffect(() => {
    const [made, layer] = [map.current, marks.current];
    if (made === null || layer === null) return undefined;
    const titleOf = ({ counts }: Cluster<MapSpot>): string =>
      texts.clusterOf(counts.devices, counts.devices - counts.online);
    const draw = (): void => drawMarks(made, layer, spots, { titleOf, onChoose });
    draw();
    made.on('moveend', draw);
    return () => {
      made.off('moveend', draw);
    };
  }, [spots, onChoose, texts]);

  return (
    <div>
      <div ref={place} className="fleet-map" role="img" aria-label={label} />
      <Group gap={6} mt="xs">
        <ActionIcon variant="default" size="lg" aria-label={texts.zoomIn} onClick={() => map.current?.zoomIn(1)}>
          <Plus size={18} aria-hidden />
        </ActionIcon>
        <ActionIcon variant="default" size="lg" aria-label={texts.zoomOut} onClick={() => map.current?.zoomOut(1)}>
          <Minus size={18} aria-hidden />
        </ActionIcon>
        <ActionIcon variant="default" size="lg" aria-label={texts.showAll} onClick={() => showAll(map.current, spots)}>
          <Maximize size={18} aria-hidden />
        </ActionIcon>
      </Group>
    </div>
  );
}

function showAll(map: L.Map | null, spots: readonly MapSpot[]): void {
  const bounds = L.latLngBounds(spots.map(({ latitude, longitude }) => [latitude, longitude]));
  if (bounds.isValid()) map?.fitBounds(bounds, { padding: [40, 40], maxZoom: ALL_ZOOM_MAX, animate: false });
}

/** Draws the countries, finely once somebody looks closely. Returns what ends it. */
function keepLand(map: L.Map): () => void {
  const ending = new AbortController();
  let drawn: L.GeoJSON | null = null;
  let wanted = '';
  const draw = (): void => {
    const address = map.getZoom() >= FINE_ZOOM || wanted === fineAddress ? fineAddress : coarseAddress;
    if (address === wanted) return;
    wanted = address;
    void readLand(address, ending.signal).then(
      (land) => {
        if (ending.signal.aborted || wanted !== address) return;
        drawn?.remove();
        drawn = L.geoJSON(land, { interactive: false, style: { className: 'map-land' } }).addTo(map);
        drawn.bringToBack();
      },
      (cause: unknown) => {
        // The marks say what matters; the next move tries again.
        if (!ending.signal.aborted) console.warn('the outlines of the map were not read', cause);
        wanted = '';
      },
    );
  };
  map.on('zoomend', draw);
  draw();
  return () => ending.abort();
}

async function readLand(address: string, signal: AbortSignal) {
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`${response.status} for ${address}`);
  const topology = (await response.json()) as Parameters<typeof feature>[0];
  const { countries } = topology.objects;
  if (countries === undefined) throw new Error(`no countries in ${address}`);
  return feature(topology, countries);
}

interface Drawing {
  readonly titleOf: (cluster: Cluster<MapSpot>) => string;
  readonly onChoose: (members: readonly MapSpot[]) => void;
}

/** Draws those marks anew that are in sight, and a little around it. */
function drawMarks(map: L.Map, marks: L.LayerGroup, spots: readonly MapSpot[], { titleOf, onChoose }: Drawing): void {
  const sight = map.getBounds().pad(0.2);
  const near = spots.filter(({ latitude, longitude }) => sight.contains([latitude, longitude]));
  const zoom = map.getZoom();
  const clusters = clusterByGrid(
    near,
    ({ latitude, longitude }) => map.project([latitude, longitude], zoom),
    CELL_PIXELS,
  );
  marks.clearLayers();
  for (const cluster of clusters) {
    const size = markSize(cluster.counts);
    const icon = L.divIcon({ html: markElement(cluster.counts), className: '', iconSize: [size, size] });
    L.marker([cluster.latitude, cluster.longitude], { icon, keyboard: false, title: titleOf(cluster) })
      .on('click', () => {
        const bounds = L.latLngBounds(cluster.members.map(({ latitude, longitude }) => [latitude, longitude]));
        const isOne = bounds.getNorthEast().equals(bounds.getSouthWest());
        if (isOne || zoom >= ZOOM_MAX) onChoose(cluster.members);
        else map.fitBounds(bounds, { padding: [60, 60], maxZoom: ZOOM_MAX });
      })
      .addTo(marks);
  }
}
