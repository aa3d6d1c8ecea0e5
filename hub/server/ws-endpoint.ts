/**
 * The WebSocket endpoint: `GET /ws`. The upgrade is decided without waiting; the token's signature is verified right after
 * the socket opened, before anything else is read or sent, under a deadline and a cap on sessions waiting.
 */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js';
import { BEARER_SUBPROTOCOL_PREFIX } from '../../protocol/version.ts';
import { FRAME_BURST, FRAME_BYTES_MAX, FRAMES_PER_SECOND, SEND_BUFFER_BYTES_MAX } from '../../protocol/limits.ts';
import { takeToken } from '../core/token-bucket.ts';
import { isTokenShaped } from './authenticator.ts';
import type { Admission } from './admission.ts';
import type { Codec } from './frames.ts';
import type { HubContext } from './hub-context.ts';
import { reply, refuse } from './http-reply.ts';
import { PING_SECONDS } from './ping-seconds.ts';
import { announcesBody, upgradeFault } from './request-framing.ts';
import { Session, type SocketData } from './session.ts';
import type { SessionLife } from './session-life.ts';

/** uWebSockets.js' DISABLED. Compressed frames would cost memory per socket, and a small frame can inflate to a huge one. */
const NO_COMPRESSION = 0;

/**
 * Seconds without traffic after which the socket is dead. uWebSockets.js pings at half of it: a dead peer is noticed
 * within 16 s + its 4 s granularity.
 */
const IDLE_TIMEOUT_SECONDS = PING_SECONDS * 2;

/** Picks the codec and finds the token; null says which header is at fault. */
function readSubprotocols(header: string): { codec: Codec | null; subprotocol: string; token: string | null } {
  let codec: Codec | null = null;
  let subprotocol = '';
  let token: string | null = null;
  for (const part of header.split(',')) {
    const name = part.trim();
    if (name.startsWith(BEARER_SUBPROTOCOL_PREFIX)) token ??= name.slice(BEARER_SUBPROTOCOL_PREFIX.length);
    else if (codec === null && name === 'podoh.v1.msgpack') [codec, subprotocol] = ['msgpack', name];
    else if (codec === null && name === 'podoh.v1.json') [codec, subprotocol] = ['json', name];
  }
  return { codec, subprotocol, token };
}

export function mountWebSocket(app: TemplatedApp, context: HubContext, life: SessionLife, admission: Admission): void {
  app.ws<SocketData>('/ws', {
    maxPayloadLength: FRAME_BYTES_MAX,
    maxBackpressure: SEND_BUFFER_BYTES_MAX,
    // A slow session is closed by us in `dropped`: uWebSockets.js' own closing lets a later message slip through.
    closeOnBackpressureLimit: false,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    sendPingsAutomatically: true,
    compression: NO_COMPRESSION,
    upgrade: (res, req, socketContext) => upgrade(res, req, socketContext, context, life, admission),
    open: (ws) => life.opened(ws.getUserData().session, ws),
    message: (ws, message, isBinary) => onMessage(ws, message, isBinary, context, life),
    pong: (ws) => {
      const session = ws.getUserData().session;
      session.heardAtMs = context.clock.monotonicMs();
      payForFrame(session, context);
    },
    // uWebSockets.js answers pings by itself and without limit: they cost a frame each. [INV-8]
    ping: (ws) => payForFrame(ws.getUserData().session, context),
    dropped: (ws) => {
      const session = ws.getUserData().session;
      // Every frame that is dropped calls; a session is slow once.
      if (session.isSlow) return;
      session.isSlow = true;
      context.metrics.slowClosed.inc();
      // Not inside this callback: uWebSockets.js still holds the socket.
      setImmediate(() => session.terminate());
    },
    close: (ws) => life.closed(ws.getUserData().session),
  });
}

