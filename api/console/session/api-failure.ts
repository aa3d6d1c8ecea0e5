/** Why a call to the API gave no data: what it answered, or that nothing answered. */

/** A code of the contract, or `UNREACHABLE`: no answer, or not an answer of this API. */
export type FailureCode =
  | 'VALIDATION_ERROR'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'VERSION_CONFLICT'
  | 'IDEMPOTENCY_MISMATCH'
  | 'RATE_LIMITED'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'UNAVAILABLE'
  | 'INTERNAL'
  | 'UNREACHABLE';

export interface FailureDetail {
  readonly field: string;
  readonly message: string;
}

export class ApiFailure extends Error {
  readonly code: FailureCode;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly details: readonly FailureDetail[];
  /** When to come back, in milliseconds; null when the answer did not say. */
  readonly retryAfterMs: number | null;
  readonly requestId: string | null;

  constructor(what: {
    readonly code: FailureCode;
    readonly message: string;
    readonly status: number;
    readonly details?: readonly FailureDetail[];
    readonly retryAfterMs?: number | null;
    readonly requestId?: string | null;
    readonly cause?: unknown;
  }) {
    super(what.message, what.cause === undefined ? undefined : { cause: what.cause });
    this.name = 'ApiFailure';
    this.code = what.code;
    this.status = what.status;
    this.details = what.details ?? [];
    this.retryAfterMs = what.retryAfterMs ?? null;
    this.requestId = what.requestId ?? null;
  }

  /** The same call may succeed in a while: nothing is wrong with it. */
  get isPassing(): boolean {
    return this.code === 'UNREACHABLE' || this.code === 'UNAVAILABLE' || this.code === 'RATE_LIMITED';
  }

  /** Messages by field, as form libraries want them. */
  byField(): Record<string, string> {
    return Object.fromEntries(this.details.map(({ field, message }) => [field.replace(/^body[./]/, ''), message]));
  }
}

interface FailureBody {
  readonly error?: {
    readonly code?: FailureCode;
    readonly message?: string;
    readonly details?: readonly FailureDetail[];
  };
}

/** Seconds or a date (RFC 9110 §10.2.3) as milliseconds from now. */
function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** Reads a failed answer. */
export async function failureOf(response: Response, nowMs: number): Promise<ApiFailure> {
  let body: FailureBody = {};
  try {
    body = (await response.json()) as FailureBody;
  } catch (cause) {
    // A proxy's own page, say: the status has to do.
    return new ApiFailure({ code: 'UNREACHABLE', message: response.statusText, status: response.status, cause });
  }
  return new ApiFailure({
    code: body.error?.code ?? 'UNREACHABLE',
    message: body.error?.message ?? response.statusText,
    status: response.status,
    details: body.error?.details ?? [],
    retryAfterMs: retryAfterMs(response.headers.get('retry-after'), nowMs),
    requestId: response.headers.get('x-request-id'),
  });
}
