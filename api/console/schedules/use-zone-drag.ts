/**
 * Moving and pulling a zone with a mouse, a pen or a finger.
 *
 * States: at rest (`taken` is null); taken, from pointer down to up. The zone follows the hand from where it was when it was taken,
 * snapping on the way; it is placed once, when the hand lets go, so that it is one step of undo.
 */
import { useRef, type PointerEvent } from 'react';
import type { Zone } from '../../../protocol/schedule.ts';
import {
  pulledBy,
  snapMove,
  snapResize,
  type Edges,
  type Rect,
  type Snapped,
  type Surroundings,
} from './zone-geometry.ts';

export interface ZoneEditing {
  /** Where it would come to lie; null: the hand has let go. */
  readonly onMoving: (snapped: Snapped | null) => void;
  /** @param name of the change, for undo */
  readonly onPlaced: (rect: Rect, name: string | null) => void;
  readonly onRemove: () => void;
}

interface Taken {
  readonly clientX: number;
  readonly clientY: number;
  readonly zone: Zone;
  snapped: Snapped | null;
}

/** A hand that trembles less than this moves nothing, in pixels of the screen. */
const TREMBLE_PX = 3;

export interface ZoneDragOptions {
  readonly zone: Zone;
  readonly scale: number;
  readonly around: Surroundings;
  readonly onTaken: () => void;
  readonly editing: ZoneEditing | null;
}

export interface DragHandlers {
  readonly onPointerDown: (event: PointerEvent<HTMLElement>) => void;
  readonly onPointerMove: (event: PointerEvent<HTMLElement>) => void;
  readonly onPointerUp: (event: PointerEvent<HTMLElement>) => void;
  readonly onPointerCancel: (event: PointerEvent<HTMLElement>) => void;
}

/** Returns what makes the handlers of an element: of the zone itself (null), or of a handle that pulls edges. */
export function useZoneDrag(options: ZoneDragOptions): (edges: Edges | null) => DragHandlers {
  const { zone, scale, around, onTaken, editing } = options;
  const taken = useRef<Taken | null>(null);
  return (edges) => ({
    onPointerDown(event) {
      if (event.button !== 0) return;
      event.stopPropagation();
      onTaken();
      if (editing === null) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      taken.current = { clientX: event.clientX, clientY: event.clientY, zone, snapped: null };
    },
    onPointerMove(event) {
      const held = taken.current;
      if (held === null || editing === null) return;
      event.stopPropagation();
      const [byX, byY] = [event.clientX - held.clientX, event.clientY - held.clientY];
      if (held.snapped === null && Math.hypot(byX, byY) < TREMBLE_PX) return;
      const { x, y, width, height } = held.zone;
      const [dx, dy] = [byX / scale, byY / scale];
      held.snapped =
        edges === null
          ? snapMove({ x: x + dx, y: y + dy, width, height }, around)
          : snapResize(pulledBy({ x, y, width, height }, edges, dx, dy), edges, around);
      editing.onMoving(held.snapped);
    },
    onPointerUp(event) {
      const held = taken.current;
      if (held === null || editing === null) return;
      event.stopPropagation();
      taken.current = null;
      editing.onMoving(null);
      if (held.snapped !== null) editing.onPlaced(held.snapped.rect, null);
    },
    onPointerCancel() {
      taken.current = null;
      editing?.onMoving(null);
    },
  });
}
