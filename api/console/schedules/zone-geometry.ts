/** Rectangles on a canvas, in whole pixels of it: moving and resizing with snapping, always inside. Pure. */

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Which edges of a rectangle are being pulled; the others stay. */
export interface Edges {
  readonly left?: boolean;
  readonly right?: boolean;
  readonly top?: boolean;
  readonly bottom?: boolean;
}

/** What a moved edge may come to lie on. */
export interface Surroundings {
  readonly canvas: Size;
  readonly others: readonly Rect[];
  /** Distance of the lines of the grid; 1 is no grid. */
  readonly grid: number;
  /** How near an edge has to be to a line of the canvas or of another zone to jump there, in canvas pixels. */
  readonly reach: number;
}

/** Where the rectangle comes to lie, and the lines that it was drawn to. */
export interface Snapped {
  readonly rect: Rect;
  readonly guides: { readonly x: readonly number[]; readonly y: readonly number[] };
}

/** Smallest side that can be made by hand, in canvas pixels: what is smaller cannot be hit any more. */
export const SIDE_MIN = 10;

/** One axis of a rectangle. */
interface Span {
  readonly start: number;
  readonly size: number;
}

interface Axis {
  readonly length: number;
  /** Edges of the canvas and of other rectangles. */
  readonly lines: readonly number[];
  readonly grid: number;
  readonly reach: number;
}

function between(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), Math.max(min, max));
}

/** The same rectangle, made whole, not smaller than a pixel, and moved or shrunk into the canvas. */
export function insideOf(rect: Rect, canvas: Size): Rect {
  const width = between(Math.round(rect.width), 1, canvas.width);
  const height = between(Math.round(rect.height), 1, canvas.height);
  return {
    x: between(Math.round(rect.x), 0, canvas.width - width),
    y: between(Math.round(rect.y), 0, canvas.height - height),
    width,
    height,
  };
}

function axesOf({ canvas, others, grid, reach }: Surroundings): { readonly x: Axis; readonly y: Axis } {
  const lines = (length: number, edges: readonly number[]): number[] => [0, length, ...edges];
  return {
    x: {
      length: canvas.width,
      lines: lines(
        canvas.width,
        others.flatMap(({ x, width }) => [x, x + width]),
      ),
      grid,
      reach,
    },
    y: {
      length: canvas.height,
      lines: lines(
        canvas.height,
        others.flatMap(({ y, height }) => [y, y + height]),
      ),
      grid,
      reach,
    },
  };
}

/** The line nearest to one of these edges, and how far away it is; null when none is in reach. */
function nearest(
  edges: readonly number[],
  { lines, reach }: Axis,
): { readonly line: number; readonly by: number } | null {
  let best: { readonly line: number; readonly by: number } | null = null;
  for (const line of lines) {
    for (const edge of edges) {
      const by = line - edge;
      if (Math.abs(by) <= reach && (best === null || Math.abs(by) < Math.abs(best.by))) best = { line, by };
    }
  }
  return best;
}

function onGrid(value: number, grid: number): number {
  return Math.round(value / grid) * grid;
}

function movedSpan({ start, size }: Span, axis: Axis): { readonly span: Span; readonly guides: readonly number[] } {
  const found = nearest([start, start + size], axis);
  const middle = nearest([start + size / 2], { ...axis, lines: [axis.length / 2] });
  const drawn = found === null || (middle !== null && Math.abs(middle.by) < Math.abs(found.by)) ? middle : found;
  const wanted = drawn === null ? onGrid(start, axis.grid) : Math.round(start + drawn.by);
  const at = between(wanted, 0, axis.length - size);
  return { span: { start: at, size }, guides: drawn === null || at !== wanted ? [] : [drawn.line] };
}

/** Moves without changing the size. */
export function snapMove(rect: Rect, around: Surroundings): Snapped {
  const axes = axesOf(around);
  const { x: left, y: top, width, height } = { ...rect, ...sizeInside(rect, around.canvas) };
  const x = movedSpan({ start: left, size: width }, axes.x);
  const y = movedSpan({ start: top, size: height }, axes.y);
  return {
    rect: { x: x.span.start, y: y.span.start, width: x.span.size, height: y.span.size },
    guides: { x: x.guides, y: y.guides },
  };
}

function sizeInside(rect: Rect, canvas: Size): Size {
  const { width, height } = insideOf(rect, canvas);
  return { width, height };
}

function pulledSpan(
  { start, size }: Span,
  pulled: { readonly start: boolean; readonly end: boolean },
  axis: Axis,
): { readonly span: Span; readonly guides: readonly number[] } {
  const end = start + size;
  if (!pulled.start && !pulled.end) return { span: { start, size }, guides: [] };
  const edge = pulled.start ? start : end;
  const found = nearest([edge], axis);
  const wanted = found === null ? onGrid(edge, axis.grid) : found.line;
  const at = pulled.start ? between(wanted, 0, end - SIDE_MIN) : between(wanted, start + SIDE_MIN, axis.length);
  const span = pulled.start ? { start: at, size: end - at } : { start, size: at - start };
  return { span, guides: found === null || at !== wanted ? [] : [found.line] };
}

/** Pulls edges; `rect` is where they would be without snapping. */
export function snapResize(rect: Rect, edges: Edges, around: Surroundings): Snapped {
  const axes = axesOf(around);
  const x = pulledSpan(
    { start: rect.x, size: rect.width },
    { start: edges.left === true, end: edges.right === true },
    axes.x,
  );
  const y = pulledSpan(
    { start: rect.y, size: rect.height },
    { start: edges.top === true, end: edges.bottom === true },
    axes.y,
  );
  return {
    rect: insideOf({ x: x.span.start, y: y.span.start, width: x.span.size, height: y.span.size }, around.canvas),
    guides: { x: x.guides, y: y.guides },
  };
}

/** Where a pull by so many pixels would bring the edges. */
export function pulledBy(rect: Rect, edges: Edges, dx: number, dy: number): Rect {
  const left = edges.left === true ? dx : 0;
  const top = edges.top === true ? dy : 0;
  return {
    x: rect.x + left,
    y: rect.y + top,
    width: rect.width - left + (edges.right === true ? dx : 0),
    height: rect.height - top + (edges.bottom === true ? dy : 0),
  };
}

export function isOverlapping(one: Rect, other: Rect): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

export function isInside({ x, y, width, height }: Rect, canvas: Size): boolean {
  return x >= 0 && y >= 0 && x + width <= canvas.width && y + height <= canvas.height;
}

/** The rectangle on a canvas of another size, in the same place by proportion. */
export function scaledTo(rect: Rect, from: Size, to: Size): Rect {
  const x = Math.round((rect.x * to.width) / from.width);
  const y = Math.round((rect.y * to.height) / from.height);
  const right = Math.round(((rect.x + rect.width) * to.width) / from.width);
  const bottom = Math.round(((rect.y + rect.height) * to.height) / from.height);
  return insideOf({ x, y, width: right - x, height: bottom - y }, to);
}
