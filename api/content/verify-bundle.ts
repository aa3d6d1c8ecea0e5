/**
 * HTML bundles: a ZIP whose every entry is read once, so that a player which unpacks it later meets no surprise. What it is to
 * unpack, and where, must be the same for every reader: directory and local headers agree, nothing overlaps, nothing lies between.
 */
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { openPromise, type Entry, type LocalFileHeader, type ZipFile } from 'yauzl';
import { RefusedFile } from './refused-file.ts';

/** Limits of a bundle. */
export const BUNDLE_ENTRIES_MAX = 2_000;
const BUNDLE_UNPACKED_BYTES_MAX = 512 * 1024 * 1024;
export const BUNDLE_NAME_CHARS_MAX = 255;
const BUNDLE_DEPTH_MAX = 16;
/** Unpacked bytes for each packed one, past the first megabyte: what is more is a bomb. */
const BUNDLE_RATIO_MAX = 200;
const RATIO_FREE_BYTES = 1024 * 1024;
/** What may lie between two entries: a data descriptor (APPNOTE §4.3.9) with its signature and sizes of 8 bytes. */
const DESCRIPTOR_BYTES_MAX = 24;

const ENCRYPTED = 0x1 | 0x40 | 0x2000;
const STORED = 0;
const DEFLATED = 8;
const ZIP64_EXTRA = 0x0001;
/** Flag: the local header has no sizes, they follow the bytes. */
const SIZES_FOLLOW = 0x8;
/** The records at the end (APPNOTE §4.3.15 and §4.3.16). */
const END_BYTES = 22;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_LOCATOR = 0x07064b50;
/** The file type in a Unix mode. */
const MODE_TYPE = 0xf000;
const MODE_REGULAR = 0x8000;
const MODE_FOLDER = 0x4000;
const UNIX = 3;
const MAC = 19;

/** One entry, and where its bytes lie in the file: `end` is past the last. */
interface Part {
  readonly entry: Entry;
  readonly start: number;
  readonly end: number;
}

function refuse(message: string, cause?: unknown): RefusedFile {
  return new RefusedFile('broken', `The bundle ${message}`, { cause });
}

/** A name as a person can read it in a refusal. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

/** Verifies the bundle. Rejects with RefusedFile. */
export async function verifyBundle(path: string): Promise<void> {
  let zip: ZipFile | null = null;
  try {
    zip = await openPromise(path, { strictFileNames: true, validateEntrySizes: true, autoClose: false });
    if (zip.entryCount > BUNDLE_ENTRIES_MAX) throw refuse(`has more than ${BUNDLE_ENTRIES_MAX} entries`);
    const directoryAt = Number(zip.readEntryCursor);
    const parts = await readDirectory(zip);
    await requirePlainEnd(path, zip, directoryAt);
    requireIndexPage(parts);
    requireNoGaps(parts, directoryAt);
    await unpackAll(zip, parts);
  } catch (error) {
    if (error instanceof RefusedFile) throw error;
    if (typeof (error as NodeJS.ErrnoException).syscall === 'string') throw error;
    throw refuse(`is damaged: ${error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read'}`, error);
  } finally {
    zip?.close();
  }
}

async function readDirectory(zip: ZipFile): Promise<Part[]> {
  const parts: Part[] = [];
  /** What each path is, so that none is both a file and a folder, or there twice where case does not count. */
  const kinds = new Map<string, 'file' | 'folder'>();
  for await (const entry of zip.eachEntry()) {
    if (parts.length >= BUNDLE_ENTRIES_MAX) throw refuse(`has more than ${BUNDLE_ENTRIES_MAX} entries`);
    checkName(entry.fileName);
    checkKind(entry);
    takePath(kinds, entry.fileName);
    const local = await zip.readLocalFileHeaderPromise(entry);
    if (!isSameEntry(entry, local)) {
      throw refuse(`says two things about ${shown(entry.fileName)}`);
    }
    const start = entry.relativeOffsetOfLocalHeader;
    parts.push({ entry, start, end: local.fileDataStart + entry.compressedSize });
  }
  return parts;
}

/** What the directory and the local header say of an entry: some readers believe the one, some the other. */
function isSameEntry(entry: Entry, local: LocalFileHeader): boolean {
  const isSized =
    (local.generalPurposeBitFlag & SIZES_FOLLOW) !== 0 ||
    (local.compressedSize === entry.compressedSize && local.uncompressedSize === entry.uncompressedSize);
  return (
    isSized &&
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    (local.generalPurposeBitFlag & ENCRYPTED) === 0
  );
}

/** The directory is followed by its end record at once, and by no other that says something else. Called when it has been read. */
async function requirePlainEnd(path: string, zip: ZipFile, directoryAt: number): Promise<void> {
  const endAt = zip.fileSize - END_BYTES - zip.comment.length;
  const buffer = await readAt(path, endAt - ZIP64_LOCATOR_BYTES, ZIP64_LOCATOR_BYTES + END_BYTES);
  const end = buffer.subarray(ZIP64_LOCATOR_BYTES);
  if (endAt >= ZIP64_LOCATOR_BYTES && buffer.readUInt32LE(0) === ZIP64_LOCATOR) {
    throw refuse('uses ZIP64, which nothing of its size needs');
  }
  const isPlain =
    end.readUInt16LE(10) === zip.entryCount &&
    end.readUInt32LE(16) === directoryAt &&
    directoryAt + end.readUInt32LE(12) === endAt &&
    Number(zip.readEntryCursor) === endAt;
  if (!isPlain) throw refuse('hides bytes behind its directory');
}

