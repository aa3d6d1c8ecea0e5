/**
 * Objects as files under one folder: the embedded adapter. One file is one object: a line of JSON that names the content type,
 * then the bytes. A file appears whole or not at all and replaces the one before it in one step: it is written as a draft, flushed,
 * and renamed. A reader keeps the object that it opened, whatever is stored or deleted meanwhile.
 *
 * Names end in `~`, which no key can hold: so `a` and `a/b` may both exist, and nothing of ours can be taken for an object.
 */
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type {
  ByteRange,
  DownloadOptions,
  Ids,
  ObjectStore,
  PartName,
  PartUrlOptions,
  StoredFacts,
  StoredObject,
  StoredPart,
  UploadOptions,
} from '../core/ports.ts';
import { DiskParts } from './disk-parts.ts';
import { requireByteRange, requireContentType, requireObjectKey, requirePart } from './object-key.ts';

/** Longer than any first line that `put` writes, in bytes. */
const HEADER_BYTES_MAX = 1_024;
const LINE_FEED = 0x0a;
/** The first line; a content type is visible ASCII, so that only `"` and `\\` are escaped in it. */
const HEADER = /^\{"contentType":("(?:[^"\\]|\\["\\])+")\}$/;

export class DiskObjectStore implements ObjectStore {
  readonly #folder: string;
  readonly #ids: Pick<Ids, 'uuid'>;
  readonly #parts: DiskParts;

  /** The folder need not exist. */
  constructor(folder: string, ids: Pick<Ids, 'uuid'>) {
    this.#folder = resolve(folder);
    this.#ids = ids;
    this.#parts = new DiskParts(this.#folder, ids);
  }

  #path(key: string): string {
    requireObjectKey(key);
    return join(this.#folder, `${key}~`);
  }

  async put(key: string, bytes: Uint8Array | NodeJS.ReadableStream, contentType: string): Promise<void> {
    const path = this.#path(key);
    requireContentType(contentType);
    try {
      const made = await mkdir(dirname(path), { recursive: true });
      const draft = join(this.#folder, `${this.#ids.uuid()}.draft`);
      await writeDurably(draft, path, `${JSON.stringify({ contentType })}\n`, bytes);
      await this.#syncFolders(dirname(path), made === undefined ? dirname(path) : dirname(made));
    } catch (error) {
      if (bytes instanceof Readable) bytes.destroy();
      throw error;
    }
  }

  /** A new name lasts when the folder that holds it is flushed; so does a new folder's. */
  async #syncFolders(from: string, upTo: string): Promise<void> {
    const folder = await open(from, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    if (from !== upTo) await this.#syncFolders(dirname(from), upTo);
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | null> {
    const path = this.#path(key);
    if (range !== undefined) requireByteRange(range);
    const file = await openIfThere(path);
    if (file === null) return null;
    try {
      const { headerBytes, ...facts } = await readFacts(file, key);
      if (range !== undefined && range.end >= facts.sizeBytes)
        throw new Error(
          `the range ${range.start}-${range.end} is not within object ${key} of ${facts.sizeBytes} bytes`,
        );
      const stream = file.createReadStream({
        start: headerBytes + (range?.start ?? 0),
        ...(range !== undefined && { end: headerBytes + range.end }),
      });
      return { stream, ...facts };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async stat(key: string): Promise<StoredFacts | null> {
    const file = await openIfThere(this.#path(key));
    if (file === null) return null;
    try {
      const { contentType, sizeBytes } = await readFacts(file, key);
      return { contentType, sizeBytes };
    } finally {
      await file.close();
    }
  }

  /** Null: a folder has no addresses. */
  async downloadUrl(key: string, { contentType }: DownloadOptions): Promise<null> {
    requireObjectKey(key);
    requireContentType(contentType);
    return null;
  }

  /** Null: a folder has no addresses. */
  async uploadUrl(key: string, { contentType }: UploadOptions): Promise<null> {
    requireObjectKey(key);
    requireContentType(contentType);
    return null;
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  async beginParts(key: string, contentType: string): Promise<string> {
    requireObjectKey(key);
    requireContentType(contentType);
    return this.#parts.begin({ key, contentType });
  }

  /** Null: a folder has no addresses. */
  async partUrl(part: PartName, _options: PartUrlOptions): Promise<null> {
    requirePart(part);
    return null;
  }

  async putPart(part: PartName, bytes: NodeJS.ReadableStream, sizeBytes: number): Promise<void> {
    await this.#parts.put(part, bytes, sizeBytes);
  }

  async listParts(key: string, partsId: string): Promise<StoredPart[] | null> {
    requireObjectKey(key);
    return this.#parts.list(key, partsId);
  }

  /** The parts are copied, one after the other and never in memory. */
  async joinParts(key: string, partsId: string, partCount: number): Promise<void> {
    requireObjectKey(key);
    const { contentType, bytes } = await this.#parts.joined(key, partsId, partCount);
    await this.put(key, bytes, contentType);
    await this.#parts.drop(key, partsId);
  }

  async abortParts(key: string, partsId: string): Promise<void> {
    requireObjectKey(key);
    await this.#parts.drop(key, partsId);
  }
}

/** Writes the draft and makes it the file, or leaves neither. */
async function writeDurably(
  draft: string,
  path: string,
  header: string,
  bytes: Uint8Array | NodeJS.ReadableStream,
): Promise<void> {
  const file = await open(draft, 'wx', 0o600);
  try {
    try {
      await file.writeFile(header);
      await file.writeFile(bytes instanceof Uint8Array ? bytes : Readable.from(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Throws when the file does not begin with a line of ours. */
async function readFacts(file: FileHandle, key: string): Promise<StoredFacts & { headerBytes: number }> {
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES_MAX), 0, HEADER_BYTES_MAX, 0);
  const end = buffer.subarray(0, bytesRead).indexOf(LINE_FEED);
  const contentType = end < 0 ? undefined : HEADER.exec(buffer.toString('utf8', 0, end))?.[1];
  if (contentType === undefined) throw new Error(`the file of object ${key} does not begin with its content type`);
  const headerBytes = end + 1;
  return { contentType: JSON.parse(contentType) as string, sizeBytes: size - headerBytes, headerBytes };
}
