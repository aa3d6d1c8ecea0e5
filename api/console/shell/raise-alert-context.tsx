/** Raising an alert from anywhere: one button, one key, one dialog over whatever page is open. */
import { useHotkeys, useLocalStorage } from '@mantine/hooks';
import { createContext, lazy, Suspense, useContext, useMemo, useState, type ReactNode } from 'react';
import type { Severity } from '../ui/severity-badge.tsx';
import { useMay } from '../session/session-context.tsx';

/** What the dialog begins with, e.g. when an alert is repeated or escalated. */
export interface RaisePreset {
  readonly alertId?: number | null;
  readonly severity?: Severity;
  readonly title?: string;
  readonly message?: string;
  readonly contentId?: number | null;
  readonly groupIds?: readonly number[];
  readonly deviceIds?: readonly number[];
  readonly expiresInSeconds?: number;
  readonly drill?: boolean;
}

/** The key that opens the dialog, while one is not typing. */
export const RAISE_KEY = 'A';

const RaiseContext = createContext<((preset?: RaisePreset) => void) | null>(null);

const RaiseDialog = lazy(async () => {
  const { RaiseDialog: component } = await import('../alerts/raise-dialog.tsx');
  return { default: component };
});

/** Whether the one key is on (WCAG 2.2, 2.1.4): people who dictate, or tremble, turn it off in their account. */
export function useRaiseKey(): readonly [boolean, (on: boolean) => void] {
  const [on, setOn] = useLocalStorage({ key: 'podoh.console.raise-key', defaultValue: true });
  return [on, setOn];
}

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

/** Opens the dialog that raises an alert. */
export function useRaiseAlert(): (preset?: RaisePreset) => void {
  const open = useContext(RaiseContext);
  if (open === null) throw new Error('useRaiseAlert outside of RaiseAlertProvider');
  return open;
}
