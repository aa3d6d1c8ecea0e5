import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Layout } from '../../../protocol/schedule.ts';
import {
  arranged,
  freeZoneId,
  moved,
  newLayout,
  resized,
  restacked,
  stacked,
  TEMPLATE_NAMES,
  templateRects,
  withItemFields,
  withNewZone,
  withoutZone,
  withTwin,
  withZone,
} from './edit-layout.ts';
import { isBlocking, layoutProblems } from './layout-problems.ts';
import { itemAt, itemMs, loopMs } from './playlist.ts';
import { insideOf, isInside, pulledBy, SIDE_MIN, snapMove, snapResize, type Surroundings } from './zone-geometry.ts';

const canvas = { width: 1920, height: 1080 };
const rect = fc.record({
  x: fc.integer({ min: -3_000, max: 3_000 }),
  y: fc.integer({ min: -3_000, max: 3_000 }),
  width: fc.integer({ min: 1, max: 3_000 }),
  height: fc.integer({ min: 1, max: 3_000 }),
});
const inside = rect.map((one) => insideOf(one, canvas));
const edges = fc.record({ left: fc.boolean(), top: fc.boolean() }).chain(({ left, top }) =>
  fc.record({
    left: fc.constant(left),
    right: left ? fc.constant(false) : fc.boolean(),
    top: fc.constant(top),
    bottom: top ? fc.constant(false) : fc.boolean(),
  }),
);
const isWhole = (values: object): boolean => Object.values(values).every((value) => Number.isInteger(value));

describe('snapping', () => {
  const around = (more: Partial<Surroundings> = {}): Surroundings => ({
    canvas,
    others: [],
    grid: 10,
    reach: 12,
    ...more,
  });

  test('keeps every zone whole, on the canvas and of its size, wherever it is moved', () => {
    fc.assert(
      fc.property(inside, fc.array(inside, { maxLength: 4 }), fc.integer(), fc.integer(), (start, others, dx, dy) => {
        const [x, y] = [start.x + (dx % 3_000), start.y + (dy % 3_000)];
        const { rect } = snapMove({ ...start, x, y }, around({ others }));
        expect(rect).toMatchObject({ width: start.width, height: start.height });
        expect(isInside(rect, canvas) && isWhole(rect)).toBe(true);
      }),
    );
  });

  test('keeps every zone whole and on the canvas however it is pulled, and moves no edge that is not pulled', () => {
    fc.assert(
      fc.property(inside, edges, fc.integer(), fc.integer(), (start, edges, dx, dy) => {
        fc.pre(start.width >= SIDE_MIN && start.height >= SIDE_MIN);
        const { rect } = snapResize(pulledBy(start, edges, dx % 3_000, dy % 3_000), edges, around());
        expect(isInside(rect, canvas) && isWhole(rect)).toBe(true);
        if (!edges.left) expect(rect.x).toBe(start.x);
        if (!edges.right) expect(rect.x + rect.width).toBe(start.x + start.width);
        if (!edges.top) expect(rect.y).toBe(start.y);
        if (!edges.bottom) expect(rect.y + rect.height).toBe(start.y + start.height);
      }),
    );
  });

  test('draws to edges of the canvas, its middle and other zones, then to the grid, and says to which line', () => {
    const zone = { x: 8, y: 533, width: 100, height: 100 };
    const other = { x: 603, y: 200, width: 50, height: 37 };
    const near = around({ others: [other] });
    expect(snapMove(zone, near)).toEqual({ rect: { ...zone, x: 0, y: 530 }, guides: { x: [0], y: [] } });
    expect(snapMove({ ...zone, x: 906, y: 229 }, near)).toEqual({
      rect: { ...zone, x: 910, y: 237 },
      guides: { x: [960], y: [237] },
    });
    expect(snapMove({ ...zone, x: 497, y: 404 }, near).rect).toMatchObject({ x: 503, y: 400 });
    expect(snapResize({ ...zone, width: 590 }, { right: true }, near)).toMatchObject({
      rect: { x: 8, width: 595 },
      guides: { x: [603] },
    });
  });
});

