/** What is asked of `POST /devices/bulk`, from what is in the dialog's fields. Pure. */
import type { BulkAction } from '../../devices/bulk-actions.ts';
import type { BulkSelect } from '../../devices/bulk-selection.ts';
import type { Config } from '../../../protocol/desired-state.ts';
import type { DeviceSelection } from './device-selection.ts';

export type BulkKind = BulkAction['kind'];
export type SettingName = keyof Config;
export const SETTINGS = ['volume', 'brightness', 'orientation', 'timezone', 'power', 'statusSeconds'] as const;

/** What is to become of one setting: nothing, this value, or none of the screen's own. */
export interface SettingDraft {
  readonly mode: 'leave' | 'set' | 'clear';
  /** As it stands in its field. */
  readonly value: string | number;
}
export type SettingsDraft = Readonly<Record<SettingName, SettingDraft>>;

/** Limits of the settings that are numbers: [least, most]. */
export const NUMBER_LIMITS: Partial<Record<SettingName, readonly [number, number]>> = {
  volume: [0, 100],
  brightness: [0, 100],
  statusSeconds: [5, 3_600],
};

export const UNTOUCHED: SettingsDraft = {
  volume: { mode: 'leave', value: '' },
  brightness: { mode: 'leave', value: '' },
  orientation: { mode: 'leave', value: '' },
  timezone: { mode: 'leave', value: '' },
  power: { mode: 'leave', value: '' },
  statusSeconds: { mode: 'leave', value: '' },
};

/** Whether the value is one that the setting can have. */
function isSettable(name: SettingName, value: string | number): boolean {
  const limits = NUMBER_LIMITS[name];
  if (limits === undefined) return value !== '';
  return typeof value === 'number' && Number.isInteger(value) && value >= limits[0] && value <= limits[1];
}

/** The action of the settings' fields; null while there is nothing to do, or a value is missing. */
export function configureAction(draft: SettingsDraft): BulkAction | null {
  const set = SETTINGS.filter((name) => draft[name].mode === 'set');
  const clear = SETTINGS.filter((name) => draft[name].mode === 'clear');
  if (set.length + clear.length === 0 || set.some((name) => !isSettable(name, draft[name].value))) return null;
  const config = Object.fromEntries(set.map((name) => [name, draft[name].value])) as Config;
  return { kind: 'configure', config, ...(clear.length === 0 ? {} : { clear }) };
}

/** The selection as the API takes it; `expect` holds it to the number that was looked at. */
export function selectOf(selection: DeviceSelection, expect?: number): BulkSelect {
  if (selection.kind === 'some') return { deviceIds: [...selection.ids] };
  return { filter: selection.filter, ...(expect === undefined ? {} : { expect }) };
}
