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

/** What an address takes: a whole file, or one part of it. */
export interface UploadTarget {
  readonly contentId: number;
  /** From 1. */
  readonly part?: number;
}

function signature(secret: string, { contentId, part }: UploadTarget, expires: string): string {
  const target = part === undefined ? contentId : `${contentId}/${part}`;
  return hmacHex(deriveKey(secret, 'uploads', 'upload address'), `${target}\n${expires}`);
}

/** The address, relative to the API's origin, good until `expiresAt` (epoch milliseconds, rounded up to a second). */
export function uploadAddress({ secret }: Pick<ApiParts, 'secret'>, target: UploadTarget, expiresAt: number): string {
  const { contentId, part } = target;
  const expires = String(Math.ceil(expiresAt / 1_000));
  const place = part === undefined ? 'file?' : `part?part=${part}&`;
  return `${API_BASE}/content/uploads/${contentId}/${place}expires=${expires}&signature=${signature(secret, target, expires)}`;
}

/** Throws FORBIDDEN unless the address is one of ours and has not run out. */
export function checkUploadAddress(
  { secret, clock }: Pick<ApiParts, 'secret' | 'clock'>,
  target: UploadTarget,
  given: { readonly expires: string; readonly signature: string },
): void {
  const expected = Buffer.from(signature(secret, target, given.expires));
  const offered = Buffer.from(given.signature);
  const isOurs =
    SECONDS.test(given.expires) && offered.length === expected.length && timingSafeEqual(offered, expected);
  if (!isOurs) throw apiError('FORBIDDEN', 'This address is not valid');
  if (Number(given.expires) * 1_000 <= clock.now()) throw apiError('FORBIDDEN', 'This address has run out');
}
