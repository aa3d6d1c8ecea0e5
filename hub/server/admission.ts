/**
 * Who may try: per-address buckets that only unauthenticated or failed traffic drains, because a site of a thousand screens
 * shares one address. Overflow: past ADDRESSES_MAX the least recent address is forgotten (its bucket is full again).
 */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { takeToken, type TokenBucket } from '../core/token-bucket.ts';

const ADDRESSES_MAX = 50_000;

export interface AdmissionOptions {
  readonly perMinute: number;
  readonly trustProxy: boolean;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The caller's address as text; behind a trusted proxy the last entry that it added. Call before the first await. */
  addressOf(res: HttpResponse, req: HttpRequest): string {
    if (this.#options.trustProxy) {
      const forwarded = req.getHeader('x-forwarded-for').split(',').at(-1)?.trim();
      if (forwarded !== undefined && forwarded !== '' && forwarded.length <= 45) return forwarded;
    }
    return Buffer.from(res.getRemoteAddressAsText()).toString('latin1');
  }

  #bucket(address: string, nowMs: number): TokenBucket {
    const key = addressKey(address);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { tokens: this.#options.perMinute, filledAtMs: nowMs };
      if (this.#buckets.size >= ADDRESSES_MAX) {
        const oldest = this.#buckets.keys().next().value;
        if (oldest !== undefined) this.#buckets.delete(oldest);
      }
    } else this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Whether this address has failed less than its limit; costs nothing. */
  mayTry(address: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(addressKey(address));
    if (bucket === undefined) return true;
    const refilled = bucket.tokens + ((nowMs - bucket.filledAtMs) / 60_000) * this.#options.perMinute;
    return refilled >= 1;
  }

  /** Counts one unauthenticated or failed request. */
  failed(address: string, nowMs: number): void {
    const { perMinute } = this.#options;
    takeToken(this.#bucket(address, nowMs), perMinute / 60, perMinute, nowMs);
  }
}

/** IPv6 hosts own a /64 at least: the bucket is per /64, else one host would have 2^64 of them. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^(?:0{1,4}:){5}ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address) ?? /^::ffff:(.+)$/i.exec(address);
  if (mapped !== null) return address.toLowerCase();
  const [head = '', tail = ''] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':').toLowerCase();
}
