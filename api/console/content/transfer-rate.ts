/** How fast something goes, over the last seconds. */

/** What happened longer ago says nothing of now, in milliseconds. */
const WINDOW_MS = 8_000;
/** Less than this is too little to tell, in milliseconds. */
const LEAST_MS = 400;

export class TransferRate {
  readonly #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** So many bytes have gone in all by now. */
  add(atMs: number, bytes: number): void {
    const last = this.#samples.at(-1);
    // What has to be sent again begins anew.
    if (last !== undefined && bytes < last.bytes) this.#samples.length = 0;
    this.#samples.push({ atMs, bytes });
    while ((this.#samples[0]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Forgets what was: after a pause. */
  clear(): void {
    this.#samples.length = 0;
  }

  /** Bytes per second; null while it cannot be told. */
  get bytesPerSecond(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return null;
    return ((last.bytes - first.bytes) * 1_000) / (last.atMs - first.atMs);
  }
}
