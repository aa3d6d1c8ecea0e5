/** What users change about themselves: their password and the name they are shown by. */
import { apiError, type ApiError } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { admitLogin, noteFailedLogin, noteLogin } from './login-throttle.ts';
import { normalisePassword } from './passwords.ts';
import { revokeUserSessions, startFamily } from './refresh-tokens.ts';
import { tokenPair, type TokenPair } from './sessions.ts';
import { readUserView, type UserView } from './user-view.ts';

function signedOut(): ApiError {
  return apiError('UNAUTHENTICATED', 'The access token is not valid any more');
}

function wrongPassword(): ApiError {
  return apiError('FORBIDDEN', 'The current password is wrong', [{ field: 'currentPassword', message: 'is wrong' }]);
}

/**
 * Changes the caller's own password, ends every session of the caller and starts a new one, whose tokens are the answer.
 *
 * FORBIDDEN for a wrong current password, which counts as a failed login; RATE_LIMITED when tries have to wait;
 * VALIDATION_ERROR for a new password that will not do; CONFLICT when it was changed by somebody else meanwhile.
 */
export async function changePassword(
  call: Call<unknown, unknown, { currentPassword: string; newPassword: string }>,
): Promise<TokenPair> {
  const { ctx, actor, body } = call;
  const standing = await admitLogin(ctx.db, actor.username, actor.ip, ctx.clock.now());
  const known = await ctx.db.sql
    .selectFrom('users')
    .select(['password_hash', 'username'])
    .where('id', '=', actor.userId)
    .executeTakeFirst();
  if (known === undefined) throw signedOut();
  if (normalisePassword(body.newPassword) === normalisePassword(body.currentPassword)) {
    const message = 'must differ from the current password';
    throw apiError('VALIDATION_ERROR', `The new password ${message}`, [{ field: 'newPassword', message }]);
  }
  const passwordHash = await ctx.passwords.hash(body.newPassword, { username: known.username, field: 'newPassword' });
  const isRight = await ctx.passwords.verify(known.password_hash, body.currentPassword, 'currentPassword');
  const refusal = wrongPassword();
  try {
    // A wrong password is refused inside: a request that is repeated with its Idempotency-Key gets its first answer again.
    const pair = await mutate(call, async (tx, now): Promise<Mutation<TokenPair>> => {
      if (!isRight) throw refusal;
      const user = await tx
        .selectFrom('users')
        .select(['id', 'tenant_id', 'role', 'status', 'token_version', 'password_hash'])
        .where('id', '=', actor.userId)
        .modifyEnd(ctx.db.dialect.forUpdate)
        .executeTakeFirst();
      if (user?.status !== 'active') throw signedOut();
      if (user.password_hash !== known.password_hash)
        throw apiError('CONFLICT', 'The password was changed by somebody else meanwhile');
      await tx
        .updateTable('users')
        .set({ password_hash: passwordHash, must_change_password: 0 })
        .where('id', '=', user.id)
        .execute();
      await revokeUserSessions(tx, user.id, now);
      const refreshToken = await startFamily(tx, ctx.ids, user.tenant_id, user.id, now);
      return {
        data: await tokenPair(ctx, { ...user, token_version: user.token_version + 1 }, refreshToken),
        changes: [{ kind: 'user.changed', userId: user.id }],
        audit: { action: 'password.changed', entity: 'user', entityId: user.id, detail: null },
      };
    });
    if (isRight) await noteLogin(ctx.db, standing, ctx.clock.now());
    return pair;
  } catch (error) {
    if (error === refusal) await noteFailedLogin(ctx.db, standing, ctx.clock.now());
    throw error;
  }
}

/** Changes the name that the caller is shown by. */
export async function updateMe(call: Call<unknown, unknown, { displayName: string }>): Promise<UserView> {
  const { actor, body } = call;
  const displayName = body.displayName.trim();
  return mutate(call, async (tx, now): Promise<Mutation<UserView>> => {
    await tx
      .updateTable('users')
      .set((eb) => ({ display_name: displayName, version: eb('version', '+', 1), updated_at: now }))
      .where('id', '=', actor.userId)
      .execute();
    return {
      data: await readUserView(tx, actor.userId),
      changes: [{ kind: 'user.changed', userId: actor.userId }],
      audit: { action: 'user.updated', entity: 'user', entityId: actor.userId, detail: { displayName } },
    };
  });
}
