/** A zone on the canvas: a picture of what it shows first, to be moved and pulled at its edges. */
import { Box, Text } from '@mantine/core';
import type { CSSProperties, KeyboardEvent } from 'react';
import type { Zone } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { useContentMap } from './content-map.tsx';
import { ContentPicture } from './content-picture.tsx';
import { useZoneDrag, type DragHandlers, type ZoneEditing } from './use-zone-drag.ts';
import { insideOf, pulledBy, SIDE_MIN, type Edges, type Rect, type Surroundings } from './zone-geometry.ts';

/** One press of an arrow key, in canvas pixels; with Control (or Alt, where Control has another use) a single one. */
const STEP_PX = 10;

export interface ZoneBoxProps {
  /** As it is drawn. */
  readonly zone: Zone;
  /** As it was before the hand took it. */
  readonly saved: Zone;
  readonly name: string;
  /** Pixels of the screen for one of the canvas. */
  readonly scale: number;
  readonly around: Surroundings;
  readonly isChosen: boolean;
  readonly onChosen: () => void;
  readonly editing: ZoneEditing | null;
}

const HANDLES: readonly { readonly edges: Edges; readonly style: CSSProperties }[] = [
  { edges: { left: true, top: true }, style: { left: -2, top: -2, cursor: 'nwse-resize' } },
  { edges: { top: true }, style: { left: 'calc(50% - 8px)', top: -2, cursor: 'ns-resize' } },
  { edges: { right: true, top: true }, style: { right: -2, top: -2, cursor: 'nesw-resize' } },
  { edges: { right: true }, style: { right: -2, top: 'calc(50% - 8px)', cursor: 'ew-resize' } },
  { edges: { right: true, bottom: true }, style: { right: -2, bottom: -2, cursor: 'nwse-resize' } },
  { edges: { bottom: true }, style: { left: 'calc(50% - 8px)', bottom: -2, cursor: 'ns-resize' } },
  { edges: { left: true, bottom: true }, style: { left: -2, bottom: -2, cursor: 'nesw-resize' } },
  { edges: { left: true }, style: { left: -2, top: 'calc(50% - 8px)', cursor: 'ew-resize' } },
];

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where a key brings the zone; null: it does not. */
function keyedTo(event: KeyboardEvent, zone: Rect, { canvas }: Surroundings): Rect | null {
  const arrow = ARROWS[event.key];
  if (arrow === undefined) return null;
  const step = event.ctrlKey || event.altKey ? 1 : STEP_PX;
  const [dx, dy] = [arrow[0] * step, arrow[1] * step];
  const { x, y, width, height } = zone;
  if (!event.shiftKey) return insideOf({ x: x + dx, y: y + dy, width, height }, canvas);
  const pulled = pulledBy({ x, y, width, height }, { right: true, bottom: true }, dx, dy);
  return {
    x,
    y,
    width: Math.min(Math.max(pulled.width, SIDE_MIN), canvas.width - x),
    height: Math.min(Math.max(pulled.height, SIDE_MIN), canvas.height - y),
  };
}

export function ZoneBox({ zone, saved, name, scale, around, isChosen, onChosen, editing }: ZoneBoxProps) {
  const { layout: texts } = useTexts().schedules;
  const content = useContentMap();
  const drag = useZoneDrag({ zone: saved, scale, around, onTaken: onChosen, editing });
  const [first] = zone.items;
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onChosen();
    }
    if (editing === null) return;
    if (event.key === 'Delete' || event.key === 'Backspace') return editing.onRemove();
    const rect = keyedTo(event, zone, around);
    if (rect === null) return;
    event.preventDefault();
    editing.onPlaced(rect, `place of ${zone.id}`);
  };
  return (
    <Box
      role="button"
      tabIndex={0}
      aria-pressed={isChosen}
      aria-label={texts.zoneAt(name, zone.x, zone.y, zone.width, zone.height)}
      pos="absolute"
      className="podoh-zone"
      onFocus={onChosen}
      onKeyDown={press}
      {...drag(null)}
      style={{
        left: zone.x * scale,
        top: zone.y * scale,
        width: zone.width * scale,
        height: zone.height * scale,
        outline: isChosen ? '3px solid #4dabf7' : '1px dashed #ffffff',
        outlineOffset: isChosen ? -3 : -1,
        boxShadow: 'inset 0 0 0 1px #000000',
        background: first === undefined ? 'rgb(60 60 70 / 80%)' : 'rgb(30 30 36)',
        color: '#ffffff',
        overflow: 'hidden',
        cursor: editing === null ? 'pointer' : 'move',
        touchAction: isChosen && editing !== null ? 'none' : 'auto',
        userSelect: 'none',
      }}
    >
      {first !== undefined && (
        <ContentPicture content={content.get(first.contentId)} fit={first.fit ?? 'contain'} iconSize={32} />
      )}
      <Label isChosen={isChosen} words={first === undefined ? `${name} · ${texts.empty}` : name} />
      {isChosen && editing !== null && <Handles drag={drag} />}
    </Box>
  );
}

function Label({ isChosen, words }: { readonly isChosen: boolean; readonly words: string }) {
  return (
    <Text
      size="xs"
      pos="absolute"
      left={isChosen ? 18 : 4}
      top={isChosen ? 16 : 4}
      px={6}
      truncate
      maw={isChosen ? 'calc(100% - 36px)' : 'calc(100% - 8px)'}
      style={{ background: 'rgb(0 0 0 / 78%)', color: '#ffffff', borderRadius: 4, pointerEvents: 'none' }}
    >
      {words}
    </Text>
  );
}

function Handles({ drag }: { readonly drag: (edges: Edges) => DragHandlers }) {
  return HANDLES.map(({ edges, style }) => (
    <span
      key={Object.keys(edges).join(' ')}
      aria-hidden
      {...drag(edges)}
      style={{
        ...style,
        position: 'absolute',
        width: 16,
        height: 16,
        background: '#ffffff',
        border: '2px solid #1971c2',
        borderRadius: 3,
        touchAction: 'none',
      }}
    />
  ));
}
