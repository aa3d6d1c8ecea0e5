/** The socket against a real WebSocket server on this machine; only the timers are the test's. */
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer, type WebSocket as Peer } from 'ws';
import type { DownFrame } from '../../protocol/down.ts';
import type { SocketEnd } from '../../protocol/reconnect.ts';
import { GREETING_DEADLINE_MS, HubSocket, PING_MS } from './hub-socket.ts';

const WELCOME = {
  type: 'welcome',
  sessionId: 's',
  connEpoch: 1,
  epoch: 7,
  rev: 10,
  serverTime: '2026-11-20T09:30:00.000Z',
  tokenExpiresAt: '2026-11-20T10:30:00.000Z',
  pingSeconds: 12,
  statusSeconds: 60,
  reconnect: { minMs: 1000, maxMs: 60_000 },
};

let server: WebSocketServer;
let offered: string;
let onPeer: (peer: Peer) => void;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (protocols) => [...protocols][0] ?? false,
  });
  onPeer = () => undefined;
  server.on('connection', (peer, request) => {
    offered = String(request.headers['sec-websocket-protocol']);
    onPeer(peer);
  });
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(async () => {
  vi.useRealTimers();
  for (const peer of server.clients) peer.terminate();
  await new Promise((resolve) => server.close(resolve));
});

function open() {
  const log: string[] = [];
  const { promise: opened, resolve: onOpen } = Promise.withResolvers<void>();
  const { promise: welcomed, resolve: onWelcome } = Promise.withResolvers<void>();
  const { promise: over, resolve: onEnd } = Promise.withResolvers<SocketEnd>();
  const socket = new HubSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`, 'a.b.c', () => 5, {
    onOpen() {
      log.push('open');
      onOpen();
    },
    onFrame(frame: DownFrame) {
      log.push(frame.type);
      if (frame.type === 'welcome') onWelcome();
    },
    onEnd(end) {
      log.push(`end ${end.code}`);
      onEnd(end);
    },
    onNoise: () => log.push('noise'),
  });
  return { socket, log, opened, welcomed, over };
}

describe('HubSocket', () => {
  it('offers the codec and its token, and hands frames on', async () => {
    onPeer = (peer) => peer.send(JSON.stringify(WELCOME));
    const { log, welcomed, socket } = open();
    await welcomed;
    expect(offered.split(/, ?/)).toEqual(['podoh.v1.json', 'bearer.a.b.c']);
    expect(log).toEqual(['open', 'welcome']);
    socket.abandon('done');
  });

  it('counts what is no frame and goes on', async () => {
    onPeer = (peer) => {
      for (const noise of ['{', '7', 'null', '[]', '{"type":5}']) peer.send(noise);
      peer.send(Buffer.from([0x81, 0xa4]), { binary: true });
      peer.send(JSON.stringify({ type: 'something.new' }));
      peer.send(JSON.stringify(WELCOME));
    };
    const { log, welcomed, socket } = open();
    await welcomed;
    expect(log).toEqual(['open', 'noise', 'noise', 'noise', 'noise', 'noise', 'noise', 'something.new', 'welcome']);
    socket.abandon('done');
  });

  it('tells the close code and whether it had been welcomed', async () => {
    onPeer = (peer) => {
      peer.send(JSON.stringify(WELCOME));
      peer.close(4301, 'revoked');
    };
    expect(await open().over).toEqual({ code: 4301, welcomed: true, livedMs: 0 });
  });

  it('ends when nothing answers at the address', async () => {
    vi.useRealTimers();
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    server = new WebSocketServer({ noServer: true });
    const end = await new Promise<SocketEnd>((resolve) => {
      const quiet = { onOpen: () => undefined, onFrame: () => undefined, onNoise: () => undefined };
      const socket = new HubSocket(`ws://127.0.0.1:${port}/ws`, 'a.b.c', () => 5, { ...quiet, onEnd: resolve });
      expect(socket.send({ type: 'ping' })).toBe(false);
    });
    expect(end).toEqual({ code: 1006, welcomed: false, livedMs: 0 });
  });

  it('does not wait for a welcome for ever', async () => {
    const { opened, log, over } = open();
    await opened;
    vi.advanceTimersByTime(GREETING_DEADLINE_MS);
    expect(await over).toMatchObject({ code: 1006, welcomed: false });
    expect(log).toEqual(['open', 'end 1006']);
  });

  it('notices a hub that has gone silent within two pings', async () => {
    onPeer = (peer) => peer.send(JSON.stringify(WELCOME));
    const { welcomed, log, over } = open();
    await welcomed;
    vi.advanceTimersByTime(2 * PING_MS - 1);
    expect(log).not.toContain('end 1006');
    vi.advanceTimersByTime(1);
    expect(await over).toMatchObject({ code: 1006, welcomed: true });
    expect(2 * PING_MS).toBeLessThan(20_000);
  });

  it('stays with a hub that answers', async () => {
    onPeer = (peer) => {
      peer.on('message', () => peer.send(JSON.stringify({ type: 'pong', serverTime: WELCOME.serverTime })));
      peer.send(JSON.stringify(WELCOME));
    };
    const { socket, welcomed, log } = open();
    await welcomed;
    for (let round = 1; round <= 5; round += 1) {
      vi.advanceTimersByTime(PING_MS);
      while (log.filter((entry) => entry === 'pong').length < round)
        await new Promise((resolve) => setImmediate(resolve));
    }
    expect([log.includes('end 1006'), socket.pingSentAtMs]).toEqual([false, 5]);
    socket.abandon('done');
  });

  it('is silent after it was abandoned', async () => {
    const { socket, opened, log } = open();
    await opened;
    const gone = new Promise((resolve) => [...server.clients][0]?.once('close', resolve));
    socket.abandon('changed my mind');
    expect(await gone).toBe(1000);
    vi.advanceTimersByTime(10 * PING_MS);
    expect([log, socket.send({ type: 'ping' })]).toEqual([['open'], false]);
  });
});
