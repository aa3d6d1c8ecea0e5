/**
 * Objects that come in parts, as files under the disk store's folder: `~parts/<name>/` holds `about`, which names the object and its
 * type, and each part under its number. A part appears whole or not at all and replaces the one before it; a folder that is gone
 * takes none. No key begins with `~`, so nothing here can be taken for an object.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { PartsGoneError, requireParts, type Ids, type PartName, type StoredPart } from '../core/ports.ts';
import { requirePart } from './object-key.ts';

const FOLDER = '~parts';
const ABOUT = 'about';
const NUMBER = /^[1-9]\d{0,4}$/;
/** What `beginParts` gives here; anything else would be a path of its own. */
const NAME = /^[\w-]{1,64}$/;

interface About {
  readonly key: string;
  readonly contentType: string;
}

export class DiskParts {
  readonly #folder: string;
  readonly #ids: Pick<Ids, 'uuid'>;

  /** @param storeFolder of the store; need not exist */
  constructor(storeFolder: string, ids: Pick<Ids, 'uuid'>) {
    this.#folder = join(storeFolder, FOLDER);
    this.#ids = ids;
  }

  #place(partsId: string): string {
    if (!NAME.test(partsId)) throw new PartsGoneError(`there are no parts of this name`);
    return join(this.#folder, partsId);
  }

  async begin(about: About): Promise<string> {
    const partsId = this.#ids.uuid();
    const place = this.#place(partsId);
    await mkdir(place, { recursive: true, mode: 0o700 });
    await writeFile(join(place, ABOUT), JSON.stringify(about), { mode: 0o600, flush: true });
    return partsId;
  }

  async put(part: PartName, bytes: NodeJS.ReadableStream, sizeBytes: number): Promise<void> {
    try {
      requirePart(part);
      await this.#about(part.key, part.partsId);
      await this.#write(part, bytes, sizeBytes);
    } catch (error) {
      if (bytes instanceof Readable) bytes.destroy();
      throw error;
    }
  }

  async #write({ partsId, number }: PartName, bytes: NodeJS.ReadableStream, sizeBytes: number): Promise<void> {
    const place = this.#place(partsId);
    const draft = join(place, `${this.#ids.uuid()}.draft`);
    try {
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(Readable.from(bytes));
        await file.sync();
        const { size } = await file.stat();
        if (size !== sizeBytes) throw new Error(`the part has ${size} bytes instead of ${sizeBytes}`);
      } finally {
        await file.close();
      }
      await rename(draft, join(place, String(number)));
    } catch (error) {
      await rm(draft, { force: true });
      // Dropped while it was written.
      throw isMissing(error) ? new PartsGoneError('the parts are gone', { cause: error }) : error;
    }
  }

  async list(key: string, partsId: string): Promise<StoredPart[] | null> {
    try {
      await this.#about(key, partsId);
      const place = this.#place(partsId);
      const numbers = (await readdir(place)).filter((name) => NUMBER.test(name)).map(Number);
      const parts = numbers.map(async (number) => ({ number, sizeBytes: (await stat(join(place, `${number}`))).size }));
      return (await Promise.all(parts)).toSorted((a, b) => a.number - b.number);
    } catch (error) {
      if (error instanceof PartsGoneError || isMissing(error)) return null;
      throw error;
    }
  }

  /** The object's type, and its bytes one part after the other. Throws MissingPartsError or PartsGoneError. */
  async joined(
    key: string,
    partsId: string,
    partCount: number,
  ): Promise<{ readonly contentType: string; readonly bytes: Readable }> {
    const { contentType } = await this.#about(key, partsId);
    requireParts((await this.list(key, partsId)) ?? [], partCount);
    const place = this.#place(partsId);
    async function* all(): AsyncGenerator<Buffer> {
      for (let number = 1; number <= partCount; number += 1)
        yield* createReadStream(join(place, String(number))) as AsyncIterable<Buffer>;
    }
    return { contentType, bytes: Readable.from(all(), { objectMode: false }) };
  }

  async drop(key: string, partsId: string): Promise<void> {
    if ((await this.list(key, partsId)) === null) return;
    await rm(this.#place(partsId), { recursive: true, force: true });
  }

  /** Throws PartsGoneError unless there are parts of this name, and of this object. */
  async #about(key: string, partsId: string): Promise<About> {
    const path = join(this.#place(partsId), ABOUT);
    try {
      const about = JSON.parse(await readFile(path, 'utf8')) as About;
      if (about.key === key) return about;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    throw new PartsGoneError('the parts are gone');
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
}
