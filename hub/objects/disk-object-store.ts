/** Objects as files under one folder: the embedded adapter. A file appears whole or not at all. */
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Ids, ObjectStore, StoredObject } from '../core/ports.ts';

/** Keys are server-made: letters, digits and `-_.` between slashes, no part that begins with a dot. */
const KEY = /^(?!\.)[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;

export class DiskObjectStore implements ObjectStore {
  readonly #folder: string;
  readonly #ids: Pick<Ids, 'uuid'>;

  constructor(folder: string, ids: Pick<Ids, 'uuid'>) {
    this.#folder = folder;
    this.#ids = ids;
  }

  #path(key: string): string {
    if (!KEY.test(key)) throw new Error(`not an object key: ${JSON.stringify(key)}`);
    return join(this.#folder, key);
  }

  async put(key: string, bytes: Uint8Array | NodeJS.ReadableStream, contentType: string): Promise<void> {
    const path = this.#path(key);
    await mkdir(dirname(path), { recursive: true });
    const draft = `${path}.${this.#ids.uuid()}.draft`;
    try {
      const file = await open(draft, 'w', 0o600);
      try {
        await writeFile(file, bytes instanceof Uint8Array ? bytes : Readable.from(bytes));
        await file.sync();
      } finally {
        await file.close();
      }
      await writeFile(`${path}.type`, contentType, { mode: 0o600 });
      await rename(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
  }

  async get(key: string): Promise<StoredObject | null> {
    const path = this.#path(key);
    try {
      const [{ size }, contentType] = await Promise.all([stat(path), readFile(`${path}.type`, 'utf8')]);
      return { stream: createReadStream(path), contentType, sizeBytes: size };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    await Promise.all([rm(path, { force: true }), rm(`${path}.type`, { force: true })]);
  }
}
