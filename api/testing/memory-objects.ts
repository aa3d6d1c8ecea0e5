/** An object store in memory, for tests of what uses one; the real ones have tests of their own in hub/objects. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { PartsGoneError, requireParts, type ObjectStore, type StoredPart } from '../../hub/core/ports.ts';

interface Kept {
  readonly bytes: Buffer;
  readonly contentType: string;
}

interface KeptParts {
  readonly key: string;
  readonly contentType: string;
  readonly parts: Map<number, Buffer>;
}

async function whole(bytes: NodeJS.ReadableStream): Promise<Buffer> {
  return Buffer.concat(await Readable.from(bytes).toArray());
}

/** Keeps objects in memory. */
export function memoryObjects(): ObjectStore {
  const kept = new Map<string, Kept>();
  return {
    async put(key, bytes, contentType) {
      kept.set(key, { bytes: bytes instanceof Uint8Array ? Buffer.from(bytes) : await whole(bytes), contentType });
    },
    async get(key, range) {
      const found = kept.get(key);
      if (!found) return null;
      const bytes = range === undefined ? found.bytes : found.bytes.subarray(range.start, range.end + 1);
      return { stream: Readable.from([bytes]), contentType: found.contentType, sizeBytes: found.bytes.length };
    },
    async stat(key) {
      const found = kept.get(key);
      return found ? { contentType: found.contentType, sizeBytes: found.bytes.length } : null;
    },
    downloadUrl: async () => null,
    uploadUrl: async () => null,
    async delete(key) {
      kept.delete(key);
    },
    ...memoryParts(kept),
  };
}

type PartMethods = Pick<ObjectStore, 'beginParts' | 'partUrl' | 'putPart' | 'listParts' | 'joinParts' | 'abortParts'>;

function memoryParts(kept: Map<string, Kept>): PartMethods {
  const begun = new Map<string, KeptParts>();
  const of = (key: string, partsId: string): KeptParts | null => {
    const found = begun.get(partsId);
    return found?.key === key ? found : null;
  };
  return {
    async beginParts(key, contentType) {
      const partsId = randomUUID();
      begun.set(partsId, { key, contentType, parts: new Map() });
      return partsId;
    },
    partUrl: async () => null,
    async putPart({ key, partsId, number }, bytes) {
      const part = await whole(bytes);
      const found = of(key, partsId);
      if (found === null) throw new PartsGoneError('the parts are gone');
      found.parts.set(number, part);
    },
    async listParts(key, partsId) {
      const found = of(key, partsId);
      if (found === null) return null;
      return [...found.parts]
        .map(([number, { length }]): StoredPart => ({ number, sizeBytes: length }))
        .toSorted((a, b) => a.number - b.number);
    },
    async joinParts(key, partsId, partCount) {
      const found = of(key, partsId);
      if (found === null) throw new PartsGoneError('the parts are gone');
      requireParts(
        [...found.parts].map(([number, { length }]) => ({ number, sizeBytes: length })),
        partCount,
      );
      const all = Array.from({ length: partCount }, (_, at) => found.parts.get(at + 1) ?? Buffer.alloc(0));
      kept.set(key, { bytes: Buffer.concat(all), contentType: found.contentType });
      begun.delete(partsId);
    },
    async abortParts(key, partsId) {
      if (of(key, partsId) !== null) begun.delete(partsId);
    },
  };
}
