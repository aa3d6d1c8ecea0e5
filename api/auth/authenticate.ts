/**
 * The gate in front of every handler, before a body is read: who is calling, whether the role may call this, and whether
 * the caller's allowance is used up. Users have an allowance each; an address has one for what is unauthenticated or fails,
 * because a site of a thousand screens shares one address.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter } from 'prom-client';
import { TOKEN_BYTES_MAX } from '../../protocol/limits.ts';
import type { Actor, ApiContext } from '../context.ts';
import { apiError, retryLater, type ApiError } from '../errors.ts';
import { addressKey } from '../limits/address-key.ts';
import { roleReaches } from '../scope.ts';

const BEARER = /^Bearer +([^\s]+) *$/i;

function unauthenticated(message: string): ApiError {
  return apiError('UNAUTHENTICATED', message);
}

/** The token of an Authorization header (RFC 6750). Throws UNAUTHENTICATED when there is none. */
function bearerToken(header: string | undefined): string {
  if (header === undefined) throw unauthenticated('Sign in: this needs an access token');
  const token = BEARER.exec(header)?.[1];
  if (token === undefined || token.length > TOKEN_BYTES_MAX)
    throw unauthenticated('The Authorization header is not a bearer token');
  return token;
}

/**
 * Who an access token speaks for. Throws UNAUTHENTICATED when the token is bad, or the user is gone, disabled or was logged
 * out everywhere since; rejects with the database's error when that cannot be asked.
 */
async function actorOf(ctx: ApiContext, token: string, ip: string, requestId: string): Promise<Actor> {
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
  const { userId, tenantId, username, role, scope } = account;
  return { userId, tenantId, username, role, scope, ip, requestId };
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

  async function authenticated(request: FastifyRequest): Promise<Actor> {
    try {
      return await actorOf(ctx, bearerToken(request.headers.authorization), request.ip, request.id);
    } catch (error) {
      if (isRefusal(error)) await takeForAddress(request.ip);
      throw error;
    }
  }

  app.decorateRequest('actor', null);
  app.addHook('onRequest', async (request) => {
    const { policy, bucket = 'default' } = request.routeOptions.config;
    if (request.is404 || policy === 'public') {
      if (bucket !== 'none') await takeForAddress(request.ip);
      return;
    }
    const actor = await authenticated(request);
    request.actor = actor;
    if (bucket !== 'none') await takeForUser(actor.userId, bucket);
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
