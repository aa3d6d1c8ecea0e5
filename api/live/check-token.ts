/** Whom a live socket speaks for: the same answers as HTTP gives. */
import { authenticateAccessToken } from '../auth/authenticate.ts';
import type { ApiContext } from '../context.ts';
import { ApiError, apiError } from '../errors.ts';
import type { Credentials, LiveOrigin } from './live-socket.ts';

/** Throws UNAUTHENTICATED or FORBIDDEN as authenticateAccessToken does. Rejects with the database's error when it is away. */
export async function checkToken(ctx: ApiContext, token: string, origin: LiveOrigin): Promise<Credentials> {
  const actor = await authenticateAccessToken(ctx, token, origin);
  const verified = await ctx.tokens.verifyUser(token);
  if (!verified.ok) throw apiError('UNAUTHENTICATED', 'The access token has expired');
  return { token, actor, expiresAt: verified.claims.exp * 1_000 };
}

/** True when the token is refused, rather than that nobody could look. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN');
}
