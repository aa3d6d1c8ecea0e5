/**
 * Plays a manifest: asks the programme what is on, keeps a scene of it on the screen, and tells what was on glass.
 *
 * State: `#programme` (of the manifest to be played), `#scene` (what is on, if anything), `#coming` (what takes its place as soon as every zone of it has
 * something to show, or its patience is over), `#isPaused` (something covers everything). The timer is set whenever it is not paused and something
 * is to be played; it never waits longer than TICK_MS, so that a clock that was set is noticed.
 * Invariants: what is on depends on the hub's time and the manifest alone; a scene is never taken off for one that is not ready, and goes without one
 * only when nothing is scheduled; nothing plays, counts or is fetched while it is paused or stopped.
 */
import './playback.css';
import type { MediaShelf, ReadyManifest } from '../media/ready-manifest.ts';
import type { FinishedPlay } from './finished-play.ts';
import type { Moment } from './play-meter.ts';
import { createProgramme, type OnNow, type Programme } from './programme.ts';
import { Scene } from './scene.ts';

/** Longest time between two looks at the clock, in milliseconds. */
const TICK_MS = 1_000;
/** A schedule takes over after this even if one of its zones has nothing to show yet, in milliseconds. */
const PATIENCE_MS = 6_000;

export interface PlaybackParts {
  /** Where it is shown: an element with a size, positioned, under the alerts. */
  readonly place: HTMLElement;
  readonly shelf: MediaShelf;
  /** The hub's clock as far as it is known, epoch milliseconds. */
  readonly nowMs: () => number;
  /** `config.timezone`. */
  readonly timezone: () => string | undefined;
  /** 0 to 100. */
  readonly volumePercent: () => number;
  /** Something was on glass and is not any more. */
  readonly onPlay: (play: FinishedPlay) => void;
  /** Something cannot be shown; told once for each try. */
  readonly onTrouble: (contentId: number, reason: string) => void;
}

/** What is on the screen. */
export interface NowPlaying {
  readonly scheduleId: number | null;
  readonly zones: readonly { readonly zoneId: string; readonly contentId: number | null }[];
}

interface Coming {
  readonly scene: Scene;
  readonly sinceMs: number;
}

export class Playback {
  readonly #parts: PlaybackParts;
  readonly #sizes: ResizeObserver;
  readonly #leaving = new AbortController();
  #ready: ReadyManifest | null = null;
  #programme: Programme | null = null;
  #timezone: string | undefined;
  #scene: Scene | null = null;
  #coming: Coming | null = null;
  #isPaused = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: PlaybackParts) {
    this.#parts = parts;
    this.#sizes = new ResizeObserver(() => this.#fit());
    this.#sizes.observe(parts.place);
    const { signal } = this.#leaving;
    document.addEventListener('visibilitychange', () => this.#pageIsSeen(), { signal });
    // What is on glass when the page goes would never be told.
    addEventListener('pagehide', () => this.#scene?.pageIsSeen(false), { signal });
    addEventListener('pageshow', () => this.#pageIsSeen(), { signal });
  }

  /** Plays this from now on, without a break where it shows the same; what could not be shown is tried again. null: nothing. */
  show(ready: ReadyManifest | null): void {
    this.#ready = ready;
    this.#compile();
    this.#scene?.tryAgain();
    this.#update();
  }

  /** Something covers everything. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#scene?.cover();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#scene?.uncover();
    this.#update();
  }

  /** What is on the screen, be it covered. */
  now(): NowPlaying {
    return { scheduleId: this.#scene?.scheduleId ?? null, zones: this.#scene?.zones ?? [] };
  }

  /** For good: the last plays are told, and the place is empty. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#leaving.abort();
    this.#sizes.disconnect();
    this.#programme = null;
    this.#takeOff();
    this.#isPaused = true;
  }

  #compile(): void {
    this.#timezone = this.#parts.timezone();
    this.#programme = this.#ready === null ? null : createProgramme(this.#ready.manifest, this.#timezone);
  }

  #update(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isPaused) return;
    if (this.#parts.timezone() !== this.#timezone) this.#compile();
    if (this.#programme === null) {
      this.#takeOff();
      return;
    }
    const nowMs = this.#parts.nowMs();
    const { on, changesAt } = this.#programme.at(nowMs);
    if (on === null) this.#takeOff();
    else this.#bring(on, this.#programme);
    const due = [changesAt ?? Infinity, this.#scene?.update() ?? Infinity, this.#coming?.scene.update() ?? Infinity];
    this.#changeScenes();
    const delay = Math.min(TICK_MS, Math.max(0, Math.min(...due) - this.#parts.nowMs()));
    this.#timer ??= setTimeout(() => this.#update(), Number.isNaN(delay) ? TICK_MS : Math.ceil(delay));
  }

  /** Something happened out of time. */
  #soon(): void {
    if (this.#isPaused || this.#programme === null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#update());
  }

  #bring(on: OnNow, programme: Programme): void {
    const key = keyOf(on, programme);
    if (this.#scene?.key === key) {
      this.#dropComing();
      return;
    }
    if (this.#coming?.scene.key === key) return;
    this.#dropComing();
    const { shelf, volumePercent, onPlay, onTrouble } = this.#parts;
    const scene = new Scene(on, key, {
      ...{ shelf, volumePercent, onPlay, onTrouble, contents: programme.contents },
      moment: () => this.#moment(),
      onChanged: () => this.#soon(),
    });
    this.#coming = { scene, sinceMs: performance.now() };
    this.#parts.place.append(scene.node);
    this.#fit();
  }

  #changeScenes(): void {
    const coming = this.#coming;
    if (coming === null) return;
    if (!coming.scene.isSettled && performance.now() - coming.sinceMs < PATIENCE_MS) return;
    this.#coming = null;
    this.#scene?.stop();
    this.#scene = coming.scene;
    coming.scene.reveal();
    coming.scene.uncover();
    this.#soon();
  }

  #dropComing(): void {
    this.#coming?.scene.stop();
    this.#coming = null;
  }

  #takeOff(): void {
    this.#dropComing();
    this.#scene?.stop();
    this.#scene = null;
  }

  #moment(): Moment {
    return { nowMs: this.#parts.nowMs(), monotonicMs: performance.now() };
  }

  #fit(): void {
    const { clientWidth, clientHeight } = this.#parts.place;
    for (const scene of [this.#scene, this.#coming?.scene]) scene?.fit(clientWidth, clientHeight);
  }

  #pageIsSeen(): void {
    if (!this.#isPaused) this.#scene?.pageIsSeen(document.visibilityState === 'visible');
  }
}

/** Equal for what looks the same: another version of the manifest need not interrupt it. */
function keyOf({ schedule, zones }: OnNow, { contents }: Programme): string {
  const ids = new Set(zones.flatMap(({ zone }) => zone.items.map(({ contentId }) => contentId)));
  const files = [...ids].map((id) => {
    const content = contents.get(id);
    // Addresses of stored content are signed and change with every manifest: it is known by its bytes.
    return content === undefined ? [id] : [id, content.sha256 ?? content.url, content.durationMs];
  });
  return JSON.stringify([schedule.id, schedule.layout, files]);
}
