/**
 * Volume and brightness as they stand: what the configuration says, until a command says otherwise, until the configuration says
 * something again. The later word wins, over restarts too.
 */
import type { Config } from '../../protocol/desired-state.ts';
import type { Screen } from '../../protocol/screen.ts';
import type { KeyValue } from './key-value.ts';
import { parseObject } from './saved-text.ts';

type Setting = 'volume' | 'brightness';

export class Orders {
  readonly #keyValue: KeyValue;
  readonly #key: string;

  constructor(keyValue: KeyValue, scope: string) {
    this.#keyValue = keyValue;
    this.#key = `${scope}:orders`;
  }

  /** An operator ordered this, in percent, while the screen had this configuration. */
  set(setting: Setting, percent: number, screen: Pick<Screen, 'epoch' | 'config'>): void {
    const { volume, brightness } = screen.config;
    const kept = { ...this.#kept(screen), [setting]: percent };
    this.#keyValue.set(this.#key, JSON.stringify({ epoch: screen.epoch, under: { volume, brightness }, ...kept }));
  }

  /** The configuration with the orders that came after it. */
  over(screen: Pick<Screen, 'epoch' | 'config'>): Config {
    return { ...screen.config, ...this.#kept(screen) };
  }

  /** Orders that still stand: a setting that was configured anew since is not among them. */
  #kept({ epoch, config }: Pick<Screen, 'epoch' | 'config'>): Pick<Config, Setting> {
    const saved = parseObject(this.#keyValue.get(this.#key));
    if (saved === null || saved['epoch'] !== epoch) return {};
    const under = typeof saved['under'] === 'object' && saved['under'] !== null ? saved['under'] : {};
    const standing: Pick<Config, Setting> = {};
    for (const setting of ['volume', 'brightness'] as const) {
      const percent = saved[setting];
      const before = (under as Record<string, unknown>)[setting];
      if (isPercent(percent) && before === config[setting]) standing[setting] = percent;
    }
    return standing;
  }
}

export function isPercent(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 100;
}
