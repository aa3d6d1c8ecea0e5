/** Setting another user's password: the forced reset. */
import Type, { type Static } from 'typebox';
import { generatePassword, NEW_PASSWORD_LENGTH, NEW_PASSWORD_RULE } from '../auth/passwords.ts';
import { revokeUserSessions } from '../auth/refresh-tokens.ts';
import { apiError } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { lockUser, noSuchUser } from './user-accounts.ts';
import { readUserJson, type UserWithPassword } from './user-json.ts';

export const PasswordReset = Type.Object(
  {
    password: Type.Optional(
      Type.String({
        ...NEW_PASSWORD_LENGTH,
        description: `The temporary password; without one it is made up and returned. ${NEW_PASSWORD_RULE}`,
      }),
    ),
  },
  { additionalProperties: false },
);

/**
 * Gives a user a temporary password, which has to be changed before anything else is done, and ends every session of the user.
 * NOT_FOUND; VALIDATION_ERROR for a password that will not do; CONFLICT for the caller's own account, whose password is
 * changed by who knows it.
 */
export async function resetPassword(
  call: Call<{ id: number }, unknown, Static<typeof PasswordReset>>,
): Promise<UserWithPassword> {
  const { ctx, actor, params, body } = call;
  if (params.id === actor.userId)
    throw apiError('CONFLICT', 'Change your own password with POST /api/v1/auth/password');
  const user = await ctx.db.sql
    .selectFrom('users')
    .select('username')
    .where('id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (user === undefined) throw noSuchUser();
  const generatedPassword = body.password === undefined ? generatePassword(ctx.ids) : null;
  const passwordHash = await ctx.passwords.hash(body.password ?? generatedPassword ?? '', user);
  return mutate(call, async (tx, now): Promise<Mutation<UserWithPassword>> => {
    const { id, username } = await lockUser(tx, ctx.db.dialect, actor, params.id);
    await tx
      .updateTable('users')
      .set({ password_hash: passwordHash, must_change_password: 1 })
      .where('id', '=', id)
      .execute();
    await revokeUserSessions(tx, id, now);
    const data = await readUserJson(tx, id);
    return {
      data: generatedPassword === null ? data : { ...data, generatedPassword },
      changes: [{ kind: 'user.changed', userId: id }],
      audit: { action: 'password.reset', entity: 'user', entityId: id, detail: { username } },
    };
  });
}
