/** Creating, changing and deleting users. */
import Type, { type Static } from 'typebox';
import { isDuplicateKey } from '../../migrations/dialect.ts';
import { Id } from '../../protocol/desired-state.ts';
import { generatePassword, NEW_PASSWORD_LENGTH, NEW_PASSWORD_RULE } from '../auth/passwords.ts';
import { revokeUserSessions } from '../auth/refresh-tokens.ts';
import { newUsername, USERNAME_CHARS_MAX } from '../auth/username.ts';
import { DisplayName } from '../auth/user-view.ts';
import { apiError, versionConflict } from '../errors.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { assignGroups, holdGroups, lockUser, requireOtherAdmin, USER_GROUPS_MAX } from './user-accounts.ts';
import { readUserJson, Role, UserStatus, type UserJson, type UserWithPassword } from './user-json.ts';

const Username = Type.String({
  minLength: 1,
  maxLength: USERNAME_CHARS_MAX,
  description:
    'Letters, digits and . _ @ + -, beginning with a letter or digit; kept in lower case, unique over all tenants',
});
const GroupIds = Type.Array(Id, {
  maxItems: USER_GROUPS_MAX,
  description: 'Groups to assign, with all below them; of no meaning for an admin',
});

export const UserCreate = Type.Object(
  {
    username: Username,
    displayName: Type.Optional(DisplayName),
    role: Role,
    groupIds: Type.Optional(GroupIds),
    password: Type.Optional(
      Type.String({
        ...NEW_PASSWORD_LENGTH,
        description: `Without one a password is made up and returned. ${NEW_PASSWORD_RULE}`,
      }),
    ),
    mustChangePassword: Type.Optional(
      Type.Boolean({
        description:
          'Whether the user has to choose another password first; false unless given, and always true of a password that was made up',
      }),
    ),
  },
  { additionalProperties: false },
);

export const UserUpdate = Type.Object(
  {
    username: Type.Optional(Username),
    displayName: Type.Optional(DisplayName),
    role: Type.Optional(Role),
    groupIds: Type.Optional(GroupIds),
    status: Type.Optional(UserStatus),
    version: Type.Integer({ minimum: 1, description: 'The version that the change is based on' }),
  },
  { additionalProperties: false },
);

/** Runs what writes a username; CONFLICT when it is taken, be it here or in another tenant, which is not told. */
async function whileUsernameIsFree<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw apiError('CONFLICT', 'This username is taken', [{ field: 'username', message: 'is taken' }]);
  }
}

/**
 * Creates a user; without a password one is made up, returned once and to be changed at the first login.
 * VALIDATION_ERROR for a username or password that will not do; NOT_FOUND for the groups; CONFLICT for a taken username.
 */
export async function createUser(call: Call<unknown, unknown, Static<typeof UserCreate>>): Promise<UserWithPassword> {
  const { ctx, actor, body } = call;
  const username = newUsername(body.username);
  const displayName = body.displayName?.trim() ?? username;
  const generatedPassword = body.password === undefined ? generatePassword(ctx.ids) : null;
  const mustChangePassword = generatedPassword !== null || (body.mustChangePassword ?? false);
  const passwordHash = await ctx.passwords.hash(body.password ?? generatedPassword ?? '', { username });
  return mutate(call, async (tx, now): Promise<Mutation<UserWithPassword>> => {
    const groupIds = await holdGroups(tx, ctx.db.dialect, actor, body.groupIds ?? []);
    const { insertId } = await whileUsernameIsFree(() =>
      tx
        .insertInto('users')
        .values({
          tenant_id: actor.tenantId,
          username,
          display_name: displayName,
          password_hash: passwordHash,
          role: body.role,
          status: 'active',
          must_change_password: mustChangePassword ? 1 : 0,
          token_version: 0,
          last_login_at: null,
          version: 1,
          created_at: now,
          updated_at: now,
        })
        .executeTakeFirstOrThrow(),
    );
    const id = Number(insertId);
    await assignGroups(tx, actor.tenantId, id, groupIds);
    const user = await readUserJson(tx, id);
    const detail = { username, displayName, role: body.role, groupIds, mustChangePassword };
    return {
      data: generatedPassword === null ? user : { ...user, generatedPassword },
      changes: [{ kind: 'user.changed', userId: id }],
      audit: { action: 'user.created', entity: 'user', entityId: id, detail },
    };
  });
}

/**
 * Changes the fields that are given. Disabling ends every session; another role or other groups bite within two seconds and
 * end none. NOT_FOUND for the user or the groups; VERSION_CONFLICT for a stale `version`; CONFLICT for a taken username, and
 * when the caller or the tenant's last active admin would stop being one.
 */
export async function updateUser(call: Call<{ id: number }, unknown, Static<typeof UserUpdate>>): Promise<UserJson> {
  const { ctx, actor, params, body } = call;
  const username = body.username === undefined ? undefined : newUsername(body.username);
  return mutate(call, async (tx, now): Promise<Mutation<UserJson>> => {
    const old = await lockUser(tx, ctx.db.dialect, actor, params.id);
    if (old.version !== body.version) throw versionConflict(old.version);
    if (body.role !== undefined && body.role !== 'admin' && old.role === 'admin')
      await requireOtherAdmin(tx, actor, old, 'role');
    if (body.status === 'disabled') await requireOtherAdmin(tx, actor, old, 'status');
    const next = {
      username: username ?? old.username,
      display_name: body.displayName?.trim() ?? old.display_name,
      role: body.role ?? old.role,
      status: body.status ?? old.status,
      updated_at: now,
    };
    const groupIds = body.groupIds === undefined ? null : await holdGroups(tx, ctx.db.dialect, actor, body.groupIds);
    await whileUsernameIsFree(() =>
      tx
        .updateTable('users')
        .set((eb) => ({ ...next, version: eb('version', '+', 1) }))
        .where('id', '=', old.id)
        .execute(),
    );
    if (groupIds !== null) await assignGroups(tx, actor.tenantId, old.id, groupIds);
    if (next.status === 'disabled' && old.status === 'active') await revokeUserSessions(tx, old.id, now);
    return {
      data: await readUserJson(tx, old.id),
      changes: [{ kind: 'user.changed', userId: old.id }],
      audit: { action: 'user.updated', entity: 'user', entityId: old.id, detail: { ...body } },
    };
  });
}

/**
 * Deletes a user and ends every session. What the user did stays, under the id and, in the audit, under the name. NOT_FOUND;
 * CONFLICT when it is the caller or the tenant's last active admin.
 */
export async function removeUser(call: Call<{ id: number }, unknown, unknown>): Promise<Record<string, never>> {
  const { ctx, actor, params } = call;
  return mutate(call, async (tx): Promise<Mutation<Record<string, never>>> => {
    const old = await lockUser(tx, ctx.db.dialect, actor, params.id);
    await requireOtherAdmin(tx, actor, old);
    // Assigned groups and refresh tokens go with the row, and access tokens with the user they name.
    await tx.deleteFrom('users').where('id', '=', old.id).execute();
    const { username, display_name: displayName, role } = old;
    return {
      data: {},
      changes: [{ kind: 'user.changed', userId: old.id }],
      audit: { action: 'user.removed', entity: 'user', entityId: old.id, detail: { username, displayName, role } },
    };
  });
}
