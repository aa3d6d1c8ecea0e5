/** Signed media addresses: HMAC-SHA-256 (RFC 2104) over key and expiry, under a key that every node derives alike. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { MEDIA_BASE, type MediaSigner } from './core/content-url.ts';

/** Seconds since 1970 in a query: no sign, no fraction, no exponent. */
const SECONDS = /^[1-9]\d{0,11}$/;

export function createMediaSigner(key: Uint8Array): MediaSigner {
  const signatureOf = (storageKey: string, expires: string): string =>
    createHmac('sha256', key).update(`${expires}\n${storageKey}`).digest('base64url');
  return {
    sign(storageKey, expiresAt) {
      const expires = String(Math.ceil(expiresAt / 1_000));
      return `${MEDIA_BASE}${storageKey}?expires=${expires}&signature=${signatureOf(storageKey, expires)}`;
    },
    verify(storageKey, expires, signature, now) {
      if (!SECONDS.test(expires)) return 'forged';
      const expected = Buffer.from(signatureOf(storageKey, expires));
      const given = Buffer.from(signature);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'forged';
      return Number(expires) * 1_000 > now ? 'good' : 'expired';
    },
  };
}
