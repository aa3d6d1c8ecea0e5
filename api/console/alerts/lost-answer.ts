/** What a failure says about a request that acts and has an Idempotency-Key. Pure. */
import { ApiFailure } from '../session/api-failure.ts';

/**
 * `refused`: neither this request nor an earlier one with the key did anything, for else its answer would have come again.
 * `turned-away`: this request did nothing; of an earlier one it says nothing. `unknown`: it may have worked.
 */
export type FailureMeaning = 'refused' | 'turned-away' | 'unknown';

export function meaningOf(cause: unknown): FailureMeaning {
  if (!(cause instanceof ApiFailure)) return 'unknown';
  switch (cause.code) {
    case 'VALIDATION_ERROR':
    case 'NOT_FOUND':
    case 'PAYLOAD_TOO_LARGE':
    case 'UNSUPPORTED_MEDIA_TYPE':
    case 'VERSION_CONFLICT':
      return 'refused';
    case 'CONFLICT':
      // Without a field it is the key: the first request with it is still being worked on.
      return cause.details.length === 0 ? 'unknown' : 'refused';
    case 'FORBIDDEN':
    case 'UNAUTHENTICATED':
    case 'RATE_LIMITED':
    case 'IDEMPOTENCY_MISMATCH':
      return 'turned-away';
    case 'INTERNAL':
    case 'UNAVAILABLE':
    case 'UNREACHABLE':
      return 'unknown';
  }
}
