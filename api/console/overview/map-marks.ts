/** The marks on the map: a disc is online, a square is HTTP only, a triangle has somebody offline in it. */
import type { PlaceCounts } from './place-clusters.ts';
import { lookOf } from './place-clusters.ts';

const SVG = 'http://www.w3.org/2000/svg';

const SHAPES = {
  online: ['circle', { cx: '10', cy: '10', r: '8' }],
  http: ['rect', { x: '2.5', y: '2.5', width: '15', height: '15', rx: '2' }],
  offline: ['path', { d: 'M10 1.5 L19 17.5 L1 17.5 Z' }],
} as const;

/** Side of the mark of one device, of two, and of the largest, in pixels. */
const ONE = 22;
const TWO = 32;
const MANY = 48;
/** A triangle has less room for its number than a disc of the same side. */
const TRIANGLE = 1.25;

export function markSize(counts: PlaceCounts): number {
  if (counts.devices === 1) return ONE;
  const size = Math.min(MANY, TWO + 4 * Math.log10(counts.devices) ** 2);
  return lookOf(counts) === 'offline' ? size * TRIANGLE : size;
}

/** The element of a mark; its number is how many devices it stands for. */
export function markElement(counts: PlaceCounts): HTMLElement {
  const look = lookOf(counts);
  const mark = document.createElement('div');
  mark.className = `map-mark map-mark-${look}`;
  mark.style.width = mark.style.height = `${markSize(counts)}px`;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  const [tag, attributes] = SHAPES[look];
  const shape = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  svg.append(shape);
  mark.append(svg);
  if (counts.devices > 1) {
    const number = document.createElement('span');
    number.textContent = String(counts.devices);
    if (look === 'offline') number.style.top = '4px';
    mark.append(number);
  }
  return mark;
}
