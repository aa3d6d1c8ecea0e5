/**
 * Fetches one file into the store, from where an earlier try was cut, and finds out whether it is what it should be.
 *
 * The bytes are hashed as they come, what an earlier try left behind included: however the pieces were gathered, over
 * whichever redirects and days, only bytes with the right SHA-256 ever become a whole file. SHA-256 is computed here and not by
 * the browser, whose own is missing on plain HTTP and cannot be fed piece by piece.
 */
import { sha256 as createSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { WantedFile } from './download-plan.ts';
import type { FileStore, Place } from './file-store.ts';

/** Bytes that gather before they are written: few enough to lose little at a power cut, enough for flash storage to like it. */
const CHUNK_BYTES = 1024 * 1024;
/** A server that says nothing for so long is given up, in milliseconds. */
const STALL_MS = 30_000;
/** Longest obedience to a Retry-After, in milliseconds. */
const RETRY_AFTER_MAX_MS = 300_000;

export type FetchOutcome =
  | { readonly kind: 'whole' }
  /** The address is not good, or not any more: another one is needed. */
  | { readonly kind: 'refused'; readonly status: number }
  /** What came was not what the manifest says. Nothing of it is kept. */
  | { readonly kind: 'corrupt'; readonly why: string }
  /** The device has no room. */
  | { readonly kind: 'full' }
  | { readonly kind: 'failed'; readonly why: string; readonly retryAfterMs: number }
  /** Told to stop. What came is kept. */
  | { readonly kind: 'stopped' };

export interface FetchFileParts {
  readonly store: FileStore;
  readonly fetchFrom: typeof fetch;
  /** Base of relative addresses. */
  readonly base: string;
  readonly wallMs: () => number;
  /** A name that no other writer has. */
  readonly newStamp: () => string;
  /** So many bytes are here now. */
  readonly onBytes: (bytes: number) => void;
  readonly stallMs?: number;
  readonly chunkBytes?: number;
}

export async function fetchFile(file: WantedFile, parts: FetchFileParts, signal: AbortSignal): Promise<FetchOutcome> {
  try {
    const held = await parts.store.find(file.sha256);
    if (held?.isWhole === true) return { kind: 'whole' };
    const writer = await FileWriter.open(file, parts);
    parts.onBytes(writer.bytes);
    if (file.size === null || writer.bytes < file.size) {
      const outcome = await receive(file, writer, parts, signal);
      if (outcome !== null) return outcome;
    }
    return await writer.close();
  } catch (cause) {
    if (isQuotaExceeded(cause)) return { kind: 'full' };
    if (signal.aborted) return { kind: 'stopped' };
    // fetch and a body's reader reject with TypeError for the network's faults, with AbortError for our deadline; IndexedDB with
    // DOMExceptions of its own. To a download all of them mean: not now.
    return { kind: 'failed', why: cause instanceof Error ? cause.message : String(cause), retryAfterMs: 0 };
  }
}

/** Asks for what is missing and writes it down; answers why that came to nothing, or null when the answer came to its end. */
async function receive(
  file: WantedFile,
  writer: FileWriter,
  parts: FetchFileParts,
  signal: AbortSignal,
): Promise<FetchOutcome | null> {
  const deadline = new Deadline(parts.stallMs ?? STALL_MS, signal);
  try {
    const response = await parts.fetchFrom(new URL(file.url, parts.base), {
      headers: writer.bytes === 0 ? {} : { range: `bytes=${writer.bytes}-` },
      credentials: 'omit',
      // The cache is ours to keep, and a cached beginning under a Range is more trouble than it saves.
      cache: 'no-store',
      signal: deadline.signal,
    });
    const problem = await judge(response, writer);
    if (problem !== null) {
      await response.body?.cancel();
      return problem;
    }
    const reader = response.body?.getReader();
    if (reader === undefined) return { kind: 'failed', why: 'an answer without a body', retryAfterMs: 0 };
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      deadline.extend();
      if (file.size !== null && writer.bytes + value.byteLength > file.size) {
        await reader.cancel();
        await writer.restart();
        return { kind: 'corrupt', why: `more than ${file.size} bytes` };
      }
      await writer.take(value);
      parts.onBytes(writer.bytes);
    }
    // A connection that ends early without an error (a proxy's habit) leaves a beginning: it is kept, and the rest asked for.
    await writer.flush();
    if (file.size !== null && writer.bytes < file.size)
      return { kind: 'failed', why: `cut at ${writer.bytes} of ${file.size} bytes`, retryAfterMs: 0 };
    return null;
  } catch (cause) {
    await writer.flush();
    throw cause;
  } finally {
    deadline.clear();
  }
}

const REFUSALS: readonly number[] = [401, 403, 404, 410];

