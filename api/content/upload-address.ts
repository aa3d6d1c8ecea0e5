/**
 * Addresses of our own that take the bytes of a direct upload, where the store has none: they carry their permission and run out.
 * Their key is not that of media addresses, so that neither is good for the other.
 */
import { timingSafeEqual } from 'node:crypto';
import type { ApiParts } from '../context.ts';
import { apiError } from '../errors.ts';
import { API_BASE } from '../route.ts';
import { deriveKey, hmacHex } from '../sealing.ts';

const SECONDS = /^[1-9]\d{0,11}$/;

function signature(secret: string, contentId: number, expires: string): string {
  return hmacHex(deriveKey(secret, 'uploads', 'upload address'), `${contentId}\n${expires}`);
}

/** The address, relative to the API's origin, good until `expiresAt` (epoch milliseconds, rounded up to a second). */
export function uploadAddress({ secret }: Pick<ApiParts, 'secret'>, contentId: number, expiresAt: number): string {
  const expires = String(Math.ceil(expiresAt / 1_000));
  return `${API_BASE}/content/uploads/${contentId}/file?expires=${expires}&signature=${signature(secret, contentId, expires)}`;
}

/** Throws FORBIDDEN unless the address is one of ours and has not run out. */
export function checkUploadAddress(
  { secret, clock }: Pick<ApiParts, 'secret' | 'clock'>,
  contentId: number,
  given: { readonly expires: string; readonly signature: string },
): void {
  const expected = Buffer.from(signature(secret, contentId, given.expires));
  const offered = Buffer.from(given.signature);
  const isOurs =
    SECONDS.test(given.expires) && offered.length === expected.length && timingSafeEqual(offered, expected);
  if (!isOurs) throw apiError('FORBIDDEN', 'This address is not valid');
  if (Number(given.expires) * 1_000 <= clock.now()) throw apiError('FORBIDDEN', 'This address has run out');
}
