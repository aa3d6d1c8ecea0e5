/** Requests that two readers would end in different places: on a connection shared through a proxy they smuggle (CWE-444). */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';

/**
 * Whether it is unclear where the body ends (RFC 9112 §6.3). uWebSockets.js refuses Content-Length beside Transfer-Encoding by
 * itself, but takes any transfer coding for `chunked` and the first of several lengths. Only a proxy mixes the requests of
 * several clients on one connection, so only behind one are all headers looked through.
 */
function isAmbiguous(req: HttpRequest, behindProxy: boolean): boolean {
  const coding = req.getHeader('transfer-encoding');
  if (coding !== '' && coding.toLowerCase() !== 'chunked') return true;
  if (!behindProxy) return false;
  let said = 0;
  req.forEach((name) => {
    if (name === 'content-length' || name === 'transfer-encoding') said += 1;
  });
  return said > 1;
}

/**
 * Cuts the connection of an ambiguous request without an answer: uWebSockets.js would go on to answer what it takes for the next
 * request in the same packet, whatever was said to this one.
 */
export function cutAmbiguous(res: HttpResponse, req: HttpRequest, behindProxy: boolean): boolean {
  if (!isAmbiguous(req, behindProxy)) return false;
  res.close();
  return true;
}

/** Whether an upgrade request announces a body: an upgrade has none, and what follows it would be read as frames. */
export function announcesBody(req: HttpRequest): boolean {
  const length = req.getHeader('content-length');
  return (length !== '' && length !== '0') || req.getHeader('transfer-encoding') !== '';
}

/** What is wrong with the head of an upgrade request (RFC 6455 §4.2.1), or null; its key was checked before. */
export function upgradeFault(req: HttpRequest): string | null {
  if (req.getHeader('sec-websocket-version') !== '13') return 'Sec-WebSocket-Version must be 13';
  if (!/\bupgrade\b/i.test(req.getHeader('connection'))) return 'Connection must name Upgrade';
  return null;
}
