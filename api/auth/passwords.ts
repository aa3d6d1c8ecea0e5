/**
 * Passwords: argon2id with 19 MiB, two passes, one lane (OWASP's floor). At most two hashes run at once and twenty wait;
 * beyond that the caller is told to come back, so that a login flood can take neither the memory nor the processors.
 */
import { hash, verify } from '@node-rs/argon2';
import type { Ids } from '../../hub/core/ports.ts';
import { apiError, retryLater, type ApiError } from '../errors.ts';
import { normaliseUsername } from './username.ts';

const PASSWORD_CHARS_MIN = 8;
/** In UTF-8 after normalisation; longer ones are refused, not cut. */
const PASSWORD_BYTES_MAX = 256;
/** 120 bits: 20 characters to copy. */
const GENERATED_PASSWORD_BYTES = 15;
/** Hashes running at once. */
const RUNNING_MAX = 2;
/** Hashes waiting for their turn; beyond it the answer is 503. */
const WAITING_MAX = 20;

const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Hash of a password that nobody knows, at the same cost: an unknown user takes as long to refuse as a known one. */
const NOBODY = '$argon2id$v=19$m=19456,t=2,p=1$76z4UjlYgXV7mcej8od97A$ocAKsrx89JSllky4EWroNZiBAWwZLJFo7y/jn7/1aS4';

/** Whose a new password will be, and what the caller named it. */
export interface NewPasswordUse {
  /** A password must not be the username. */
  readonly username: string;
  /** The field that errors name; `password` unless given. */
  readonly field?: string;
}

export interface PasswordHasher {
  /**
   * Rejects with VALIDATION_ERROR when the password is too short, too long or the username itself, with UNAVAILABLE when too
   * many wait.
   */
  hash(password: string, use?: NewPasswordUse): Promise<string>;
  /**
   * False for a wrong password; without a hash (no such user) as well, after the same work. Rejects with VALIDATION_ERROR, which
   * names `field`, when it is too long for any, with UNAVAILABLE when too many wait.
   */
  verify(stored: string | null, password: string, field?: string): Promise<boolean>;
}

/** Schema fields of every password that is set: its length in characters; bytes are counted after normalisation. */
export const NEW_PASSWORD_LENGTH = { minLength: 1, maxLength: 1_024 } as const;
/** What a new password has to be, for descriptions. */
export const NEW_PASSWORD_RULE = `At least ${PASSWORD_CHARS_MIN} characters, at most ${PASSWORD_BYTES_MAX} bytes in UTF-8, not the username`;

/** Unicode's canonical composition, so that one password typed on two keyboards is the same bytes. */
export function normalisePassword(password: string): string {
  return password.normalize('NFC');
}

/** A password that nobody has to remember, to be shown once. */
export function generatePassword(ids: Ids): string {
  return ids.secret(GENERATED_PASSWORD_BYTES);
}

function badPassword(field: string, message: string): ApiError {
  return apiError('VALIDATION_ERROR', `The password ${message}`, [{ field, message }]);
}

function normalise(password: string, field: string): string {
  const normal = normalisePassword(password);
  if (Buffer.byteLength(normal) > PASSWORD_BYTES_MAX)
    throw badPassword(field, `must be at most ${PASSWORD_BYTES_MAX} bytes`);
  return normal;
}

/** The normal form of a password that may be chosen. Throws VALIDATION_ERROR for any other. */
function goodPassword(password: string, use: NewPasswordUse | undefined): string {
  const field = use?.field ?? 'password';
  const normal = normalise(password, field);
  if (normal.length < PASSWORD_CHARS_MIN)
    throw badPassword(field, `must have at least ${PASSWORD_CHARS_MIN} characters`);
  if (use && normaliseUsername(normal) === normaliseUsername(use.username))
    throw badPassword(field, 'must not be the username');
  return normal;
}

/** Makes the hasher of one process. */
export function createPasswordHasher(): PasswordHasher {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= RUNNING_MAX) {
      if (waiting.length >= WAITING_MAX) throw retryLater('UNAVAILABLE', 'Too many logins at once', 1);
      // Whoever leaves hands the place over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  }

  return {
    async hash(password, use) {
      const normal = goodPassword(password, use);
      return inTurn(() => hash(normal, COST));
    },
    async verify(stored, password, field = 'password') {
      const normal = normalise(password, field);
      const matches = await inTurn(() => verify(stored ?? NOBODY, normal));
      return stored !== null && matches;
    },
  };
}
