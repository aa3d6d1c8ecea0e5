/** Usernames: unique over all tenants, compared in lower case, shown as they are kept. */
import { apiError } from '../errors.ts';

/** Longest username, in characters; an email address fits. */
export const USERNAME_CHARS_MAX = 120;

const ALLOWED = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._@+-]*$/u;

/** The one form of a username that is stored and looked up. */
export function normaliseUsername(given: string): string {
  return given.normalize('NFC').trim().toLowerCase();
}

/** The form to store of a username for a new user. Throws VALIDATION_ERROR when it has characters that invite mix-ups. */
export function newUsername(given: string): string {
  const username = normaliseUsername(given);
  if (username.length <= USERNAME_CHARS_MAX && ALLOWED.test(username)) return username;
  const message = `must be 1 to ${USERNAME_CHARS_MAX} letters, digits and . _ @ + -, beginning with a letter or digit`;
  throw apiError('VALIDATION_ERROR', `The username ${message}`, [{ field: 'username', message }]);
}
