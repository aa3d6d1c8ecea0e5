/** Media is not the hub's: who asks here for it, because it knows no other address, is sent to the API. */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { ERROR_STATUS } from '../../protocol/errors.ts';
import type { HubContext } from './hub-context.ts';
import { reply } from './http-reply.ts';
import { cutAmbiguous } from './request-framing.ts';

/** What object keys look like: no part begins with a dot, so that the way leads nowhere but to media. */
const PATH = /^\/media(?:\/[\w-][\w.-]*)+$/;
const QUERY = /^[\w=&%.~-]*$/;
/** The host of a Host header (RFC 9110 §7.2), its port apart. */
const HOST = /^([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;
/** How long a redirect may be kept, in seconds. */
const KEEP_SECONDS = 300;
/** When the API's address may be known, in seconds: it starts after the hub. */
const RETRY_SECONDS = 2;

/** Fetch standard §3.2: the address is the permission, and nothing of the asker is looked at. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

/** `GET` and `HEAD /media/*` answer 307 to the same path and query of the API. */
export function mountMediaRedirect(app: TemplatedApp, context: HubContext): void {
  const { publicApiUrl, trustProxy } = context.settings;
  const redirect = (res: HttpResponse, req: HttpRequest): void => {
    if (cutAmbiguous(res, req, trustProxy !== false)) return;
    const isHead = req.getMethod() === 'head';
    const path = req.getUrl();
    const query = req.getQuery();
    if (!PATH.test(path) || !QUERY.test(query)) {
      no(res, isHead, 'NOT_FOUND', 'no such path');
      return;
    }
    const origin = originOfApi(publicApiUrl(), req.getHeader('host'));
    if (origin === null) no(res, isHead, 'VALIDATION_ERROR', 'the Host header names no host');
    else if (origin === 'unknown') no(res, isHead, 'UNAVAILABLE', 'this hub does not know yet where the API is');
    else sendAway(res, `${origin}${path}${query === '' ? '' : `?${query}`}`);
  };
  app.get('/media/*', redirect);
  app.head('/media/*', redirect);
  app.options('/media/*', preflight);
}

type Refusal = 'NOT_FOUND' | 'VALIDATION_ERROR' | 'UNAVAILABLE';

/** A HEAD is answered without a body, or what follows it on the connection would be read as one. */
function no(res: HttpResponse, isHead: boolean, code: Refusal, why: string): void {
  const headers = code === 'UNAVAILABLE' ? { ...CORS, 'Retry-After': String(RETRY_SECONDS) } : CORS;
  if (isHead) reply(res, ERROR_STATUS[code], headers, undefined);
  else reply(res, ERROR_STATUS[code], headers, { success: false, error: { code, message: why } });
}

/**
 * Where the API is for whoever asked for this host: the address as it is set, or for `:port` that port of the same host, with the
 * scheme that was asked with (RFC 3986 §4.2). Null when there is no such host; `unknown` while the API has no port.
 */
function originOfApi(publicApiUrl: string, hostHeader: string): string | null {
  if (!publicApiUrl.startsWith(':')) return new URL(publicApiUrl).origin;
  if (publicApiUrl === ':0') return 'unknown';
  const host = HOST.exec(hostHeader)?.[1];
  return host === undefined ? null : `//${host}${publicApiUrl}`;
}

function sendAway(res: HttpResponse, location: string): void {
  res.cork(() => {
    res.writeStatus('307 Temporary Redirect');
    for (const [name, value] of Object.entries(CORS)) res.writeHeader(name, value);
    res.writeHeader('Location', location);
    res.writeHeader('Cache-Control', `private, max-age=${KEEP_SECONDS}`);
    res.end();
  });
}

function preflight(res: HttpResponse): void {
  res.cork(() => {
    res.writeStatus('204 No Content');
    for (const [name, value] of Object.entries(CORS)) res.writeHeader(name, value);
    res.writeHeader('Access-Control-Allow-Methods', 'GET, HEAD');
    res.writeHeader('Access-Control-Allow-Headers', 'Range, If-None-Match, If-Range');
    res.writeHeader('Access-Control-Max-Age', '600');
    res.endWithoutBody();
  });
}
