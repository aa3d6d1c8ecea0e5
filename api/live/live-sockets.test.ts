import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { WebSocket, WebSocketServer } from 'ws';
import { afterEach, describe, expect, test } from 'vitest';
import { databaseMaker } from '../../test/support/databases.ts';
import { eventually } from '../../test/support/eventually.ts';
import { openApi, type ApiFixture } from '../testing/api-fixture.ts';
import { checkToken } from './check-token.ts';
import { LiveFeed } from './live-feed.ts';
import { LIVE_LIMITS, type LiveLimits } from './live-limits.ts';
import { LiveSocket } from './live-socket.ts';

const ORIGIN = { ip: '127.0.0.1', requestId: 'test' };
const servers: WebSocketServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate();
    server.close();
  }
});

/** A real WebSocket server, and both ends of every connection to it. */
function listen(): (options?: object) => Promise<{ near: WebSocket; far: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  servers.push(server);
  return async (options = {}) => {
    if (server.address() === null) await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const near = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
    const far = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false, ...options });
    await new Promise((resolve) => far.once('open', resolve));
    return { near: await near, far };
  };
}

describe('a live socket', () => {
  test('that does not read is closed before it holds much, and the others hear everything', async () => {
    const connect = listen();
    const [slow, good] = [await connect(), await connect()];
    const limits = { ...LIVE_LIMITS, goodbyeMs: 60_000 };
    const slowSocket = new LiveSocket(slow.near, ORIGIN, limits);
    const goodSocket = new LiveSocket(good.near, ORIGIN, limits);
    const isClosed = (): boolean => slowSocket.state === 'closed';
    let heard = 0;
    good.far.on('message', () => (heard += 1));
    slow.far.pause();
    const text = 'x'.repeat(60_000);
    let said = 0;
    while (!isClosed()) {
      slowSocket.sendText(text);
      goodSocket.sendText(text);
      said += 1;
      expect(slow.near.bufferedAmount).toBeLessThanOrEqual(limits.bufferedBytesMax + 1_000);
      await eventually(() => good.near.bufferedAmount === 0);
    }
    await eventually(() => heard === said);
    expect(goodSocket.state).toBe('waiting');
    const ended = new Promise<number>((resolve) => slow.far.once('close', resolve));
    slow.far.resume();
    expect(await ended).toBe(4408);
  });

  test('that does not read its own goodbye is cut', async () => {
    const { near, far } = await listen()();
    const socket = new LiveSocket(near, ORIGIN, { ...LIVE_LIMITS, goodbyeMs: 50 });
    far.pause();
    const ended = new Promise<void>((resolve) => near.once('close', () => resolve()));
    socket.close('GOING_AWAY');
    await ended;
    socket.sendText('late');
    expect(near.readyState).toBe(WebSocket.CLOSED);
  });
});

describe('the sockets of a live feed', () => {
  const open = databaseMaker('sqlite');

  async function feedWith(limits: Partial<LiveLimits>): Promise<{ api: ApiFixture; feed: LiveFeed }> {
    const api = await openApi(await open());
    const feed = new LiveFeed({ ...api.ctx, registry: new Registry() }, { ...LIVE_LIMITS, ...limits });
    return { api, feed };
  }

  test('that do not answer pings are cut, and those that do are not', async () => {
    const { api, feed } = await feedWith({ pingMs: 50 });
    const user = await api.newUser(await api.newTenant('owner'), 'admin');
    const connect = listen();
    const credentials = await checkToken(api.ctx, user.token, ORIGIN);
    const [dead, living] = [await connect({ autoPong: false }), await connect()];
    let pings = 0;
    living.far.on('ping', () => (pings += 1));
    for (const { near } of [dead, living]) feed.accept(near, ORIGIN, credentials);
    const code = await new Promise((resolve) => dead.far.once('close', resolve));
    expect(code).toBe(1006);
    await eventually(() => pings >= 10);
    expect(living.far.readyState).toBe(WebSocket.OPEN);
    await feed.stop();
    await api.close();
  });

  test('are so many and no more, those above all that have not said who they are', async () => {
    const { api, feed } = await feedWith({ waitingMax: 2, socketsMax: 3 });
    const user = await api.newUser(await api.newTenant('owner'), 'admin');
    const connect = listen();
    const [first, second, third] = [await connect(), await connect(), await connect()];
    feed.accept(first.near, ORIGIN, null);
    expect(feed.isFull).toBe(false);
    feed.accept(second.near, ORIGIN, null);
    expect(feed.isFull).toBe(true);
    const answered = new Promise<Buffer>((resolve) => first.far.once('message', resolve));
    first.far.send(JSON.stringify({ type: 'auth', accessToken: user.token }));
    // What is sent behind the token waits for it.
    first.far.send(JSON.stringify({ type: 'subscribe', topics: [] }));
    expect(JSON.parse((await answered).toString())).toMatchObject({ type: 'ready', userId: user.id });
    expect(feed.isFull).toBe(false);
    feed.accept(third.near, ORIGIN, await checkToken(api.ctx, user.token, ORIGIN));
    expect(feed.isFull).toBe(true);
    third.far.close();
    await eventually(() => !feed.isFull);
    await feed.stop();
    expect(feed.isFull).toBe(true);
    await api.close();
  });

  test('cost nothing when there are none', async () => {
    const { api, feed } = await feedWith({ pollMs: 5 });
    const user = await api.newUser(await api.newTenant('owner'), 'admin');
    let statements = 0;
    const select = api.ctx.db.sql.selectFrom.bind(api.ctx.db.sql);
    Object.assign(api.ctx.db.sql, {
      selectFrom: (...tables: Parameters<typeof select>) => {
        statements += 1;
        return select(...tables);
      },
    });
    const { near, far } = await listen()();
    feed.accept(near, ORIGIN, await checkToken(api.ctx, user.token, ORIGIN));
    await eventually(() => statements > 50);
    far.close();
    await new Promise((resolve) => near.once('close', resolve));
    await sleep(100);
    const rest = statements;
    await sleep(100);
    expect(statements).toBe(rest);
    await feed.stop();
    await api.close();
  });
});
