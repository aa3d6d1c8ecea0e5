import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, TEST_PASSWORD, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { delayMs } from './login-throttle.ts';

const LOGIN = '/api/v1/auth/login';

describeEachDatabase('signing in', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let lobby: number;
  beforeAll(async () => {
    api = await openApi(await open());
    tenantId = await api.newTenant('login');
    lobby = await api.newGroup(tenantId, 'Lobby');
  });
  afterAll(() => api.close());

  const attempt = (username: string, password: string, ip = '203.0.113.9') =>
    api.send('POST', LOGIN, { body: { username, password }, ip });
  const failTimes = async (user: TestUser, times: number, ip: string): Promise<void> => {
    for (let n = 0; n < times; n++) expect((await attempt(user.username, 'wrong', ip)).statusCode).toBe(401);
  };

  test('gives a token pair and the user, and the token opens /auth/me', async () => {
    const user = await api.newUser(tenantId, 'manager', [lobby]);
    const answer = await attempt(user.username.toUpperCase(), TEST_PASSWORD);
    expect(answer.statusCode).toBe(200);
    const { success, data } = answer.json();
    expect(success).toBe(true);
    expect(data).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
    expect(data.user).toEqual({
      id: user.id,
      username: user.username,
      displayName: user.username,
      role: 'manager',
      tenantId,
      tenantName: 'login',
      groupIds: [lobby],
      mustChangePassword: false,
      lastLoginAt: new Date(api.clock.now()).toISOString(),
    });
    const me = await api.send('GET', '/api/v1/auth/me', { headers: { authorization: `bearer ${data.accessToken}` } });
    expect(me.json()).toEqual({ success: true, data: data.user });
    const audit = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .select(['action', 'ip'])
      .where('user_id', '=', user.id)
      .execute();
    expect(audit).toEqual([{ action: 'session.started', ip: '203.0.113.9' }]);
  });

  test('refuses a wrong password, an unknown user and a disabled user with the same bytes', async () => {
    const user = await api.newUser(tenantId, 'user');
    const disabled = await api.newUser(tenantId, 'user');
    await api.ctx.db.sql.updateTable('users').set({ status: 'disabled' }).where('id', '=', disabled.id).execute();
    const answers = [
      await attempt(user.username, 'wrong'),
      await attempt('nobody-of-this-name', 'wrong'),
      await attempt(disabled.username, TEST_PASSWORD),
    ];
    for (const answer of answers) {
      expect(answer.statusCode).toBe(401);
      expect(answer.body).toBe(answers[0]?.body);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    expect(answers[0]?.json()).toEqual({
      success: false,
      error: { code: 'UNAUTHENTICATED', message: 'Wrong username or password' },
    });
  });

  test('takes a password as NFC and refuses more than 256 bytes', async () => {
    const user = await api.newUser(tenantId, 'user');
    const hash = await api.ctx.passwords.hash('pässwörd-é');
    await api.ctx.db.sql.updateTable('users').set({ password_hash: hash }).where('id', '=', user.id).execute();
    expect((await attempt(user.username, 'pässwörd-é'.normalize('NFD'))).statusCode).toBe(200);
    expect((await attempt(user.username, 'x'.repeat(256))).statusCode).toBe(401);
    const long = await attempt(user.username, 'é'.repeat(129));
    expect(long.statusCode).toBe(400);
    expect(long.json().error.details).toEqual([{ field: 'password', message: 'must be at most 256 bytes' }]);
    expect((await attempt(user.username, 'nul\0byte')).statusCode).toBe(401);
  });

  test('makes the sixth try wait, longer each time, and forgets after a success', async () => {
    const user = await api.newUser(tenantId, 'user');
    const ip = '198.51.100.1';
    await failTimes(user, 5, ip);
    const waits: number[] = [];
    for (let n = 0; n < 9; n++) {
      const early = await attempt(user.username, TEST_PASSWORD, ip);
      expect(early.statusCode).toBe(429);
      expect(early.json().error.code).toBe('RATE_LIMITED');
      const wait = Number(early.headers['retry-after']);
      waits.push(wait);
      api.clock.advance(wait * 1_000);
      expect((await attempt(user.username, 'wrong', ip)).statusCode).toBe(401);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    api.clock.advance(60_000);
    expect((await attempt(user.username, TEST_PASSWORD, ip)).statusCode).toBe(200);
    expect((await attempt(user.username, 'wrong', ip)).statusCode).toBe(401);
    expect((await attempt(user.username, TEST_PASSWORD, ip)).statusCode).toBe(200);
  });

  test('lets one of many through when a wait is over', async () => {
    const user = await api.newUser(tenantId, 'user');
    const ip = '198.51.100.2';
    await failTimes(user, 5, ip);
    api.clock.advance(1_000);
    const answers = await Promise.all(Array.from({ length: 8 }, () => attempt(user.username, 'wrong', ip)));
    expect(answers.map((answer) => answer.statusCode).toSorted((a, b) => a - b)).toEqual([
      401,
      ...Array<number>(7).fill(429),
    ]);
  });

  test('treats an IPv6 /64 as one address', async () => {
    const user = await api.newUser(tenantId, 'user');
    for (let n = 0; n < 5; n++)
      expect((await attempt(user.username, 'wrong', `2001:db8:0:7::${n + 1}`)).statusCode).toBe(401);
    expect((await attempt(user.username, 'wrong', '2001:db8:0:7:ffff::9')).statusCode).toBe(429);
    expect((await attempt(user.username, 'wrong', '2001:db8:0:8::1')).statusCode).toBe(401);
  });

  test('does not let an attacker at one address make the owner at another wait', async () => {
    const user = await api.newUser(tenantId, 'user');
    for (let n = 0; n < 60; n++) {
      await attempt(user.username, 'wrong', '198.51.100.3');
      api.clock.advance(60_000);
    }
    expect((await attempt(user.username, TEST_PASSWORD, '192.0.2.77')).statusCode).toBe(200);
  });

  test('slows down guessing from many addresses, but not where the account signed in before', async () => {
    const user = await api.newUser(tenantId, 'user');
    const home = '192.0.2.10';
    expect((await attempt(user.username, TEST_PASSWORD, home)).statusCode).toBe(200);
    for (let n = 0; n < 10; n++) await failTimes(user, 5, `198.51.101.${n}`);
    expect((await attempt(user.username, 'wrong', '198.51.102.1')).statusCode).toBe(429);
    expect((await attempt(user.username, TEST_PASSWORD, home)).statusCode).toBe(200);
    // The owner's login ends the alarm.
    expect((await attempt(user.username, 'wrong', '198.51.102.1')).statusCode).toBe(401);
  });

  test('slows down guessing at users that do not exist in the same way', async () => {
    for (let n = 0; n < 5; n++) expect((await attempt('ghost', 'wrong', '198.51.100.4')).statusCode).toBe(401);
    expect((await attempt('ghost', 'wrong', '198.51.100.4')).statusCode).toBe(429);
  });

  test('answers 503 when more logins wait than may', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `crowd-${n}`);
    const answers = await Promise.all(names.map((name) => attempt(name, 'wrong', '198.51.100.5')));
    const statuses = answers.map((answer) => answer.statusCode);
    expect(new Set(statuses)).toEqual(new Set([401, 503]));
    const refused = answers.find((answer) => answer.statusCode === 503);
    expect(refused?.json().error.code).toBe('UNAVAILABLE');
    expect(refused?.headers['retry-after']).toBe('1');
    expect((await attempt('crowd-after', 'wrong', '198.51.100.6')).statusCode).toBe(401);
  });

  test('logs no password and no token', async () => {
    const user = await api.newUser(tenantId, 'user');
    const before = api.logLines.length;
    const answer = await attempt(user.username, TEST_PASSWORD);
    await attempt(user.username, 'a-wrong-password');
    const { accessToken, refreshToken } = answer.json().data;
    await api.send('GET', `/api/v1/auth/me?token=${accessToken}`, { as: user });
    const lines = api.logLines.slice(before).join('\n');
    expect(lines).toContain('/api/v1/auth/login');
    for (const secret of [TEST_PASSWORD, 'a-wrong-password', accessToken, refreshToken, user.token])
      expect(lines).not.toContain(secret);
  });
});

describe('the wait after failed logins', () => {
  test('is nothing at first, doubles, and ends at a minute', () => {
    expect([0, 4, 5, 6, 10, 11, 12, 500].map((failures) => delayMs(failures, 5))).toEqual([
      0, 0, 1_000, 2_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });
});
