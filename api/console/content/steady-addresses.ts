/**
 * Signed addresses that stay the same for as long as they are good. Every answer of the API signs anew; without this each reading of
 * a list would fetch all its pictures again.
 */

/** An address that runs out sooner than this is not used any more, in milliseconds. */
const LEFT_MS = 60_000;
const KEPT_MAX = 2_000;

export class SteadyAddresses {
  readonly #nowMs: () => number;
  /** The address in use, by what comes before its signature. */
  readonly #kept = new Map<string, string>();
  /** Addresses that did not work. */
  readonly #refused = new Set<string>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The address to use for what this one leads to. One without an end is given back as it is. */
  of(address: string): string {
    const [path = '', query] = address.split('?');
    if (query === undefined || this.#endsAtMs(query) === null) return address;
    const kept = this.#kept.get(path);
    if (
      kept !== undefined &&
      !this.#refused.has(kept) &&
      (this.#endsAtMs(kept.split('?')[1] ?? '') ?? 0) > this.#nowMs() + LEFT_MS
    )
      return kept;
    if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
    if (this.#refused.size >= KEPT_MAX) this.#refused.clear();
    this.#kept.set(path, address);
    return address;
  }

  /** It does not work: the next one that is another is used instead. */
  refuse(address: string): void {
    this.#refused.add(address);
  }

  #endsAtMs(query: string): number | null {
    const expires = new URLSearchParams(query).get('expires');
    return expires === null ? null : Number(expires) * 1_000;
  }
}
