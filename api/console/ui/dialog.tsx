/**
 * A dialog: takes the focus, gives it back, closes with Escape. Use it in place of the library's Modal, whose heading is a banner to
 * screen readers, of which a page may have one.
 */
import { Group, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts-context.tsx';

export interface DialogProps {
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** A size of the theme, e.g. `lg`, or a width in CSS. */
  readonly size?: string;
  /** Fills the screen, as on a phone. */
  readonly fullScreen?: boolean;
  /** False keeps it from being closed by Escape, by a click beside it or by its button. */
  readonly closable?: boolean;
  /** False keeps it open when somebody clicks beside it: for what would be lost. */
  readonly closeOnClickOutside?: boolean;
}

export function Dialog({
  title,
  onClose,
  children,
  size = 'md',
  fullScreen = false,
  closable = true,
  closeOnClickOutside = closable,
}: DialogProps) {
  const { close } = useTexts().common;
  return (
    <Modal.Root
      opened
      onClose={onClose}
      size={size}
      fullScreen={fullScreen}
      closeOnEscape={closable}
      closeOnClickOutside={closeOnClickOutside}
      {...(closable ? {} : { zIndex: 1000 })}
    >
      <Modal.Overlay />
      <Modal.Content>
        <Group justify="space-between" wrap="nowrap" px="md" pt="md" pb="xs">
          <Modal.Title fw={600} fz="lg">
            {title}
          </Modal.Title>
          {closable && <Modal.CloseButton aria-label={close} />}
        </Group>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
