/** Changes of a layout, each giving a new one. Pure. */
import type { Layout, Zone, ZoneItem } from '../../../protocol/schedule.ts';
import { insideOf, scaledTo, type Rect, type Size } from './zone-geometry.ts';

export type TemplateName = 'full' | 'columns' | 'ticker' | 'picture';
export const TEMPLATE_NAMES: readonly TemplateName[] = ['full', 'columns', 'ticker', 'picture'];

type Part = Rect & { readonly zIndex?: number };

/** A template's zones on a canvas of ten thousand by ten thousand. */
const TEMPLATES: Readonly<Record<TemplateName, readonly Part[]>> = {
  full: [{ x: 0, y: 0, width: 10_000, height: 10_000 }],
  columns: [
    { x: 0, y: 0, width: 5_000, height: 10_000 },
    { x: 5_000, y: 0, width: 5_000, height: 10_000 },
  ],
  // The main picture, a column beside it and a band below both: an L around the picture.
  ticker: [
    { x: 0, y: 0, width: 7_500, height: 8_500 },
    { x: 7_500, y: 0, width: 2_500, height: 8_500 },
    { x: 0, y: 8_500, width: 10_000, height: 1_500 },
  ],
  picture: [
    { x: 0, y: 0, width: 10_000, height: 10_000 },
    { x: 6_750, y: 6_500, width: 3_000, height: 3_000, zIndex: 1 },
  ],
};
const TEMPLATE_CANVAS: Size = { width: 10_000, height: 10_000 };

/** The template's rectangles on a canvas. */
export function templateRects(name: TemplateName, canvas: Size): Part[] {
  return TEMPLATES[name].map(({ zIndex, ...rect }) => ({
    ...scaledTo(rect, TEMPLATE_CANVAS, canvas),
    ...(zIndex === undefined ? {} : { zIndex }),
  }));
}

/** An id that no zone has: `zone-1`, `zone-2`, … */
export function freeZoneId(zones: readonly Pick<Zone, 'id'>[]): string {
  const taken = new Set(zones.map(({ id }) => id));
  for (let number = 1; ; number += 1) if (!taken.has(`zone-${number}`)) return `zone-${number}`;
}

/**
 * Arranges the layout as a template says. Zones keep what they show, in order; what was shown in zones that go away comes to the last
 * that stays, so that nothing is lost.
 */
export function arranged(layout: Layout, name: TemplateName): Layout {
  const rects = templateRects(name, layout);
  const zones: Zone[] = [];
  for (const [at, { zIndex, ...rect }] of rects.entries()) {
    const old = layout.zones[at];
    const base: Zone = old ?? { id: freeZoneId([...layout.zones, ...zones]), ...rect, items: [] };
    const { zIndex: _zIndex, ...kept } = base;
    zones.push({ ...kept, ...rect, ...(zIndex === undefined ? {} : { zIndex }) });
  }
  const left = layout.zones.slice(rects.length).flatMap(({ items }) => items);
  const last = zones.at(-1);
  if (last !== undefined && left.length > 0) zones[zones.length - 1] = { ...last, items: [...last.items, ...left] };
  return { ...layout, zones };
}

/** An empty layout of one zone over the whole canvas. */
export function newLayout(canvas: Size): Layout {
  return arranged({ ...canvas, zones: [] }, 'full');
}

export function withZone(layout: Layout, zoneId: string, change: Partial<Zone>): Layout {
  return { ...layout, zones: layout.zones.map((zone) => (zone.id === zoneId ? { ...zone, ...change } : zone)) };
}

/** A new empty zone in the middle of the canvas, over the others. */
export function withNewZone(layout: Layout): { readonly layout: Layout; readonly zoneId: string } {
  const { width, height, zones } = layout;
  const rect = insideOf({ x: width / 4, y: height / 4, width: width / 2, height: height / 2 }, layout);
  const zone: Zone = { id: freeZoneId(zones), ...rect, zIndex: topOf(zones) + 1, items: [] };
  return { layout: { ...layout, zones: [...zones, zone] }, zoneId: zone.id };
}

/** A copy of a zone, a little to the right and below. */
export function withTwin(layout: Layout, zoneId: string): { readonly layout: Layout; readonly zoneId: string } {
  const zone = layout.zones.find(({ id }) => id === zoneId);
  if (zone === undefined) return { layout, zoneId };
  const id = freeZoneId(layout.zones);
  const rect = insideOf({ ...zone, x: zone.x + 40, y: zone.y + 40 }, layout);
  const { name: _name, ...rest } = zone;
  return { layout: { ...layout, zones: [...layout.zones, { ...rest, id, ...rect }] }, zoneId: id };
}

export function withoutZone(layout: Layout, zoneId: string): Layout {
  return { ...layout, zones: layout.zones.filter(({ id }) => id !== zoneId) };
}

/** The same zones, in place by proportion, on a canvas of another size. */
export function resized(layout: Layout, canvas: Size): Layout {
  return {
    ...layout,
    ...canvas,
    zones: layout.zones.map((zone) => ({ ...zone, ...scaledTo(zone, layout, canvas) })),
  };
}

function topOf(zones: readonly Zone[]): number {
  return Math.max(0, ...zones.map(({ zIndex = 0 }) => zIndex));
}

/** The zones from the lowest to the highest; of equals the later one lies above. */
export function stacked(zones: readonly Zone[]): Zone[] {
  return [...zones].sort((one, other) => (one.zIndex ?? 0) - (other.zIndex ?? 0));
}

/** Puts a zone one step higher or lower in the stack; the whole stack is numbered anew. */
export function restacked(layout: Layout, zoneId: string, by: 1 | -1): Layout {
  const stack = stacked(layout.zones).map(({ id }) => id);
  const from = stack.indexOf(zoneId);
  const order = moved(stack, from, from + by);
  return { ...layout, zones: layout.zones.map((zone) => ({ ...zone, zIndex: order.indexOf(zone.id) })) };
}

/** The list with one element at another place; a place that is none changes nothing. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const one = list[from];
  if (one === undefined || to < 0 || to >= list.length) return [...list];
  const rest = list.filter((_, at) => at !== from);
  return [...rest.slice(0, to), one, ...rest.slice(to)];
}

/** The item with some of its fields changed; a field of undefined is taken away. */
export function withItemFields(
  item: ZoneItem,
  change: { readonly [K in keyof ZoneItem]?: ZoneItem[K] | undefined },
): ZoneItem {
  return Object.fromEntries(
    Object.entries({ ...item, ...change }).filter(([, value]) => value !== undefined),
  ) as ZoneItem;
}
