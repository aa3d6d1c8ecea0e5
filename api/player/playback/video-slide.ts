/**
 * A stored video: in step with its slot, looped when it is shorter, cut when it is longer, given up when it stands still.
 *
 * State: `#progress` is the furthest place seen and when; a video that runs and does not get on for STALL_MS is broken. `#isWanted` says
 * whether it is to run now.
 */
import { tryToPlay } from './autoplay.ts';
import { loudness, mediaErrorWords, nextEvent, SlideTrouble, within, type Slide, type SlideParts } from './slide.ts';

/** Longest wait for the first frame, in milliseconds. */
const FIRST_FRAME_MS_MAX = 20_000;
/** A video that does not get on for so long is given up, in milliseconds. */
const STALL_MS = 8_000;
/** Who is late by more than this, in milliseconds, enters the video where the others are. */
const LATE_MS = 700;
/** A slot must be longer than its video by this, in milliseconds, for it to be looped: rounding must not flash its first frame. */
const LOOP_SPARE_MS = 500;

export class VideoSlide implements Slide {
  readonly node: HTMLVideoElement;
  readonly beginsAnew = true;
  readonly #parts: SlideParts;
  #isWanted = false;
  #isGone = false;
  #progress = { place: 0, atMs: 0 };

  constructor(parts: SlideParts) {
    this.#parts = parts;
    const node = document.createElement('video');
    node.className = 'slide';
    node.style.objectFit = parts.item.fit ?? 'contain';
    node.playsInline = true;
    node.disablePictureInPicture = true;
    node.preload = 'auto';
    this.node = node;
    this.#setVolume(parts.volumePercent);
  }

  async prepare(elapsedMs: number): Promise<void> {
    const { node } = this;
    const words = (): string => mediaErrorWords(node);
    node.src = this.#parts.address;
    const loaded = (async () => {
      if (node.readyState < HTMLMediaElement.HAVE_METADATA) await nextEvent(node, 'loadedmetadata', words);
      if (node.videoWidth === 0) throw new SlideTrouble('it has no picture that this browser can play');
      if (elapsedMs > LATE_MS) {
        node.currentTime = this.#placeAt(elapsedMs);
        await nextEvent(node, 'seeked', words);
      }
      if (node.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) await nextEvent(node, 'canplay', words);
    })();
    await within(loaded, FIRST_FRAME_MS_MAX, 'the video did not load in time');
    node.addEventListener('error', () => this.#break(mediaErrorWords(node)));
  }

  start(elapsedMs: number): void {
    const place = this.#placeAt(elapsedMs);
    if (Math.abs(this.node.currentTime - place) * 1_000 > LATE_MS) this.node.currentTime = place;
    this.#run();
  }

  tick(volumePercent: number): void {
    this.#setVolume(volumePercent);
    const { node } = this;
    const nowMs = performance.now();
    // A browser stops a video that is given sound without having been touched.
    if (this.#isWanted && node.paused && !node.ended) this.#play();
    const holdsLastFrame = node.ended || document.visibilityState === 'hidden';
    if (!this.#isWanted || holdsLastFrame || node.currentTime !== this.#progress.place) {
      this.#progress = { place: node.currentTime, atMs: nowMs };
    } else if (nowMs - this.#progress.atMs >= STALL_MS) {
      this.#break('the video stands still');
    }
  }

  pause(): void {
    this.#isWanted = false;
    this.node.pause();
  }

  resume(elapsedMs: number): void {
    this.start(elapsedMs);
  }

  dispose(): void {
    this.#isGone = true;
    this.pause();
    this.node.removeAttribute('src');
    this.node.load();
  }

  #run(): void {
    this.#isWanted = true;
    this.#progress = { place: -1, atMs: performance.now() };
    this.#play();
  }

  #play(): void {
    void tryToPlay(this.node).then((refusal) => {
      if (refusal !== null && this.#isWanted) this.#break(refusal);
    });
  }

  /** Where in the video the slot is by now, in seconds. */
  #placeAt(elapsedMs: number): number {
    const lengthMs = this.node.duration * 1_000;
    const late = Math.max(0, elapsedMs);
    if (!Number.isFinite(lengthMs) || lengthMs <= 0) return 0;
    this.node.loop = this.#parts.slotMs > lengthMs + LOOP_SPARE_MS;
    if (this.node.loop) return (late % lengthMs) / 1_000;
    return late <= LATE_MS ? 0 : Math.min(late, lengthMs) / 1_000;
  }

  #setVolume(volumePercent: number): void {
    const volume = loudness(this.#parts.item, volumePercent);
    this.node.volume = volume;
    // A browser that refused sound once keeps the video muted: to unmute it would stop it.
    if (volume === 0) this.node.muted = true;
    else if (this.node.dataset['soundRefused'] === undefined) this.node.muted = false;
  }

  #break(reason: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#parts.onBroken(reason);
  }
}
