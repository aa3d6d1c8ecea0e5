/**
 * What S3 checks of a presigned request, written from AWS's description of Signature Version 4 for query parameters and not with
 * the SDK: the signature is computed again from the request as it came, over the headers that it says are signed.
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** RFC 3986, as AWS counts unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `20261120T131215Z` in epoch milliseconds. */
function timeOf(amzDate: string): number {
  return Date.parse(amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function canonicalRequest(request: IncomingMessage, url: URL, signedHeaders: string): string {
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort();
  const headers = signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`);
  const path = url.pathname
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/');
  return [request.method, path, query.join('&'), headers.join(''), signedHeaders, 'UNSIGNED-PAYLOAD'].join('\n');
}

/** Why S3 refuses the request, or null when it has no presigned signature or a good one. */
export function presignedFault(request: IncomingMessage, secretAccessKey: string, now: number): string | null {
  const url = new URL(request.url ?? '', 'http://s3');
  const signature = url.searchParams.get('X-Amz-Signature');
  if (signature === null) return null;
  const parameter = (name: string): string => url.searchParams.get(`X-Amz-${name}`) ?? '';
  if (!(now < timeOf(parameter('Date')) + Number(parameter('Expires')) * 1_000)) return 'AccessDenied';
  const [, ...scope] = parameter('Credential').split('/');
  const toSign = [
    'AWS4-HMAC-SHA256',
    parameter('Date'),
    scope.join('/'),
    createHash('sha256')
      .update(canonicalRequest(request, url, parameter('SignedHeaders')))
      .digest('hex'),
  ].join('\n');
  const key = scope.reduce<string | Buffer>((above, part) => hmac(above, part), `AWS4${secretAccessKey}`);
  return hmac(key, toSign).toString('hex') === signature ? null : 'SignatureDoesNotMatch';
}
