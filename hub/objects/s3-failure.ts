/** What a failed call to S3 means: the store is away, or something is set up wrongly. */
import { ObjectStoreUnavailableError } from '../core/ports.ts';

/** Node's codes for "nobody is there, or nobody answers". */
const AWAY_CODES = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Names of the SDK's time-outs, of our own deadline, and of S3's errors that say "later" with a status that does not. */
const AWAY_NAMES = new Set(['TimeoutError', 'AbortError', 'RequestTimeout', 'OperationAborted']);
const NOT_IMPLEMENTED = 501;
const TOO_MANY_REQUESTS = 429;

interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The name under which S3 or the SDK reports an error, `NoSuchKey` for instance. */
export function s3ErrorName(error: unknown): string {
  const { name } = (error ?? {}) as SdkError;
  return typeof name === 'string' ? name : 'Error';
}

function isAway(error: unknown): boolean {
  const { code, $metadata } = (error ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode ?? 0;
  if (status === TOO_MANY_REQUESTS || (status >= 500 && status !== NOT_IMPLEMENTED)) return true;
  return AWAY_NAMES.has(s3ErrorName(error)) || (typeof code === 'string' && AWAY_CODES.has(code));
}

/**
 * The error to throw instead. Its message says what failed and how, in one line; what S3 sent is in `cause` only, because S3
 * answers a refused signature with the request's own headers.
 */
export function s3Failure(what: string, cause: unknown): Error {
  const { code, $metadata } = (cause ?? {}) as SdkError;
  const details = [s3ErrorName(cause), typeof code === 'string' ? code : null, $metadata?.httpStatusCode ?? null];
  const how = [...new Set(details.filter((detail) => detail !== null))].join(' ');
  return isAway(cause)
    ? new ObjectStoreUnavailableError(`S3 did not ${what}: ${how}`, { cause })
    : new Error(`S3 refused to ${what}: ${how}`, { cause });
}
