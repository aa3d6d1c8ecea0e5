/** Raising an alert from anywhere: one button, one key, one dialog over whatever page is open. */
import { useHotkeys } from '@mantine/hooks';
import { lazy, Suspense, useMemo, useState, type ReactNode } from 'react';
import { useMay } from '../session/session-context.tsx';
import { RAISE_KEY, RaiseContext, useRaiseKey, type RaisePreset } from './raise-alert-context.tsx';

const RaiseDialog = lazy(async () => {
  const { RaiseDialog: component } = await import('../alerts/raise-dialog.tsx');
  return { default: component };
});

export function RaiseAlertProvider({ children }: { readonly children: ReactNode }) {
  const [preset, setPreset] = useState<RaisePreset | null>(null);
  const [keyIsOn] = useRaiseKey();
  const { manage } = useMay();
  const open = useMemo(
    () =>
      (next: RaisePreset = {}) =>
        setPreset(next),
    [],
  );
  useHotkeys(keyIsOn && manage && preset === null ? [[RAISE_KEY, () => open()]] : []);
  return (
    <RaiseContext.Provider value={open}>
      {children}
      {preset !== null && (
        <Suspense fallback={null}>
          <RaiseDialog preset={preset} onClose={() => setPreset(null)} />
        </Suspense>
      )}
    </RaiseContext.Provider>
  );
}
