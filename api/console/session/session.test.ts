import { beforeEach, describe, expect, it } from 'vitest';
import { ApiFailure } from './api-failure.ts';
import { searchOf, Session } from './session.ts';
import type { StoredSession } from './stored-session.ts';

const USER = { id: 1, username: 'ada', displayName: 'Ada', role: 'admin', tenantId: 1, groupIds: [] };

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly token: string | null;
  readonly body: unknown;
}

/** The API's side: what was asked, and an answer for each. A browser's `fetch` is the edge that is stood in for. */
class Server {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => Response | Promise<Response> = () => json(404, {});

  readonly fetchFrom: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const asked = {
      method: init?.method ?? 'GET',
      path: input instanceof Request ? input.url : input.toString(),
      token: headers.get('authorization')?.replace('Bearer ', '') ?? null,
      body: typeof init?.body === 'string' ? JSON.parse(init.body) : init?.body,
    };
    this.asked.push(asked);
    return this.answer(asked);
  };

  times(path: string): number {
    return this.asked.filter((one) => one.path === path).length;
  }
}

function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

const refused = (code: string, status: number, headers: Record<string, string> = {}): Response =>
  json(status, { success: false, error: { code, message: code } }, headers);

/** One browser's storage, as two tabs see it. */
class Shelf {
  token: string | null = null;
  readonly listeners = new Set<(token: string | null) => void>();