/** So many bytes of the file; what would lie before its start is zero. */
async function readAt(path: string, from: number, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    const skipped = Math.max(0, -from);
    await file.read(buffer, skipped, bytes - skipped, from + skipped);
    return buffer;
  } finally {
    await file.close();
  }
}

function checkName(name: string): void {
  const segments = name.replace(/\/$/, '').split('/');
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const isClean = !/[\\:\u0000-\u001f\u007f]/.test(name) && !segments.some((part) => ['', '.', '..'].includes(part));
  if (!isClean) throw refuse(`has an entry whose name leads elsewhere: ${shown(name)}`);
  if (name.length > BUNDLE_NAME_CHARS_MAX) {
    throw refuse(`has an entry whose name is longer than ${BUNDLE_NAME_CHARS_MAX} characters: ${shown(name)}`);
  }
  if (segments.length > BUNDLE_DEPTH_MAX) {
    throw refuse(`has folders deeper than ${BUNDLE_DEPTH_MAX}: ${shown(name)}`);
  }
}

function checkKind(entry: Entry): void {
  const { fileName, generalPurposeBitFlag, compressionMethod, versionMadeBy, externalFileAttributes } = entry;
  if ((generalPurposeBitFlag & ENCRYPTED) !== 0) throw refuse(`is encrypted: ${shown(fileName)}`);
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw refuse(`packs ${shown(fileName)} in a way that is not supported: only stored and deflated are`);
  }
  const isUnix = [UNIX, MAC].includes(versionMadeBy >>> 8);
  const type = (externalFileAttributes >>> 16) & MODE_TYPE;
  if (isUnix && type !== 0 && type !== MODE_REGULAR && type !== MODE_FOLDER) {
    throw refuse(`has an entry that is neither file nor folder (a link?): ${shown(fileName)}`);
  }
  if (entry.extraFields.some(({ id }) => id === ZIP64_EXTRA)) {
    throw refuse(`uses ZIP64, which nothing of its size needs: ${shown(fileName)}`);
  }
  if (fileName.endsWith('/') && entry.uncompressedSize > 0)
    throw refuse(`has a folder with content: ${shown(fileName)}`);
}

function takePath(kinds: Map<string, 'file' | 'folder'>, name: string): void {
  const path = name.normalize('NFC').toLowerCase();
  const segments = path.replace(/\/$/, '').split('/');
  for (let depth = 1; depth <= segments.length; depth += 1) {
    const at = segments.slice(0, depth).join('/');
    const isLeaf = depth === segments.length;
    const kind = isLeaf && !path.endsWith('/') ? 'file' : 'folder';
    const known = kinds.get(at);
    if (known !== undefined && (known !== kind || kind === 'file')) throw refuse(`names ${shown(name)} twice`);
    kinds.set(at, kind);
  }
}

function requireIndexPage(parts: readonly Part[]): void {
  const index = parts.find(({ entry }) => entry.fileName === 'index.html');
  if (index === undefined) throw refuse('has no index.html at its root');
  if (index.entry.uncompressedSize === 0) throw refuse('has an empty index.html');
}

/** Readers that walk the file from the start must find the same entries as those that read the directory at its end. */
function requireNoGaps(parts: readonly Part[], directoryAt: number): void {
  let at = 0;
  for (const { entry, start, end } of parts.toSorted((one, other) => one.start - other.start)) {
    if (start < at) throw refuse(`has entries that overlap: ${shown(entry.fileName)}`);
    if (start - at > (at === 0 ? 0 : DESCRIPTOR_BYTES_MAX)) throw refuse('hides bytes between its entries');
    at = end;
  }
  if (directoryAt < at || directoryAt - at > DESCRIPTOR_BYTES_MAX) throw refuse('hides bytes behind its entries');
}

async function unpackAll(zip: ZipFile, parts: readonly Part[]): Promise<void> {
  let unpackedBytes = 0;
  let packedBytes = 0;
  for (const { entry } of parts) {
    packedBytes += entry.compressedSize;
    const stream = await zip.openReadStreamPromise(entry);
    let sum = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        // What really comes out is counted; the headers may say anything.
        unpackedBytes += chunk.length;
        if (unpackedBytes > BUNDLE_UNPACKED_BYTES_MAX) {
          throw refuse(`unpacks to more than ${BUNDLE_UNPACKED_BYTES_MAX} bytes`);
        }
        if (unpackedBytes > RATIO_FREE_BYTES && unpackedBytes > packedBytes * BUNDLE_RATIO_MAX) {
          throw refuse(`unpacks to more than ${BUNDLE_RATIO_MAX} times its size`);
        }
        sum = crc32(chunk, sum);
      }
    } finally {
      stream.destroy();
    }
    if (sum !== entry.crc32) throw refuse(`is damaged: the checksum of ${shown(entry.fileName)} is wrong`);
  }
}
