/**
 * Lines to a file descriptor, never at the cost of the service: no write blocks the event loop, a reader that does not keep up
 * costs lines and not memory, and a full disk or a closed pipe costs lines and not the process.
 *
 * States: `idle` > `writing` > `idle`; `writing` > `waiting` (the system refused) > `writing`; `writing` > `ended` (the reader
 * is gone: nothing is kept any more).
 * Invariants: at most `waitingCharsMax` wait, beside what is being written; a line is written whole or counted as dropped, and
 * the count is told once lines are written again; while anything waits, an exit of the process writes it.
 */
import { write, writeSync } from 'node:fs';

/** What waits for a reader that does not keep up, in characters. Past it new lines are dropped. */
export const WAITING_CHARS_MAX = 4 * 1024 * 1024;
/** A full pipe is tried again after this, in milliseconds. */
const FULL_PIPE_PAUSE_MS = 20;
/** Whoever is refused for another reason, a full disk above all, tries again after this, in milliseconds. */
const REFUSED_PAUSE_MS = 1_000;
/** How often an exit waits for a full pipe, FULL_PIPE_PAUSE_MS each. */
const EXIT_TRIES_MAX = 25;

/** The reader is gone, or the descriptor is none to write to: no later write can succeed. */
const ENDING_CODES = new Set(['EPIPE', 'EBADF', 'EINVAL', 'ERR_INVALID_ARG_VALUE']);

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

export class LogWriter {
  readonly #fd: number;
  readonly #onDropped: (lines: number) => void;
  readonly #waitingCharsMax: number;
  #state: 'idle' | 'writing' | 'waiting' | 'ended' = 'idle';
  #waiting: string[] = [];
  #waitingChars = 0;
  /** What is being written, without what is written already, and the lines it began as. */
  #chunk: Buffer = Buffer.alloc(0);
  #chunkLines = 0;
  #dropped = 0;
  readonly #atExit = (): void => this.#writeNow();

  /** `onDropped` is called when lines are written again after some were dropped; it may write. */
  constructor(fd: number, onDropped: (lines: number) => void, waitingCharsMax = WAITING_CHARS_MAX) {
    this.#fd = fd;
    this.#onDropped = onDropped;
    this.#waitingCharsMax = waitingCharsMax;
  }

  /** Takes one line with its line feed. Returns at once, whatever becomes of it. */
  write(line: string): void {
    if (this.#state === 'ended') return;
    if (this.#waitingChars + line.length > this.#waitingCharsMax) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    if (this.#state !== 'idle') return;
    process.once('exit', this.#atExit);
    this.#next();
  }

  #next(): void {
    if (this.#waiting.length === 0) {
      this.#state = 'idle';
      process.off('exit', this.#atExit);
      return;
    }
    this.#chunkLines = this.#waiting.length;
    this.#chunk = this.#takeWaiting();
    this.#send();
  }

  #send(): void {
    this.#state = 'writing';
    write(this.#fd, this.#chunk, (error, written) => {
      if (error === null) this.#written(written);
      else this.#refused(codeOf(error));
    });
  }

  #written(bytes: number): void {
    this.#chunk = this.#chunk.subarray(bytes);
    if (this.#chunk.byteLength > 0) {
      this.#send();
      return;
    }
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#next();
    // Only now is there room to say so.
    if (dropped > 0) this.#onDropped(dropped);
  }

  #refused(code: string): void {
    if (ENDING_CODES.has(code)) {
      this.#state = 'ended';
      this.#waiting = [];
      this.#chunk = Buffer.alloc(0);
      process.off('exit', this.#atExit);
      return;
    }
    this.#state = 'waiting';
    if (code === 'EAGAIN') {
      setTimeout(() => this.#send(), FULL_PIPE_PAUSE_MS).unref();
      return;
    }
    this.#dropped += this.#chunkLines;
    this.#chunk = Buffer.alloc(0);
    setTimeout(() => this.#next(), REFUSED_PAUSE_MS).unref();
  }

  /** At an exit: what a thread is writing is left to it, the rest goes out while the system takes it. */
  #writeNow(): void {
    const held = this.#state === 'writing' ? [] : [this.#chunk];
    if (!this.#writeAll(Buffer.concat([...held, this.#takeWaiting()])) || this.#dropped === 0) return;
    this.#onDropped(this.#dropped);
    this.#writeAll(this.#takeWaiting());
  }

  #takeWaiting(): Buffer {
    const taken = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#waitingChars = 0;
    return taken;
  }

  /** False when the system would not take all of it. */
  #writeAll(bytes: Buffer): boolean {
    let rest = bytes;
    for (let tries = 0; rest.byteLength > 0;) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' || tries === EXIT_TRIES_MAX) return false;
        tries += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_PAUSE_MS);
      }
    }
    return true;
  }
}
