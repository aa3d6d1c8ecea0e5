import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveFeed } from './live-feed.ts';
import { refetchOnChange } from './refetch-on-change.ts';

/** A browser's WebSocket, as far as the feed uses it; the test is the server. */
class Socket extends EventTarget {
  readonly sent: string[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.dispatchEvent(new Event('close'));
  }

  say(message: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }
}

const LADDER = {
  targeted: 2,
  online: 2,
  sent: 2,
  received: 2,
  displayed: 1,
  cleared: 0,
  failed: 0,
  expired: 0,
  unconfirmed: 1,
};

describe('the live feed', () => {
  let sockets: Socket[];
  let tokens: string[];
  let feed: LiveFeed;
  const ready = () => ({
    type: 'ready',
    serverTime: '',
    userId: 1,
    expiresAt: new Date(Date.now() + 900_000).toISOString(),
  });

  beforeEach(() => {
    vi.useFakeTimers();
    sockets = [];
    tokens = [];
    feed = new LiveFeed({
      url: 'ws://here/api/v1/live',
      accessToken: async () => `token-${tokens.push('') - 1}`,
      openSocket: (_url, protocols) => {
        tokens[tokens.length - 1] = protocols[1] ?? '';
        const socket = new Socket();
        sockets.push(socket);
        return socket as unknown as WebSocket;
      },
      random: () => 1,
      nowMs: Date.now,
    });
  });
  afterEach(() => {
    feed.stop();
    vi.useRealTimers();
  });

  const opened = async (): Promise<Socket> => {
    await vi.advanceTimersByTimeAsync(0);
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  };

  it('opens one socket with the token, is live at ready, and asks that everything be read again', async () => {
    let resyncs = 0;
    feed.onResync(() => (resyncs += 1));
    feed.start();
    feed.start();
    const socket = await opened();
    expect(sockets).toHaveLength(1);
    expect(tokens).toEqual(['bearer.token-0']);
    expect(feed.picture.status).toBe('connecting');
    socket.say(ready());
    expect(feed.picture.status).toBe('live');
    expect(resyncs).toBe(1);
  });

  it('holds the newest word on every ladder and forgets all of it with a new connection', async () => {
    feed.start();
    const first = await opened();
    first.say(ready());
    first.say({ type: 'ladder', deployments: [{ deploymentId: 7, status: 'active', ladder: LADDER, latency: {} }] });
    first.say({ type: 'ladder', deployments: [{ deploymentId: 8, status: 'active', ladder: LADDER, latency: {} }] });
    const newer = { ...LADDER, displayed: 2 };
    first.say({ type: 'ladder', deployments: [{ deploymentId: 7, status: 'active', ladder: newer, latency: {} }] });
    expect([...feed.picture.ladders.keys()]).toEqual([7, 8]);
    expect(feed.picture.ladders.get(7)?.ladder.displayed).toBe(2);
    first.close();
    expect(feed.picture.status).toBe('lost');
    await vi.advanceTimersByTimeAsync(700);
    (await opened()).say(ready());
    expect(feed.picture.status).toBe('live');
    expect(feed.picture.ladders.size).toBe(0);
  });

  it('tries again and again, ever more slowly, and at once when asked', async () => {
    feed.start();
    (await opened()).say(ready());
    const gaps: number[] = [];
    for (let tries = 0; tries < 8; tries += 1) {
      sockets.at(-1)?.close();
      const before = Date.now();
      const count = sockets.length;
      while (sockets.length === count) await vi.advanceTimersByTimeAsync(100);
      gaps.push(Date.now() - before);
    }
    expect(gaps).toEqual([...gaps].sort((one, other) => one - other));
    expect(gaps.at(-1)).toBeLessThanOrEqual(15_200);
    sockets.at(-1)?.close();
    const count = sockets.length;
    feed.hurry();
    await vi.advanceTimersByTimeAsync(0);
    expect(sockets).toHaveLength(count + 1);
  });

  it('gives up a socket that never says ready', async () => {
    feed.start();
    const silent = await opened();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(silent.isClosed).toBe(true);
  });

  it('renews its token on the open socket before it runs out', async () => {
    feed.start();
    const socket = await opened();
    socket.say(ready());
    await vi.advanceTimersByTimeAsync(900_000 - 90_000 + 10);
    expect(socket.sent.map((text) => JSON.parse(text))).toEqual([{ type: 'auth', accessToken: 'token-1' }]);
    expect(socket.isClosed).toBe(false);
  });

  it('has what changed read again, several words of one thing once, and a busy thing not more than every two seconds', async () => {
    const queries = new QueryClient();
    const read: string[] = [];
    vi.spyOn(queries, 'invalidateQueries').mockImplementation(async (filters) => {
      const entity: unknown = filters?.queryKey?.[0];
      read.push(typeof entity === 'string' ? entity : 'all');
    });
    const stop = refetchOnChange(feed, queries);
    feed.start();
    const socket = await opened();
    socket.say(ready());
    expect(read).toEqual(['all']);
    socket.say({
      type: 'changed',
      entities: [
        { entity: 'schedule', id: 1 },
        { entity: 'schedule', id: 2 },
      ],
    });
    await vi.advanceTimersByTimeAsync(200);
    expect(read.filter((entity) => entity === 'schedule')).toHaveLength(1);
    for (let at = 0; at < 38; at += 1) {
      socket.say({ type: 'changed', entities: [{ entity: 'device', id: at }] });
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(read.filter((entity) => entity === 'device').length).toBeLessThanOrEqual(2);
    // A screen's group shows how many of its screens are online.
    expect(read).toContain('group');
    stop();
    socket.say({ type: 'changed', entities: [{ entity: 'user', id: 1 }] });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(read).not.toContain('user');
    queries.clear();
  });
});
