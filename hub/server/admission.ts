/**
 * Who may try: per-address buckets that only unauthenticated or failed traffic drains, because a site of a thousand screens
 * shares one address. Overflow: past ADDRESSES_MAX the least recent address is forgotten (its bucket is full again).
 *
 * An address over its limit may not lock out the screens behind it: tokens that were verified before are served all the
 * same, and others are looked at in a slow lane, fast enough to bring a site back and slow enough to cost next to nothing. [INV-8]
 */
import { BlockList, isIP } from 'node:net';
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { takeToken, type TokenBucket } from '../core/token-bucket.ts';

const ADDRESSES_MAX = 50_000;
/** Tokens and credentials not seen before that are looked at for an address over its limit; each costs a tenth of a millisecond. */
const PROOFS_PER_SECOND = 50;
const PROOFS_BURST = 50;
/** Polls of pairings from one address: a site of 1,500 screens that wait to be paired asks 500 times a second. */
const POLLS_PER_SECOND = 500;
const POLLS_BURST = 2_000;

export interface AdmissionOptions {
  readonly perMinute: number;
  /** Whose X-Forwarded-For is believed: everybody's, nobody's, or that of these addresses and CIDRs. */
  readonly trustProxy: boolean | readonly string[];
}

interface AddressBucket extends TokenBucket {
  /** The slow lane; null until it is needed. */
  proofs: TokenBucket | null;
  /** Polls of pairings; null until there is one. */
  polls: TokenBucket | null;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #buckets = new Map<string, AddressBucket>();
  readonly #proxies: BlockList | null;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#proxies = typeof options.trustProxy === 'boolean' ? null : proxyList(options.trustProxy);
  }

  /** The caller's address as text; behind a trusted proxy the last entry that it added. Call before the first await. */
  addressOf(res: HttpResponse, req: HttpRequest): string {
    const peer = Buffer.from(res.getRemoteAddressAsText()).toString('latin1');
    if (this.#options.trustProxy === false) return peer;
    // Proxies that add a line of their own put it last, behind what the caller claimed; `getHeader` gives the first.
    let chain = '';
    req.forEach((name, value) => {
      if (name === 'x-forwarded-for') chain = value;
    });
    const forwarded = chain.split(',').at(-1)?.trim() ?? '';
    if (isIP(forwarded) === 0) return peer;
    if (this.#proxies === null) return forwarded;
    // Whoever is no proxy of ours could name any address, another's too.
    const family = isIP(peer);
    return family !== 0 && this.#proxies.check(peer, family === 6 ? 'ipv6' : 'ipv4') ? forwarded : peer;
  }

  #bucket(address: string, nowMs: number): AddressBucket {
    const key = addressKey(address);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { tokens: this.#options.perMinute, filledAtMs: nowMs, proofs: null, polls: null };
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

  /** Whether a token or credential that was not seen before is looked at; only past the limit does it cost something. */
  mayProve(address: string, nowMs: number): boolean {
    if (this.mayTry(address, nowMs)) return true;
    const bucket = this.#bucket(address, nowMs);
    bucket.proofs ??= { tokens: PROOFS_BURST, filledAtMs: nowMs };
    return takeToken(bucket.proofs, PROOFS_PER_SECOND, PROOFS_BURST, nowMs);
  }

  /** Whether a poll of a pairing is looked at. Good ones are no failures, and a site's screens all poll from one address. */
  mayPoll(address: string, nowMs: number): boolean {
    const bucket = this.#bucket(address, nowMs);
    bucket.polls ??= { tokens: POLLS_BURST, filledAtMs: nowMs };
    return takeToken(bucket.polls, POLLS_PER_SECOND, POLLS_BURST, nowMs);
  }

  /** Counts one unauthenticated or failed request. */
  failed(address: string, nowMs: number): void {
    const { perMinute } = this.#options;
    takeToken(this.#bucket(address, nowMs), perMinute / 60, perMinute, nowMs);
  }
}

/** Throws when an entry is neither an address nor a CIDR; the configuration is checked before. */
function proxyList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** IPv6 hosts own a /64 at least: the bucket is per /64, else one host would have 2^64 of them. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const mapped =
    /^(?:0{1,4}:){5}ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address) ?? /^::ffff:(.+)$/i.exec(address);
  if (mapped !== null) return address.toLowerCase();
  const [head = '', tail = ''] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':').toLowerCase();
}