describe('a layout', () => {
  const item = (contentId: number) => ({ contentId });
  const filled = (layout: Layout): Layout => ({
    ...layout,
    zones: layout.zones.map((zone, at) => ({ ...zone, items: [item(at + 1)] })),
  });

  test.each(TEMPLATE_NAMES)('of template %s fills the canvas without a problem, on any canvas', (name) => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 16_384 }), fc.integer({ min: 64, max: 16_384 }), (width, height) => {
        const layout = filled(arranged({ width, height, zones: [] }, name));
        expect(layout.zones).toHaveLength(templateRects(name, layout).length);
        expect(layoutProblems(layout)).toEqual([]);
      }),
    );
  });

  test('loses nothing that is shown when it is arranged anew', () => {
    const shown = (layout: Layout) => layout.zones.flatMap(({ items }) => items.map(({ contentId }) => contentId));
    const wide = filled(arranged(newLayout(canvas), 'ticker'));
    for (const name of TEMPLATE_NAMES) expect(shown(arranged(wide, name))).toEqual([1, 2, 3]);
    expect(arranged(wide, 'picture').zones.map(({ zIndex }) => zIndex)).toEqual([undefined, 1]);
  });

  test('gets zones with ids of their own, over the others, and loses them', () => {
    const { layout, zoneId } = withNewZone(filled(newLayout(canvas)));
    expect([zoneId, layout.zones.at(-1)?.zIndex]).toEqual(['zone-2', 1]);
    expect(layoutProblems(layout)).toEqual([{ kind: 'empty', zoneId: 'zone-2' }]);
    const twin = withTwin(layout, 'zone-1');
    expect(twin.layout.zones.at(-1)).toMatchObject({ id: 'zone-3', x: 0, items: [item(1)] });
    expect(freeZoneId(withoutZone(twin.layout, 'zone-2').zones)).toBe('zone-2');
    expect(withTwin(layout, 'nowhere').layout).toBe(layout);
  });

  test('tells what cannot be saved, and what hides what', () => {
    const outside = withZone(filled(newLayout(canvas)), 'zone-1', { x: 1 });
    expect(layoutProblems(outside)).toEqual([{ kind: 'outside', zoneId: 'zone-1' }]);
    expect(layoutProblems(outside).every(isBlocking)).toBe(true);
    const both = withTwin(filled(newLayout(canvas)), 'zone-1').layout;
    expect(layoutProblems(both)).toEqual([{ kind: 'overlap', zoneId: 'zone-1', otherId: 'zone-2' }]);
    expect(layoutProblems(both).some(isBlocking)).toBe(false);
    expect(layoutProblems(restacked(both, 'zone-1', 1))).toEqual([]);
  });

  test('is stacked by number, of equals the later above, and one step at a time', () => {
    const layout = arranged(newLayout(canvas), 'ticker');
    const order = (one: Layout) => stacked(one.zones).map(({ id }) => id);
    expect(order(layout)).toEqual(['zone-1', 'zone-2', 'zone-3']);
    expect(order(restacked(layout, 'zone-1', 1))).toEqual(['zone-2', 'zone-1', 'zone-3']);
    expect(order(restacked(layout, 'zone-1', -1))).toEqual(['zone-1', 'zone-2', 'zone-3']);
  });

  test('keeps its proportions on another canvas', () => {
    const tall = resized(arranged(newLayout(canvas), 'columns'), { width: 1080, height: 1920 });
    expect(tall.zones.map(({ x, width, height }) => [x, width, height])).toEqual([
      [0, 540, 1920],
      [540, 540, 1920],
    ]);
  });

  test('has lists whose elements change places, and items whose fields come and go', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
    expect(withItemFields({ contentId: 1, muted: true }, { muted: undefined, fit: 'cover' })).toEqual({
      contentId: 1,
      fit: 'cover',
    });
  });
});

describe('what a zone plays', () => {
  const durationOf = (contentId: number) => (contentId === 1 ? 30_000 : null);
  const items = [{ contentId: 1 }, { contentId: 2 }, { contentId: 1, durationMs: 5_000 }];

  test('takes as long as it says, as its content lasts, or ten seconds', () => {
    expect(items.map((item) => itemMs(item, durationOf))).toEqual([30_000, 10_000, 5_000]);
    expect(loopMs(items, durationOf)).toBe(45_000);
  });

  test.each([
    [0, 0],
    [29_999, 0],
    [30_000, 1],
    [44_999, 2],
    [45_000, 0],
    [45_000 * 7 + 31_000, 1],
  ])('at %i ms is item %i, again and again', (elapsedMs, at) => {
    expect(itemAt(items, elapsedMs, durationOf)).toBe(at);
  });

  test('is nothing in a zone without items', () => {
    expect(itemAt([], 5, durationOf)).toBe(-1);
  });
});