  tab(): StoredSession {
    return {
      read: () => this.token,
      write: (token) => {
        this.token = token;
      },
      onChanged: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
  }
}

describe('the session of a console', () => {
  let server: Server;
  let shelf: Shelf;
  let nowMs: number;
  let issued: number;
  let session: Session;

  const pair = () => {
    issued += 1;
    return { accessToken: `access-${issued}`, refreshToken: `refresh-${issued}`, expiresIn: 900 };
  };
  const newSession = (): Session =>
    new Session({ stored: shelf.tab(), base: '/api/v1', fetchFrom: server.fetchFrom, nowMs: () => nowMs });

  beforeEach(() => {
    server = new Server();
    shelf = new Shelf();
    nowMs = 1_000_000;
    issued = 0;
    session = newSession();
    server.answer = ({ path }) => {
      if (path.endsWith('/auth/login')) return json(200, { data: { ...pair(), user: USER } });
      if (path.endsWith('/auth/refresh')) return json(200, { data: pair() });
      if (path.endsWith('/auth/me')) return json(200, { data: USER });
      return json(200, { data: [{ id: 7 }], meta: { page: 2, limit: 1, total: 5 } });
    };
  });

  it('begins signed out where nothing is stored, and asks nobody', async () => {
    expect(await session.start()).toBeNull();
    expect(session.state).toEqual({ phase: 'signed-out' });
    expect(server.asked).toEqual([]);
  });

  it('signs in, stores the refresh token alone, and uses the access token', async () => {
    await session.signIn('ada', 'secret');
    expect(session.state).toEqual({ phase: 'signed-in', user: USER });
    expect(shelf.token).toBe('refresh-1');
    expect(await session.list('/devices', { page: 2, q: '' })).toEqual({
      items: [{ id: 7 }],
      page: 2,
      limit: 1,
      total: 5,
    });
    expect(server.asked.at(-1)).toMatchObject({ path: '/api/v1/devices?page=2', token: 'access-1' });
  });

  it('comes back after a reload by what is stored', async () => {
    await session.signIn('ada', 'secret');
    const reloaded = newSession();
    await reloaded.start();
    expect(reloaded.state.phase).toBe('signed-in');
    expect(server.times('/api/v1/auth/refresh')).toBe(1);
  });

  it('renews a token that is about to run out once, however many calls wait for it', async () => {
    await session.signIn('ada', 'secret');
    nowMs += 14.5 * 60_000;
    await Promise.all([session.call('GET', '/a'), session.call('GET', '/b'), session.call('GET', '/c')]);
    expect(server.times('/api/v1/auth/refresh')).toBe(1);
    expect(server.asked.slice(-3).map(({ token }) => token)).toEqual(['access-2', 'access-2', 'access-2']);
  });

  it('makes a call that met an outdated token once more, with its body', async () => {
    await session.signIn('ada', 'secret');
    const usual = server.answer;
    server.answer = (asked) =>
      asked.path === '/api/v1/alerts' && asked.token === 'access-1' ? refused('UNAUTHENTICATED', 401) : usual(asked);
    await session.call('POST', '/alerts', { body: { title: 'Fire' } });
    const made = server.asked.filter(({ path }) => path === '/api/v1/alerts');
    expect(made.map(({ token, body }) => [token, body])).toEqual([
      ['access-1', { title: 'Fire' }],
      ['access-2', { title: 'Fire' }],
    ]);
  });

  it('stays signed in while the network is down, and expires only by the word of the API', async () => {
    await session.signIn('ada', 'secret');
    nowMs += 3_600_000;
    const usual = server.answer;
    server.answer = () => Promise.reject(new TypeError('network'));
    await expect(session.call('GET', '/devices')).rejects.toMatchObject({ code: 'UNREACHABLE', isPassing: true });
    expect(session.state.phase).toBe('signed-in');
    server.answer = ({ path }) => (path.endsWith('/auth/refresh') ? refused('UNAUTHENTICATED', 401) : json(200, {}));
    await expect(session.call('GET', '/devices')).rejects.toBeInstanceOf(ApiFailure);
    expect(session.state).toEqual({ phase: 'expired', user: USER });
    server.answer = usual;
    await session.signIn('ada', 'secret');
    expect(session.state.phase).toBe('signed-in');
  });

  it('takes the newer token that another tab has fetched meanwhile', async () => {
    await session.signIn('ada', 'secret');
    nowMs += 3_600_000;
    const usual = server.answer;
    server.answer = (asked) => {
      if (!asked.path.endsWith('/auth/refresh')) return usual(asked);
      if ((asked.body as { refreshToken: string }).refreshToken !== 'refresh-1') return usual(asked);
      shelf.token = 'refresh-of-the-other-tab';
      return refused('UNAUTHENTICATED', 401);
    };
    await session.call('GET', '/devices');
    expect(session.state.phase).toBe('signed-in');
    expect(server.times('/api/v1/auth/refresh')).toBe(2);
  });

  it('signs out when another tab does, and in when another does', async () => {
    await session.signIn('ada', 'secret');
    shelf.token = null;
    for (const listener of shelf.listeners) listener(null);
    expect(session.state.phase).toBe('signed-out');
    shelf.token = 'refresh-9';
    for (const listener of shelf.listeners) listener('refresh-9');
    await expect.poll(() => session.state.phase).toBe('signed-in');
  });

  it('signs out here even when the API is away', async () => {
    await session.signIn('ada', 'secret');
    server.answer = () => Promise.reject(new TypeError('network'));
    await session.signOut();
    expect(session.state.phase).toBe('signed-out');
    expect(shelf.token).toBeNull();
  });

  it('says why a call failed: code, fields, when to come back', async () => {
    await session.signIn('ada', 'secret');
    server.answer = () => refused('RATE_LIMITED', 429, { 'retry-after': '7', 'x-request-id': 'r1' });
    await expect(session.call('GET', '/devices')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      status: 429,
      retryAfterMs: 7_000,
      requestId: 'r1',
    });
    server.answer = () => new Response('<html>bad gateway</html>', { status: 502 });
    await expect(session.call('GET', '/devices')).rejects.toMatchObject({ code: 'UNREACHABLE', status: 502 });
  });

  it('lets a call that was given up be given up, and calls it no failure of the API', async () => {
    await session.signIn('ada', 'secret');
    const giveUp = new AbortController();
    server.answer = () => Promise.reject(new DOMException('given up', 'AbortError'));
    giveUp.abort();
    await expect(session.call('GET', '/devices', { signal: giveUp.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('a query in an address', () => {
  it('leaves out what is not said and joins lists', () => {
    expect(searchOf({ q: 'a b', page: 1, none: undefined, empty: '', no: null, ids: [1, 2] })).toBe(
      '?q=a+b&page=1&ids=1%2C2',
    );
    expect(searchOf({})).toBe('');
  });
});