function upgrade(
  res: HttpResponse,
  req: HttpRequest,
  socketContext: us_socket_context_t,
  context: HubContext,
  life: SessionLife,
  admission: Admission,
): void {
  const { settings, authenticator, clock, metrics } = context;
  const nowMs = clock.monotonicMs();
  const address = admission.addressOf(res, req);
  const origin = req.getHeader('origin');
  const key = req.getHeader('sec-websocket-key');
  const offered = readSubprotocols(req.getHeader('sec-websocket-protocol'));
  const extensions = req.getHeader('sec-websocket-extensions');
  const authorization = req.getHeader('authorization');
  const fault = upgradeFault(req);
  if (announcesBody(req)) {
    res.close();
    return;
  }
  const token = /^bearer /i.test(authorization) ? authorization.slice(7).trim() : offered.token;

  if (origin !== '' && !settings.allowedOrigins.includes(origin)) {
    refuse(res, 'FORBIDDEN', 'this origin may not connect');
  } else if (fault !== null) {
    refuse(res, 'VALIDATION_ERROR', fault, { headers: { 'Sec-WebSocket-Version': '13' } });
  } else if (context.draining) {
    reply(res, 503, { 'Retry-After': '1' }, unavailable('the hub is going down: connect to another'));
  } else if (token === null || !isTokenShaped(token)) {
    if (!admission.mayTry(address, nowMs)) {
      tooManyFailures(res);
      return;
    }
    admission.failed(address, nowMs);
    refuse(res, 'UNAUTHENTICATED', 'a device token is needed: Authorization: Bearer, or a bearer.<token> subprotocol');
  } else if (
    !admission.mayTry(address, nowMs) &&
    !authenticator.remembers(token) &&
    !admission.mayProve(address, nowMs)
  ) {
    tooManyFailures(res);
  } else if (authenticator.claimsRevoked(token)) {
    admission.failed(address, nowMs);
    refuse(res, 'UNAUTHENTICATED', 'this device was revoked');
  } else if (offered.codec === null) {
    refuse(res, 'VALIDATION_ERROR', 'offer the subprotocol podoh.v1.json or podoh.v1.msgpack');
  } else if (life.pending >= settings.pendingSessionsMax || context.registry.size >= settings.sessionsMax) {
    metrics.refused.inc({ why: 'overloaded' });
    reply(res, 503, { 'Retry-After': '2' }, unavailable('too many sessions are waiting'));
  } else {
    const session = new Session(offered.codec, address, token, FRAME_BURST, nowMs);
    life.expected();
    res.upgrade({ session }, key, offered.subprotocol, extensions, socketContext);
  }
}

function tooManyFailures(res: HttpResponse): void {
  refuse(res, 'RATE_LIMITED', 'too many failed attempts from this address', { retryAfterSeconds: 10 });
}

function unavailable(message: string) {
  return { success: false, error: { code: 'UNAVAILABLE', message } } as const;
}

/** Every frame costs a token, control frames too; a session that has none left is closed. */
function payForFrame(session: Session, context: HubContext): boolean {
  if (takeToken(session, FRAMES_PER_SECOND, FRAME_BURST, context.clock.monotonicMs())) return true;
  if (session.state !== 'closed') context.metrics.refused.inc({ why: 'rate' });
  session.close('RATE_LIMITED');
  return false;
}

function onMessage(
  ws: WebSocket<SocketData>,
  message: ArrayBuffer,
  isBinary: boolean,
  context: HubContext,
  life: SessionLife,
): void {
  const session = ws.getUserData().session;
  if (session.state === 'closed' || !payForFrame(session, context)) return;
  // Text is JSON and binary is MessagePack whatever subprotocol was picked; answers come in the picked one.
  const codec = isBinary ? 'msgpack' : 'json';
  if (session.waits) {
    // The ArrayBuffer dies when this handler returns: what waits must be a copy.
    if (!session.keepEarly(new Uint8Array(message.slice(0)), codec)) session.close('BAD_FRAMES');
    return;
  }
  try {
    life.received(session, new Uint8Array(message), codec);
  } catch (error) {
    // A bug of ours ends the connection that met it: thrown through uWebSockets.js it would end the process. [INV-8]
    context.log.error({ err: error, deviceId: session.deviceId }, 'handling a frame failed');
    session.close('INTERNAL');
  }
}
