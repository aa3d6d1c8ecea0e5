/**
 * Answers that are files: one may take as long as its bytes move, only so many are under way in one process at once, and none keeps
 * the process from closing.
 *
 * States of a download: begun -> over (sent whole, left by its reader, stalled, out of time, or cut by the closing process).
 * Invariant: a download counts as under way exactly from its beginning until its response closes.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { retryLater } from './errors.ts';

/**
 * How long a download may take in all, in milliseconds: 2 GiB at 1.3 Mbit/s. Past it the connection is cut; who fetches goes on with
 * a range.
 */
export const DOWNLOAD_MS_MAX = 4 * 3_600_000;

export interface DownloadLimits {
  /**
   * How long nothing may move, in milliseconds. Past it the connection is cut. A kernel says that a slow reader takes bytes only when
   * a third of its buffer is empty again, so that much less would cut those who read slowly and do read.
   */
  readonly stallMs: number;
  /** Downloads of this process at once: each holds a file or a connection to S3 open. Past it: 503. */
  readonly atOnceMax: number;
  /** How long a closing process waits for downloads before it cuts them, in milliseconds: they go on elsewhere, with a range. */
  readonly closeMs: number;
}

export const DOWNLOAD_LIMITS: DownloadLimits = { stallMs: 120_000, atOnceMax: 1_000, closeMs: 3_000 };

/** When to come again after there were too many, in seconds. */
const RETRY_SECONDS = 5;

export class Downloads {
  readonly #limits: DownloadLimits;
  readonly #underWay = new Set<ServerResponse>();

  constructor(app: FastifyInstance, limits = DOWNLOAD_LIMITS) {
    this.#limits = limits;
    let cutting: NodeJS.Timeout | undefined;
    app.addHook('preClose', async () => {
      // Again and again: requests that arrive while closing are served too.
      cutting = setInterval(() => this.#cut(), limits.closeMs);
    });
    app.addHook('onClose', async () => clearInterval(cutting));
  }

  /** Takes the answer in. Throws UNAVAILABLE when there are too many. */
  begin({ raw }: FastifyReply): void {
    if (this.#underWay.size >= this.#limits.atOnceMax) {
      throw retryLater('UNAVAILABLE', 'Too many downloads at once; try again', RETRY_SECONDS);
    }
    this.#underWay.add(raw);
    raw.once('close', () => this.#underWay.delete(raw));
    // Node's own timer: it begins anew with every byte that the other side takes.
    raw.setTimeout(this.#limits.stallMs, () => raw.destroy());
  }

  #cut(): void {
    for (const response of this.#underWay) response.destroy();
  }
}
