/**
 * Stored files by their SHA-256.
 *
 * States of a file: absent; partial (a beginning of it, of any origin: what is here is only ever trusted after all of it was
 * hashed); whole (verified). Invariants: bytes and their count are written in one transaction, so a power cut leaves a
 * shorter beginning and never a hole; `whole` is only set by `finish`, and only of the very bytes that its writer has seen: two
 * pages of one browser may fetch the same file, and who finds that another has begun it anew starts over (`stamp`).
 */
import type { FileRecord, PlayerDatabase } from './player-database.ts';

export type StoredFile = Pick<FileRecord, 'sha256' | 'bytes' | 'isWhole' | 'stamp' | 'usedAtMs'>;

/** A writer's place in a file. */
export interface Place {
  readonly sha256: string;
  /** Who began it. */
  readonly stamp: string;
  /** So many bytes of it the writer knows. */
  readonly bytes: number;
}

export interface FileStore {
  find(sha256: string): Promise<StoredFile | null>;
  list(): Promise<StoredFile[]>;
  /**
   * Adds bytes at the place; answers false when it is not there any more, because another page has written meanwhile. Rejects
   * with QuotaExceededError when the device is full.
   */
  append(place: Place, chunk: Uint8Array<ArrayBuffer>, nowMs: number): Promise<boolean>;
  /** All up to the place has been verified; answers false when it is not there any more. */
  finish(place: Place, mimeType: string, nowMs: number): Promise<boolean>;
  /** The bytes that are here, whole or not; null when there are none or they cannot be read any more. */
  read(sha256: string): Promise<Blob | null>;
  /** These were used now. */
  touch(sha256s: readonly string[], nowMs: number): Promise<void>;
  remove(sha256s: readonly string[]): Promise<void>;
}

/** Power cuts are a screen's daily life: what a transaction has promised is on the disk. */
const SAFELY = { durability: 'strict' } as const;

export function databaseFileStore(database: PlayerDatabase): FileStore {
  return {
    find: async (sha256) => (await database.get('files', sha256)) ?? null,
    list: () => database.getAll('files'),
    async append(place, chunk, nowMs) {
      const work = database.transaction(['files', 'chunks'], 'readwrite', SAFELY);
      const held = await work.objectStore('files').get(place.sha256);
      if (!isAt(place, held)) {
        await work.done;
        return false;
      }
      const chunks = held?.chunks ?? 0;
      await Promise.all([
        work.objectStore('chunks').put(new Blob([chunk]), [place.sha256, chunks]),
        work.objectStore('files').put(grown(place, chunk, chunks, nowMs)),
        work.done,
      ]);
      return true;
    },
    async finish(place, mimeType, nowMs) {
      const work = database.transaction('files', 'readwrite', SAFELY);
      const held = await work.store.get(place.sha256);
      const isThere = held !== undefined && isAt(place, held);
      if (isThere) await work.store.put({ ...held, isWhole: true, mimeType, usedAtMs: nowMs });
      await work.done;
      return isThere;
    },
    async read(sha256) {
      const work = database.transaction(['files', 'chunks']);
      const held = await work.objectStore('files').get(sha256);
      const chunks = await work.objectStore('chunks').getAll(chunksOf(sha256));
      await work.done;
      if (held === undefined || chunks.length !== held.chunks) return null;
      const bytes = new Blob(chunks, { type: held.mimeType });
      return bytes.size === held.bytes ? bytes : null;
    },
    async touch(sha256s, nowMs) {
      const work = database.transaction('files', 'readwrite');
      for (const sha256 of sha256s) {
        const held = await work.store.get(sha256);
        if (held !== undefined) await work.store.put({ ...held, usedAtMs: nowMs });
      }
      await work.done;
    },
    async remove(sha256s) {
      const work = database.transaction(['files', 'chunks'], 'readwrite');
      const removals = sha256s.flatMap((sha256) => [
        work.objectStore('files').delete(sha256),
        work.objectStore('chunks').delete(chunksOf(sha256)),
      ]);
      await Promise.all([...removals, work.done]);
    },
  };
}

/** Whether what is held ends at the place; nothing held ends at the beginning. */
function isAt({ stamp, bytes }: Place, held: FileRecord | undefined): boolean {
  return held === undefined ? bytes === 0 : held.stamp === stamp && held.bytes === bytes && !held.isWhole;
}

function grown({ sha256, stamp, bytes }: Place, chunk: Uint8Array, chunks: number, usedAtMs: number): FileRecord {
  const size = { bytes: bytes + chunk.byteLength, chunks: chunks + 1 };
  return { sha256, ...size, isWhole: false, mimeType: '', stamp, usedAtMs };
}

/** All chunks of a file: their indexes are numbers, and an array sorts behind every number. */
function chunksOf(sha256: string): IDBKeyRange {
  return IDBKeyRange.bound([sha256], [sha256, []]);
}

/** Files that last as long as the page: for browsers that keep nothing, where playing for a day is better than not at all. */
export function memoryFileStore(): FileStore {
  const files = new Map<string, { record: FileRecord; chunks: Uint8Array<ArrayBuffer>[] }>();
  return {
    find: (sha256) => Promise.resolve(files.get(sha256)?.record ?? null),
    list: () => Promise.resolve([...files.values()].map(({ record }) => record)),
    append(place, chunk, nowMs) {
      const held = files.get(place.sha256);
      if (!isAt(place, held?.record)) return Promise.resolve(false);
      const chunks = held?.chunks ?? [];
      files.set(place.sha256, { record: grown(place, chunk, chunks.length, nowMs), chunks: [...chunks, chunk] });
      return Promise.resolve(true);
    },
    finish(place, mimeType, usedAtMs) {
      const held = files.get(place.sha256);
      if (held === undefined || !isAt(place, held.record)) return Promise.resolve(false);
      files.set(place.sha256, { ...held, record: { ...held.record, isWhole: true, mimeType, usedAtMs } });
      return Promise.resolve(true);
    },
    read(sha256) {
      const held = files.get(sha256);
      return Promise.resolve(held === undefined ? null : new Blob(held.chunks, { type: held.record.mimeType }));
    },
    touch(sha256s, usedAtMs) {
      for (const sha256 of sha256s) {
        const held = files.get(sha256);
        if (held !== undefined) files.set(sha256, { ...held, record: { ...held.record, usedAtMs } });
      }
      return Promise.resolve();
    },
    remove(sha256s) {
      for (const sha256 of sha256s) files.delete(sha256);
      return Promise.resolve();
    },
  };
}
