/** Routes of signing in and out, and the public keys that verify what is issued here. */
import Type from 'typebox';
import { API_BASE, route, type Route } from '../route.ts';
import { changePassword, updateMe } from './own-account.ts';
import { NEW_PASSWORD_LENGTH, NEW_PASSWORD_RULE } from './passwords.ts';
import { login, logout, refresh } from './sessions.ts';
import { USERNAME_CHARS_MAX } from './username.ts';
import { DisplayName, readUserView, UserView } from './user-view.ts';

const LoginBody = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: USERNAME_CHARS_MAX }),
    password: Type.String({ minLength: 1, maxLength: 1_024, description: 'At most 256 bytes in UTF-8' }),
  },
  { additionalProperties: false },
);

const RefreshBody = Type.Object(
  { refreshToken: Type.String({ minLength: 1, maxLength: 256 }) },
  { additionalProperties: false },
);

const PasswordBody = Type.Object(
  {
    currentPassword: Type.String({ minLength: 1, maxLength: 1_024, description: 'At most 256 bytes in UTF-8' }),
    newPassword: Type.String({ ...NEW_PASSWORD_LENGTH, description: NEW_PASSWORD_RULE }),
  },
  { additionalProperties: false },
);

const ProfileBody = Type.Object({ displayName: DisplayName }, { additionalProperties: false });

const TOKEN_PAIR = {
  accessToken: Type.String({ description: 'RS256 JWT, aud podoh-api' }),
  refreshToken: Type.String({ description: 'For one use within 7 days' }),
  tokenType: Type.Literal('Bearer'),
  expiresIn: Type.Integer({ description: 'Of the access token, in seconds' }),
};

const Jwks = Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) });

/** How long verifiers may keep the public keys, in seconds. */
const JWKS_CACHED_SECONDS = 300;

/** The routes of authentication. */
export function authRoutes(): Route[] {
  return [...sessionRoutes(), ...ownAccountRoutes()];
}

function sessionRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      url: `${API_BASE}/auth/login`,
      policy: 'public',
      // An alert may have to be raised by somebody who is not signed in yet.
      urgent: true,
      operationId: 'login',
      summary: 'Sign in with username and password',
      body: LoginBody,
      data: Type.Object({ ...TOKEN_PAIR, user: UserView }),
      handler: ({ ctx, body, ip, requestId }) => login(ctx, body, { ip, requestId }),
    }),
    route({
      method: 'POST',
      url: `${API_BASE}/auth/refresh`,
      policy: 'public',
      urgent: true,
      operationId: 'refreshTokens',
      summary: 'Exchange a refresh token for a new pair; the one presented is used up',
      body: RefreshBody,
      data: Type.Object(TOKEN_PAIR),
      handler: ({ ctx, body, ip, requestId }) => refresh(ctx, body.refreshToken, { ip, requestId }),
    }),
    route({
      method: 'POST',
      url: `${API_BASE}/auth/logout`,
      policy: 'public',
      operationId: 'logout',
      summary: 'Sign out: the refresh token and all that descend from the same login are revoked',
      body: RefreshBody,
      data: Type.Object({}),
      handler: async ({ ctx, body, ip, requestId }) => {
        await logout(ctx, body.refreshToken, { ip, requestId });
        return {};
      },
    }),
    route({
      method: 'GET',
      url: '/.well-known/jwks.json',
      policy: 'public',
      raw: true,
      operationId: 'getKeys',
      summary: 'Public keys that verify access tokens (RFC 7517)',
      data: Jwks,
      handler: async ({ ctx }) => ({
        contentType: 'application/json; charset=utf-8',
        headers: { 'cache-control': `public, max-age=${JWKS_CACHED_SECONDS}` },
        body: JSON.stringify(ctx.tokens.jwks()),
      }),
    }),
  ];
}

function ownAccountRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${API_BASE}/auth/me`,
      policy: 'user',
      operationId: 'getMe',
      summary: 'The user who is signed in',
      data: UserView,
      handler: ({ ctx, actor }) => readUserView(ctx.db.sql, actor.userId),
    }),
    route({
      method: 'PUT',
      url: `${API_BASE}/auth/me`,
      policy: 'user',
      operationId: 'updateMe',
      summary: 'Change the name that the user who is signed in is shown by',
      body: ProfileBody,
      data: UserView,
      handler: updateMe,
    }),
    route({
      method: 'POST',
      url: `${API_BASE}/auth/password`,
      policy: 'user',
      operationId: 'changePassword',
      summary: 'Change your own password; every session of yours ends, and the answer is a new one',
      body: PasswordBody,
      data: Type.Object(TOKEN_PAIR),
      handler: changePassword,
    }),
  ];
}
