/**
 * One item in its zone: the element that shows it, and what it takes to get it ready, to start it and to let it go.
 *
 * States: `new`, `ready` (`prepare` has resolved: the first frame is there), `running` (after `start`), `paused`, `gone` (after `dispose`,
 * which may come at any time). Invariants: a slide that cannot go on says so exactly once, by a rejected `prepare` or by
 * `onBroken`; after `dispose` it says nothing, plays nothing and holds nothing.
 */
import type { ZoneItem } from '../../../protocol/schedule.ts';
import type { ManifestContent } from './programme.ts';

export interface SlideParts {
  readonly content: ManifestContent;
  readonly item: ZoneItem;
  /** How long the slot is, in milliseconds. */
  readonly slotMs: number;
  /** Where it is shown from. */
  readonly address: string;
  /** The stored bytes. */
  readonly bytes: () => Promise<Blob | null>;
  /** The device's volume, 0 to 100 percent. */
  readonly volumePercent: number;
  /** It was ready and cannot go on. */
  readonly onBroken: (reason: string) => void;
  /** Whether what is in the zone is the content itself, and not word that it is away. Ready slides are in sight. */
  readonly onSight: (inSight: boolean) => void;
}

export interface Slide {
  readonly node: HTMLElement;
  /** Whether each slot begins it anew (a video), or an item that follows itself simply goes on. */
  readonly beginsAnew: boolean;
  /**
   * Loads and decodes, with `node` in the document. Rejects with SlideTrouble.
   * @param elapsedMs how long ago its slot will have begun, where that is known already; not positive when it is yet to begin
   */
  prepare(elapsedMs: number): Promise<void>;
  /** It is on glass from now on; said again when it follows itself. */
  start(elapsedMs: number): void;
  /** Said now and then while it runs, with the device's volume. */
  tick(volumePercent: number): void;
  pause(): void;
  resume(elapsedMs: number): void;
  dispose(): void;
}

/** Why something cannot be shown, in words for an operator. */
export class SlideTrouble extends Error {
  override readonly name = 'SlideTrouble';
}

/** The promise, or SlideTrouble with this reason when it takes longer. */
export async function within<T>(promise: Promise<T>, deadlineMs: number, reason: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new SlideTrouble(reason)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves with the next event of this name; rejects with SlideTrouble when an `error` comes first. */
export async function nextEvent(target: HTMLElement, name: string, onError: () => string): Promise<void> {
  const listening = new AbortController();
  const { signal } = listening;
  try {
    await new Promise<void>((resolve, reject) => {
      target.addEventListener(name, () => resolve(), { signal });
      target.addEventListener('error', () => reject(new SlideTrouble(onError())), { signal });
    });
  } finally {
    listening.abort();
  }
}

/** How loud an item is, 0 to 1, on a device at this volume. */
export function loudness(item: Pick<ZoneItem, 'muted' | 'volume'>, volumePercent: number): number {
  if (item.muted === true) return 0;
  return (Math.min(Math.max(volumePercent, 0), 100) / 100) * ((item.volume ?? 100) / 100);
}

/** What a video element says of its error, in words. */
export function mediaErrorWords(video: HTMLMediaElement): string {
  switch (video.error?.code) {
    case 2:
      return 'the network failed';
    case 3:
      return 'the file is damaged or its codec is not supported';
    default:
      // An address that does not answer and bytes that are not understood are one and the same to a browser.
      return video.currentSrc.startsWith('blob:')
        ? 'this browser cannot play its format or codec'
        : 'it did not come, or this browser cannot play it';
  }
}