/** Whether the answer can be taken in; one that is the whole file, although only the rest was asked for, begins it anew. */
async function judge(response: Response, writer: FileWriter): Promise<FetchOutcome | null> {
  const { status } = response;
  if (REFUSALS.includes(status)) return { kind: 'refused', status };
  if (status === 206 && writer.bytes > 0) {
    // Not to be seen across origins unless the store says so; the hash tells in the end.
    const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
    if (range === null || Number(range[1]) === writer.bytes) return null;
    await writer.restart();
    return { kind: 'failed', why: 'another part than the one that was asked for', retryAfterMs: 0 };
  }
  if (status === 200) {
    if (writer.bytes > 0) await writer.restart();
    return null;
  }
  if (status === 416) await writer.restart();
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? Math.min(Math.max(0, seconds) * 1000, RETRY_AFTER_MAX_MS) : 0;
  return { kind: 'failed', why: `HTTP ${status}`, retryAfterMs };
}

/** Gathers bytes, hashes them and has them stored chunk by chunk. */
class FileWriter {
  readonly #file: WantedFile;
  readonly #parts: FetchFileParts;
  #hash = createSha256.create();
  #stamp: string;
  #stored = 0;
  #pieces: Uint8Array[] = [];
  #gathered = 0;

  private constructor(file: WantedFile, parts: FetchFileParts) {
    this.#file = file;
    this.#parts = parts;
    this.#stamp = parts.newStamp();
  }

  /** With what an earlier try left behind, read again: its hash cannot be kept. */
  static async open(file: WantedFile, parts: FetchFileParts): Promise<FileWriter> {
    const writer = new FileWriter(file, parts);
    const held = await parts.store.find(file.sha256);
    if (held === null) return writer;
    const left = await parts.store.read(file.sha256);
    const isUsable = left !== null && left.size === held.bytes && (file.size === null || left.size <= file.size);
    if (!isUsable) {
      await writer.restart();
      return writer;
    }
    await hashOf(left, writer.#hash);
    writer.#stored = left.size;
    writer.#stamp = held.stamp;
    return writer;
  }

  get bytes(): number {
    return this.#stored + this.#gathered;
  }

  async take(piece: Uint8Array): Promise<void> {
    this.#hash.update(piece);
    this.#pieces.push(piece);
    this.#gathered += piece.byteLength;
    if (this.#gathered >= (this.#parts.chunkBytes ?? CHUNK_BYTES)) await this.flush();
  }

  /** Stores what has gathered. */
  async flush(): Promise<void> {
    if (this.#gathered === 0) return;
    const chunk = new Uint8Array(this.#gathered);
    let at = 0;
    for (const piece of this.#pieces) {
      chunk.set(piece, at);
      at += piece.byteLength;
    }
    this.#pieces = [];
    this.#gathered = 0;
    await this.#append(chunk);
  }

  async #append(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!(await this.#parts.store.append(this.#place(), chunk, this.#parts.wallMs()))) throw anotherPage();
    this.#stored += chunk.byteLength;
  }

  #place(): Place {
    return { sha256: this.#file.sha256, stamp: this.#stamp, bytes: this.#stored };
  }

  /** From the beginning, with nothing. */
  async restart(): Promise<void> {
    await this.#parts.store.remove([this.#file.sha256]);
    this.#hash = createSha256.create();
    this.#stamp = this.#parts.newStamp();
    this.#stored = 0;
    this.#pieces = [];
    this.#gathered = 0;
  }

  /** All bytes have come: are they the right ones? */
  async close(): Promise<FetchOutcome> {
    await this.flush();
    const { sha256, size, mimeType } = this.#file;
    const { bytes } = this;
    const isRight = (size === null || bytes === size) && bytesToHex(this.#hash.digest()) === sha256;
    if (!isRight) {
      await this.restart();
      return {
        kind: 'corrupt',
        why: size === bytes ? 'its bytes are not the right ones' : `${bytes} bytes, not ${size}`,
      };
    }
    // A file of no bytes has had no chunk to make its record.
    if (bytes === 0) await this.#append(new Uint8Array(0));
    if (!(await this.#parts.store.finish(this.#place(), mimeType, this.#parts.wallMs()))) throw anotherPage();
    return { kind: 'whole' };
  }
}

function anotherPage(): Error {
  return new Error('another page is fetching the same file');
}

/** Whether the bytes are those of this SHA-256. */
export async function isFile(bytes: Blob, sha256: string): Promise<boolean> {
  const hash = createSha256.create();
  await hashOf(bytes, hash);
  return bytesToHex(hash.digest()) === sha256;
}

async function hashOf(bytes: Blob, hash: ReturnType<typeof createSha256.create>): Promise<void> {
  const reader = bytes.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    hash.update(value);
  }
}

/** Gives up when nothing came for a while, or when told to. */
class Deadline {
  readonly #giveUp = new AbortController();
  readonly #afterMs: number;
  readonly #outer: AbortSignal;
  readonly #abort = (): void => this.#giveUp.abort();
  #timer: ReturnType<typeof setTimeout>;

  constructor(afterMs: number, outer: AbortSignal) {
    this.#afterMs = afterMs;
    this.#outer = outer;
    this.#timer = setTimeout(this.#abort, afterMs);
    outer.addEventListener('abort', this.#abort, { once: true });
    if (outer.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#giveUp.signal;
  }

  extend(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#abort, this.#afterMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#abort);
  }
}

/** Browsers had it as a DOMException before it became a class of its own; its name is the same. */
function isQuotaExceeded(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'QuotaExceededError';
}
