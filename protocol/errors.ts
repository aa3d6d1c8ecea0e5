/** Error codes of the HTTP contracts (device and CMS alike): a closed list. */
export const ERROR_STATUS = {
  VALIDATION_ERROR: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  VERSION_CONFLICT: 409,
  IDEMPOTENCY_MISMATCH: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Codes of the `error` frame. */
export const FRAME_ERRORS = ['BAD_FRAME', 'WRONG_ORDER', 'RATE_LIMITED', 'UNAVAILABLE', 'UNAUTHENTICATED'] as const;
export type FrameErrorCode = (typeof FRAME_ERRORS)[number];

export interface ErrorDetail {
  field: string;
  message: string;
}

/** The one envelope of every HTTP answer: `{success:true, data, meta?}` or `{success:false, error}`. */
export type Envelope<T> =
  | { success: true; data: T; meta?: { page: number; limit: number; total: number } }
  | { success: false; error: { code: ErrorCode; message: string; details?: ErrorDetail[] } };
