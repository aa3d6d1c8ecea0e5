/** Where devices and browsers fetch content. Pure. */

/** Path, on the origin of API and hub, of what we store: `/media/<storage key>?expires=…&signature=…`. */
export const MEDIA_BASE = '/media/';

/** An alert's content can be fetched this long after the alert ran out: a download that began late is let finish, in milliseconds. */
export const ALERT_MEDIA_GRACE_MS = 3_600_000;

/** Makes and checks addresses that carry their own permission and run out. Whoever shares the signing key agrees on them. */
export interface MediaSigner {
  /** The address of a stored object, good until `expiresAt` (epoch milliseconds, rounded up to a second). The same arguments give the same text. */
  sign(storageKey: string, expiresAt: number): string;
  /** What an address that came back is worth; `expires` and `signature` as they stood in its query. */
  verify(storageKey: string, expires: string, signature: string, now: number): 'good' | 'expired' | 'forged';
}

/**
 * The address of content: one of ours, signed until `expiresAt`, when it is stored here; else the place it plays from. Null when
 * it is nowhere.
 */
export function contentUrl(
  signer: Pick<MediaSigner, 'sign'>,
  storageKey: string | null,
  externalUrl: string | null,
  expiresAt: number,
): string | null {
  return storageKey === null ? externalUrl : signer.sign(storageKey, expiresAt);
}
