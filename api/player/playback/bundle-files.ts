/** The files of an HTML bundle, unpacked in memory within limits. Pure but for the pauses that it makes. */
import { unzipSync, type UnzipFileInfo } from 'fflate';
import { SlideTrouble } from './slide.ts';

/** Files of a bundle: as many as the server takes. */
export const BUNDLE_FILES_MAX = 2_000;
/** Unpacked bytes: less than the server takes, because a board has them in memory, and more than once. */
export const BUNDLE_BYTES_MAX = 32 * 1024 * 1024;
/** Unpacked bytes for each packed one, past the first megabyte: what is more is a bomb. */
const BUNDLE_RATIO_MAX = 200;
const RATIO_FREE_BYTES = 1024 * 1024;
/** Bytes that are unpacked at a stretch, so that an alert is drawn in between. */
const STRETCH_BYTES = 2 * 1024 * 1024;

export type BundleFiles = ReadonlyMap<string, Uint8Array>;

/** The files by path. Rejects with SlideTrouble when it is no ZIP, has no index.html or breaks a limit. */
export async function unpackBundle(zip: Uint8Array, pause: () => Promise<void>): Promise<BundleFiles> {
  const listed = list(zip);
  checkLimits(listed, zip.length);
  const files = new Map<string, Uint8Array>();
  for (const stretch of stretches(listed)) {
    const names = new Set(stretch.map(({ name }) => name));
    for (const [name, bytes] of Object.entries(unpack(zip, ({ name }) => names.has(name)))) files.set(name, bytes);
    await pause();
  }
  return files;
}

function list(zip: Uint8Array): UnzipFileInfo[] {
  const listed: UnzipFileInfo[] = [];
  unpack(zip, (file) => {
    if (!file.name.endsWith('/')) listed.push(file);
    if (listed.length > BUNDLE_FILES_MAX) throw new SlideTrouble(`the bundle has more than ${BUNDLE_FILES_MAX} files`);
    return false;
  });
  return listed;
}

/** No more comes out than the directory says: the unpacker fills a buffer of that size. */
function checkLimits(listed: readonly UnzipFileInfo[], packedBytes: number): void {
  const bytes = listed.reduce((sum, { originalSize }) => sum + originalSize, 0);
  if (bytes > BUNDLE_BYTES_MAX) throw new SlideTrouble(`the bundle unpacks to more than ${BUNDLE_BYTES_MAX} bytes`);
  if (bytes > RATIO_FREE_BYTES && bytes > packedBytes * BUNDLE_RATIO_MAX)
    throw new SlideTrouble(`the bundle unpacks to more than ${BUNDLE_RATIO_MAX} times its size`);
  if (!listed.some(({ name }) => name === 'index.html')) throw new SlideTrouble('the bundle has no index.html');
}

function stretches(listed: readonly UnzipFileInfo[]): UnzipFileInfo[][] {
  const all: UnzipFileInfo[][] = [];
  let bytes = Infinity;
  for (const file of listed) {
    if (bytes + file.originalSize > STRETCH_BYTES) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(file);
    bytes += file.originalSize;
  }
  return all;
}

function unpack(zip: Uint8Array, filter: (file: UnzipFileInfo) => boolean): Record<string, Uint8Array> {
  try {
    return unzipSync(zip, { filter });
  } catch (cause) {
    if (cause instanceof SlideTrouble) throw cause;
    throw new SlideTrouble('the bundle is damaged', { cause });
  }
}
