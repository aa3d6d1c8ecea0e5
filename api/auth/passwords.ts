/**
 * Passwords: argon2id with 19 MiB, two passes, one lane (OWASP's floor). At most two hashes run at once and twenty wait;
 * beyond that the caller is told to come back, so that a login flood can take neither the memory nor the processors.
 */
import { hash, verify } from '@node-rs/argon2';
import { apiError, retryLater } from '../errors.ts';

const PASSWORD_CHARS_MIN = 8;
/** In UTF-8 after normalisation; longer ones are refused, not cut. */
const PASSWORD_BYTES_MAX = 256;
/** Hashes running at once. */
const RUNNING_MAX = 2;
/** Hashes waiting for their turn; beyond it the answer is 503. */
const WAITING_MAX = 20;

const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Hash of a password that nobody knows, at the same cost: an unknown user takes as long to refuse as a known one. */
const NOBODY = '$argon2id$v=19$m=19456,t=2,p=1$76z4UjlYgXV7mcej8od97A$ocAKsrx89JSllky4EWroNZiBAWwZLJFo7y/jn7/1aS4';

export interface PasswordHasher {
  /** Rejects with VALIDATION_ERROR when the password is too short or too long, with UNAVAILABLE when too many wait. */
  hash(password: string): Promise<string>;
  /** False for a wrong password; without a hash (no such user) as well, after the same work. Rejects as `hash` does. */
  verify(stored: string | null, password: string): Promise<boolean>;
}

/** Unicode's canonical composition, so that one password typed on two keyboards is the same bytes. */
function normalise(password: string): string {
  const normal = password.normalize('NFC');
  if (Buffer.byteLength(normal) > PASSWORD_BYTES_MAX) {
    const message = `must be at most ${PASSWORD_BYTES_MAX} bytes`;
    throw apiError('VALIDATION_ERROR', `The password ${message}`, [{ field: 'password', message }]);
  }
  return normal;
}

/** Throws VALIDATION_ERROR unless the password may be chosen as a new one. */
function requireGoodPassword(password: string): void {
  if (normalise(password).length < PASSWORD_CHARS_MIN) {
    const message = `must have at least ${PASSWORD_CHARS_MIN} characters`;
    throw apiError('VALIDATION_ERROR', `The password ${message}`, [{ field: 'password', message }]);
  }
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
    async hash(password) {
      requireGoodPassword(password);
      return inTurn(() => hash(normalise(password), COST));
    },
    async verify(stored, password) {
      const normal = normalise(password);
      const matches = await inTurn(() => verify(stored ?? NOBODY, normal));
      return stored !== null && matches;
    },
  };
}
