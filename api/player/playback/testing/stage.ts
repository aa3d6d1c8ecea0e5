/** Playback standing alone, for tests: its manifest, its files and its clock come from the test, through `globalThis.stage`. */
import type { Manifest } from '../../../../protocol/sync.ts';
import { takeScreenshot } from '../../capture/screenshot.ts';
import type { FinishedPlay } from '../finished-play.ts';
import { Playback, type NowPlaying } from '../playback.ts';

const files = new Map<number, Blob>();
const addresses = new Map<number, string>();
const plays: FinishedPlay[] = [];
const troubles: [number, string][] = [];
let clock = { nowMs: 0, sinceMs: 0, runs: false };
let volumePercent = 0;
let timezone: string | undefined;
let emptyFrames = 0;

function nowMs(): number {
  return clock.nowMs + (clock.runs ? performance.now() - clock.sinceMs : 0);
}

const place = document.getElementById('place');
if (place === null) throw new Error('stage.html has a place');

const playback = new Playback({
  place,
  shelf: {
    addressOf: (contentId) => addresses.get(contentId) ?? null,
    bytesOf: async (contentId) => files.get(contentId) ?? null,
  },
  nowMs,
  timezone: () => timezone,
  volumePercent: () => volumePercent,
  onPlay: (play) => plays.push(play),
  onTrouble: (contentId, reason) => troubles.push([contentId, reason]),
});

/** Counts frames in which a zone that had something on glass has nothing. */
function watchGlass(): void {
  for (const zone of place?.querySelectorAll<HTMLElement>('.scene:not([data-waiting]) .zone') ?? []) {
    const isEmpty = zone.querySelector('.layer:not([data-waiting])') === null;
    if (isEmpty && zone.dataset['hadGlass'] !== undefined) emptyFrames += 1;
    if (!isEmpty) zone.dataset['hadGlass'] = '';
  }
  requestAnimationFrame(watchGlass);
}
watchGlass();

async function shot(width: number, height: number): Promise<string> {
  const blob = await takeScreenshot(document.body, { width, height });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

const stage = {
  plays,
  troubles,
  put(contentId: number, base64: string, type: string): void {
    const blob = new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], { type });
    files.set(contentId, blob);
    addresses.set(contentId, URL.createObjectURL(blob));
  },
  link(contentId: number, address: string): void {
    addresses.set(contentId, address);
  },
  /** The clock stands at this instant, or runs from it. */
  setClock(at: number, runs: boolean): void {
    clock = { nowMs: at, sinceMs: performance.now(), runs };
  },
  setVolume(percent: number): void {
    volumePercent = percent;
  },
  setTimezone(zone: string): void {
    timezone = zone;
  },
  show(manifest: Manifest | null): void {
    playback.show(manifest === null ? null : { version: manifest.version ?? 1, manifest });
  },
  now: (): NowPlaying => playback.now(),
  emptyFrames: (): number => emptyFrames,
  pause: (): void => playback.pause(),
  resume: (): void => playback.resume(),
  stop: (): void => playback.stop(),
  shot,
};
export type Stage = typeof stage;
Object.assign(globalThis, { stage });
