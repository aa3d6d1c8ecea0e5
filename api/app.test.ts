import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { Redis } from 'ioredis';
import Type from 'typebox';
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { databaseMaker, describeEachDatabase, type TestDatabase } from '../test/support/databases.ts';
import { eventually } from '../test/support/eventually.ts';
import { startMariaDb } from '../test/support/mariadb.ts';
import { startRedis } from '../test/support/redis.ts';
import { migrateToLatest } from '../migrations/migrate.ts';
import { openDatabase } from '../migrations/open.ts';
import { API_BASE, route } from './route.ts';
import { openApi, type ApiFixture, type FixtureOptions } from './testing/api-fixture.ts';

let api: ApiFixture;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await api.close();
});

async function listen(db: TestDatabase, options: FixtureOptions = {}): Promise<number> {
  api = await openApi(db, options);
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  return (api.app.server.address() as AddressInfo).port;
}

/** Sends bytes as they are and collects what comes until the other side closes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.setEncoding('utf8');
  let got = '';
  socket.on('data', (data: string) => (got += data));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return got;
}

async function fetchVia(agent: Agent, port: number, path: string): Promise<IncomingMessage> {
  const request = get({ agent, port, host: '127.0.0.1', path });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

describe('a listening API', () => {
  const open = databaseMaker('sqlite');
  let db: TestDatabase;
  beforeAll(async () => {
    db = await open();
  });

  test.each<[string, string, number]>([
    ['garbage', 'HELLO\r\n\r\n', 400],
    [
      'two content lengths',
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      400,
    ],
    [
      'a content length and chunks',
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['headers of 20 KB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['no host', 'GET /health/live HTTP/1.1\r\n\r\n', 400],
  ])('answers %s in the envelope where it can, and closes', async (_what, bytes, status) => {
    const answer = await raw(await listen(db), bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  test('refuses a chunked body as soon as it is too large', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const head =
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answer = await raw(await listen(db), head + chunk.repeat(5));
    expect(answer).toContain('HTTP/1.1 413');
    expect(answer).toContain('PAYLOAD_TOO_LARGE');
  });

  test('gives up on a body that does not come, and on a handler that does not answer', async () => {
    const never = route({
      method: 'GET',
      url: '/never',
      policy: 'public',
      operationId: 'test8',
      summary: 'Never answers',
      data: Type.Object({}),
      handler: () => new Promise<never>(() => undefined),
    });
    const port = await listen(db, { routes: [never], timeouts: { requestMs: 15_000, handlerMs: 300 } });
    const head =
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{';
    const slow = await raw(port, head);
    expect(slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(slow.toLowerCase()).toContain('connection: close');
    const stuck = await raw(port, 'GET /never HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(stuck).toMatch(/^HTTP\/1\.1 503 /);
    expect(stuck).toContain('UNAVAILABLE');
  });

  test('sends security headers, and CORS headers to the origins allowed alone', async () => {
    await listen(db, { settings: { allowedOrigins: ['https://cms.example.com'] } });
    const plain = await api.send('GET', '/health/live');
    expect(plain.headers['content-security-policy']).toContain("default-src 'self'");
    expect(plain.headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    expect(plain.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
    const preflight = (origin: string) =>
      api.send('OPTIONS', `${API_BASE}/auth/me`, {
        headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization' },
      });
    const allowed = await preflight('https://cms.example.com');
    expect([allowed.statusCode, allowed.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://cms.example.com',
    ]);
    expect(allowed.headers['access-control-allow-methods']).toContain('PUT');
    for (const origin of ['https://evil.example', 'null', 'https://cms.example.com.evil', 'http://cms.example.com']) {
      expect((await preflight(origin)).headers['access-control-allow-origin']).not.toBe(origin);
    }
  });

  test('without allowed origins answers no preflight', async () => {
    await listen(db);
    const answer = await api.send('OPTIONS', `${API_BASE}/auth/me`, {
      headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
    });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('draining is not ready, still serves, and closes each connection it answers', async () => {
    const port = await listen(db);
    const agent = new Agent({ keepAlive: true });
    const before = await fetchVia(agent, port, '/health/ready');
    expect([before.statusCode, before.headers.connection]).toEqual([200, 'keep-alive']);
    api.app.beginDrain();
    const ready = await fetchVia(agent, port, '/health/ready');
    expect([ready.statusCode, ready.headers.connection, ready.headers['retry-after']]).toEqual([503, 'close', '1']);
    expect((await fetchVia(agent, port, '/health/live')).statusCode).toBe(200);
    agent.destroy();
  });

  test('closing ends idle connections, and a busy one as soon as it was answered', async () => {
    const body = new PassThrough();
    const download = route({
      method: 'GET',
      url: '/download',
      policy: 'public',
      operationId: 'test9',
      summary: 'Sends bytes slowly',
      data: Type.String(),
      raw: true,
      handler: async () => ({ contentType: 'text/plain', body }),
    });
    const port = await listen(db, { routes: [download] });
    const agent = new Agent({ keepAlive: true });
    await fetchVia(agent, port, '/health/live');
    const request = get({ agent: new Agent({ keepAlive: true }), port, host: '127.0.0.1', path: '/download' });
    body.write('first ');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.headers.connection).toBe('keep-alive');
    // The connection was promised to stay. Were it left to its keep-alive time, closing would outlast the test's time-out.
    const closed = api.app.close();
    await eventually(() => !api.app.server.listening);
    body.end('last');
    expect((await response.toArray()).join('')).toBe('first last');
    await closed;
    agent.destroy();
  });
});

describe.skipIf(inject('mariadb') === null)('an API whose database', () => {
  test.each(['freezes', 'is killed'] as const)(
    '%s answers 503 with Retry-After, and works again after',
    async (how) => {
      const server = await startMariaDb();
      const db = openDatabase({ url: await server.createDatabase('podoh'), poolSize: 4, logWarn: () => undefined });
      await migrateToLatest(db, () => undefined);
      api = await openApi(db);
      const user = await api.newUser(await api.newTenant('away'), 'admin');
      expect((await api.send('GET', '/health/ready')).statusCode).toBe(200);
      if (how === 'freezes') server.freeze();
      else await server.kill9();
      api.clock.advance(2_000);
      const login = { body: { username: user.username, password: 'x' } };
      const answers = await Promise.all([
        api.send('GET', '/health/ready'),
        api.send('GET', `${API_BASE}/auth/me`, { as: user }),
        api.send('POST', `${API_BASE}/auth/login`, login),
        api.send('POST', `${API_BASE}/auth/refresh`, { body: { refreshToken: 'x' } }),
      ]);
      for (const answer of answers) {
        expect([answer.statusCode, answer.json().error.code, answer.headers['retry-after']]).toEqual([
          503,
          'UNAVAILABLE',
          '1',
        ]);
      }
      expect((await api.send('GET', '/health/live')).statusCode).toBe(200);
      if (how === 'freezes') server.thaw();
      else await server.restart();
      await eventually(async () => {
        api.clock.advance(1_000);
        return (await api.send('GET', '/health/ready')).statusCode === 200;
      });
      expect((await api.send('POST', `${API_BASE}/auth/login`, login)).statusCode).toBe(401);
      await db.close();
      await server.stop();
    },
  );
});

describeEachDatabase('an API whose Redis freezes', (open) => {
  test.skipIf(inject('redisUrl') === null)('goes on, and goes on limiting', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, lazyConnect: true });
    redis.on('error', () => undefined);
    await redis.connect();
    api = await openApi(await open(), { limiterRedis: redis, settings: { rateLimitUserPerMinute: 10 } });
    const user = await api.newUser(await api.newTenant('frozen'), 'user');
    expect((await api.send('GET', `${API_BASE}/auth/me`, { as: user })).statusCode).toBe(200);
    server.freeze();
    const statuses: number[] = [];
    for (let n = 0; n < 12; n++) statuses.push((await api.send('GET', `${API_BASE}/auth/me`, { as: user })).statusCode);
    expect(statuses).toEqual([...Array<number>(9).fill(200), 429, 429, 429]);
    server.thaw();
    redis.disconnect();
    await server.stop();
  });
});
