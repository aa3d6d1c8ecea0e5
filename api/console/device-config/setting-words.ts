/** Settings in words. */
import type { Config } from '../../../protocol/desired-state.ts';
import { useTexts } from '../texts/texts-context.tsx';
import type { SettingKey, SettingSource } from './inherited-settings.ts';

export interface SettingWords {
  /** E.g. "70 %". */
  readonly value: (key: SettingKey, value: NonNullable<Config[SettingKey]>) => string;
  /** E.g. "Library". */
  readonly source: (from: SettingSource) => string;
}

/** How to say settings and where they come from. */
export function useSettingWords(): SettingWords {
  const texts = useTexts().devicePage.config;
  return {
    value(key, value) {
      switch (key) {
        case 'volume':
        case 'brightness':
          return texts.percent(Number(value));
        case 'orientation':
          return texts.orientations[value as NonNullable<Config['orientation']>];
        case 'power':
          return texts.powers[value as NonNullable<Config['power']>];
        case 'statusSeconds':
          return texts.seconds(Number(value));
        case 'timezone':
          return String(value);
      }
    },
    source({ kind, name }) {
      if (kind === 'device') return texts.fromScreen;
      return name ?? texts.fromHidden;
    },
  };
}
