/** Settings as they come down a chain of places: the screen itself, its group, that group's parent. Per key the nearest wins. */
import type { SettingsStep } from '../../groups/group-standing.ts';
import type { Config } from '../../../protocol/desired-state.ts';

export type SettingKey = keyof Config;

/** Every setting, in the order in which they are shown. */
export const SETTING_KEYS = ['volume', 'brightness', 'orientation', 'timezone', 'power', 'statusSeconds'] as const;

/** Where a setting comes from. */
export type SettingSource = Pick<SettingsStep, 'kind' | 'targetId' | 'name'>;

export interface Inherited<K extends SettingKey = SettingKey> {
  readonly value: NonNullable<Config[K]>;
  readonly from: SettingSource;
}

/** What wins for a key, and where it was set; null where nobody set it. The nearest place stands first in the chain. */
export function inheritedSetting<K extends SettingKey>(chain: readonly SettingsStep[], key: K): Inherited<K> | null {
  for (const { kind, targetId, name, config } of chain) {
    const value = config[key];
    if (value !== undefined) return { value, from: { kind, targetId, name } };
  }
  return null;
}

/** The settings with one of them set, or taken out (undefined) so that it is inherited again. */
export function withSetting<K extends SettingKey>(config: Config, key: K, value: Config[K] | undefined): Config {
  const { [key]: _old, ...rest } = config;
  return value === undefined ? rest : { ...rest, [key]: value };
}
