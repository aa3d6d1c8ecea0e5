/** What a screen was asked for beside what it says of itself. Pure. */
import type { DeviceStateJson } from '../../devices/device-state.ts';
import type { Config } from '../../../protocol/desired-state.ts';
import { SETTING_KEYS, type SettingKey } from '../device-config/inherited-settings.ts';

/** `free`: nobody asked for anything. `unsaid`: the screen has not said what it does. */
export type Agreement = 'same' | 'different' | 'unsaid' | 'free';

export type SettingValue = NonNullable<Config[SettingKey]>;

export interface SettingComparison {
  readonly key: SettingKey;
  readonly asked: SettingValue | null;
  readonly says: SettingValue | null;
  readonly agreement: Agreement;
}

/** What the screen says of a setting; null when it does not. */
function saidOf(key: SettingKey, reported: DeviceStateJson['reported']): SettingValue | null {
  if (reported === null) return null;
  const { volume, brightness, screenOn } = reported.status;
  if (key === 'volume') return volume ?? null;
  if (key === 'brightness') return brightness ?? null;
  if (key === 'power' && screenOn !== undefined) return screenOn ? 'on' : 'off';
  return null;
}

export function compareSettings({ desired, reported }: DeviceStateJson): SettingComparison[] {
  return SETTING_KEYS.map((key) => {
    const asked = desired.config[key] ?? null;
    const says = saidOf(key, reported);
    const agreement = asked === null ? 'free' : says === null ? 'unsaid' : asked === says ? 'same' : 'different';
    return { key, asked, says, agreement };
  });
}

export interface AlertComparison {
  /** Deployments that should be on the screen, and that the screen says are. */
  readonly shown: ReadonlySet<number>;
  /** Deployments on the screen that should not be. */
  readonly leftOver: readonly number[];
}

export function compareAlerts({ desired, reported }: DeviceStateJson): AlertComparison {
  const displayed = reported?.displayed ?? [];
  const wanted = new Set(desired.alerts.map(({ deploymentId }) => deploymentId));
  return {
    shown: new Set(displayed.filter((id) => wanted.has(id))),
    leftOver: displayed.filter((id) => !wanted.has(id)),
  };
}

/** How far the screen is with what was scheduled for it. */
export type ScheduleProgress = 'nothing' | 'plays' | 'fetching' | 'failed' | 'behind' | 'unsaid';

export function compareSchedule({ desired, reported }: DeviceStateJson): ScheduleProgress {
  if (desired.schedule === null) return 'nothing';
  const { scheduleVersion, scheduleState = 'applied' } = reported?.status ?? {};
  if (scheduleVersion === undefined) return 'unsaid';
  if (scheduleVersion !== desired.schedule.version) return 'behind';
  return scheduleState === 'applied' ? 'plays' : scheduleState === 'received' ? 'fetching' : 'failed';
}
