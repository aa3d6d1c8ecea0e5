/**
 * Makes ONE self-contained document of a stored page or bundle: a frame without an origin can load nothing of ours, neither from the
 * server nor from the cache, so everything that it needs is inside of it, as `data:` addresses.
 *
 * What is understood: style sheets with `@import` and `url()`, classic scripts, modules that import each other without a circle,
 * pictures, sounds, films, `srcset`, inline styles; and, while the page runs, its own relative addresses (page-shim.ts). A stored page has no
 * network: what needs it is content of its own, a web address.
 */
import type { BundleFiles } from './bundle-files.ts';
import {
  BUNDLE_ORIGIN,
  dataAddress,
  pathOfReference,
  replaceInCss,
  replaceInModule,
  replaceInSrcset,
  typeOfPath,
} from './bundle-references.ts';
import { pageShim } from './page-shim.ts';
import { SlideTrouble } from './slide.ts';

const PAGE = 'index.html';
/** Attributes that name a file, by element. */
const ADDRESSES = [
  ['img, audio, video, source, track, embed, input', 'src'],
  ['video', 'poster'],
  ['object', 'data'],
  ['link[rel~="icon"]', 'href'],
  ['image, feImage', 'href'],
  ['image, feImage', 'xlink:href'],
] as const;

class Inliner {
  readonly #files: BundleFiles;
  readonly #made = new Map<string, string>();
  readonly #decoder = new TextDecoder();

  constructor(files: BundleFiles) {
    this.#files = files;
  }

  text(path: string): string {
    return this.#decoder.decode(this.#files.get(path));
  }

  /** The address of a file that another names; null when the bundle has no such file. */
  address(reference: string, fromPath: string, through: readonly string[] = []): string | null {
    const path = pathOfReference(reference, fromPath);
    if (path === null || !this.#files.has(path)) return null;
    const isCss = typeOfPath(path) === 'text/css';
    return this.#once(path, () => (isCss ? this.css(this.text(path), path, [...through, path]) : null), through);
  }

  module(reference: string, fromPath: string, through: readonly string[]): string | null {
    const path = pathOfReference(reference, fromPath);
    if (path === null || !this.#files.has(path)) return null;
    return this.#once(path, () => this.moduleText(this.text(path), path, [...through, path]), through);
  }

  css(text: string, path: string, through: readonly string[]): string {
    return replaceInCss(text, (reference) => this.address(reference, path, through));
  }

  moduleText(source: string, path: string, through: readonly string[]): string {
    const own = JSON.stringify(`${BUNDLE_ORIGIN}/${path}`);
    return replaceInModule(source.replaceAll('import.meta.url', own), (reference) =>
      this.module(reference, path, through),
    );
  }

  /** Every file but the page, as it is asked for while the page runs. */
  table(): Map<string, string> {
    const paths = [...this.#files.keys()].filter((path) => path !== PAGE);
    return new Map(paths.map((path) => [path, this.#bytes(path)]));
  }

  /** @param made the text that takes the file's place; null: its bytes as they are */
  #once(path: string, made: () => string | null, through: readonly string[]): string {
    if (through.includes(path)) throw new SlideTrouble(`the bundle's files name each other in a circle: ${path}`);
    let address = this.#made.get(path);
    if (address === undefined) {
      const text = made();
      address = text === null ? this.#bytes(path) : dataAddress(typeOfPath(path), new TextEncoder().encode(text));
      this.#made.set(path, address);
    }
    return address;
  }

  #bytes(path: string): string {
    return dataAddress(typeOfPath(path), this.#files.get(path) ?? new Uint8Array());
  }
}

/**
 * The document for a frame's `srcdoc`. Throws SlideTrouble.
 * @param parser of the document around that frame, whose policy then is the one that the page is read under, too
 */
export function pageDocument(files: BundleFiles, parser: DOMParser): string {
  const inliner = new Inliner(files);
  // Parsed as data: nothing of it runs or loads here.
  const page = parser.parseFromString(inliner.text(PAGE), 'text/html');
  for (const node of page.querySelectorAll('base, meta[http-equiv]')) node.remove();
  for (const node of page.querySelectorAll('[integrity], [crossorigin], [nonce]'))
    for (const name of ['integrity', 'crossorigin', 'nonce']) node.removeAttribute(name);
  inlineStyles(page, inliner);
  inlineScripts(page, inliner);
  for (const [selector, name] of ADDRESSES) {
    for (const node of page.querySelectorAll(selector)) {
      const address = inliner.address(node.getAttribute(name) ?? '', PAGE);
      if (address !== null) node.setAttribute(name, address);
    }
  }
  for (const node of page.querySelectorAll('[srcset]')) {
    const srcset = node.getAttribute('srcset') ?? '';
    node.setAttribute(
      'srcset',
      replaceInSrcset(srcset, (reference) => inliner.address(reference, PAGE)),
    );
  }
  const shim = page.createElement('script');
  shim.textContent = pageShim(inliner.table());
  const base = page.createElement('base');
  base.href = `${BUNDLE_ORIGIN}/${PAGE}`;
  page.head.prepend(base, shim);
  return `<!doctype html>\n${page.documentElement.outerHTML}`;
}

function inlineStyles(page: Document, inliner: Inliner): void {
  for (const node of page.querySelectorAll('link[rel~="preload"], link[rel~="modulepreload"], link[rel~="manifest"]'))
    node.remove();
  for (const node of page.querySelectorAll('link[rel~="stylesheet"]')) {
    const address = inliner.address(node.getAttribute('href') ?? '', PAGE);
    if (address !== null) node.setAttribute('href', address);
  }
  for (const node of page.querySelectorAll('style')) node.textContent = inliner.css(node.textContent, PAGE, []);
  for (const node of page.querySelectorAll('[style]'))
    node.setAttribute('style', inliner.css(node.getAttribute('style') ?? '', PAGE, []));
}

function inlineScripts(page: Document, inliner: Inliner): void {
  for (const node of page.querySelectorAll('script')) {
    const isModule = node.type === 'module';
    const reference = node.getAttribute('src');
    if (reference !== null) {
      const address = isModule ? inliner.module(reference, PAGE, []) : inliner.address(reference, PAGE);
      if (address !== null) node.setAttribute('src', address);
    } else if (isModule) {
      node.textContent = inliner.moduleText(node.textContent, PAGE, []);
    }
  }
}
