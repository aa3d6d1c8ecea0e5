/** Signing in, staying signed in, signing out. */
import type { ApiContext } from '../context.ts';
import { apiError, type ApiError } from '../errors.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { inTransaction } from '../transaction.ts';
import { admitLogin, noteFailedLogin, noteLogin } from './login-throttle.ts';
import { familyOf, revokeFamily, rotate, startFamily, type TokenHolder } from './refresh-tokens.ts';
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

/** One answer for an unknown user, a wrong password and a disabled user, so that none can be told from another. */
function refused(): ApiError {
  return apiError('UNAUTHENTICATED', 'Wrong username or password');
}

/** The pair for a user: an access token, and the refresh token that was stored. */
export async function tokenPair(
  ctx: ApiContext,
  holder: Pick<TokenHolder, 'id' | 'tenant_id' | 'role' | 'token_version'>,
  refreshToken: string,
): Promise<TokenPair> {
  const { id, role, tenant_id: tenant, token_version: ver } = holder;
  const { token, expiresIn } = await ctx.tokens.issueUser({ sub: id, role, tenant, ver });
  return { accessToken: token, refreshToken, tokenType: 'Bearer', expiresIn };
}

interface SignedInUser extends TokenHolder {
  readonly username: string;
}

/**
 * Starts a family, or returns null when the user's sessions were ended since `user` was read: a login that ran while the
 * password was being reset must not outlive the reset [INV-9].
 */
async function startSession(ctx: ApiContext, user: SignedInUser, origin: Origin, now: number): Promise<string | null> {
  return inTransaction(ctx.db, async (tx) => {
    const current = await tx
      .selectFrom('users')
      .select(['status', 'token_version'])
      .where('id', '=', user.id)
      .modifyEnd(ctx.db.dialect.forUpdate)
      .executeTakeFirst();
    if (current?.status !== 'active' || current.token_version !== user.token_version) return null;
    await tx.updateTable('users').set({ last_login_at: now }).where('id', '=', user.id).execute();
    const author = { tenantId: user.tenant_id, userId: user.id, username: user.username, ...origin };
    await writeAudit(tx, author, { action: 'session.started', entity: 'user', entityId: user.id, detail: null }, now);
    return startFamily(tx, ctx.ids, user.tenant_id, user.id, now);
  });
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
  const refreshToken = await startSession(ctx, user, origin, now);
  if (refreshToken === null) throw refused();
  const pair = await tokenPair(ctx, user, refreshToken);
  return { ...pair, user: await readUserView(ctx.db.sql, user.id) };
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
  if (rotation.holder.status !== 'active')
    throw apiError('UNAUTHENTICATED', 'The refresh token is not valid any more; sign in again');
  return tokenPair(ctx, rotation.holder, rotation.refreshToken);
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
