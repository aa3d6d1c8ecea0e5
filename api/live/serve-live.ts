/**
 * `GET /api/v1/live` as a Fastify plugin: what is decided before a connection becomes a WebSocket (RFC 6455 §4.2). Whoever is refused
 * here gets an HTTP answer in the envelope; whoever brings no token is let in to send one.
 */
import type { IncomingMessage } from 'node:http';
import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import { apiError, retryLater } from '../errors.ts';
import { loggedError } from '../failure-answer.ts';
import { addressKey } from '../limits/address-key.ts';
import { registerRoutes } from '../register-routes.ts';
import { API_BASE, route, type Route } from '../route.ts';
import { checkToken, isRefusal } from './check-token.ts';
import { LiveFeed } from './live-feed.ts';
import { LIVE_LIMITS, type LiveLimits } from './live-limits.ts';
import { LIVE_PROTOCOL, LiveServerMessage } from './live-messages.ts';
import type { Credentials } from './live-socket.ts';

const LIVE_URL = `${API_BASE}/live`;
/** When to come again after there were too many sockets, in seconds. */
const RETRY_SECONDS = 5;
/** How a token stands among the subprotocols; browsers cannot send an Authorization header with an upgrade. */
const TOKEN_ENTRY = 'bearer.';
const BEARER = /^Bearer +([^\s]+) *$/i;
/** Errors of a peer that is gone or does not speak the protocol: `ws` has answered and closed. */
const PEER_ERROR = /^(WS_ERR_|ECONNRESET$|EPIPE$|ETIMEDOUT$)/;

const DESCRIPTION =
  'The live feed of the console, a WebSocket: presence, ladders of alerts, progress of schedules, and what was changed, as far as ' +
  `the user may see it. Subprotocol \`${LIVE_PROTOCOL}\`; the access token in a subprotocol entry \`bearer.<token>\`, in the ` +
  'Authorization header, or in a first message `{"type":"auth","accessToken":"..."}` within 5 seconds; `auth` again with a new ' +
  'token before it runs out. `{"type":"subscribe","topics":[...],"deploymentIds":[...]}` narrows it. Closes: 1001 going away, ' +
  '1013 try again, 4400 bad message, 4401 unauthenticated, 4408 slow reader, 4429 too many';

export interface ServeLiveOptions {
  readonly ctx: ApiContext;
  readonly limits?: LiveLimits;
}

/**
 * Whether the Origin (RFC 6454) may connect: one that is allowed, the host that was asked, or none, which is no browser. Of the host
 * the scheme is the asker's word: behind a proxy that ends TLS we would not know it. No cookie comes along that could be abused.
 */
function isOriginAllowed(ctx: ApiContext, request: FastifyRequest): boolean {
  const { origin } = request.headers;
  if (origin === undefined || ctx.settings.allowedOrigins.includes(origin)) return true;
  if (!/^https?:/.test(origin) || !URL.canParse(origin)) return false;
  const asker = new URL(origin);
  const own = `${asker.protocol}//${request.host}`;
  return URL.canParse(own) && new URL(own).origin === asker.origin;
}

function offeredProtocols(request: FastifyRequest): string[] {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  return header
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** The token that came with the upgrade; null when it is to come in a message. */
function tokenOf(request: FastifyRequest): string | null {
  const entry = offeredProtocols(request).find((offered) => offered.startsWith(TOKEN_ENTRY));
  if (entry !== undefined) return entry.slice(TOKEN_ENTRY.length);
  const { authorization } = request.headers;
  if (authorization === undefined) return null;
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) throw apiError('UNAUTHENTICATED', 'The Authorization header is not a bearer token');
  return token;
}

/** Takes from an allowance as any request does. Throws RATE_LIMITED when it is used up. */
async function take(ctx: ApiContext, key: string, limitPerMinute: number): Promise<void> {
  const waitMs = await ctx.limiter.take(key, limitPerMinute);
  if (waitMs > 0) throw retryLater('RATE_LIMITED', 'Too many requests', waitMs / 1_000);
}

