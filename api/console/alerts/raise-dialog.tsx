/**
 * Raising an alert, in two steps: what has happened, and where. What was asked for already (a repetition, say) begins at the second.
 */
import './alerts.css';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import type { RaisePreset } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { usePreparedAlerts } from './prepared-alerts-query.ts';
import { RaiseChoose } from './raise-choose.tsx';
import { RaiseConfirm } from './raise-confirm.tsx';
import { draftOfPrepared, draftOfPreset, type RaiseDraft } from './raise-draft.ts';

export interface RaiseDialogProps {
  readonly preset: RaisePreset;
  readonly onClose: () => void;
}

/** `begun`: as the preset says; `choosing`: the first step; else the second, with what was chosen. */
type RaiseStep = 'begun' | 'choosing' | RaiseDraft;

export function RaiseDialog({ preset, onClose }: RaiseDialogProps) {
  const { shell } = useTexts();
  const isNarrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false });
  const prepared = usePreparedAlerts();
  const [step, setStep] = useState<RaiseStep>('begun');
  const asked = prepared.data?.find(({ id }) => id === preset.alertId);
  const begunWith =
    preset.title !== undefined ? draftOfPreset(preset) : asked === undefined ? null : draftOfPrepared(asked, preset);
  const draft = step === 'begun' ? begunWith : step === 'choosing' ? null : step;
  return (
    <Dialog
      onClose={onClose}
      title={shell.raiseAlert}
      size="56rem"
      fullScreen={isNarrow}
      closeOnClickOutside={draft === null}
    >
      {draft === null ? (
        <RaiseChoose
          prepared={prepared}
          onPrepared={(alert) => setStep(draftOfPrepared(alert, preset))}
          onWrite={() => setStep(draftOfPreset(preset))}
        />
      ) : (
        <RaiseConfirm
          draft={draft}
          onChange={setStep}
          prepared={prepared.data ?? []}
          onBack={() => setStep('choosing')}
          onClose={onClose}
        />
      )}
    </Dialog>
  );
}
