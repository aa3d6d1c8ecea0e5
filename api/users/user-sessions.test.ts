import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { groupRoutes } from '../groups/routes.ts';
import { openApi, TEST_PASSWORD, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { userRoutes } from './routes.ts';

const USERS = '/api/v1/users';
const ME = '/api/v1/auth/me';

describeEachDatabase("[INV-9] a user's sessions", (open) => {
  let api: ApiFixture;
  /** A second node over the same database; every request of the admin goes to the first. */
  let other: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  beforeAll(async () => {
    const db = await open();
    const routes = [...userRoutes(), ...groupRoutes()];
    api = await openApi(db, { routes });
    other = await openApi(db.reopen(), { routes, clock: api.clock });
    tenantId = await api.newTenant('sessions');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(async () => {
    await api.close();
    await other.close();
  });

  interface Session {
    readonly accessToken: string;
    readonly refreshToken: string;
  }
  const logIn = (username: string, password = TEST_PASSWORD) =>
    api.send('POST', '/api/v1/auth/login', { body: { username, password } });
  const session = async (user: TestUser): Promise<Session> => (await logIn(user.username)).json().data;
  const bearer = ({ accessToken }: Session) => ({ headers: { authorization: `Bearer ${accessToken}` } });
  const refresh = (refreshToken: string, at = other) =>
    at.send('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
  const asAdmin = (method: 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown) =>
    api.send(method, `${USERS}/${path}`, { as: admin, ...(body !== undefined && { body }) });

  /** Both nodes know the session before `act`; on the node of the act it is over at once, on the other within two seconds. */
  const expectOver = async (own: Session, act: () => Promise<{ statusCode: number }>): Promise<void> => {
    for (const node of [api, other]) expect((await node.send('GET', ME, bearer(own))).statusCode).toBe(200);
    expect((await act()).statusCode).toBe(200);
    expect((await api.send('GET', ME, bearer(own))).statusCode).toBe(401);
    api.clock.advance(2_000);
    for (const node of [api, other]) {
      expect((await node.send('GET', ME, bearer(own))).statusCode).toBe(401);
      expect((await refresh(own.refreshToken, node)).statusCode).toBe(401);
    }
  };

  test('end when the user is disabled, and stay ended when the user is enabled again', async () => {
    const user = await api.newUser(tenantId, 'manager');
    const own = await session(user);
    await expectOver(own, () => asAdmin('PUT', `${user.id}`, { status: 'disabled', version: 1 }));
    expect((await logIn(user.username)).statusCode).toBe(401);
    expect((await asAdmin('PUT', `${user.id}`, { status: 'active', version: 2 })).statusCode).toBe(200);
    api.clock.advance(2_000);
    expect((await other.send('GET', ME, bearer(own))).statusCode).toBe(401);
    expect((await refresh(own.refreshToken)).statusCode).toBe(401);
    expect((await other.send('GET', ME, bearer(await session(user)))).statusCode).toBe(200);
  });

  test('end when the user is deleted', async () => {
    const user = await api.newUser(tenantId, 'manager');
    await expectOver(await session(user), () => asAdmin('DELETE', `${user.id}`));
    expect((await logIn(user.username)).statusCode).toBe(401);
  });

  test('on another node are refused, never a 5xx, in the moment before it knows that the user is gone', async () => {
    const user = await api.newUser(tenantId, 'manager');
    const own = await session(user);
    expect((await other.send('GET', ME, bearer(own))).statusCode).toBe(200);
    await asAdmin('DELETE', `${user.id}`);
    const passwords = { currentPassword: TEST_PASSWORD, newPassword: 'another password' };
    const answers = [
      await other.send('GET', ME, bearer(own)),
      await other.send('PUT', ME, { ...bearer(own), body: { displayName: 'Ghost' } }),
      await other.send('POST', '/api/v1/auth/password', { ...bearer(own), body: passwords }),
    ];
    expect(answers.map((answer) => answer.statusCode)).toEqual([401, 401, 401]);
  });

  test('end when the password is reset; the temporary one has to be changed before anything else is done', async () => {
    const user = await api.newUser(tenantId, 'manager');
    let temporary = '';
    await expectOver(await session(user), async () => {
      const answer = await asAdmin('POST', `${user.id}/reset-password`, {});
      const { data } = answer.json();
      temporary = data.generatedPassword;
      expect(data).toMatchObject({ id: user.id, status: 'active', mustChangePassword: true });
      return answer;
    });
    expect((await logIn(user.username)).statusCode).toBe(401);
    const own = (await logIn(user.username, temporary)).json().data;
    expect(own.user.mustChangePassword).toBe(true);
    for (const node of [api, other]) {
      const refused = await node.send('GET', '/api/v1/groups', bearer(own));
      expect([refused.statusCode, refused.json().error]).toEqual([
        403,
        { code: 'FORBIDDEN', message: 'Choose a new password first: POST /api/v1/auth/password' },
      ]);
      expect((await node.send('GET', ME, bearer(own))).json().data.mustChangePassword).toBe(true);
    }
    const next = (await refresh(own.refreshToken)).json().data;
    const body = { currentPassword: temporary, newPassword: 'chosen by myself' };
    const changed = await api.send('POST', '/api/v1/auth/password', { ...bearer(next), body });
    expect(changed.statusCode).toBe(200);
    const free = changed.json().data;
    expect((await api.send('GET', '/api/v1/groups', bearer(free))).statusCode).toBe(200);
    api.clock.advance(2_000);
    expect((await other.send('GET', '/api/v1/groups', bearer(free))).statusCode).toBe(200);
    expect((await logIn(user.username, temporary)).statusCode).toBe(401);
    expect((await logIn(user.username, 'chosen by myself')).json().data.user.mustChangePassword).toBe(false);
  });

  test('reset with a password that the admin gives tells none, and takes only what may be a password', async () => {
    const user = await api.newUser(tenantId, 'user');
    const given = await asAdmin('POST', `${user.id}/reset-password`, { password: 'for today only' });
    expect(given.json().data.generatedPassword).toBeUndefined();
    expect((await logIn(user.username, 'for today only')).statusCode).toBe(200);
    for (const password of ['short', user.username.toUpperCase(), 'x'.repeat(257)]) {
      const refused = await asAdmin('POST', `${user.id}/reset-password`, { password });
      expect([refused.statusCode, refused.json().error.details[0].field]).toEqual([400, 'password']);
    }
    expect((await asAdmin('POST', '999999/reset-password', {})).statusCode).toBe(404);
  });

  test('go on over a change of role or groups, which bites on every node within two seconds', async () => {
    const group = await api.newGroup(tenantId, 'Assigned later');
    const user = await api.newUser(tenantId, 'user');
    const own = await session(user);
    const groups = async (node: ApiFixture) =>
      (await node.send('GET', '/api/v1/groups', bearer(own))).json().data.map(({ id }: { id: number }) => id);
    const users = async (node: ApiFixture) => (await node.send('GET', USERS, bearer(own))).statusCode;
    for (const node of [api, other]) expect([await groups(node), await users(node)]).toEqual([[], 403]);
    await asAdmin('PUT', `${user.id}`, { groupIds: [group], version: 1 });
    expect(await groups(api)).toEqual([group]);
    api.clock.advance(2_000);
    expect(await groups(other)).toEqual([group]);
    await asAdmin('PUT', `${user.id}`, { role: 'admin', version: 2 });
    api.clock.advance(2_000);
    for (const node of [api, other]) expect(await users(node)).toBe(200);
    await asAdmin('PUT', `${user.id}`, { role: 'user', groupIds: [], version: 3 });
    expect([await groups(api), await users(api)]).toEqual([[], 403]);
    api.clock.advance(2_000);
    expect([await groups(other), await users(other)]).toEqual([[], 403]);
    expect((await refresh(own.refreshToken)).statusCode).toBe(200);
  });

  test('cannot be begun or prolonged by who was let in just before a reset', async () => {
    const user = await api.newUser(tenantId, 'user');
    const before = await session(user);
    // The reset commits while the password of a login is being looked at on the other node.
    const { verify } = other.ctx.passwords;
    const slow = Promise.withResolvers<void>();
    const verifying = Promise.withResolvers<void>();
    Object.assign(other.ctx.passwords, {
      verify: async (...given: Parameters<typeof verify>) => {
        const isRight = await verify(...given);
        verifying.resolve();
        await slow.promise;
        return isRight;
      },
    });
    const login = other.send('POST', '/api/v1/auth/login', {
      body: { username: user.username, password: TEST_PASSWORD },
    });
    await verifying.promise;
    const [reset, ...rotations] = await Promise.all([
      asAdmin('POST', `${user.id}/reset-password`, {}),
      refresh(before.refreshToken, api),
      refresh(before.refreshToken),
    ]);
    slow.resolve();
    Object.assign(other.ctx.passwords, { verify });
    expect([reset.statusCode, (await login).statusCode]).toEqual([200, 401]);
    api.clock.advance(2_000);
    for (const rotation of rotations) {
      // Whoever was first, nothing that came of it is worth anything now.
      if (rotation.statusCode !== 200) continue;
      const { data } = rotation.json();
      expect((await other.send('GET', ME, bearer(data))).statusCode).toBe(401);
      expect((await refresh(data.refreshToken)).statusCode).toBe(401);
    }
  });

  test('passwords that are made up are in no log line, audit or idempotency row, and given again to the same key', async () => {
    const key = '3f6f1c1e-8a53-4d36-9d0a-5d6f2c1b7a90';
    const create = () => api.send('POST', USERS, { as: admin, key, body: { username: 'keyed', role: 'user' } });
    const first = await create();
    const again = await create();
    expect([first.statusCode, again.statusCode, again.headers['idempotent-replayed']]).toEqual([201, 201, 'true']);
    expect(again.body).toBe(first.body);
    const { id, generatedPassword } = first.json().data;
    const reset = await api.send('POST', `${USERS}/${id}/reset-password`, { as: admin, key: `${key}-2`, body: {} });
    const given = 'given by the admin';
    const third = await api.send('POST', `${USERS}/${id}/reset-password`, {
      as: admin,
      key: `${key}-3`,
      body: { password: given },
    });
    expect([reset.statusCode, third.statusCode]).toEqual([200, 200]);
    const { sql } = api.ctx.db;
    const dump = JSON.stringify([
      await sql.selectFrom('audit_logs').selectAll().execute(),
      await sql.selectFrom('idempotency_keys').selectAll().execute(),
      await sql.selectFrom('changes').selectAll().execute(),
      await sql.selectFrom('users').selectAll().execute(),
      api.logLines,
    ]);
    expect(dump).toContain('password.reset');
    for (const secret of [generatedPassword, reset.json().data.generatedPassword, given]) {
      expect(secret.length).toBeGreaterThan(8);
      expect(dump).not.toContain(secret);
    }
  });
});
