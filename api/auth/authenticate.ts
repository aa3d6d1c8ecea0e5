/**
 * The gate in front of every handler, before a body is read: who is calling, whether the role may call this, whether a
 * password has to be chosen first, and whether the caller's allowance is used up. Users have an allowance each; an address has one for what is unauthenticated or fails,
 * because a site of a thousand screens shares one address.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter } from 'prom-client';
import { TOKEN_BYTES_MAX } from '../../protocol/limits.ts';
import type { Actor, ApiContext } from '../context.ts';
import { apiError, retryLater, type ApiError } from '../errors.ts';
import { addressKey } from '../limits/address-key.ts';
import { API_BASE } from '../route.ts';
import { roleReaches } from '../scope.ts';
import type { Origin } from './sessions.ts';

/** What is open to a user who has to choose a new password; signing out and refreshing need no access token. */
const OPEN_BEFORE_CHANGE: ReadonlySet<string> = new Set([`${API_BASE}/auth/me`, `${API_BASE}/auth/password`]);

const BEARER = /^Bearer +([^\s]+) *$/i;

function unauthenticated(message: string): ApiError {
  return apiError('UNAUTHENTICATED', message);
}

/** The token of an Authorization header (RFC 6750). Throws UNAUTHENTICATED when there is none. */
function bearerToken(header: string | undefined): string {
  if (header === undefined) throw unauthenticated('Sign in: this needs an access token');
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) throw unauthenticated('The Authorization header is not a bearer token');
  return token;
}

/** Who an access token speaks for, and whether a password has to be chosen first. Throws as authenticateAccessToken does. */
async function identify(
  ctx: ApiContext,
  token: string,
  origin: Origin,
): Promise<{ actor: Actor; mustChangePassword: boolean }> {
  if (token.length > TOKEN_BYTES_MAX) throw unauthenticated('The access token is not valid');
  const verified = await ctx.tokens.verifyUser(token);
  if (!verified.ok) {
    throw unauthenticated(
      verified.why === 'expired' ? 'The access token has expired' : 'The access token is not valid',
    );
  }
  const { sub, tenant, ver } = verified.claims;
  const account = await ctx.accounts.find(sub);
  if (!account?.active || account.tenantId !== tenant || account.tokenVersion !== ver) {
    throw unauthenticated('The access token is not valid any more');
  }
  const { userId, tenantId, username, role, scope, mustChangePassword } = account;
  const { ip, requestId } = origin;
  return { actor: { userId, tenantId, username, role, scope, ip, requestId }, mustChangePassword };
}

function passwordFirst(): ApiError {
  return apiError('FORBIDDEN', 'Choose a new password first: POST /api/v1/auth/password');
}

/**
 * Who an access token speaks for, as of at most a second ago. For connections that outlive a request: ask again (every
 * second costs next to nothing) to learn whether the token is still good and what its user may see now [INV-9].
 *
 * Throws UNAUTHENTICATED when the token is bad or has expired, or the user is gone, disabled or was logged out everywhere
 * since; FORBIDDEN while the user has to choose a new password. Rejects with the database's error when that cannot be asked.
 */
export async function authenticateAccessToken(ctx: ApiContext, token: string, origin: Origin): Promise<Actor> {
  const { actor, mustChangePassword } = await identify(ctx, token, origin);
  if (mustChangePassword) throw passwordFirst();
  return actor;
}

function tooMany(waitMs: number): ApiError {
  return retryLater('RATE_LIMITED', 'Too many requests', waitMs / 1_000);
}

/** Adds the gate to the application. */
export function addGate(app: FastifyInstance, ctx: ApiContext): void {
  const limited = new Counter({
    name: 'podoh_api_rate_limited_total',
    help: 'Requests refused because an allowance was used up',
    labelNames: ['bucket'],
    registers: [ctx.registry],
  });

  async function takeForAddress(ip: string): Promise<void> {
    const waitMs = await ctx.limiter.take(`address:${addressKey(ip)}`, ctx.settings.rateLimitAddressPerMinute);
    if (waitMs === 0) return;
    limited.inc({ bucket: 'address' });
    throw tooMany(waitMs);
  }

  async function takeForUser(userId: number, bucket: 'alert' | 'default'): Promise<void> {
    const waitMs = await ctx.limiter.take(`user:${userId}:${bucket}`, ctx.settings.rateLimitUserPerMinute);
    if (waitMs === 0) return;
    limited.inc({ bucket });
    throw tooMany(waitMs);
  }

  async function identified(request: FastifyRequest): Promise<{ actor: Actor; mustChangePassword: boolean }> {
    try {
      const origin = { ip: request.ip, requestId: request.id };
      return await identify(ctx, bearerToken(request.headers.authorization), origin);
    } catch (error) {
      if (isRefusal(error)) await takeForAddress(request.ip);
      throw error;
    }
  }

  app.decorateRequest('actor', null);
  app.addHook('onRequest', async (request) => {
    const { config, url = '' } = request.routeOptions;
    const { policy, bucket = 'default' } = config;
    if (request.is404 || policy === 'public') {
      if (bucket !== 'none') await takeForAddress(request.ip);
      return;
    }
    const { actor, mustChangePassword } = await identified(request);
    request.actor = actor;
    if (bucket !== 'none') await takeForUser(actor.userId, bucket);
    if (mustChangePassword && !OPEN_BEFORE_CHANGE.has(url)) throw passwordFirst();
    // guardPolicies lets no route without a policy start; should one get here all the same, nobody may call it.
    if (policy === undefined || !roleReaches(actor.role, policy))
      throw apiError('FORBIDDEN', 'Your role may not do this');
  });
  app.addHook('onResponse', async (request, reply) => {
    // What an authenticated caller gets wrong counts against the address too, for what is unauthenticated there.
    const failed = reply.statusCode >= 400 && reply.statusCode < 500 && reply.statusCode !== 429;
    if (failed && request.actor !== null) {
      await ctx.limiter.take(`address:${addressKey(request.ip)}`, ctx.settings.rateLimitAddressPerMinute);
    }
  });
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ApiError' && (error as ApiError).code === 'UNAUTHENTICATED';
}
