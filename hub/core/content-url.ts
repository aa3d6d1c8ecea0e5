/** Where devices and browsers fetch content. Pure. */

/** Path, on this platform's own origin, of content that we store: `/media/<storage key>`. Keys are unguessable and never reused. */
const MEDIA_BASE = '/media/';

/** The address of content: our own path when it is stored here, else the place it plays from. Null when it is nowhere. */
export function contentUrl(storageKey: string | null, externalUrl: string | null): string | null {
  return storageKey === null ? externalUrl : MEDIA_BASE + storageKey;
}
