/** The canvas, scaled to the room there is, with its zones to be chosen, moved and resized by mouse, finger or keys. */
import { Box, VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useId, useState } from 'react';
import type { Layout, Zone } from '../../../protocol/schedule.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { stacked, withoutZone, withZone } from './edit-layout.ts';
import type { ChangeLayout } from './change-layout.ts';
import { zoneName } from './problem-texts.ts';
import { ZoneBox } from './zone-box.tsx';
import type { Snapped, Surroundings } from './zone-geometry.ts';

/** Distance of the lines of the grid, in canvas pixels. */
const GRID_PX = 10;
/** How near an edge has to come to a line to jump there, in pixels of the screen. */
const REACH_PX = 8;
/** A canvas is not drawn higher than this part of the window. */
const HEIGHT_MAX = 0.62;

export interface LayoutCanvasProps {
  readonly layout: Layout;
  readonly chosen: string | null;
  readonly onChosen: (zoneId: string) => void;
  /** null: it is only looked at. */
  readonly onChange: ChangeLayout | null;
  readonly isSnapping: boolean;
}

export function LayoutCanvas({ layout, chosen, onChosen, onChange, isSnapping }: LayoutCanvasProps) {
  const texts = useTexts().schedules.layout;
  const { ref, width } = useElementSize<HTMLDivElement>();
  const help = useId();
  /** A zone under way: where it would come to lie. */
  const [moving, setMoving] = useState<(Snapped & { readonly zoneId: string }) | null>(null);
  const scale = Math.min(width / layout.width, (window.innerHeight * HEIGHT_MAX) / layout.height);
  const around = (zone: Zone): Surroundings => ({
    canvas: layout,
    others: layout.zones.filter(({ id }) => id !== zone.id),
    grid: isSnapping ? GRID_PX : 1,
    reach: isSnapping && scale > 0 ? REACH_PX / scale : 0,
  });
  const chosenZone = layout.zones.find(({ id }) => id === chosen);
  return (
    <div ref={ref}>
      <VisuallyHidden id={help}>{texts.canvasHelp}</VisuallyHidden>
      <Box
        role="group"
        aria-label={texts.canvas}
        aria-describedby={help}
        pos="relative"
        mx="auto"
        style={{
          width: layout.width * scale,
          height: layout.height * scale,
          background: layout.background ?? '#000000',
          outline: '1px solid var(--mantine-color-default-border)',
          overflow: 'hidden',
        }}
      >
        {width > 0 &&
          stacked(layout.zones).map((zone) => (
            <ZoneBox
              key={zone.id}
              zone={moving?.zoneId === zone.id ? { ...zone, ...moving.rect } : zone}
              saved={zone}
              name={zoneName(layout.zones, zone.id, texts)}
              scale={scale}
              around={around(zone)}
              isChosen={zone.id === chosen}
              onChosen={() => onChosen(zone.id)}
              {...(onChange === null
                ? { editing: null }
                : {
                    editing: {
                      onMoving: (next) => setMoving(next === null ? null : { ...next, zoneId: zone.id }),
                      onPlaced: (rect, name) => onChange(withZone(layout, zone.id, rect), name),
                      onRemove: () => onChange(withoutZone(layout, zone.id), null),
                    },
                  })}
            />
          ))}
        {moving !== null && <Guides {...moving.guides} scale={scale} />}
      </Box>
      <VisuallyHidden role="status">
        {chosenZone !== undefined &&
          texts.zoneMovedTo(
            zoneName(layout.zones, chosenZone.id, texts),
            chosenZone.x,
            chosenZone.y,
            chosenZone.width,
            chosenZone.height,
          )}
      </VisuallyHidden>
    </div>
  );
}

interface GuidesProps {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly scale: number;
}

/** The lines that a zone was drawn to. */
function Guides({ x, y, scale }: GuidesProps) {
  const color = 'var(--mantine-color-red-6)';
  return (
    <>
      {x.map((line) => (
        <Box
          key={`x${line}`}
          pos="absolute"
          top={0}
          h="100%"
          style={{ left: line * scale, borderLeft: `1px solid ${color}` }}
        />
      ))}
      {y.map((line) => (
        <Box
          key={`y${line}`}
          pos="absolute"
          left={0}
          w="100%"
          style={{ top: line * scale, borderTop: `1px solid ${color}` }}
        />
      ))}
    </>
  );
}
