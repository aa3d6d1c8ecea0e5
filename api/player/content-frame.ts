/** Content of an alert, beside its text. What it is allowed to be is decided here; what it may do is decided by its sandbox. */
import type { AlertContent } from '../../protocol/desired-state.ts';
import { element } from './elements.ts';
import { webAddress } from './web-address.ts';

/** A page or a stream that has shown nothing after this is reported as failed, in milliseconds. */
const LOAD_DEADLINE_MS = 20_000;

export interface ContentFrame {
  readonly node: HTMLElement;
  /** Stops what plays and drops the deadline. */
  dispose(): void;
}

export interface ContentFrameOptions {
  /** Base of relative addresses. */
  readonly base: string;
  /** Address of verified bytes that are here already; null when they are not: then they come from the content's address. */
  readonly addressOfFile: (sha256: string) => string | null;
  readonly volumePercent: number;
  readonly onFailed: (reason: string) => void;
  /** It is over, and was there to be seen for so long, in milliseconds. */
  readonly onPlayed: (playedMs: number) => void;
}

/** How content is shown: streams that a video element understands by their ending, everything else of the web in a frame. */
function contentElement(type: AlertContent['type'], address: string): 'img' | 'video' | 'iframe' {
  if (type === 'image') return 'img';
  if (type === 'video') return 'video';
  if (type === 'html') return 'iframe';
  return /\.(m3u8|mp4|m4v|webm|ogv)$/i.test(new URL(address).pathname) ? 'video' : 'iframe';
}

/** Builds the element for this content; `onFailed` is told once, with the reason, when it cannot be shown. */
export function showContent(content: AlertContent, options: ContentFrameOptions): ContentFrame | null {
  const web = webAddress(content.url, options.base)?.href;
  const here = content.sha256 === null ? null : options.addressOfFile(content.sha256);
  const address = here ?? web;
  if (web === undefined || address === undefined) {
    options.onFailed(`content ${content.id}: address refused`);
    return null;
  }
  const kind = contentElement(content.type, web);
  let settled = false;
  let seenSinceMs: number | null = null;
  const deadline = setTimeout(() => fail('nothing to see in time'), LOAD_DEADLINE_MS);
  function fail(why: string): void {
    if (settled) return;
    settled = true;
    clearTimeout(deadline);
    node.hidden = true;
    options.onFailed(`content ${content.id}: ${why}`);
  }
  function succeed(): void {
    settled = true;
    clearTimeout(deadline);
    node.hidden = false;
    seenSinceMs ??= performance.now();
  }
  const node = kind === 'img' ? image() : kind === 'video' ? video(options.volumePercent) : frame();
  node.addEventListener(kind === 'video' ? 'loadeddata' : 'load', succeed);
  node.addEventListener('error', () => fail(`${content.type} did not load`));
  node.setAttribute('src', address);
  return {
    node,
    dispose() {
      settled = true;
      clearTimeout(deadline);
      if (node instanceof HTMLMediaElement) node.pause();
      node.removeAttribute('src');
      if (seenSinceMs !== null) options.onPlayed(performance.now() - seenSinceMs);
      seenSinceMs = null;
    },
  };
}

function image(): HTMLElement {
  const node = element('img', '');
  node.setAttribute('alt', '');
  return node;
}

/** Autoplay with sound is a right that kiosks grant and browsers refuse: when refused, it plays without. */
function video(volumePercent: number): HTMLElement {
  const node = document.createElement('video');
  node.loop = true;
  node.playsInline = true;
  node.volume = volumePercent / 100;
  node.muted = volumePercent === 0;
  node.addEventListener('canplay', () => {
    node.play().catch((cause: unknown) => {
      if (node.muted || !(cause instanceof DOMException) || cause.name !== 'NotAllowedError') return;
      node.muted = true;
      void node.play();
    });
  });
  return node;
}

/** Scripts may run, but as nobody: without `allow-same-origin` the frame reaches neither our storage nor our page. */
function frame(): HTMLElement {
  const node = element('iframe', '');
  node.setAttribute('sandbox', 'allow-scripts');
  node.setAttribute('referrerpolicy', 'no-referrer');
  node.setAttribute('allow', 'autoplay');
  return node;
}
