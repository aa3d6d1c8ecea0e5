import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, TEST_PASSWORD, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { GRACE_MS, REFRESH_KEPT_MS, revokeUserSessions } from './refresh-tokens.ts';

describeEachDatabase('refresh tokens', (open) => {
  let api: ApiFixture;
  let other: ApiFixture;
  let tenantId: number;
  beforeAll(async () => {
    const db = await open();
    api = await openApi(db);
    other = await openApi(db.reopen(), { clock: api.clock });
    tenantId = await api.newTenant('refresh');
  });
  afterAll(async () => {
    await api.close();
    await other.close();
  });

  const signIn = async (user: TestUser): Promise<string> => {
    const answer = await api.send('POST', '/api/v1/auth/login', {
      body: { username: user.username, password: TEST_PASSWORD },
    });
    expect(answer.statusCode).toBe(200);
    return answer.json().data.refreshToken;
  };
  const exchange = (refreshToken: string, at = api) =>
    at.send('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
  const next = async (refreshToken: string): Promise<string> => {
    const answer = await exchange(refreshToken);
    expect(answer.statusCode).toBe(200);
    return answer.json().data.refreshToken;
  };

  test('rotate on use, and the new access token works', async () => {
    const user = await api.newUser(tenantId, 'user');
    const first = await signIn(user);
    const answer = await exchange(first);
    const { data } = answer.json();
    expect(Object.keys(data).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken', 'tokenType']);
    expect(data.refreshToken).not.toBe(first);
    expect(
      (await api.send('GET', '/api/v1/auth/me', { headers: { authorization: `Bearer ${data.accessToken}` } }))
        .statusCode,
    ).toBe(200);
  });

  test('twenty at once, in two processes, get one successor', async () => {
    const first = await signIn(await api.newUser(tenantId, 'user'));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => exchange(first, n % 2 === 0 ? api : other)));
    expect(answers.map((answer) => answer.statusCode)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map((answer) => answer.json().data.refreshToken)).size).toBe(1);
  });

  test('presented again within ten seconds give the same successor; later they end the family', async () => {
    const first = await signIn(await api.newUser(tenantId, 'user'));
    const second = await next(first);
    api.clock.advance(GRACE_MS);
    expect(await next(first)).toBe(second);
    const third = await next(second);
    api.clock.advance(1);
    const reuse = await exchange(first);
    expect(reuse.statusCode).toBe(401);
    expect(reuse.json().error.code).toBe('UNAUTHENTICATED');
    expect((await exchange(third)).statusCode).toBe(401);
    expect((await exchange(second)).statusCode).toBe(401);
    expect(api.logLines.join('\n')).toContain('its family is revoked');
  });

  test('the reuse of one login leaves the other logins of the user alone', async () => {
    const user = await api.newUser(tenantId, 'user');
    const stolen = await signIn(user);
    const elsewhere = await signIn(user);
    await next(stolen);
    api.clock.advance(GRACE_MS + 1);
    expect((await exchange(stolen)).statusCode).toBe(401);
    expect((await exchange(elsewhere)).statusCode).toBe(200);
  });

  test('live seven days', async () => {
    const user = await api.newUser(tenantId, 'user');
    const early = await signIn(user);
    api.clock.advance(REFRESH_KEPT_MS - 1);
    const kept = await next(early);
    api.clock.advance(REFRESH_KEPT_MS);
    expect((await exchange(kept)).statusCode).toBe(401);
  });

  test('are revoked by signing out, which says nothing of whether there was anything to revoke', async () => {
    const first = await signIn(await api.newUser(tenantId, 'user'));
    const second = await next(first);
    const out = await api.send('POST', '/api/v1/auth/logout', { body: { refreshToken: second } });
    expect([out.statusCode, out.json()]).toEqual([200, { success: true, data: {} }]);
    expect((await exchange(second)).statusCode).toBe(401);
    const nothing = await api.send('POST', '/api/v1/auth/logout', { body: { refreshToken: 'made-up' } });
    expect([nothing.statusCode, nothing.body]).toEqual([200, out.body]);
    expect((await exchange('made-up')).statusCode).toBe(401);
  });

  test('and access tokens of a user end together, in every process within a second', async () => {
    const user = await api.newUser(tenantId, 'user');
    const first = await signIn(user);
    expect((await other.send('GET', '/api/v1/auth/me', { as: user })).statusCode).toBe(200);
    await api.ctx.db.sql.transaction().execute((tx) => revokeUserSessions(tx, user.id, api.clock.now()));
    api.clock.advance(1_000);
    expect((await other.send('GET', '/api/v1/auth/me', { as: user })).statusCode).toBe(401);
    expect((await exchange(first)).statusCode).toBe(401);
  });

  test('of a disabled user are refused, and so is the access token within a second', async () => {
    const user = await api.newUser(tenantId, 'user');
    const first = await signIn(user);
    expect((await api.send('GET', '/api/v1/auth/me', { as: user })).statusCode).toBe(200);
    await api.ctx.db.sql.updateTable('users').set({ status: 'disabled' }).where('id', '=', user.id).execute();
    api.clock.advance(1_000);
    expect((await api.send('GET', '/api/v1/auth/me', { as: user })).statusCode).toBe(401);
    expect((await exchange(first)).statusCode).toBe(401);
  });

  test('are nowhere in the database, nor can a sealed successor be opened without the token before it', async () => {
    const first = await signIn(await api.newUser(tenantId, 'user'));
    const second = await next(first);
    const rows = await api.ctx.db.sql.selectFrom('refresh_tokens').selectAll().execute();
    const dump = JSON.stringify(rows);
    expect(rows.length).toBeGreaterThan(1);
    for (const secret of [first, second]) expect(dump).not.toContain(secret);
  });
});
