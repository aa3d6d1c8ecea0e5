/** Raising an alert from anywhere: what opens the dialog, and the key that does. */
import { useLocalStorage } from '@mantine/hooks';
import { createContext, useContext } from 'react';
import type { Severity } from '../ui/severity-badge.tsx';

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

export const RaiseContext = createContext<((preset?: RaisePreset) => void) | null>(null);

/** Whether the one key is on (WCAG 2.2, 2.1.4): people who dictate, or tremble, turn it off in their account. */
export function useRaiseKey(): readonly [boolean, (on: boolean) => void] {
  const [on, setOn] = useLocalStorage({ key: 'podoh.console.raise-key', defaultValue: true });
  return [on, setOn];
}

/** Opens the dialog that raises an alert. */
export function useRaiseAlert(): (preset?: RaisePreset) => void {
  const open = useContext(RaiseContext);
  if (open === null) throw new Error('useRaiseAlert outside of RaiseAlertProvider');
  return open;
}
