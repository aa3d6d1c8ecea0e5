import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, TEST_PASSWORD, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';

const PASSWORD = '/api/v1/auth/password';
const ME = '/api/v1/auth/me';
const NEXT = 'a quite different phrase';

describeEachDatabase('changing the own password', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  beforeAll(async () => {
    api = await openApi(await open());
    tenantId = await api.newTenant('own password');
  });
  afterAll(() => api.close());

  const logIn = (user: TestUser, password: string, ip?: string) =>
    api.send('POST', '/api/v1/auth/login', {
      body: { username: user.username, password },
      ...(ip !== undefined && { ip }),
    });
  const change = (
    as: TestUser,
    currentPassword: string,
    newPassword: string,
    more: { key?: string; ip?: string } = {},
  ) => api.send('POST', PASSWORD, { as, body: { currentPassword, newPassword }, ...more });
  const me = async (accessToken: string): Promise<number> =>
    (await api.send('GET', ME, { headers: { authorization: `Bearer ${accessToken}` } })).statusCode;
  const refresh = (refreshToken: string) => api.send('POST', '/api/v1/auth/refresh', { body: { refreshToken } });

  test('ends every other session, and the answer is the one that goes on', async () => {
    const user = await api.newUser(tenantId, 'user');
    const elsewhere = (await logIn(user, TEST_PASSWORD)).json().data;
    const answer = await change(user, TEST_PASSWORD, NEXT);
    expect(answer.statusCode).toBe(200);
    const { data } = answer.json();
    expect(Object.keys(data).toSorted()).toEqual(['accessToken', 'expiresIn', 'refreshToken', 'tokenType']);
    expect(data).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
    expect([await me(data.accessToken), await me(user.token), await me(elsewhere.accessToken)]).toEqual([
      200, 401, 401,
    ]);
    expect((await refresh(elsewhere.refreshToken)).statusCode).toBe(401);
    expect((await refresh(data.refreshToken)).statusCode).toBe(200);
    expect((await logIn(user, TEST_PASSWORD)).statusCode).toBe(401);
    expect((await logIn(user, NEXT)).statusCode).toBe(200);
    const audit = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .select(['action', 'detail'])
      .where('user_id', '=', user.id)
      .where('action', 'like', 'password%')
      .execute();
    expect(audit).toEqual([{ action: 'password.changed', detail: 'null' }]);
  });

  test('takes passwords as NFC', async () => {
    const user = await api.newUser(tenantId, 'user');
    const { data } = (await change(user, TEST_PASSWORD, 'pässwörd-é'.normalize('NFD'))).json();
    expect((await logIn(user, 'pässwörd-é'.normalize('NFC'))).statusCode).toBe(200);
    const same = await api.send('POST', PASSWORD, {
      headers: { authorization: `Bearer ${data.accessToken}` },
      body: { currentPassword: 'pässwörd-é', newPassword: 'pässwörd-é'.normalize('NFD') },
    });
    expect(same.json().error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ field: 'newPassword' }] });
  });

  test('refuses a new password that will not do, naming the field, and changes nothing', async () => {
    const user = await api.newUser(tenantId, 'user');
    const refused = async (body: Record<string, unknown>) => {
      const answer = await api.send('POST', PASSWORD, { as: user, body });
      return [answer.statusCode, ...answer.json().error.details.map(({ field }: { field: string }) => field)];
    };
    const currentPassword = TEST_PASSWORD;
    expect(await refused({ currentPassword, newPassword: 'seven 7' })).toEqual([400, 'newPassword']);
    expect(await refused({ currentPassword, newPassword: 'é'.repeat(129) })).toEqual([400, 'newPassword']);
    expect(await refused({ currentPassword, newPassword: ` ${user.username.toUpperCase()}` })).toEqual([
      400,
      'newPassword',
    ]);
    expect(await refused({ currentPassword, newPassword: TEST_PASSWORD })).toEqual([400, 'newPassword']);
    expect(await refused({ currentPassword: 'é'.repeat(129), newPassword: NEXT })).toEqual([400, 'currentPassword']);
    expect(await refused({ currentPassword, newPassword: NEXT, userId: 1 })).toEqual([400, 'userId']);
    expect(await refused({ newPassword: NEXT })).toEqual([400, 'currentPassword']);
    expect([(await logIn(user, TEST_PASSWORD)).statusCode, await me(user.token)]).toEqual([200, 200]);
  });

  test('refuses a wrong current password with 403, and slows down who guesses it as logins are', async () => {
    const user = await api.newUser(tenantId, 'user');
    const ip = '198.51.100.40';
    for (let n = 0; n < 5; n++) {
      const wrong = await change(user, `guess ${n}`, NEXT, { ip });
      expect([wrong.statusCode, wrong.json().error]).toMatchObject([
        403,
        { code: 'FORBIDDEN', details: [{ field: 'currentPassword', message: 'is wrong' }] },
      ]);
    }
    const early = await change(user, TEST_PASSWORD, NEXT, { ip });
    expect([early.statusCode, early.headers['retry-after']]).toEqual([429, '1']);
    // It is one count: a login from there waits as well, and a login elsewhere does not.
    expect((await logIn(user, TEST_PASSWORD, ip)).statusCode).toBe(429);
    expect((await logIn(user, TEST_PASSWORD, '198.51.100.41')).statusCode).toBe(200);
    api.clock.advance(1_000);
    expect((await change(user, TEST_PASSWORD, NEXT, { ip })).statusCode).toBe(200);
    expect((await logIn(user, 'wrong', ip)).statusCode).toBe(401);
  });

  test('twice at once has one effect', async () => {
    const user = await api.newUser(tenantId, 'user');
    const answers = await Promise.all([
      change(user, TEST_PASSWORD, `${NEXT} one`),
      change(user, TEST_PASSWORD, `${NEXT} two`),
    ]);
    const statuses = answers.map((answer) => answer.statusCode).toSorted((a, b) => a - b);
    // The loser verified the old password before the winner committed (409), or after (403), or knocked after (401).
    expect([statuses[0], [401, 403, 409].includes(statuses[1] ?? 0)]).toEqual([200, true]);
    const winner = answers.findIndex((answer) => answer.statusCode === 200);
    expect((await logIn(user, winner === 0 ? `${NEXT} one` : `${NEXT} two`)).statusCode).toBe(200);
    expect((await logIn(user, winner === 0 ? `${NEXT} two` : `${NEXT} one`)).statusCode).toBe(401);
  });

  test('repeated with its key gives the same pair again, sealed in the database', async () => {
    const user = await api.newUser(tenantId, 'user');
    const key = crypto.randomUUID();
    const first = (await change(user, TEST_PASSWORD, NEXT, { key })).json().data;
    const again = await change({ ...user, token: first.accessToken }, TEST_PASSWORD, NEXT, { key });
    expect([again.statusCode, again.json().data, again.headers['idempotent-replayed']]).toEqual([200, first, 'true']);
    const rows = JSON.stringify([
      await api.ctx.db.sql.selectFrom('idempotency_keys').selectAll().execute(),
      await api.ctx.db.sql.selectFrom('audit_logs').selectAll().execute(),
      api.logLines,
    ]);
    for (const secret of [first.accessToken, first.refreshToken, NEXT, TEST_PASSWORD])
      expect(rows).not.toContain(secret);
  });

  test('is refused to who was disabled a moment ago, and begins no session', async () => {
    const user = await api.newUser(tenantId, 'user');
    expect(await me(user.token)).toBe(200);
    await api.ctx.db.sql.updateTable('users').set({ status: 'disabled' }).where('id', '=', user.id).execute();
    expect((await change(user, TEST_PASSWORD, NEXT)).statusCode).toBe(401);
    const tokens = await api.ctx.db.sql
      .selectFrom('refresh_tokens')
      .select('id')
      .where('user_id', '=', user.id)
      .execute();
    expect(tokens).toEqual([]);
  });
});

describeEachDatabase('the own profile', (open) => {
  test('is the display name, and nothing else', async () => {
    const api = await openApi(await open());
    const user = await api.newUser(await api.newTenant('profile'), 'user');
    const put = (body: unknown) => api.send('PUT', ME, { as: user, body });
    const renamed = await put({ displayName: ' Anna Ruiz ' });
    expect([renamed.statusCode, renamed.json().data]).toMatchObject([
      200,
      { id: user.id, username: user.username, displayName: 'Anna Ruiz', role: 'user' },
    ]);
    expect((await api.send('GET', ME, { as: user })).json().data.displayName).toBe('Anna Ruiz');
    for (const field of ['role', 'groupIds', 'username', 'tenantId', 'tokenVersion', 'mustChangePassword', 'status']) {
      const refused = await put({ displayName: 'x', [field]: 'admin' });
      expect([refused.statusCode, refused.json().error.details]).toEqual([
        400,
        [{ field, message: 'is not a known field' }],
      ]);
    }
    for (const displayName of ['', '   ', 'x'.repeat(121), 7])
      expect((await put({ displayName })).statusCode).toBe(400);
    await api.close();
  });
});
