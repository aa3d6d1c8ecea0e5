/** A stored file, for whoever holds a signed address of it: sent from here, or by the store where that has addresses of its own. */
import { hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { MEDIA_BASE } from '../../hub/core/content-url.ts';
import type { StoredFacts } from '../../hub/core/ports.ts';
import { apiError, retryLater } from '../errors.ts';
import { failureBody } from '../failure-answer.ts';
import { addressKey } from '../limits/address-key.ts';
import type { PublicCall, RawAnswer } from '../route.ts';
import { askedPart, isKnown, rangeStands } from './byte-range.ts';

export interface MediaParams {
  readonly '*': string;
}

export interface MediaQuery {
  readonly expires?: string;
  readonly signature?: string;
}

/** How long an address of the store itself is good, in seconds. */
const STORE_ADDRESS_SECONDS = 300;
/** How long a redirect to it may be kept, in seconds: what begins at its end still has a minute to reach the store. */
const REDIRECT_SECONDS = 240;

/** What a browser may show where it stands. Everything else could run on our origin and is only ever saved. */
const SHOWN = /^(?:image\/(?!svg)|video\/|audio\/)/i;

/**
 * Answers GET and HEAD of a signed address. Throws FORBIDDEN for one that is not ours or has run out, and NOT_FOUND when the file
 * was deleted since.
 */
export async function serveMedia(call: PublicCall<MediaParams, MediaQuery>): Promise<RawAnswer> {
  const { ctx, params, incoming } = call;
  if (incoming === undefined) throw new Error('a download was called without its request');
  const key = params['*'];
  const secondsLeft = await requirePermission(call);
  const facts = await ctx.objects.stat(key);
  if (facts === null) throw gone();
  const tag = `"${hash('sha256', key, 'base64url')}"`;
  const kept = {
    // What is under a key never changes: the key is its identity.
    etag: tag,
    'cache-control': `private, max-age=${secondsLeft}, immutable`,
    // The address is the permission: whoever has it may use it from any page.
    'cross-origin-resource-policy': 'cross-origin',
  };
  if (isKnown(incoming.headers['if-none-match'], tag)) return { status: 304, headers: kept, body: null };
  const described = { ...kept, 'accept-ranges': 'bytes', ...guards(key, facts) };
  if (incoming.method === 'HEAD') {
    const headers = { ...described, 'content-length': String(facts.sizeBytes) };
    return { contentType: facts.contentType, headers, body: null };
  }
  const elsewhere = await ctx.objects.downloadUrl(key, {
    expiresInSeconds: STORE_ADDRESS_SECONDS,
    contentType: facts.contentType,
    ...(!SHOWN.test(facts.contentType) && { fileName: nameOf(key) }),
  });
  if (elsewhere !== null) {
    const cacheControl = `private, max-age=${Math.min(REDIRECT_SECONDS, secondsLeft)}`;
    const headers = {
      location: elsewhere,
      'cache-control': cacheControl,
      'cross-origin-resource-policy': 'cross-origin',
    };
    return { status: 307, headers, body: null };
  }
  const ifRange = [incoming.headers['if-range']].flat()[0];
  return sendBytes(call, key, facts, rangeStands(ifRange, tag) ? incoming.headers.range : undefined, described);
}

async function sendBytes(
  { ctx }: PublicCall<MediaParams, MediaQuery>,
  key: string,
  { sizeBytes, contentType }: StoredFacts,
  rangeHeader: string | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  const part = askedPart(rangeHeader, sizeBytes);
  if (part === 'beyond') return beyond(sizeBytes);
  const found = await ctx.objects.get(key, part === 'whole' ? undefined : part);
  if (found === null) throw gone();
  const body = found.stream as Readable;
  if (part === 'whole') {
    return { contentType, headers: { ...headers, 'content-length': String(sizeBytes) }, body };
  }
  const span = {
    'content-length': String(part.end - part.start + 1),
    'content-range': `bytes ${part.start}-${part.end}/${sizeBytes}`,
  };
  return { status: 206, contentType, headers: { ...headers, ...span }, body };
}

/** No byte of what was asked for exists. */
function beyond(sizeBytes: number): RawAnswer {
  const message = `The range is beyond the end of the file: it has ${sizeBytes} bytes`;
  return {
    status: 416,
    contentType: 'application/json; charset=utf-8',
    headers: { 'content-range': `bytes */${sizeBytes}`, 'cache-control': 'no-store' },
    body: JSON.stringify(failureBody({ status: 416, code: 'VALIDATION_ERROR', message, log: null })),
  };
}

/** What keeps a stored file from acting as a page of ours. */
function guards(key: string, { contentType }: StoredFacts): Record<string, string> {
  const nosniff = { 'x-content-type-options': 'nosniff' };
  if (SHOWN.test(contentType)) return nosniff;
  return {
    ...nosniff,
    'content-security-policy': "sandbox; default-src 'none'",
    'content-disposition': `attachment; filename="${nameOf(key)}"`,
  };
}

/** The last part of a key; keys have no character that would have to be escaped. */
function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function gone(): Error {
  return apiError('NOT_FOUND', 'This file is not there any more');
}

/**
 * For how many more seconds the address is good. What we signed is not counted against anybody, because a site of a thousand
 * screens has one address; what we did not sign is.
 */
async function requirePermission(call: PublicCall<MediaParams, MediaQuery>): Promise<number> {
  const { ctx, params, query, target, ip } = call;
  const key = params['*'];
  const { expires = '', signature = '' } = query;
  const now = ctx.clock.now();
  const verdict = ctx.media.verify(key, expires, signature, now);
  if (verdict === 'expired')
    throw apiError('FORBIDDEN', 'This address has run out: fetch the list that it came from again');
  // Keys need no escapes: an address that has some is another spelling, which caches would keep apart.
  if (verdict === 'good' && target.startsWith(`${MEDIA_BASE}${key}?`)) return Math.floor(Number(expires) - now / 1_000);
  const waitMs = await ctx.limiter.take(`address:${addressKey(ip)}`, ctx.settings.rateLimitAddressPerMinute);
  if (waitMs > 0) throw retryLater('RATE_LIMITED', 'Too many requests', waitMs / 1_000);
  throw apiError('FORBIDDEN', 'This address is not valid');
}
