/**
 * A live stream: HLS by the browser itself or by hls.js, or a file that never ends. It keeps its slot while it is away, with a card that says so,
 * and comes back by itself.
 *
 * States: `connecting`, `playing`, `down` (a timer is set for the next try), `gone`. Invariants: the card is over the picture exactly when it is not
 * `playing`; a trouble is told once for each time it goes away; there is at most one timer and one hls.js.
 */
import type Hls from 'hls.js';
import { tryToPlay } from './autoplay.ts';
import { loudness, mediaErrorWords, SlideTrouble, type Slide, type SlideParts } from './slide.ts';
import { streamBackoffMs, streamKind, type StreamKind } from './stream-address.ts';

/** A stream that has shown nothing after this is put in its place with the card, in milliseconds. */
const FIRST_FRAME_MS_MAX = 8_000;
/** A stream without progress for so long is connected anew, in milliseconds. */
const STALL_MS = 10_000;
const AWAY = 'This stream is not available right now';

export interface StreamParts extends SlideParts {
  /** The stream went away; it is tried again. */
  readonly onAway: (reason: string) => void;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class StreamSlide implements Slide {
  readonly node: HTMLElement;
  readonly beginsAnew = false;
  readonly #parts: StreamParts;
  readonly #video = document.createElement('video');
  readonly #card = document.createElement('div');
  #state: 'connecting' | 'playing' | 'down' | 'gone' = 'connecting';
  #hls: Hls | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failures = 0;
  #hasTold = false;
  /** Whether it may be heard: not before its time, and not under an alert. */
  #isAudible = false;
  #progress = { place: 0, atMs: performance.now() };
  #settled: (() => void) | null = null;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.node = document.createElement('div');
    this.node.className = 'slide stream';
    this.#video.style.objectFit = parts.item.fit ?? 'contain';
    this.#video.playsInline = true;
    this.#card.className = 'stream-card';
    this.#card.textContent = AWAY;
    this.node.append(this.#video, this.#card);
    this.#setVolume(parts.volumePercent);
    this.#video.addEventListener('playing', () => this.#onPlaying());
    this.#video.addEventListener('timeupdate', () => this.#onPlaying());
    this.#video.addEventListener('error', () => {
      if (this.#video.hasAttribute('src')) this.#onDown(mediaErrorWords(this.#video));
    });
    this.#video.addEventListener('ended', () => this.#onDown('the stream ended'));
  }

  async prepare(): Promise<void> {
    const kind = streamKind(this.#parts.address, this.#parts.content.mimeType);
    if (kind === null) throw new SlideTrouble('browsers cannot play streams of this kind');
    const settled = new Promise<void>((resolve) => {
      this.#settled = resolve;
    });
    this.#connect(kind);
    const patience = setTimeout(() => {
      // It is put in its place all the same: the card says what is wrong, and the stream may come.
      if (this.#state === 'connecting') this.#onDown('the stream did not answer in time');
    }, FIRST_FRAME_MS_MAX);
    await settled;
    clearTimeout(patience);
  }

  start(): void {
    this.resume();
    this.#parts.onSight(this.#state === 'playing');
  }

  tick(volumePercent: number): void {
    this.#setVolume(volumePercent);
    // A browser stops a video that is given sound without having been touched.
    if (this.#state === 'playing' && this.#video.paused && !this.#video.ended) this.#play();
    const nowMs = performance.now();
    const place = this.#video.currentTime;
    if (this.#state !== 'playing' || place !== this.#progress.place || document.visibilityState === 'hidden')
      this.#progress = { place, atMs: nowMs };
    else if (nowMs - this.#progress.atMs >= STALL_MS) this.#onDown('the stream stands still');
  }

  /** What is live goes on; only its sound is away. */
  pause(): void {
    this.#isAudible = false;
    this.#video.muted = true;
  }

  resume(): void {
    this.#isAudible = true;
    this.#setVolume(this.#parts.volumePercent);
  }

  dispose(): void {
    this.#state = 'gone';
    this.#settled?.();
    this.#disconnect();
  }

  #connect(kind: StreamKind): void {
    this.#disconnect();
    if (this.#state === 'gone') return;
    this.#state = 'connecting';
    const { address } = this.#parts;
    const isNative = kind === 'file' || this.#video.canPlayType('application/vnd.apple.mpegurl') !== '';
    if (isNative) {
      this.#video.src = address;
      this.#play();
    } else {
      void this.#connectByLibrary(address);
    }
  }

  async #connectByLibrary(address: string): Promise<void> {
    try {
      const { default: Library } = await import('hls.js');
      if (this.#state !== 'connecting') return;
      if (!Library.isSupported()) {
        this.#onDown('this browser cannot play HLS');
        return;
      }
      // Its worker would be made from a blob: address, which the page's policy forbids.
      const hls = new Library({ enableWorker: false });
      this.#hls = hls;
      hls.on(Library.Events.ERROR, (_event, data) => {
        if (data.fatal) this.#onDown(`the stream failed: ${data.details}`);
      });
      hls.loadSource(address);
      hls.attachMedia(this.#video);
      this.#play();
    } catch (cause) {
      this.#onDown(`HLS is not to be had: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }

  #play(): void {
    void tryToPlay(this.#video).then((refusal) => {
      // An address that does not answer has told its own, better reason by an event.
      if (refusal !== null && this.#state === 'connecting') this.#onDown(refusal);
    });
  }

  #onPlaying(): void {
    if (this.#state !== 'connecting' || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#state = 'playing';
    this.#failures = 0;
    this.#hasTold = false;
    this.#card.hidden = true;
    this.#parts.onSight(true);
    this.#settled?.();
  }

  #onDown(reason: string): void {
    if (this.#state === 'gone' || this.#state === 'down') return;
    this.#state = 'down';
    this.#card.hidden = false;
    this.#parts.onSight(false);
    if (!this.#hasTold) this.#parts.onAway(reason);
    this.#hasTold = true;
    const kind = streamKind(this.#parts.address, this.#parts.content.mimeType) ?? 'file';
    this.#timer = setTimeout(() => this.#connect(kind), streamBackoffMs(this.#failures, this.#parts.random()));
    this.#failures += 1;
    this.#settled?.();
  }

  #disconnect(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#hls?.destroy();
    this.#hls = null;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #setVolume(volumePercent: number): void {
    const volume = loudness(this.#parts.item, volumePercent);
    this.#video.volume = volume;
    if (volume === 0 || !this.#isAudible) this.#video.muted = true;
    else if (this.#video.dataset['soundRefused'] === undefined) this.#video.muted = false;
  }
}
