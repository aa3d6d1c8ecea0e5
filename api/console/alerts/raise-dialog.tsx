/** Raising an alert. */
import type { RaisePreset } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';

export interface RaiseDialogProps {
  readonly preset: RaisePreset;
  readonly onClose: () => void;
}

export function RaiseDialog({ preset, onClose }: RaiseDialogProps) {
  const { shell } = useTexts();
  return (
    <Dialog onClose={onClose} title={shell.raiseAlert}>
      {preset.title}
    </Dialog>
  );
}
