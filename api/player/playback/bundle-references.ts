/** References between the files of an HTML bundle: what they mean, and text with them replaced. Pure. */

/** The address under which the files of a bundle know each other. Reserved (RFC 2606): nothing answers there. */
export const BUNDLE_ORIGIN = 'https://bundle.invalid';

/** What a reference becomes; null: it stays as it is. */
export type Replace = (reference: string) => string | null;

/** The path in the bundle that a reference in one of its files means; null for anything that is not in it. */
export function pathOfReference(reference: string, fromPath: string): string | null {
  const text = reference.trim();
  if (text === '' || text.startsWith('#')) return null;
  const base = `${BUNDLE_ORIGIN}/${fromPath.split('/').map(encodeURIComponent).join('/')}`;
  if (!URL.canParse(text, base)) return null;
  const url = new URL(text, base);
  if (url.origin !== BUNDLE_ORIGIN) return null;
  try {
    return decodeURIComponent(url.pathname.slice(1));
  } catch (error) {
    // A lone percent sign: the name is taken as it is written.
    if (error instanceof URIError) return url.pathname.slice(1);
    throw error;
  }
}

/** `@import "x.css"`, `url(x.png)`, with either quote or none. */
const CSS_REFERENCE = /@import\s+(?:"([^"\n]*)"|'([^'\n]*)')|url\(\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^"'()\s]+))\s*\)/gi;

/** A style sheet with the files that it names replaced. */
export function replaceInCss(css: string, replace: Replace): string {
  return css.replace(CSS_REFERENCE, (whole: string, ...found: (string | undefined)[]) => {
    const replaced = replace(found.slice(0, 5).find((group) => group !== undefined) ?? '');
    if (replaced === null) return whole;
    return whole.startsWith('@') ? `@import url("${replaced}")` : `url("${replaced}")`;
  });
}

/** `from './x.js'`, `import './x.js'`, `import('./x.js')`: modules know their own files by relative and absolute paths only. */
const MODULE_SPECIFIER = /(\bfrom\s*|\bimport\s*\(\s*|\bimport\s*)(?:"(\.{0,2}\/[^"\n]+)"|'(\.{0,2}\/[^'\n]+)')/g;

/** A module with the modules that it names replaced. */
export function replaceInModule(source: string, replace: Replace): string {
  return source.replace(
    MODULE_SPECIFIER,
    (whole, keyword: string, one: string | undefined, other: string | undefined) => {
      const replaced = replace(one ?? other ?? '');
      return replaced === null ? whole : `${keyword}"${replaced}"`;
    },
  );
}

/** The candidates of a `srcset` with the files that they name replaced. */
export function replaceInSrcset(srcset: string, replace: Replace): string {
  return srcset
    .split(/,\s+|,$/)
    .map((candidate) => {
      const [address = '', ...descriptors] = candidate.trim().split(/\s+/);
      return [replace(address) ?? address, ...descriptors].join(' ');
    })
    .filter((candidate) => candidate !== '')
    .join(', ');
}

const TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  css: 'text/css',
  csv: 'text/csv',
  gif: 'image/gif',
  htm: 'text/html',
  html: 'text/html',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  m4a: 'audio/mp4',
  m4v: 'video/mp4',
  mjs: 'text/javascript',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  oga: 'audio/ogg',
  ogg: 'audio/ogg',
  ogv: 'video/ogg',
  otf: 'font/otf',
  png: 'image/png',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
  txt: 'text/plain',
  wasm: 'application/wasm',
  wav: 'audio/wav',
  webm: 'video/webm',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  xml: 'application/xml',
};

/** The media type of a file, by the end of its name. */
export function typeOfPath(path: string): string {
  return TYPES[/\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}

/** A `data:` address of these bytes (RFC 2397). */
export function dataAddress(type: string, bytes: Uint8Array): string {
  // In pieces: a call takes a limited number of arguments.
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 0x8000)
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
  return `data:${type};base64,${btoa(pieces.join(''))}`;
}
