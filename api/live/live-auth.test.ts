import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import type { TestUser } from '../testing/api-fixture.ts';
import { openLiveApi, type LiveApi } from './testing/live-api.ts';

describeEachDatabase('connecting to the live feed', (open) => {
  let api: LiveApi;
  let tenantId: number;
  let admin: TestUser;
  beforeAll(async () => {
    api = await openLiveApi(await open(), { settings: { allowedOrigins: ['https://cms.example.com'] } });
    tenantId = await api.newTenant('owner');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const bearer = (user: TestUser) => ({ authorization: `Bearer ${user.token}` });

  test('takes the token as a subprotocol, as a header, and as the first message', async () => {
    const asProtocol = await api.connect({ token: admin.token });
    expect(asProtocol.socket.protocol).toBe('podoh.live.v1');
    const asHeader = await api.connect({ headers: bearer(admin) });
    const bare = await api.connect({ headers: bearer(admin), protocols: [] });
    const asMessage = await api.connect();
    asMessage.send({ type: 'auth', accessToken: admin.token });
    for (const client of [asProtocol, asHeader, bare, asMessage]) {
      await client.until('ready', () => client.of('ready').length === 1);
      const [ready] = client.of('ready');
      expect(client.messages[0]).toBe(ready);
      expect(ready?.userId).toBe(admin.id);
      expect(Date.parse(ready?.expiresAt ?? '')).toBeGreaterThan(Date.parse(ready?.serverTime ?? ''));
      await client.until('presence', () => client.of('presence').length === 1);
      expect(client.of('presence')[0]?.devices).toEqual([]);
      await client.close();
    }
  });

  test.each<[string, () => Parameters<LiveApi['connect']>[0], number]>([
    ['a made-up token', () => ({ token: 'a.b.c' }), 401],
    ['a header that is no bearer token', () => ({ headers: { authorization: 'Basic YTpi' } }), 401],
    ['a foreign origin', () => ({ token: admin.token, headers: { origin: 'https://evil.example.com' } }), 403],
    ['its own host on another port', () => ({ token: admin.token, headers: { origin: 'http://127.0.0.1:1' } }), 403],
    ['an origin that is null', () => ({ token: admin.token, headers: { origin: 'null' } }), 403],
    ['another subprotocol', () => ({ headers: bearer(admin), protocols: ['podoh.v1.json'] }), 400],
  ])('refuses %s at the upgrade', async (_what, options, status) => {
    await expect(api.connect(options())).rejects.toThrow(`upgrade refused: ${status}`);
  });

  test('lets in its own origin and those that are allowed', async () => {
    for (const origin of [api.url, api.url.replace('http', 'https'), 'https://cms.example.com']) {
      const client = await api.connect({ token: admin.token, headers: { origin } });
      await client.until('ready', () => client.of('ready').length === 1);
      expect(client.closed).toBe(null);
      await client.close();
    }
  });

  test('is no page, and other paths know no upgrade', async () => {
    const answer = await api.send('GET', '/api/v1/live', { as: admin });
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_ERROR']);
    const { port } = new URL(api.url);
    const socket = connectTcp(Number(port), '127.0.0.1').setEncoding('utf8');
    const asks = (path: string) =>
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n`;
    socket.write(asks('/health/live'));
    expect((await once(socket, 'data'))[0]).toContain('HTTP/1.1 200');
    // The connection goes on as any other does.
    socket.write(asks('/api/v1/live'));
    expect((await once(socket, 'data'))[0]).toContain('HTTP/1.1 400');
    socket.destroy();
  });

  test('reads nothing but the token first, and closes who says something else or a wrong one', async () => {
    for (const words of [
      { type: 'subscribe', topics: ['presence'] },
      'not json',
      { type: 'auth', accessToken: 'a.b.c' },
      { type: 'auth', accessToken: admin.token, more: 1 },
    ]) {
      const client = await api.connect();
      client.send(words);
      expect(await client.end()).toBe(4401);
      expect(client.messages).toEqual([]);
    }
  });

  test('closes who does not say who it is', async () => {
    const client = await api.connect();
    expect(await client.end()).toBe(4401);
  });

  test('is extended by another token of the same user, and of nobody else', async () => {
    const client = await api.console(admin);
    api.clock.advance(60_000);
    const { token } = await api.tokens.issueUser({ sub: admin.id, role: 'admin', tenant: tenantId, ver: 0 });
    client.send({ type: 'auth', accessToken: token });
    await client.until('authenticated', () => client.of('authenticated').length === 1);
    const before = Date.parse(client.of('ready')[0]?.expiresAt ?? '');
    const after = Date.parse(client.of('authenticated')[0]?.expiresAt ?? '');
    expect(after - before).toBeGreaterThan(50_000);
    const other = await api.newUser(tenantId, 'admin');
    client.send({ type: 'auth', accessToken: other.token });
    expect(await client.end()).toBe(4401);
  });

  test('is closed for what is no message, for too large ones and for too many', async () => {
    const endOf = async (words: readonly unknown[]): Promise<number> => {
      const client = await api.console(admin);
      for (const word of words) client.send(word);
      return client.end();
    };
    expect(await endOf([{ type: 'subscribe', topics: ['everything'] }])).toBe(4400);
    expect(await endOf(['x'.repeat(5_000)])).toBe(1009);
    expect(await endOf(Array.from({ length: 31 }, () => ({ type: 'subscribe' })))).toBe(4429);
  });

  test('[INV-9] ends when the token runs out, and when the user is disabled or logged out', async () => {
    const boss = await api.newUser(tenantId, 'admin');
    const user = await api.newUser(tenantId, 'user');
    const disabled = await api.console(user);
    const edited = await api.send('PUT', `/api/v1/users/${user.id}`, {
      as: boss,
      body: { status: 'disabled', version: 1 },
    });
    expect(edited.statusCode).toBe(200);
    expect(await disabled.end()).toBe(4401);

    // Whoever changes the row, and however: no line in any log tells of this one.
    const loggedOut = await api.console(boss);
    const other = await api.console(admin);
    await api.ctx.db.sql.updateTable('users').set({ token_version: 1 }).where('id', '=', boss.id).execute();
    expect(await loggedOut.end()).toBe(4401);
    expect(other.closed).toBe(null);

    api.clock.advance(15 * 60_000);
    expect(await other.end()).toBe(4401);
    await expect(api.connect({ token: admin.token })).rejects.toThrow('upgrade refused: 401');
    const { token } = await api.tokens.issueUser({ sub: admin.id, role: 'admin', tenant: tenantId, ver: 0 });
    admin = { ...admin, token };
  });

  test('a user has ten sockets, and more only when one has gone', async () => {
    const user = await api.newUser(tenantId, 'admin');
    const clients = [];
    for (let at = 0; at < 10; at += 1) clients.push(await api.console(user));
    await expect(api.connect({ token: user.token })).rejects.toThrow('upgrade refused: 429');
    const late = await api.connect();
    late.send({ type: 'auth', accessToken: user.token });
    expect(await late.end()).toBe(4429);
    await clients[0]?.close();
    await expect
      .poll(async () => (await api.connect({ token: user.token }).catch(() => null)) !== null, { timeout: 10_000 })
      .toBe(true);
    for (const client of clients) await client.close();
  });

  test('no token is in any log line', async () => {
    expect(api.logLines.length).toBeGreaterThan(0);
    const secret = admin.token.split('.')[2] ?? '';
    expect(secret.length).toBeGreaterThan(100);
    expect(api.logLines.filter((line) => line.includes(secret) || line.includes('bearer.'))).toEqual([]);
  });
});

describeEachDatabase('the live feed and its limits', (open) => {
  test('upgrades count as requests of the user, and what is refused as requests of the address', async () => {
    const api = await openLiveApi(await open(), {
      settings: { rateLimitUserPerMinute: 3, rateLimitAddressPerMinute: 4 },
    });
    const user = await api.newUser(await api.newTenant('owner'), 'admin');
    for (let at = 0; at < 3; at += 1) await api.console(user);
    await expect(api.connect({ token: user.token })).rejects.toThrow('upgrade refused: 429');
    for (let at = 0; at < 4; at += 1) {
      await expect(api.connect({ token: 'a.b.c' })).rejects.toThrow('upgrade refused: 401');
    }
    await expect(api.connect({ token: 'a.b.c' })).rejects.toThrow('upgrade refused: 429');
    await expect(api.connect()).rejects.toThrow('upgrade refused: 429');
    await api.close();
  });

  test('says goodbye when the process closes', async () => {
    const api = await openLiveApi(await open());
    const user = await api.newUser(await api.newTenant('owner'), 'admin');
    const client = await api.console(user);
    const waiting = await api.connect();
    await api.app.close();
    expect([await client.end(), await waiting.end()]).toEqual([1001, 1001]);
  });
});
