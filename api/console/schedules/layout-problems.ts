/** What is wrong with a layout, or worth a look. Pure. */
import type { Layout } from '../../../protocol/schedule.ts';
import { isInside, isOverlapping } from './zone-geometry.ts';

export type LayoutProblem =
  /** Has nothing to show; cannot be saved. */
  | { readonly kind: 'empty'; readonly zoneId: string }
  /** Ends outside of the canvas; cannot be saved. */
  | { readonly kind: 'outside'; readonly zoneId: string }
  /** Two lie on each other and nothing says which is above. */
  | { readonly kind: 'overlap'; readonly zoneId: string; readonly otherId: string };

export function layoutProblems(layout: Layout): LayoutProblem[] {
  const problems: LayoutProblem[] = [];
  for (const [at, zone] of layout.zones.entries()) {
    if (zone.items.length === 0) problems.push({ kind: 'empty', zoneId: zone.id });
    if (!isInside(zone, layout)) problems.push({ kind: 'outside', zoneId: zone.id });
    for (const other of layout.zones.slice(at + 1))
      if (isOverlapping(zone, other) && (zone.zIndex ?? 0) === (other.zIndex ?? 0))
        problems.push({ kind: 'overlap', zoneId: zone.id, otherId: other.id });
  }
  return problems;
}

/** Keeps the layout from being saved. */
export function isBlocking({ kind }: LayoutProblem): boolean {
  return kind !== 'overlap';
}
