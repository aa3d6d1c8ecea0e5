/** Errors of the CMS contract: use cases throw an ApiError, one handler (failure-answer.ts) turns every error into the envelope. */
import { ERROR_STATUS, type ErrorCode, type ErrorDetail } from '../protocol/errors.ts';

/** A refusal that the caller may read: its message and details go out as they are. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[] | undefined;
  /** Seconds until it makes sense to try again; becomes Retry-After. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details?: readonly ErrorDetail[], retryAfterSeconds?: number) {
    super(message);
    this.code = code;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The HTTP status that goes with the code. */
  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** The body of a request stopped coming, or took too long: answered with 408, and the connection is closed. */
export class SlowSenderError extends Error {
  override readonly name = 'SlowSenderError';
}

/** Makes the error to throw for a refusal, e.g. `throw apiError('NOT_FOUND', 'No such group')`. */
export function apiError(code: ErrorCode, message: string, details?: readonly ErrorDetail[]): ApiError {
  return new ApiError(code, message, details);
}

/** The error for a caller who must wait; the answer carries Retry-After. */
export function retryLater(code: 'RATE_LIMITED' | 'UNAVAILABLE', message: string, retryAfterSeconds: number): ApiError {
  return new ApiError(code, message, undefined, Math.max(1, Math.ceil(retryAfterSeconds)));
}

/** The error for an edit whose `version` is not the current one; the details name the current. */
export function versionConflict(currentVersion: number): ApiError {
  return new ApiError(
    'VERSION_CONFLICT',
    `Changed by somebody else meanwhile: the current version is ${currentVersion}`,
    [{ field: 'version', message: `the current version is ${currentVersion}` }],
  );
}
