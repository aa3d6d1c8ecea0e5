import { setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import Type from 'typebox';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { resourceRoutes } from '../resource-routes.ts';
import { guardPolicies, registerPublic } from '../register-routes.ts';
import { API_BASE, route, type Policy } from '../route.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { authenticateAccessToken } from './authenticate.ts';

const ME = `${API_BASE}/auth/me`;
const ROLES = ['user', 'manager', 'admin'] as const;
/** Paths whose addresses carry their own permission. */
const SIGNED = new Set(['/media/*']);
const RANK: Record<Policy, number> = { public: 0, user: 1, manager: 2, admin: 3 };

describeEachDatabase('every route', (open) => {
  let api: ApiFixture;
  let users: Record<(typeof ROLES)[number], TestUser>;
  let device: string;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: resourceRoutes() });
    const tenantId = await api.newTenant('policies');
    users = {
      user: await api.newUser(tenantId, 'user'),
      manager: await api.newUser(tenantId, 'manager'),
      admin: await api.newUser(tenantId, 'admin'),
    };
    device = (await api.tokens.issueDevice({ sub: users.admin.id, tenant: tenantId, ver: 0 })).token;
  });
  afterAll(() => api.close());

  const table = () =>
    api.app.routePolicies.map((entry) => ({ ...entry, path: entry.url.replaceAll(/:\w+/g, '999999') }));

  test('is in the table, and the table has the routes of all resources', () => {
    const urls = api.app.routePolicies.map(({ method, url }) => `${method} ${url}`);
    expect(new Set(urls).size).toBe(urls.length);
    expect(urls).toEqual(
      expect.arrayContaining([
        'POST /api/v1/auth/login',
        'GET /api/v1/audit',
        'POST /api/v1/alerts/deploy',
        'GET /health/ready',
      ]),
    );
    const open = api.app.routePolicies.filter(({ policy }) => policy === 'public').map(({ url }) => url);
    expect(open.sort()).toEqual([
      '/.well-known/jwks.json',
      '/api/v1/auth/login',
      '/api/v1/auth/logout',
      '/api/v1/auth/refresh',
      '/api/v1/content/uploads/:id/file',
      '/api/v1/content/uploads/:id/part',
      '/api/v1/live',
      '/health/live',
      '/health/ready',
      '/media/*',
      '/media/*',
      '/metrics',
    ]);
  });

  test('answers 401 to nobody, to a device and to a made-up token, unless it is public', async () => {
    const wrong: string[] = [];
    for (const { method, path, policy } of table()) {
      for (const authorization of [undefined, `Bearer ${device}`, 'Bearer a.b.c', 'Basic YTpi', 'Bearer']) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await api.send(method, path, { headers });
        // HEAD is answered as GET is, without the body.
        const isNamed = () => method === 'HEAD' || answer.json().error.code === 'UNAUTHENTICATED';
        const is401 = answer.statusCode === 401 && isNamed();
        if (is401 === (policy === 'public'))
          wrong.push(`${method} ${path} with ${authorization}: ${answer.statusCode}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('answers 403 to a role below its policy, before it looks at anything else, and never to one that reaches it', async () => {
    const wrong: string[] = [];
    for (const { method, path, policy } of table()) {
      for (const role of ROLES) {
        const body = method === 'GET' || method === 'DELETE' ? {} : { body: { unknown: true } };
        const { statusCode } = await api.send(method, path, { as: users[role], ...body });
        // There 403 is about the address, which is not signed here, and not about who asks.
        const mayBeRefused = RANK[role] < RANK[policy] || SIGNED.has(path);
        const isRight = mayBeRefused ? statusCode === 403 : ![401, 403, 500].includes(statusCode);
        if (!isRight) wrong.push(`${method} ${path} as ${role}: ${statusCode}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describeEachDatabase('a user who has to choose a password', (open) => {
  test('may look at and change the own account, and is told so everywhere else', async () => {
    const api = await openApi(await open(), { routes: resourceRoutes() });
    const as = await api.newUser(await api.newTenant('temporary'), 'admin');
    const choose = (flag: 0 | 1) =>
      api.ctx.db.sql.updateTable('users').set({ must_change_password: flag }).where('id', '=', as.id).execute();
    await choose(1);
    const wrong: string[] = [];
    for (const { method, url, policy } of api.app.routePolicies) {
      if (policy === 'public') continue;
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: { unknown: true } };
      const answer = await api.send(method, url.replaceAll(/:\w+/g, '999999'), { as, ...body });
      const isOpen = ['/api/v1/auth/me', '/api/v1/auth/password'].includes(url);
      const isNamed = () => method === 'HEAD' || answer.json().error.message.startsWith('Choose a new password');
      const isTold = answer.statusCode === 403 && isNamed();
      if (isTold === isOpen) wrong.push(`${method} ${url}: ${answer.statusCode}`);
    }
    expect(wrong).toEqual([]);
    await choose(0);
    api.clock.advance(1_000);
    expect((await api.send('GET', `${API_BASE}/audit`, { as })).statusCode).toBe(200);
    await api.close();
  });
});

describeEachDatabase('an access token outside of a request', (open) => {
  let api: ApiFixture;
  beforeAll(async () => {
    api = await openApi(await open());
  });
  afterAll(() => api.close());
  const origin = { ip: '192.0.2.9', requestId: 'live-1' };
  const ask = (token: string) => authenticateAccessToken(api.ctx, token, origin);
  const change = (id: number, set: object) =>
    api.ctx.db.sql.updateTable('users').set(set).where('id', '=', id).execute();

  test('stands for its user, with what the user may see now', async () => {
    const tenantId = await api.newTenant('live');
    const groupId = await api.newGroup(tenantId, 'Lobby');
    const user = await api.newUser(tenantId, 'manager', [groupId]);
    const actor = { userId: user.id, tenantId, username: user.username, role: 'manager', ...origin };
    expect(await ask(user.token)).toEqual({ ...actor, scope: new Set([groupId]) });
    await api.ctx.db.sql.deleteFrom('user_groups').where('user_id', '=', user.id).execute();
    api.clock.advance(1_000);
    expect(await ask(user.token)).toEqual({ ...actor, scope: new Set() });
  });

  test('is good no longer than a second after the user is disabled, logged out or gone, and never after its time', async () => {
    const tenantId = await api.newTenant('live, over');
    const ends = { disabled: { status: 'disabled' }, 'logged out': { token_version: 1 } };
    for (const set of Object.values(ends)) {
      const user = await api.newUser(tenantId, 'user');
      await ask(user.token);
      await change(user.id, set);
      api.clock.advance(1_000);
      await expect(ask(user.token)).rejects.toMatchObject({ name: 'ApiError', code: 'UNAUTHENTICATED' });
    }
    const user = await api.newUser(tenantId, 'user');
    await ask(user.token);
    for (const token of ['', 'a.b.c', `${user.token}x`, 'x'.repeat(2_000)])
      await expect(ask(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    api.clock.advance(15 * 60_000 + 6_000);
    await expect(ask(user.token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('opens nothing while a password has to be chosen', async () => {
    const user = await api.newUser(await api.newTenant('live, temporary'), 'user');
    await change(user.id, { must_change_password: 1 });
    await expect(ask(user.token)).rejects.toMatchObject({ name: 'ApiError', code: 'FORBIDDEN' });
    await change(user.id, { must_change_password: 0 });
    api.clock.advance(1_000);
    expect((await ask(user.token)).userId).toBe(user.id);
  });
});

describe('a route without a policy', () => {
  test('makes the boot fail, wherever it is registered', async () => {
    const app = fastify();
    guardPolicies(app);
    expect(() => app.get('/open', async () => 'x')).toThrow('Route GET /open has no policy');
    app.register(async (scope) => {
      scope.get('/inside', async () => 'x');
    });
    await expect(app.ready()).rejects.toThrow('Route GET /inside has no policy');
  });

  test('is public inside registerPublic', async () => {
    const app = fastify({ exposeHeadRoutes: false });
    guardPolicies(app);
    await registerPublic(app, async (scope) => void scope.get('/page', async () => 'x'), {});
    await app.ready();
    expect(app.routePolicies).toEqual([{ method: 'GET', url: '/page', policy: 'public' }]);
  });
});

describeEachDatabase('a token', (open) => {
  let api: ApiFixture;
  beforeAll(async () => {
    api = await openApi(await open());
  });
  afterAll(() => api.close());

  test('is refused for another tenant, another version, a user who is gone or disabled, and when it has expired', async () => {
    const user = await api.newUser(await api.newTenant('tokens'), 'user');
    const status = async (claims: Partial<{ sub: number; tenant: number; ver: number }>): Promise<number> => {
      const { token } = await api.tokens.issueUser({
        sub: user.id,
        role: 'admin',
        tenant: user.tenantId,
        ver: 0,
        ...claims,
      });
      return (await api.send('GET', ME, { headers: { authorization: `Bearer ${token}` } })).statusCode;
    };
    expect(await status({})).toBe(200);
    expect([
      await status({ tenant: user.tenantId + 1 }),
      await status({ ver: 1 }),
      await status({ sub: user.id + 999 }),
    ]).toEqual([401, 401, 401]);
    await api.ctx.db.sql.updateTable('users').set({ status: 'disabled' }).where('id', '=', user.id).execute();
    api.clock.advance(1_000);
    expect(await status({})).toBe(401);
    await api.ctx.db.sql.updateTable('users').set({ status: 'active' }).where('id', '=', user.id).execute();
    api.clock.advance(1_000);
    expect((await api.send('GET', ME, { as: user })).statusCode).toBe(200);
    api.clock.advance(15 * 60_000 + 6_000);
    const expired = await api.send('GET', ME, { as: user });
    expect([expired.statusCode, expired.json().error.message]).toEqual([401, 'The access token has expired']);
  });

  test('says who it is, and the database says what they may: a role in the token counts for nothing', async () => {
    const user = await api.newUser(await api.newTenant('roles'), 'user');
    const { token } = await api.tokens.issueUser({ sub: user.id, role: 'admin', tenant: user.tenantId, ver: 0 });
    const answer = await api.send('GET', `${API_BASE}/audit`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.statusCode).toBe(403);
  });

  test('in the query or of more than 1,536 characters is none', async () => {
    const user = await api.newUser(await api.newTenant('places'), 'user');
    expect((await api.send('GET', `${ME}?access_token=${user.token}`)).statusCode).toBe(401);
    expect(
      (await api.send('GET', ME, { headers: { authorization: `Bearer ${user.token}${'x'.repeat(1_536)}` } }))
        .statusCode,
    ).toBe(401);
  });
});

describeEachDatabase('allowances', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let user: TestUser;
  const alert = route({
    method: 'POST',
    url: `${API_BASE}/probe-alert`,
    policy: 'user',
    operationId: 'test13',
    summary: 'Stands for deploying an alert',
    bucket: 'alert',
    data: Type.Object({}),
    handler: async () => ({}),
  });
  beforeAll(async () => {
    db = await open();
  });
  beforeEach(async () => {
    api = await openApi(db, {
      routes: [alert],
      settings: { rateLimitUserPerMinute: 10, rateLimitAddressPerMinute: 20 },
    });
    user = await api.newUser(await api.newTenant(crypto.randomUUID()), 'user');
  });
  afterEach(() => api.close());

  const statuses = async (
    times: number,
    send: () => Promise<{ statusCode: number }>,
  ): Promise<Record<number, number>> => {
    const counts: Record<number, number> = {};
    for (let n = 0; n < times; n++) {
      const { statusCode } = await send();
      counts[statusCode] = (counts[statusCode] ?? 0) + 1;
    }
    return counts;
  };
  const me = (as: TestUser, ip = '192.0.2.1') => api.send('GET', ME, { as, ip });
  const stranger = (ip: string) => api.send('GET', ME, { ip });

  test('of a user end with 429, Retry-After and the envelope, whatever the address, and come back', async () => {
    expect(await statuses(10, () => me(user))).toEqual({ 200: 10 });
    const refused = await me(user, '192.0.2.2');
    expect([refused.statusCode, refused.json()]).toEqual([
      429,
      { success: false, error: { code: 'RATE_LIMITED', message: 'Too many requests' } },
    ]);
    const wait = Number(refused.headers['retry-after']);
    expect(wait).toBeGreaterThan(0);
    api.clock.advance(wait * 1_000);
    expect((await me(user)).statusCode).toBe(200);
  });

  test('of two users behind one address are two', async () => {
    const colleague = await api.newUser(user.tenantId, 'user');
    expect(await statuses(12, () => me(user))).toEqual({ 200: 10, 429: 2 });
    expect(await statuses(10, () => me(colleague))).toEqual({ 200: 10 });
  });

  test('for alerts are untouched by browsing, and end too', async () => {
    expect(await statuses(15, () => me(user))).toEqual({ 200: 10, 429: 5 });
    const raise = () => api.send('POST', `${API_BASE}/probe-alert`, { as: user });
    expect(await statuses(12, raise)).toEqual({ 200: 10, 429: 2 });
  });

  test('of an address count what is unauthenticated', async () => {
    expect(await statuses(25, () => stranger('192.0.2.3'))).toEqual({ 401: 20, 429: 5 });
    expect(
      (await api.send('POST', `${API_BASE}/auth/login`, { body: { username: 'a', password: 'b' }, ip: '192.0.2.3' }))
        .statusCode,
    ).toBe(429);
    expect((await api.send('GET', '/nothing', { ip: '192.0.2.3' })).statusCode).toBe(429);
    expect((await stranger('192.0.2.4')).statusCode).toBe(401);
    // Who has signed in goes on, and so do health checks.
    expect((await me(user, '192.0.2.3')).statusCode).toBe(200);
    expect((await api.send('GET', '/health/live', { ip: '192.0.2.3' })).statusCode).toBe(200);
  });

  test('of an address count what an authenticated user gets wrong, and not what goes well', async () => {
    const ip = '192.0.2.5';
    for (let n = 0; n < 8; n++) await me(user, ip);
    expect(await statuses(20, () => stranger(ip))).toEqual({ 401: 20 });
    api.clock.advance(3 * 60_000);
    for (let n = 0; n < 8; n++)
      expect((await api.send('GET', `${API_BASE}/audit`, { as: user, ip })).statusCode).toBe(403);
    // The failures are counted after they were answered.
    await sleep(1);
    expect(await statuses(20, () => stranger(ip))).toEqual({ 401: 12, 429: 8 });
  });

  test('of an IPv6 /64 are one', async () => {
    let n = 0;
    expect(await statuses(25, () => stranger(`2001:db8:0:9::${(++n).toString(16)}`))).toEqual({ 401: 20, 429: 5 });
  });

  test('do not believe X-Forwarded-For unless the proxy is ours', async () => {
    let n = 0;
    const forged = () => api.send('GET', ME, { ip: '192.0.2.6', headers: { 'x-forwarded-for': `198.51.100.${++n}` } });
    expect(await statuses(25, forged)).toEqual({ 401: 20, 429: 5 });
    const behind = await openApi(db, { settings: { rateLimitAddressPerMinute: 20, trustProxy: ['10.0.0.0/8'] } });
    const proxied = () =>
      behind.send('GET', ME, { ip: '10.1.2.3', headers: { 'x-forwarded-for': `198.51.100.${++n}` } });
    expect(await statuses(25, proxied)).toEqual({ 401: 25 });
    const direct = () =>
      behind.send('GET', ME, { ip: '192.0.2.7', headers: { 'x-forwarded-for': `198.51.100.${++n}` } });
    expect(await statuses(25, direct)).toEqual({ 401: 20, 429: 5 });
    await behind.close();
  });
});
