/** Something that things may be dropped on, marked while they are above it. */
import { Box } from '@mantine/core';
import { useState, type ReactNode } from 'react';

export interface DropPlaceProps {
  /** What is being dragged may be dropped here. */
  readonly accepts: boolean;
  readonly onDrop: () => void;
  readonly children: ReactNode;
}

export function DropPlace({ accepts, onDrop, children }: DropPlaceProps) {
  const [isOver, setIsOver] = useState(false);
  const marked = accepts && isOver;
  return (
    <Box
      data-drop={marked ? 'here' : undefined}
      style={{
        borderRadius: 'var(--mantine-radius-sm)',
        outline: marked ? '2px dashed var(--mantine-primary-color-filled)' : '2px solid transparent',
        outlineOffset: -2,
        background: marked ? 'var(--mantine-primary-color-light)' : undefined,
      }}
      onDragOver={(event) => {
        if (!accepts) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'move';
        setIsOver(true);
      }}
      onDragLeave={(event) => {
        const to = event.relatedTarget;
        if (!(to instanceof Node && event.currentTarget.contains(to))) setIsOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        if (accepts) onDrop();
      }}
    >
      {children}
    </Box>
  );
}
