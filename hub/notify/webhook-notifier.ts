/**
 * Events to a tenant's own webhook: a POST of the event's JSON, signed, to an address that a stranger chose. So the name is
 * looked up once, every address it stands for is checked, the connection goes to a checked address and to no other, and no
 * redirect is followed: a name cannot point outside while it is checked and inside when it is used.
 *
 * A receiver checks `Podoh-Signature: v1=<hex>` by HMAC-SHA-256 (RFC 2104), keyed with the webhook's secret as it was shown, over
 * `<Podoh-Timestamp>.<body as received>`, and drops what carries a `Podoh-Event-Id` it has had or a timestamp that is minutes old.
 */
import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import {
  NotDeliveredError,
  type Clock,
  type Notifier,
  type OutsideEvent,
  type Webhooks,
  type WebhookTarget,
} from '../core/ports.ts';
import { isPublicAddress } from './public-address.ts';

/** Looking up, connecting and waiting for the head of the answer, in milliseconds. Past it: NotDeliveredError, to be tried again. */
const ATTEMPT_MS = 8_000;
/** Of the answer's body so many bytes are read, to be polite, and dropped. Past it: the connection is cut. */
const ANSWER_BYTES_MAX = 4_096;
/** Longest that a `Retry-After` is believed, in milliseconds. */
const RETRY_AFTER_MS_MAX = 3_600_000;
const URL_LENGTH_MAX = 2_000;

/** An address that a name stands for. */
export interface Resolved {
  readonly address: string;
  readonly family: number;
}

export interface WebhookOptions {
  readonly clock: Clock;
  /** Plain http and addresses of the inside may be used: for installations that talk to their own network, and for tests. */
  readonly allowPrivate: boolean;
  /** Every address that a name stands for; the system's resolver unless told otherwise. */
  readonly resolve?: (hostname: string) => Promise<readonly Resolved[]>;
  readonly attemptMs?: number;
}

/** The signature of a body as it stands in the header, without the version. */
function webhookSignature(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

/** Makes the channels to webhooks. */
export function createWebhooks(options: WebhookOptions): Webhooks {
  return {
    refusal: (url) => refusalOf(url, options.allowPrivate),
    open: (target) => new WebhookNotifier(target, options),
  };
}

/** The host without the brackets of an IPv6 address. WHATWG URL has turned `0x7f.1`, `2130706433` and the like into addresses. */
function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

function refusalOf(text: string, allowPrivate: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === '') return 'is no address';
  if (url.href.length > URL_LENGTH_MAX) return `is longer than ${URL_LENGTH_MAX} characters`;
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) return 'must begin with https://';
  if (url.username + url.password !== '') return 'must not hold a user name or password';
  if (allowPrivate) return null;
  const host = hostOf(url);
  if (isIP(host) !== 0 ? !isPublicAddress(host) : /^(?:.+\.)?localhost\.?$/.test(host)) {
    return 'must be an address of the public Internet';
  }
  return null;
}

class WebhookNotifier implements Notifier {
  readonly #target: WebhookTarget;
  readonly #options: WebhookOptions;

  constructor(target: WebhookTarget, options: WebhookOptions) {
    this.#target = target;
    this.#options = options;
  }

