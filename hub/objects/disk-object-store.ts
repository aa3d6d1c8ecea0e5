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
import type { Ids, ObjectStore, StoredObject } from '../core/ports.ts';
import { requireContentType, requireObjectKey } from './object-key.ts';

/** Longer than any first line that `put` writes, in bytes. */
const HEADER_BYTES_MAX = 1_024;
const LINE_FEED = 0x0a;
/** The first line; a content type is visible ASCII, so that only `"` and `\\` are escaped in it. */
const HEADER = /^\{"contentType":("(?:[^"\\]|\\["\\])+")\}$/;

export class DiskObjectStore implements ObjectStore {
  readonly #folder: string;
  readonly #ids: Pick<Ids, 'uuid'>;

  /** The folder need not exist. */
  constructor(folder: string, ids: Pick<Ids, 'uuid'>) {
    this.#folder = resolve(folder);
    this.#ids = ids;
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

  async get(key: string): Promise<StoredObject | null> {
    const file = await openIfThere(this.#path(key));
    if (file === null) return null;
    try {
      const { size } = await file.stat();
      const { contentType, headerBytes } = await readHeader(file, key);
      const stream = file.createReadStream({ start: headerBytes });
      return { stream, contentType, sizeBytes: size - headerBytes };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
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
async function readHeader(file: FileHandle, key: string): Promise<{ contentType: string; headerBytes: number }> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES_MAX), 0, HEADER_BYTES_MAX, 0);
  const end = buffer.subarray(0, bytesRead).indexOf(LINE_FEED);
  const contentType = end < 0 ? undefined : HEADER.exec(buffer.toString('utf8', 0, end))?.[1];
  if (contentType === undefined) throw new Error(`the file of object ${key} does not begin with its content type`);
  return { contentType: JSON.parse(contentType) as string, headerBytes: end + 1 };
}
