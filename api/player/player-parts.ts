/** What a player is put together from. */
import type { OwnClocks } from '../../protocol/server-clock.ts';
import type { Diary } from './diary.ts';
import type { HubHttp } from './hub-http.ts';
import type { Identity } from './identity.ts';
import type { KeyValue } from './key-value.ts';
import type { Signage } from './signage.ts';
import type { PageActs, Surface } from './surface.ts';

export interface PlayerParts {
  readonly identity: Identity;
  readonly keyValue: KeyValue;
  readonly http: HubHttp;
  /** The device's own clocks. */
  readonly clocks: () => OwnClocks;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly surface: Surface;
  /** Makes the signage, which asks what the time, the zone and the volume are. */
  readonly signage: (ways: SignageNeeds) => Signage;
  readonly acts: PageActs;
  readonly diary: Diary;
  readonly about: { readonly appVersion: string; readonly model: string; readonly osVersion: string };
}

export interface SignageNeeds {
  /** The hub's time, or the device's own while that is not known, in epoch milliseconds. */
  readonly nowMs: () => number;
  readonly timezone: () => string | undefined;
  readonly volumePercent: () => number;
}
