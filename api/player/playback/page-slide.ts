/**
 * HTML: a page of the web in a sandboxed frame, or a stored page or bundle, made one document of and put into a sandboxed frame inside of a
 * frame of ours whose policy lets it run its scripts and nothing else (page-frame-policy.ts).
 *
 * Scripts may run, but as nobody: without `allow-same-origin` the frame reaches neither our storage nor our page.
 */
import frameAddress from './page-frame.html?url';
import { unpackBundle, type BundleFiles } from './bundle-files.ts';
import { pageDocument } from './page-document.ts';
import { nextEvent, SlideTrouble, within, type Slide, type SlideParts } from './slide.ts';

/** Longest wait for a page, in milliseconds. */
const LOAD_MS_MAX = 20_000;

export function pageSlide(parts: SlideParts): Slide {
  const node = document.createElement('iframe');
  node.className = 'slide';
  node.referrerPolicy = 'no-referrer';
  node.tabIndex = -1;
  const isStored = parts.content.sha256 !== null;
  return {
    node,
    beginsAnew: false,
    async prepare() {
      const shown = isStored ? showStored(node, parts) : showAddress(node, parts.address);
      await within(shown, LOAD_MS_MAX, 'the page did not load in time');
    },
    start: () => undefined,
    tick: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    dispose: () => node.remove(),
  };
}

/**
 * A frame does not say whether a foreign page came or only the browser's word that it did not, and that is nothing to show to people: whether
 * anybody answers there is asked before.
 */
async function showAddress(node: HTMLIFrameElement, address: string): Promise<void> {
  try {
    await fetch(address, { method: 'HEAD', mode: 'no-cors', credentials: 'omit', referrerPolicy: 'no-referrer' });
  } catch (cause) {
    throw new SlideTrouble('the page on the web cannot be reached', { cause });
  }
  sandbox(node);
  node.src = address;
  await nextEvent(node, 'load', () => 'the page did not load');
}

async function showStored(node: HTMLIFrameElement, parts: SlideParts): Promise<void> {
  const files = await filesOf(parts);
  node.src = frameAddress;
  await nextEvent(node, 'load', () => 'the frame of stored pages did not load');
  const around = node.contentDocument;
  const realm = around?.defaultView;
  if (around?.body == null || realm == null || around.URL === 'about:blank')
    throw new SlideTrouble('the frame of stored pages did not load');
  const page = around.createElement('iframe');
  sandbox(page);
  // Its own document has no style sheet: what this page's policy forbids in attributes may be set one by one.
  Object.assign(around.body.style, { margin: '0', overflow: 'hidden' });
  Object.assign(page.style, { position: 'fixed', inset: '0', width: '100%', height: '100%', border: '0' });
  page.srcdoc = pageDocument(files, new realm.DOMParser());
  const loaded = nextEvent(page, 'load', () => 'the page did not load');
  around.body.append(page);
  await loaded;
}

function sandbox(frame: HTMLIFrameElement): void {
  frame.setAttribute('sandbox', 'allow-scripts');
  frame.setAttribute('allow', 'autoplay');
  frame.setAttribute('scrolling', 'no');
}

async function filesOf({ bytes, content }: SlideParts): Promise<BundleFiles> {
  const blob = await bytes();
  if (blob === null) throw new SlideTrouble('its file is not on this screen');
  const data = new Uint8Array(await blob.arrayBuffer());
  const isBundle = content.mimeType === 'application/zip' || (data[0] === 0x50 && data[1] === 0x4b);
  if (!isBundle) return new Map([['index.html', data]]);
  return unpackBundle(data, () => new Promise((resolve) => setTimeout(resolve)));
}
