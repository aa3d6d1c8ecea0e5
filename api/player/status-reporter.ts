/** What a player says of itself to the hub, as often as it is told to: the same over both transports. */
import type { Config } from '../../protocol/desired-state.ts';
import type { OwnClocks } from '../../protocol/server-clock.ts';
import type { Status } from '../../protocol/up.ts';
import type { PlayerMemory } from './player-memory.ts';

/** Until a welcome or the configuration says how often. */
const STATUS_SECONDS = 60;

export interface StatusReporterParts {
  readonly memory: PlayerMemory;
  readonly clocks: () => OwnClocks;
  readonly about: { readonly appVersion: string; readonly osVersion: string };
  /** Volume and brightness as they stand now. */
  readonly config: () => Config;
  /** What plays, and what became of the manifest. */
  readonly signage: () => Partial<Status>;
  /** Size of the picture in pixels. */
  readonly size: () => { readonly width: number; readonly height: number };
}

export class StatusReporter {
  readonly #parts: StatusReporterParts;
  readonly #startedMs: number;
  #everySeconds = STATUS_SECONDS;
  #sentMs: number | null = null;

  constructor(parts: StatusReporterParts) {
    this.#parts = parts;
    this.#startedMs = parts.clocks().monotonicMs;
  }

  /** A new session wants one at once, then every so many seconds. */
  beginSession(everySeconds: number): void {
    this.#everySeconds = everySeconds;
    this.#sentMs = null;
  }

  /** Something has changed that people look at: one is due. */
  hasNews(): void {
    this.#sentMs = null;
  }

  /** The status when one is due, else null. The configuration's interval goes before the session's. */
  take(): Status | null {
    const { monotonicMs } = this.#parts.clocks();
    const everyMs = (this.#parts.memory.screen.config.statusSeconds ?? this.#everySeconds) * 1000;
    if (this.#sentMs !== null && monotonicMs - this.#sentMs < everyMs) return null;
    this.#sentMs = monotonicMs;
    return this.#describe();
  }

  /** Only what is known: volume and brightness are there when somebody set them. */
  #describe(): Status {
    const { memory, clocks, about, signage, size } = this.#parts;
    const config = this.#parts.config();
    const { monotonicMs, wallMs } = clocks();
    const hubMs = memory.nowMs();
    const { width, height } = size();
    return {
      ...(hubMs === null ? {} : { at: new Date(hubMs).toISOString(), clockOffsetMs: Math.round(hubMs - wallMs) }),
      ...signage(),
      displayed: memory.displayed(),
      uptimeSeconds: Math.round((monotonicMs - this.#startedMs) / 1000),
      screenOn: true,
      screenWidth: width,
      screenHeight: height,
      appVersion: about.appVersion,
      osVersion: about.osVersion,
      ...(config.volume === undefined ? {} : { volume: config.volume }),
      ...(config.brightness === undefined ? {} : { brightness: config.brightness }),
    };
  }
}
