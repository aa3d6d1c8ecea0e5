/**
 * Sealing short secrets for the database: AES-256-GCM under a key that is derived from something only the client holds
 * (RFC 5869), so that the database alone cannot open them.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import type { Ids } from '../hub/core/ports.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** SHA-256 of a text, hex. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** HMAC-SHA-256 of a text, hex. */
export function hmacHex(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

/** A 256-bit key for one purpose, derived from a secret. */
export function deriveKey(secret: string, salt: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, `podoh ${purpose}`, 32));
}

/** Seals a text; the same text sealed twice gives different results. */
export function seal(ids: Ids, key: Buffer, text: string): string {
  const nonce = Buffer.from(ids.secret(NONCE_BYTES), 'base64url');
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** Opens what `seal` made. Throws when the key is another or the bytes were changed. */
export function unseal(key: Buffer, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
}
