/** Answers over uWebSockets.js in the contract's one envelope. */
import type { HttpResponse } from 'uWebSockets.js';
import { ERROR_STATUS, type ErrorCode, type ErrorDetail } from '../../protocol/errors.ts';

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: '200 OK',
  204: '204 No Content',
  304: '304 Not Modified',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  409: '409 Conflict',
  413: '413 Content Too Large',
  415: '415 Unsupported Media Type',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
};

export interface RefusalExtras {
  readonly details?: readonly ErrorDetail[];
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes a whole answer. The caller knows that the response was not aborted. */
export function reply(
  res: HttpResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  res.cork(() => {
    res.writeStatus(STATUS_TEXT[status] ?? `${status} Status`);
    for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value);
    if (body === undefined) {
      res.endWithoutBody();
      return;
    }
    res.writeHeader('Content-Type', 'application/json; charset=utf-8');
    res.writeHeader('Cache-Control', 'no-store');
    res.writeHeader('X-Content-Type-Options', 'nosniff');
    res.end(JSON.stringify(body));
  });
}

export function refuse(res: HttpResponse, code: ErrorCode, message: string, extras: RefusalExtras = {}): void {
  const headers: Record<string, string> = { ...extras.headers };
  if (code === 'UNAUTHENTICATED') headers['WWW-Authenticate'] = 'Bearer';
  const retryAfter = extras.retryAfterSeconds ?? (code === 'UNAVAILABLE' ? 1 : undefined);
  if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter);
  const error = { code, message, ...(extras.details === undefined ? {} : { details: extras.details }) };
  reply(res, ERROR_STATUS[code], headers, { success: false, error });
}
