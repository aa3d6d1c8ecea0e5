/**
 * Bringing many screens in, call by call.
 *
 * States: `idle`, `running`, `stopped` (a call failed; what came before is done and kept), `finished`. Invariants: each part has one
 * key for good, so that a part whose answer was lost gives the same credentials when it is sent again; credentials that came are
 * never dropped by what fails later.
 */
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { Static } from 'typebox';
import type { ImportedDevices } from '../../devices/import-devices.ts';
import { newKey } from '../session/new-key.ts';
import { useSession } from '../session/session-context.tsx';
import type { ImportedScreen } from './credential-file.ts';
import type { NewScreen } from './import-plan.ts';

/** Screens in one call; the API takes twice as many, but a bar that moves is easier to wait for. */
const PART_SCREENS = 500;

interface Part {
  readonly screens: readonly NewScreen[];
  readonly key: string;
}

export interface ImportRun {
  readonly phase: 'idle' | 'running' | 'stopped' | 'finished';
  readonly total: number;
  /** Screens that were made. */
  readonly made: readonly ImportedScreen[];
  /** Players that existed already and were left as they are. */
  readonly existing: readonly string[];
  /** Why it stopped. */
  readonly failure: unknown;
}

const IDLE: ImportRun = { phase: 'idle', total: 0, made: [], existing: [], failure: null };

export function useImportRun() {
  const session = useSession();
  const queries = useQueryClient();
  const [run, setRun] = useState(IDLE);
  const left = useRef<Part[]>([]);

  const go = async (from: ImportRun): Promise<void> => {
    let now: ImportRun = { ...from, phase: 'running', failure: null };
    setRun(now);
    for (let part = left.current[0]; part !== undefined; part = left.current[0]) {
      try {
        const { devices, existing } = await session.call<Static<typeof ImportedDevices>>('POST', '/devices/import', {
          body: { devices: part.screens, skipExisting: true },
          idempotencyKey: part.key,
        });
        now = { ...now, made: [...now.made, ...devices], existing: [...now.existing, ...existing] };
        left.current = left.current.slice(1);
        setRun(now);
      } catch (failure) {
        setRun({ ...now, phase: 'stopped', failure });
        return;
      }
    }
    setRun({ ...now, phase: 'finished' });
    await queries.invalidateQueries({ queryKey: ['device'] });
  };

  return {
    run,
    start: (screens: readonly NewScreen[]): void => {
      left.current = [];
      for (let at = 0; at < screens.length; at += PART_SCREENS)
        left.current.push({ screens: screens.slice(at, at + PART_SCREENS), key: newKey() });
      void go({ ...IDLE, total: screens.length });
    },
    resume: (): void => void go(run),
    reset: (): void => setRun(IDLE),
  };
}
