/**
 * One HTTP request to the hub: everything uWebSockets.js forgets when the handler returns is read first, the body is gathered
 * under a limit, and after an abort nothing is written (uWebSockets.js ends the process otherwise).
 *
 * States: open -> answered, or open -> aborted. Every exchange is answered exactly once unless the client went away.
 */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { ErrorCode } from '../../protocol/errors.ts';
import { refuse, reply, type RefusalExtras } from './http-reply.ts';

/** Bytes taken in before it is known who sends them; past it the socket is paused. */
const EARLY_BYTES_MAX = 64 * 1024;
/** A body must arrive whole within this, in milliseconds: else a trickle would hold the exchange for ever. */
const BODY_DEADLINE_MS = 15_000;

export class Exchange {
  readonly #res: HttpResponse;
  readonly address: string;
  readonly authorization: string;
  readonly ifNoneMatch: string;
  readonly contentType: string;
  readonly parameter: string;
  readonly #contentLength: number;
  readonly #headers: Record<string, string>;
  #over = false;
  #onGone: (() => void) | null = null;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  /** Null until somebody asks for the body: who may send how much is not known yet. */
  #bodyMax: number | null = null;
  #body: Uint8Array | null = null;
  #bodyDone = false;
  #bodyTimer: NodeJS.Timeout | null = null;
  #onBody: (() => void) | null = null;
  #paused = false;

  constructor(res: HttpResponse, req: HttpRequest, address: string, corsHeaders: Record<string, string>) {
    this.#res = res;
    this.address = address;
    this.authorization = req.getHeader('authorization');
    this.ifNoneMatch = req.getHeader('if-none-match');
    this.contentType = req.getHeader('content-type');
    this.parameter = req.getParameter(0) ?? '';
    this.#contentLength = Number(req.getHeader('content-length') || '0');
    this.#headers = corsHeaders;
    res.onAborted(() => {
      this.#over = true;
      this.#finishBody(null);
      this.#onGone?.();
    });
    if (req.getMethod() === 'get') this.#bodyDone = true;
    else this.#gather();
  }

  /** Whether nothing can be written any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Calls back when the client goes away before the answer. */
  onGone(callback: () => void): void {
    this.#onGone = callback;
  }

  data(data: unknown, headers: Readonly<Record<string, string>> = {}): void {
    if (!this.#claimAnswer()) return;
    reply(this.#res, 200, { ...this.#headers, ...headers }, { success: true, data });
  }

  notModified(headers: Readonly<Record<string, string>>): void {
    if (!this.#claimAnswer()) return;
    reply(this.#res, 304, { ...this.#headers, ...headers }, undefined);
  }

  refuse(code: ErrorCode, message: string, extras: RefusalExtras = {}): void {
    if (!this.#claimAnswer()) return;
    refuse(this.#res, code, message, { ...extras, headers: { ...this.#headers, ...extras.headers } });
  }

  /**
   * True once, and only while the client is there. Whatever of the body is still to come is read and thrown away: neither its
   * deadline nor a pause may outlive the answer, because uWebSockets.js throws on any use of an answered response. [INV-8]
   */
  #claimAnswer(): boolean {
    if (this.#over) return false;
    this.#over = true;
    if (this.#paused) this.#res.resume();
    this.#finishBody(null);
    return true;
  }

  /** uWebSockets.js hands a body over only to who listens from the start: it is gathered from the first turn on. */
  #gather(): void {
    const timer = setTimeout(() => {
      if (this.#bodyDone) return;
      this.#over = true;
      this.#finishBody(null);
      this.#res.close();
    }, BODY_DEADLINE_MS);
    this.#bodyTimer = timer;
    this.#res.onData((chunk, isLast) => {
      if (this.#bodyDone || this.#over) return;
      this.#size += chunk.byteLength;
      if (this.#bodyMax !== null && this.#size > this.#bodyMax) {
        this.#tooLarge(this.#bodyMax);
        return;
      }
      // The ArrayBuffer dies with this callback.
      this.#chunks.push(Buffer.from(chunk.slice(0)));
      if (isLast) {
        const [first] = this.#chunks;
        this.#finishBody(
          this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#size),
        );
      } else if (this.#bodyMax === null && this.#size > EARLY_BYTES_MAX && !this.#paused) {
        this.#paused = true;
        this.#res.pause();
      }
    });
  }

  #tooLarge(maxBytes: number): void {
    this.refuse('PAYLOAD_TOO_LARGE', `at most ${maxBytes} bytes`);
  }

  #finishBody(body: Uint8Array | null): void {
    if (this.#bodyDone) return;
    this.#bodyDone = true;
    if (this.#bodyTimer !== null) clearTimeout(this.#bodyTimer);
    this.#body = body;
    this.#chunks.length = 0;
    this.#onBody?.();
  }

  /** The whole body, or null when it was too large or never came (then the exchange is over). */
  async body(maxBytes: number): Promise<Uint8Array | null> {
    this.#bodyMax = maxBytes;
    if (this.#contentLength > maxBytes || this.#size > maxBytes) this.#tooLarge(maxBytes);
    if (!this.#bodyDone) {
      await new Promise<void>((resolve) => {
        this.#onBody = resolve;
        if (this.#paused && !this.#over) {
          this.#paused = false;
          this.#res.resume();
        }
      });
    }
    return this.#body;
  }
}
