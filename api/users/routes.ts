/** The users' part of the CMS contract: the admins' alone. */
import Type from 'typebox';
import { API_BASE, IdParams, route, type Route } from '../route.ts';
import { getUser, listUsers, UsersQuery } from './read-users.ts';
import { PasswordReset, resetPassword } from './reset-password.ts';
import { createUser, removeUser, updateUser, UserCreate, UserUpdate } from './save-user.ts';
import { UserJson, UserWithPassword } from './user-json.ts';

export function userRoutes(): Route[] {
  const url = `${API_BASE}/users`;
  return [
    route({
      method: 'GET',
      url,
      policy: 'admin',
      operationId: 'listUsers',
      summary: "The tenant's users",
      query: UsersQuery,
      data: Type.Array(UserJson),
      paged: true,
      handler: listUsers,
    }),
    route({
      method: 'POST',
      url,
      policy: 'admin',
      operationId: 'createUser',
      summary: 'Create a user; without a password one is made up and returned once',
      body: UserCreate,
      data: UserWithPassword,
      status: 201,
      handler: createUser,
    }),
    route({
      method: 'GET',
      url: `${url}/:id`,
      policy: 'admin',
      operationId: 'getUser',
      summary: 'One user',
      params: IdParams,
      data: UserJson,
      handler: getUser,
    }),
    route({
      method: 'PUT',
      url: `${url}/:id`,
      policy: 'admin',
      operationId: 'updateUser',
      summary: 'Rename a user, assign groups, change the role, disable or enable',
      params: IdParams,
      body: UserUpdate,
      data: UserJson,
      handler: updateUser,
    }),
    route({
      method: 'DELETE',
      url: `${url}/:id`,
      policy: 'admin',
      operationId: 'removeUser',
      summary: 'Delete a user and end every session; what the user did stays in the audit',
      params: IdParams,
      data: Type.Object({}),
      handler: removeUser,
    }),
    route({
      method: 'POST',
      url: `${url}/:id/reset-password`,
      policy: 'admin',
      operationId: 'resetUserPassword',
      summary: 'Set a temporary password for a user, who has to change it; every session of the user ends',
      params: IdParams,
      body: PasswordReset,
      data: UserWithPassword,
      handler: resetPassword,
    }),
  ];
}
