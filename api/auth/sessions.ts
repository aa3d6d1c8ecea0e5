/** Signing in, staying signed in, signing out. */
import type { ApiContext } from '../context.ts';
import { apiError, type ApiError } from '../errors.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { inTransaction } from '../transaction.ts';
import { admitLogin, noteFailedLogin, noteLogin } from './login-throttle.ts';
import { familyOf, revokeFamily, rotate, startFamily } from './refresh-tokens.ts';
import { normaliseUsername } from './username.ts';
import { readUserView, type UserView } from './user-view.ts';

/** Where a request came from. */
export interface Origin {
  readonly ip: string;
  readonly requestId: string;
}

export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenType: 'Bearer';
  /** Of the access token, in seconds. */
  readonly expiresIn: number;
}

interface SignedInUser {
  readonly id: number;
  readonly tenant_id: number;
  readonly username: string;
  readonly role: UserView['role'];
  readonly status: 'active' | 'disabled';
  readonly token_version: number;
}

/** One answer for an unknown user, a wrong password and a disabled user, so that none can be told from another. */
function refused(): ApiError {
  return apiError('UNAUTHENTICATED', 'Wrong username or password');
}

async function tokenPair(ctx: ApiContext, user: SignedInUser, refreshToken: string): Promise<TokenPair> {
  const { id, role, tenant_id: tenant, token_version: ver } = user;
  const { token, expiresIn } = await ctx.tokens.issueUser({ sub: id, role, tenant, ver });
  return { accessToken: token, refreshToken, tokenType: 'Bearer', expiresIn };
}

/**
 * Signs in. Throws UNAUTHENTICATED for a wrong username or password, RATE_LIMITED when tries have to wait, UNAVAILABLE when
 * too many sign in at once.
 */
export async function login(
  ctx: ApiContext,
  given: { username: string; password: string },
  origin: Origin,
): Promise<TokenPair & { user: UserView }> {
  const username = normaliseUsername(given.username);
  const standing = await admitLogin(ctx.db, username, origin.ip, ctx.clock.now());
  const user = await ctx.db.sql
    .selectFrom('users')
    .select(['id', 'tenant_id', 'username', 'role', 'status', 'token_version', 'password_hash'])
    .where('username', '=', username)
    .executeTakeFirst();
  const isRight = await ctx.passwords.verify(user?.password_hash ?? null, given.password);
  const now = ctx.clock.now();
  if (!isRight || user?.status !== 'active') {
    await noteFailedLogin(ctx.db, standing, now);
    throw refused();
  }
  await noteLogin(ctx.db, standing, now);
  const refreshToken = await inTransaction(ctx.db, async (tx) => {
    await tx.updateTable('users').set({ last_login_at: now }).where('id', '=', user.id).execute();
    const author = { tenantId: user.tenant_id, userId: user.id, username: user.username, ...origin };
    await writeAudit(tx, author, { action: 'session.started', entity: 'user', entityId: user.id, detail: null }, now);
    return startFamily(tx, ctx.ids, user.tenant_id, user.id, now);
  });
  const pair = await tokenPair(ctx, user, refreshToken);
  return { ...pair, user: await readUserView(ctx.db, user.id) };
}

/** Exchanges a refresh token for a new pair. Throws UNAUTHENTICATED when it is not to be had. */
export async function refresh(ctx: ApiContext, refreshToken: string, origin: Origin): Promise<TokenPair> {
  const rotation = await rotate(ctx.db, ctx.ids, refreshToken, ctx.clock.now());
  if (rotation.kind === 'reused') {
    const { tenantId, userId } = rotation.member;
    ctx.log.warn({ tenantId, userId, ...origin }, 'a used refresh token came again: its family is revoked');
  }
  if (rotation.kind !== 'rotated')
    throw apiError('UNAUTHENTICATED', 'The refresh token is not valid any more; sign in again');
  const user = await ctx.db.sql
    .selectFrom('users')
    .select(['id', 'tenant_id', 'username', 'role', 'status', 'token_version'])
    .where('id', '=', rotation.member.userId)
    .executeTakeFirst();
  if (user?.status !== 'active')
    throw apiError('UNAUTHENTICATED', 'The refresh token is not valid any more; sign in again');
  return tokenPair(ctx, user, rotation.refreshToken);
}

/** Signs out: the family of the refresh token is revoked. A token that is none is no error and tells nothing. */
export async function logout(ctx: ApiContext, refreshToken: string, origin: Origin): Promise<void> {
  await inTransaction(ctx.db, async (tx) => {
    const member = await familyOf(tx, refreshToken);
    if (member === null) return;
    const now = ctx.clock.now();
    await revokeFamily(tx, member.familyId, now);
    const user = await tx.selectFrom('users').select('username').where('id', '=', member.userId).executeTakeFirst();
    const author = { tenantId: member.tenantId, userId: member.userId, username: user?.username ?? null, ...origin };
    await writeAudit(
      tx,
      author,
      { action: 'session.ended', entity: 'user', entityId: member.userId, detail: null },
      now,
    );
  });
}