  async publish(event: OutsideEvent): Promise<void> {
    const refusal = refusalOf(this.#target.url, this.#options.allowPrivate);
    // It was checked when it was written down: the rules of the installation have changed since.
    if (refusal !== null) throw new NotDeliveredError(`the address ${refusal}`, false);
    const url = new URL(this.#target.url);
    const { attemptMs = ATTEMPT_MS } = this.#options;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), attemptMs);
    try {
      const addresses = await abortable(this.#checkedAddresses(hostOf(url)), controller.signal);
      const answer = await this.#post(url, addresses, event, controller.signal);
      verdictOn(answer, this.#options.clock.now());
    } catch (error) {
      throw failureOf(error, controller.signal.aborted);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Every address of the name, all of them fit to be used: one that is not spoils the rest. */
  async #checkedAddresses(host: string): Promise<readonly Resolved[]> {
    const { allowPrivate, resolve = resolveAll } = this.#options;
    const family = isIP(host);
    const addresses = family === 0 ? await resolve(host) : [{ address: host, family }];
    if (addresses.length === 0) throw new NotDeliveredError('the name stands for no address', true);
    if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address))) {
      // To be tried again: names are mended. Which address it was is not told, or this would be a way to ask.
      throw new NotDeliveredError('the name does not stand for addresses of the public Internet alone', true);
    }
    return addresses;
  }

  #post(
    url: URL,
    addresses: readonly Resolved[],
    event: OutsideEvent,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly retryAfter: string | undefined }> {
    const timestamp = String(Math.floor(this.#options.clock.now() / 1000));
    const options: RequestOptions = {
      method: 'POST',
      signal,
      // A connection of its own: a pool would hand out one that was made under another check.
      agent: false,
      lookup: lookupAmong(addresses),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(event.body),
        'user-agent': 'Podoh',
        'podoh-event': event.kind,
        'podoh-event-id': event.eventId,
        'podoh-timestamp': timestamp,
        'podoh-signature': `v1=${webhookSignature(this.#target.secret, timestamp, event.body)}`,
      },
    };
    return new Promise((resolve, reject) => {
      const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
      request.once('response', (response) => {
        readToBeDropped(response);
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
      });
      // Also heard after the answer: what goes wrong then concerns a body that nobody reads.
      request.on('error', reject);
      // An answer that is none, 101 for instance, ends the connection without an error.
      request.once('close', () => reject(new Error('closed')));
      request.end(event.body);
    });
  }
}

const DROP_WITHIN_MS = 2_000;

/** The status has said all: the rest is taken for a moment, so that an honest server can end its sentence, and then cut. */
function readToBeDropped(response: IncomingMessage): void {
  let bytes = 0;
  const timer = setTimeout(() => response.destroy(), DROP_WITHIN_MS);
  timer.unref();
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) response.destroy();
  });
  response.once('close', () => clearTimeout(timer));
  response.on('error', () => response.destroy());
}

async function resolveAll(hostname: string): Promise<Resolved[]> {
  return lookup(hostname, { all: true, verbatim: true });
}

/** Gives node:net the addresses that were checked, whatever the name stands for by now. */
function lookupAmong(addresses: readonly Resolved[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses;
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
}

/** Settles as the promise does, or rejects when the signal comes first: a resolver knows no deadline. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const onAbort = (): void => late.reject(new Error('too late'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const GONE = 410;
/** 408, 425 and 429 say "later"; so does every 5xx. */
const LATER = new Set([408, 425, 429]);

/** Returns when the answer says "taken". */
function verdictOn({ status, retryAfter }: { status: number; retryAfter: string | undefined }, now: number): void {
  if (status >= 200 && status < 300) return;
  const retryAfterMs = retryAfterMsOf(retryAfter, now);
  if (LATER.has(status) || status >= 500) {
    throw new NotDeliveredError(`the webhook answered ${status}`, true, { retryAfterMs });
  }
  if (status >= 300 && status < 400) {
    throw new NotDeliveredError(`the webhook answered ${status}: redirects are not followed`, true);
  }
  // 410 says that nobody will ever want this one. The other 4xx (a signature refused, a path moved) are mended by people.
  throw new NotDeliveredError(`the webhook answered ${status}`, status !== GONE);
}

/** RFC 9110 §10.2.3: seconds, or a date. Null for what is neither. */
function retryAfterMsOf(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  // A date begins with its weekday; left to itself, Date.parse sees a date in `-5` as well.
  const date = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : date - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX);
}

/** Of the world's errors the code is told and no more: a message would name the address that was tried. */
function failureOf(error: unknown, isLate: boolean): NotDeliveredError {
  if (error instanceof NotDeliveredError) return error;
  const { code } = (error ?? {}) as { code?: unknown };
  const how = isLate ? 'no answer in time' : typeof code === 'string' ? code : 'the connection failed';
  return new NotDeliveredError(`the webhook cannot be reached: ${how}`, true, { cause: error });
}
