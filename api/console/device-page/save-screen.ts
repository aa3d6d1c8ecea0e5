/** Changing a screen. */
import { useQueryClient } from '@tanstack/react-query';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { Config } from '../../../protocol/desired-state.ts';
import { useVersionedSave, type VersionedSave } from '../device-config/versioned-save.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { SCREEN, screenKey } from './screen-data.ts';

export interface ScreenChange {
  readonly name?: string;
  readonly groupId?: number | null;
  readonly place?: DeviceJson['place'];
  readonly config?: Config;
}

export interface SaveScreenOptions {
  readonly onSaved: (saved: DeviceJson) => void;
  /** Called with what is wrong, by field. */
  readonly onErrors: (errors: Record<string, string>) => void;
}

/** @param begun as it was when the form was opened */
export function useSaveScreen(
  begun: DeviceJson,
  { onSaved, onErrors }: SaveScreenOptions,
): VersionedSave<DeviceJson, ScreenChange> {
  const texts = useTexts().devicePage;
  const queries = useQueryClient();
  const keep = (device: DeviceJson): void => {
    queries.setQueryData(screenKey(begun.id, 'record'), device);
  };
  return useVersionedSave<DeviceJson, ScreenChange>({
    path: `/devices/${begun.id}`,
    begun,
    changes: [SCREEN, 'device', 'group', 'audit'],
    done: ({ name }) => texts.savedScreen(name),
    onSaved: (saved) => {
      keep(saved);
      onSaved(saved);
    },
    onTheirs: keep,
    onErrors,
  });
}
