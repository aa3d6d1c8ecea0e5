/** Turns whatever a request failed with into the envelope. What the caller may not know is logged and never sent. */
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ObjectStoreUnavailableError } from '../hub/core/ports.ts';
import { ERROR_STATUS, type ErrorCode, type ErrorDetail } from '../protocol/errors.ts';
import { isDatabaseUnavailable, isDuplicateKey } from '../migrations/dialect.ts';
import { ApiError, SlowSenderError } from './errors.ts';
import { isConflictLoser } from './transaction.ts';
import { errorDetails } from './validation.ts';

/** An error as the caller sees it. */
export interface Failure {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: readonly ErrorDetail[];
  readonly retryAfterSeconds?: number;
  /** How loud the log is told of it; null for the caller's own mistakes. */
  readonly log: 'warn' | 'error' | null;
}

/** Seconds after which a caller may try a database that was away. */
const DATABASE_RETRY_SECONDS = 1;
/** The same for an object store that was away. */
const OBJECT_STORE_RETRY_SECONDS = 5;

function failure(code: ErrorCode, message: string, more: Partial<Failure> = {}): Failure {
  return { status: ERROR_STATUS[code], code, message, log: null, ...more };
}

function ofApiError(error: ApiError): Failure {
  return failure(error.code, error.message, {
    ...(error.details && { details: error.details }),
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
    log: error.code === 'INTERNAL' ? 'error' : null,
  });
}

const CONTEXT_NAMES: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', body: 'body' };

function ofValidation(error: FastifyError): Failure {
  const place = CONTEXT_NAMES[error.validationContext ?? 'body'] ?? 'body';
  return failure('VALIDATION_ERROR', 'The request is not valid', {
    details: errorDetails(error.validation ?? [], place),
  });
}

/** Fastify's own errors, by their code, where the status alone does not say enough. */
const FRAMEWORK: Readonly<Record<string, Failure>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: failure('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json'),
  FST_ERR_CTP_BODY_TOO_LARGE: failure('PAYLOAD_TOO_LARGE', 'The body is too large'),
  FST_ERR_HANDLER_TIMEOUT: failure('UNAVAILABLE', 'The request took too long', {
    retryAfterSeconds: DATABASE_RETRY_SECONDS,
    log: 'error',
  }),
};

function ofFramework(error: FastifyError): Failure | null {
  const known = FRAMEWORK[error.code];
  if (known) return known;
  switch (error.statusCode) {
    case 400:
    case 405:
    case 414:
      return failure(
        'VALIDATION_ERROR',
        error.code === 'FST_ERR_BAD_URL' ? 'The path is not valid' : 'The request is not valid',
      );
    case 404:
      return failure('NOT_FOUND', 'No such route');
    case 413:
      return failure('PAYLOAD_TOO_LARGE', 'The body is too large');
    case 415:
      return failure('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json');
    default:
      return null;
  }
}

/** The failure that an error stands for. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return ofApiError(error);
  if (isDatabaseUnavailable(error) || isConflictLoser(error)) {
    const retryAfterSeconds = DATABASE_RETRY_SECONDS;
    return failure('UNAVAILABLE', 'The database is not available; try again', { retryAfterSeconds, log: 'warn' });
  }
  if (error instanceof ObjectStoreUnavailableError) {
    const retryAfterSeconds = OBJECT_STORE_RETRY_SECONDS;
    return failure('UNAVAILABLE', 'Stored files are not available; try again', { retryAfterSeconds, log: 'warn' });
  }
  // A unique key that no use case foresaw: still the caller's doing, and worth a look.
  if (isDuplicateKey(error)) return failure('CONFLICT', 'This already exists', { log: 'warn' });
  if (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('FST_ERR_')
  ) {
    const framework = error as FastifyError;
    const found = framework.validation ? ofValidation(framework) : ofFramework(framework);
    if (found) return found;
  }
  return failure('INTERNAL', 'Something went wrong on our side', { log: 'error' });
}

/** The body of a failed answer. */
export function failureBody({ code, message, details }: Failure): { success: false; error: object } {
  return { success: false, error: { code, message, ...(details && details.length > 0 && { details }) } };
}

/** What the log gets of an error: never the SQL, which holds values. */
export function loggedError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(code !== undefined && { code }),
    ...(errno !== undefined && { errno }),
    ...(error.cause !== undefined && { cause: loggedError(error.cause) }),
  };
}

/** Sends a failure in the envelope, with the headers that belong to its status. */
export function sendFailure(reply: FastifyReply, failed: Failure): FastifyReply {
  if (failed.retryAfterSeconds !== undefined) reply.header('retry-after', String(failed.retryAfterSeconds));
  if (failed.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(failed.status)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(failureBody(failed));
}

/** A handler's time runs from the headers on: when it is over and the body is not there, it is the sender that is slow. */
function isSlowSender(error: unknown, request: FastifyRequest): boolean {
  if (error instanceof SlowSenderError) return true;
  return (error as { code?: unknown } | null)?.code === 'FST_ERR_HANDLER_TIMEOUT' && !request.raw.complete;
}

/** Fastify's error handler. */
export function answerFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (isSlowSender(error, request)) {
    reply.header('connection', 'close');
    return sendFailure(reply, failure('VALIDATION_ERROR', 'The request did not arrive in time', { status: 408 }));
  }
  const failed = failureOf(error);
  if (failed.log !== null) {
    request.log[failed.log](
      { error: loggedError(error), route: request.routeOptions.url, code: failed.code },
      'request failed',
    );
  }
  return sendFailure(reply, failed);
}

const SOCKET_ERRORS: Readonly<Record<string, readonly [number, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'The headers are too large'],
};

/** Answers bytes that are no HTTP request, straight on the socket. */
export function answerSocketError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase, message] = SOCKET_ERRORS[error.code ?? ''] ?? [
    400,
    'Bad Request',
    'This is not an HTTP request',
  ];
  const body = JSON.stringify(failureBody(failure('VALIDATION_ERROR', message)));
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
