/**
 * Files that nobody has looked at yet, in a folder of this process. Each is named after the process that wrote it, so that the next
 * start knows what a dead one left behind. A file is there while a request or a verification holds it, and never longer.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Ids } from '../../hub/core/ports.ts';
import { apiError, retryLater, SlowSenderError } from '../errors.ts';

/** An upload that stands still for this long is given up, in milliseconds. */
const UPLOAD_STALL_MS = 20_000;
/** Seconds after which a full disk may have room again. */
const DISK_RETRY_SECONDS = 30;
/** The disk's fault and not the sender's: full, over quota, out of descriptors, read-only, broken. */
const DISK_CODES = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EROFS', 'EIO', 'EACCES', 'EPERM']);
const FILE_NAME = /^(\d+)-[\w-]+\.part$/;

/** A whole file, with what was measured while it was written. */
export interface QuarantinedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256, hex. */
  readonly sha256: string;
}

/** The error to throw instead of one of the disk: 503 when the disk is full or away, else the error itself. */
export function diskFailure(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === undefined || !DISK_CODES.has(code)) return error;
  const failure = retryLater('UNAVAILABLE', 'There is no room for files at the moment', DISK_RETRY_SECONDS);
  failure.cause = error;
  return failure;
}

/** The error for a file that is larger than this installation takes. */
export function tooLarge(bytesMax: number): Error {
  return apiError('PAYLOAD_TOO_LARGE', `The file is too large: the most is ${bytesMax} bytes`, [
    { field: 'file', message: `must be at most ${bytesMax} bytes` },
  ]);
}

export interface MeasureOptions {
  /** Past it: PAYLOAD_TOO_LARGE. */
  readonly bytesMax: number;
  /** Without a byte for so long the source is destroyed with SlowSenderError, in milliseconds. */
  readonly stallMs?: number;
  readonly onChunk: (chunk: Buffer) => void;
}

/** The same bytes, counted and with an end to waiting for them; whoever takes them slowly is not the sender's fault. */
export async function* measured(source: Readable, options: MeasureOptions): AsyncGenerator<Buffer> {
  const { bytesMax, stallMs = UPLOAD_STALL_MS, onChunk } = options;
  const giveUp = (): void => {
    source.destroy(new SlowSenderError(`no byte came for ${stallMs} ms`));
  };
  let sizeBytes = 0;
  let timer = setTimeout(giveUp, stallMs);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      sizeBytes += chunk.length;
      if (sizeBytes > bytesMax) throw tooLarge(bytesMax);
      onChunk(chunk);
      yield chunk;
      timer = setTimeout(giveUp, stallMs);
    }
  } finally {
    clearTimeout(timer);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export class Quarantine {
  readonly #folder: string;
  readonly #ids: Pick<Ids, 'uuid'>;

  /** The folder need not exist. */
  constructor(folder: string, ids: Pick<Ids, 'uuid'>) {
    this.#folder = folder;
    this.#ids = ids;
  }

  /**
   * Writes the stream into a new file. Rejects, with nothing left behind, when it is too large (PAYLOAD_TOO_LARGE), stands still
   * (SlowSenderError), breaks off (the stream's own error), or the disk is full (UNAVAILABLE).
   */
  async receive(source: Readable, bytesMax: number, stallMs = UPLOAD_STALL_MS): Promise<QuarantinedFile> {
    const path = join(this.#folder, `${process.pid}-${this.#ids.uuid()}.part`);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const onChunk = (chunk: Buffer): void => {
      hash.update(chunk);
      sizeBytes += chunk.length;
    };
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      // Opened before anything can fail: a file that is still being opened would come to be after its removal.
      const file = await open(path, 'wx', 0o600);
      await pipeline(measured(source, { bytesMax, stallMs, onChunk }), file.createWriteStream());
    } catch (error) {
      source.destroy();
      await rm(path, { force: true });
      throw diskFailure(error);
    }
    return { path, sizeBytes, sha256: hash.digest('hex') };
  }

  async remove(file: Pick<QuarantinedFile, 'path'>): Promise<void> {
    await rm(file.path, { force: true });
  }

  /** Removes what processes that are gone have left: also an earlier one that had our number. Returns how many. */
  async removeStale(): Promise<number> {
    const startedAtMs = Date.now() - process.uptime() * 1_000;
    let removed = 0;
    for (const name of await readdir(this.#folder).catch(nothingThere)) {
      const pid = Number(FILE_NAME.exec(name)?.[1] ?? Number.NaN);
      if (!Number.isInteger(pid)) continue;
      const path = join(this.#folder, name);
      const isStale = pid === process.pid ? await isOlder(path, startedAtMs) : !isRunning(pid);
      if (!isStale) continue;
      await rm(path, { force: true });
      removed += 1;
    }
    return removed;
  }
}

function nothingThere(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function isOlder(path: string, epochMs: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < epochMs;
  } catch (error) {
    // Removed meanwhile by whoever held it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
