/** Bytes and streams to store, and reading back what was stored. */
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ByteRange, ObjectStore } from '../../core/ports.ts';

export const MEBIBYTE = 1024 * 1024;

/** What came back, small enough to compare and to print. */
export interface Fetched {
  readonly sha256: string;
  readonly length: number;
  readonly sizeBytes: number;
  readonly contentType: string;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What a get must give after these bytes were put. */
export function asFetched(bytes: Uint8Array, contentType: string): Fetched {
  return { sha256: sha256(bytes), length: bytes.byteLength, sizeBytes: bytes.byteLength, contentType };
}

/** The stream of an object that must be there. */
export async function streamFrom(store: ObjectStore, key: string): Promise<Readable> {
  const found = await store.get(key);
  if (found === null) throw new Error(`there is no object ${key}`);
  return found.stream as Readable;
}

/** Reads a part of an object that must be there; `sizeBytes` is that of the whole. */
export async function fetchPart(store: ObjectStore, key: string, range: ByteRange): Promise<Fetched> {
  const found = await store.get(key, range);
  if (found === null) throw new Error(`there is no object ${key}`);
  const bytes = await buffer(found.stream);
  const { sizeBytes, contentType } = found;
  return { sha256: sha256(bytes), length: bytes.byteLength, sizeBytes, contentType };
}

/** Reads an object to its end; null when there is none. */
export async function fetchWhole(store: ObjectStore, key: string): Promise<Fetched | null> {
  const found = await store.get(key);
  if (found === null) return null;
  const bytes = await buffer(found.stream);
  const { sizeBytes, contentType } = found;
  return { sha256: sha256(bytes), length: bytes.byteLength, sizeBytes, contentType };
}

/** The bytes in chunks of changing, odd sizes; fails with `failure` where they would end. */
export function streamOf(bytes: Uint8Array, failure?: Error): Readable {
  function* chunks(): Generator<Uint8Array> {
    let size = 1;
    for (let at = 0; at < bytes.byteLength; at += size) {
      size = Math.min(size * 3, 100_003);
      yield bytes.subarray(at, at + size);
    }
    if (failure !== undefined) throw failure;
  }
  return Readable.from(chunks());
}

export function someBytes(length: number): Buffer {
  return randomBytes(length);
}
