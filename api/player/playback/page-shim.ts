/**
 * What runs first in the frame of a stored page: its own files, asked for by relative addresses while it runs, are handed out from memory. It
 * is a text, because it is put into a document that may not load anything; it uses nothing from outside of itself.
 */
import { BUNDLE_ORIGIN } from './bundle-references.ts';

/** The script, for files by path as `data:` addresses. The text can stand inside of a script element. */
export function pageShim(files: ReadonlyMap<string, string>): string {
  // "</script" and "<!--" would end or change the element.
  const table = JSON.stringify(Object.fromEntries(files)).replaceAll('<', '\\u003c');
  return `(() => {
  'use strict';
  const files = new Map(Object.entries(${table}));
  const origin = ${JSON.stringify(BUNDLE_ORIGIN)};
  const own = (reference) => {
    let url;
    try {
      url = new URL(String(reference), document.baseURI);
    } catch {
      return reference;
    }
    if (url.origin !== origin) return reference;
    let path = url.pathname.slice(1);
    try {
      path = decodeURIComponent(path);
    } catch {}
    return files.get(path) ?? reference;
  };
  const realFetch = globalThis.fetch;
  globalThis.fetch = (input, init) =>
    realFetch(input instanceof Request ? new Request(own(input.url), input) : own(input), init);
  const realOpen = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function open(method, url, ...rest) {
    return realOpen.call(this, method, own(url), ...rest);
  };
  const addressed = [
    [HTMLImageElement, 'src'],
    [HTMLMediaElement, 'src'],
    [HTMLSourceElement, 'src'],
    [HTMLScriptElement, 'src'],
    [HTMLLinkElement, 'href'],
    [HTMLVideoElement, 'poster'],
  ];
  for (const [type, name] of addressed) {
    const real = Object.getOwnPropertyDescriptor(type.prototype, name);
    Object.defineProperty(type.prototype, name, {
      ...real,
      set(value) {
        real.set.call(this, own(value));
      },
    });
  }
  const realSetAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function setAttribute(name, value) {
    const isAddress = addressed.some(([type, own]) => own === String(name).toLowerCase() && this instanceof type);
    return realSetAttribute.call(this, name, isAddress ? own(value) : value);
  };
})();`;
}