function takeForAddress(ctx: ApiContext, request: FastifyRequest): Promise<void> {
  return take(ctx, `address:${addressKey(request.ip)}`, ctx.settings.rateLimitAddressPerMinute);
}

function requireUpgrade(ctx: ApiContext, request: FastifyRequest): void {
  if (!request.ws) throw apiError('VALIDATION_ERROR', 'This is a WebSocket: connect with an Upgrade');
  if (!isOriginAllowed(ctx, request)) throw apiError('FORBIDDEN', 'This origin may not connect');
  const offered = offeredProtocols(request);
  if (offered.length > 0 && !offered.includes(LIVE_PROTOCOL))
    throw apiError('VALIDATION_ERROR', `Offer the subprotocol ${LIVE_PROTOCOL}`);
}

/** Who connects; null when that is to come. Throws what the caller is to be refused with. */
async function admit(ctx: ApiContext, feed: LiveFeed, request: FastifyRequest): Promise<Credentials | null> {
  let token: string | null;
  try {
    requireUpgrade(ctx, request);
    token = tokenOf(request);
  } catch (error) {
    await takeForAddress(ctx, request);
    throw error;
  }
  if (feed.isFull) throw retryLater('UNAVAILABLE', 'Too many live connections; try again', RETRY_SECONDS);
  if (token === null) {
    await takeForAddress(ctx, request);
    return null;
  }
  try {
    const found = await checkToken(ctx, token, { ip: request.ip, requestId: request.id });
    const { userId } = found.actor;
    await take(ctx, `user:${userId}:default`, ctx.settings.rateLimitUserPerMinute);
    if (!feed.mayJoin(userId)) throw retryLater('RATE_LIMITED', 'Too many live connections of yours', RETRY_SECONDS);
    return found;
  } catch (error) {
    if (isRefusal(error)) await takeForAddress(ctx, request);
    throw error;
  }
}

/** The route, whose answer is an upgrade. */
export function liveRoute(): Route {
  return route({
    method: 'GET',
    url: LIVE_URL,
    // The token may come in a message: who connects is decided here and in the feed, not at the gate.
    policy: 'public',
    bucket: 'none',
    operationId: 'openLiveFeed',
    summary: 'What changes, as it changes: a WebSocket',
    description: DESCRIPTION,
    data: LiveServerMessage,
    raw: true,
    handler: () => Promise.reject(new Error('the live feed answered without an upgrade')),
  });
}

/** Fastify plugin. Requests that are no upgrade of this path are served as if there were no WebSockets at all. */
export async function serveLive(app: FastifyInstance, { ctx, limits = LIVE_LIMITS }: ServeLiveOptions): Promise<void> {
  const feed = new LiveFeed(ctx, limits);
  const admitted = new WeakMap<FastifyRequest, Credentials>();
  // Without this any request with an Upgrade header (curl sends one for HTTP/2) would be cut off from Node's own handling.
  Object.assign(app.server, {
    shouldUpgradeCallback: ({ method, url = '', headers }: IncomingMessage): boolean =>
      method === 'GET' && url.split('?', 1)[0] === LIVE_URL && headers.upgrade?.toLowerCase() === 'websocket',
  });

  app.addHook('onRoute', (options) => {
    options.preHandler = async (request: FastifyRequest): Promise<void> => {
      const credentials = await admit(ctx, feed, request);
      if (credentials !== null) admitted.set(request, credentials);
    };
    options.wsHandler = (socket, request) => {
      const found = admitted.get(request) ?? null;
      feed.accept(socket, { ip: request.ip, requestId: request.id }, found);
    };
  });
  await app.register(websocket, {
    options: {
      maxPayload: limits.messageBytesMax,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(LIVE_PROTOCOL) ? LIVE_PROTOCOL : false),
    },
    preClose: () => feed.stop(),
    errorHandler(error, socket, _request, _reply: FastifyReply) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (PEER_ERROR.test(code)) return;
      ctx.log.error({ error: loggedError(error) }, 'a live socket failed');
      socket.terminate();
    },
  });
  registerRoutes(app, ctx, [liveRoute()]);
}
