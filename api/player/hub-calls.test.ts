/** The player's HTTP calls, its token and its two loops, against a real HTTP server on this machine that answers as told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeartbeatResponse } from '../../protocol/sync.ts';
import { HeartbeatLoop } from './heartbeat-loop.ts';
import { createHubHttp, type HubHttp } from './hub-http.ts';
import { memoryKeyValue } from './key-value.ts';
import { PairingLoop } from './pairing-loop.ts';
import { PlayerMemory } from './player-memory.ts';
import { createTokenKeeper } from './token-keeper.ts';

interface Call {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly authorization: string | undefined;
  readonly ifNoneMatch: string | undefined;
  data(data: object): void;
  refuse(status: number, code: string, headers?: Record<string, string>): void;
  raw(status: number, text: string): void;
  drop(): void;
}

let server: Server;
let http: HubHttp;
let onCall: (call: Call) => void;

function bodyOf(request: IncomingMessage, bytes: Buffer): Record<string, unknown> {
  if (request.method === 'POST') return JSON.parse(bytes.toString()) as Record<string, unknown>;
  return { method: request.method, text: bytes.toString() };
}

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const answer = (status: number, body: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
  onCall({
    path: request.url ?? '',
    body: bodyOf(request, Buffer.concat(chunks)),
    ifNoneMatch: request.headers['if-none-match'],
    authorization: request.headers.authorization,
    data: (data) => answer(200, JSON.stringify({ success: true, data })),
    refuse: (status, code, headers) =>
      answer(status, JSON.stringify({ success: false, error: { code, message: code } }), headers),
    raw: answer,
    drop: () => request.socket.destroy(),
  });
}

beforeEach(async () => {
  server = createServer((request, response) => {
    take(request, response).catch((cause: unknown) => response.destroy(cause as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  http = createHubHttp(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('HubHttp', () => {
  const TOKEN = { accessToken: 'a.b.c', tokenType: 'Bearer', expiresIn: 3600 };

  it('posts to the contract’s path and opens the envelope', async () => {
    onCall = (call) => {
      expect([call.path, call.body]).toEqual(['/api/v1/sync/token', { deviceId: 42, credential: 'c' }]);
      call.data(TOKEN);
    };
    expect(await http.token({ deviceId: 42, credential: 'c' })).toEqual({ ok: true, data: TOKEN });
  });

  it('tells status, code and how long to wait when it is refused', async () => {
    onCall = (call) => call.refuse(429, 'RATE_LIMITED', { 'retry-after': '7' });
    expect(await http.register({ playerId: 'p' })).toEqual({
      ok: false,
      status: 429,
      code: 'RATE_LIMITED',
      retryAfterMs: 7000,
    });
  });

  it.each([
    ['a page of a captive portal', (call: Call) => call.raw(200, '<html>Please log in</html>')],
    ['an answer of another contract', (call: Call) => call.data({ token: 'x' })],
    ['nothing', (call: Call) => call.raw(200, '')],
    ['a cut line', (call: Call) => call.drop()],
  ])('takes %s for no answer', async (_what, answer) => {
    onCall = answer;
    expect(await http.token({ deviceId: 42, credential: 'c' })).toMatchObject({ ok: false, status: 0 });
  });

  it('asks for the manifest with the tag of the one that is held, and knows when that is still the one', async () => {
    const manifest = { version: 7, schedules: [], contentList: [], prefetch: [] };
    onCall = (call) => {
      expect([call.path, call.authorization]).toEqual(['/api/v1/sync/schedule', 'Bearer t']);
      if (call.ifNoneMatch === '"7"') call.raw(304, '');
      else call.data(manifest);
    };
    expect(await http.manifest('t', null)).toEqual({ ok: true, data: { manifest, etag: null } });
    expect(await http.manifest('t', '"7"')).toEqual({ ok: true, data: { manifest: null, etag: null } });
    onCall = (call) => call.data({ ...manifest, schedules: 'none' });
    expect(await http.manifest('t', null)).toMatchObject({ ok: false, status: 0, code: 'UNREADABLE' });
  });

  it('brings plays and the file of a command', async () => {
    const entry = { id: 'a', contentId: 1, startedAt: '2026-11-20T09:00:00.000Z', playSeconds: 1 };
    onCall = (call) => {
      expect([call.path, call.body]).toEqual(['/api/v1/sync/log', { entries: [entry] }]);
      call.data({ accepted: 1, duplicates: 0 });
    };
    expect(await http.log('t', [entry])).toEqual({ ok: true, data: { accepted: 1, duplicates: 0 } });
    onCall = (call) => {
      expect([call.path, call.body]).toEqual(['/api/v1/sync/commands/88/file', { method: 'PUT', text: 'lines' }]);
      call.data({});
    };
    expect(await http.commandFile('t', 88, new Blob(['lines']))).toEqual({ ok: true, data: {} });
  });

  it('gives up a held heartbeat when told to', async () => {
    const giveUp = new AbortController();
    onCall = () => giveUp.abort();
    expect(await http.heartbeat('t', { waitSeconds: 25 }, giveUp.signal)).toMatchObject({ ok: false, status: 0 });
  });
});

describe('TokenKeeper', () => {
  const CREDENTIAL = { deviceId: 42, credential: 'c' };

  it('asks once for all who ask, keeps the token, and renews it in time', async () => {
    let asked = 0;
    let nowMs = 0;
    onCall = (call) => call.data({ accessToken: `token ${(asked += 1)}`, tokenType: 'Bearer', expiresIn: 1000 });
    const keeper = createTokenKeeper(http, CREDENTIAL, () => nowMs);
    expect(keeper.renewInMs()).toBe(0);
    const both = await Promise.all([keeper.get(false), keeper.get(false)]);
    expect(both).toEqual([
      { ok: true, token: 'token 1' },
      { ok: true, token: 'token 1' },
    ]);
    expect(keeper.renewInMs()).toBe(800_000);
    nowMs = 939_000;
    expect([await keeper.get(false), keeper.renewInMs()]).toEqual([{ ok: true, token: 'token 1' }, 0]);
    nowMs = 940_000;
    expect(await keeper.get(false)).toEqual({ ok: true, token: 'token 2' });
    expect(await keeper.get(true)).toEqual({ ok: true, token: 'token 3' });
  });

  it('is refused only by the hub’s own word', async () => {
    const keeper = createTokenKeeper(http, CREDENTIAL, () => 0);
    onCall = (call) => call.refuse(401, 'UNAUTHENTICATED');
    expect(await keeper.get(false)).toMatchObject({ ok: false, refused: true });
    for (const elsewise of [
      (call: Call) => call.raw(401, '{"message":"proxy login"}'),
      (call: Call) => call.raw(404, 'not found'),
      (call: Call) => call.refuse(503, 'UNAVAILABLE'),
      (call: Call) => call.drop(),
    ]) {
      onCall = elsewise;
      expect(await keeper.get(false)).toMatchObject({ ok: false, refused: false });
    }
  });
});

describe('PairingLoop', () => {
  it('shows a code until the operator has entered it, and forgets it then', async () => {
    const keyValue = memoryKeyValue();
    const codes: (string | null)[] = [];
    const calls: unknown[] = [];
    onCall = (call) => {
      calls.push(call.body);
      if (calls.length > 1) call.data({ status: 'paired', deviceId: 42, credential: 'c' });
      else
        call.data({
          status: 'pending',
          pairingCode: 'AAAA-AAAA',
          pollSecret: 's',
          expiresAt: '2026-11-20T09:40:00.000Z',
          pollAfterSeconds: 1,
        });
    };
    const paired = await new Promise((resolve) => {
      const loop: PairingLoop = new PairingLoop({
        http,
        keyValue,
        key: 'pairing',
        about: { playerId: 'p' },
        nowMs: () => 0,
        random: () => 0.5,
        onPaired: resolve,
        onChanged() {
          codes.push(loop.code, keyValue.get('pairing'));
          queueMicrotask(() => loop.hurry());
        },
      });
      loop.start();
    });
    expect(paired).toEqual({ deviceId: 42, credential: 'c' });
    expect(calls).toEqual([{ playerId: 'p' }, { playerId: 'p', pollSecret: 's' }]);
    expect(codes).toEqual(['AAAA-AAAA', JSON.stringify({ pairingCode: 'AAAA-AAAA', pollSecret: 's', sinceMs: 0 })]);
    expect(keyValue.get('pairing')).toBeNull();
  });

  it('knows a hub that is away from one that is there but does not let it read', async () => {
    // What a browser does when an origin is not allowed: the server answers, the page is told that there was no answer.
    const shutOut = createHubHttp('http://hub.example', (_address, init) =>
      init?.mode === 'no-cors' ? Promise.resolve(new Response()) : Promise.reject(new TypeError('Failed to fetch')),
    );
    const away = createHubHttp('http://hub.example', () => Promise.reject(new TypeError('Failed to fetch')));
    for (const [hub, expected] of [
      [shutOut, true],
      [away, false],
    ] as const) {
      const told = await new Promise<{ shutOut: boolean; failures: number }>((resolve) => {
        const loop: PairingLoop = new PairingLoop({
          http: hub,
          keyValue: memoryKeyValue(),
          key: 'pairing',
          about: { playerId: 'p' },
          nowMs: () => 0,
          random: () => 0.5,
          onPaired: () => undefined,
          onChanged: () => resolve({ shutOut: loop.shutOut, failures: loop.failures }),
        });
        loop.start();
      });
      expect(told).toEqual({ shutOut: expected, failures: 1 });
    }
  });
});

describe('HeartbeatLoop', () => {
  const NOW = '2026-11-20T09:30:00.000Z';
  const LATER = '2026-11-20T10:30:00.000Z';
  const STATE = {
    epoch: 7,
    rev: 10,
    alerts: [
      {
        deploymentId: 1,
        alertId: null,
        rev: 10,
        severity: 'info',
        title: 'Hello',
        message: '',
        startedAt: NOW,
        expiresAt: LATER,
        drill: false,
      },
    ],
    schedule: null,
    config: {},
    commands: [],
  };
  const CURRENT = {
    epoch: 7,
    rev: 10,
    serverTime: NOW,
    hasUpdate: false,
    scheduleVersion: null,
    alert: true,
    alertContent: null,
    nextHeartbeatSeconds: 30,
  };

  function start() {
    const memory = new PlayerMemory({ ...memoryKeyValue(), set: () => true }, 'p', () => ({
      monotonicMs: 0,
      wallMs: 0,
    }));
    const tokens = createTokenKeeper(http, { deviceId: 42, credential: 'c' }, () => 0);
    const onRefused = vi.fn<() => void>();
    const onFailure = vi.fn<() => void>();
    const loop = new HeartbeatLoop({
      http,
      tokens: () => tokens,
      memory,
      monotonicMs: () => 0,
      random: () => 0,
      takeStatus: () => null,
      onAnswer: (answer: HeartbeatResponse) => void memory.applyHeartbeat(answer),
      onFailure,
      onRefused,
    });
    loop.start();
    return { loop, memory, onRefused, onFailure };
  }

  /** Answers token calls; collects heartbeats until `count` have come, answering each with what `reply` does. */
  function heartbeats(count: number, reply: (call: Call, index: number) => void): Promise<Call[]> {
    const calls: Call[] = [];
    return new Promise((resolve) => {
      onCall = (call) => {
        if (call.path.endsWith('/token')) {
          call.data({ accessToken: 'a.b.c', tokenType: 'Bearer', expiresIn: 3600 });
          return;
        }
        calls.push(call);
        reply(call, calls.length - 1);
        if (calls.length === count) resolve(calls);
      };
    });
  }

  it('fetches the state, tells at once that it holds it, then has its calls held', async () => {
    const done = heartbeats(3, (call, index) => {
      if (index === 0) call.data({ ...CURRENT, hasUpdate: true, state: STATE });
      if (index === 1) call.data(CURRENT);
    });
    const { loop, memory } = start();
    const [first, second, third] = await done;
    loop.stop();
    expect(first).toMatchObject({ body: { waitSeconds: 0 }, authorization: 'Bearer a.b.c' });
    expect(second?.body).toMatchObject({
      epoch: 7,
      rev: 10,
      waitSeconds: 0,
      receipts: [{ deploymentId: 1, stage: 'received' }],
    });
    expect(third?.body).toEqual({ epoch: 7, rev: 10, waitSeconds: 25 });
    expect(memory.due().receipts).toEqual([]);
  });

  it('cuts a held call short for what it has to say', async () => {
    const done = heartbeats(4, (call, index) => {
      if (index === 0) call.data({ ...CURRENT, hasUpdate: true, state: STATE });
      if (index === 1) call.data(CURRENT);
      if (index === 2) {
        player.memory.painted([1]);
        player.loop.poke();
      }
    });
    const player = start();
    const calls = await done;
    player.loop.stop();
    expect(calls[2]?.body).toMatchObject({ waitSeconds: 25 });
    expect(calls[3]?.body).toMatchObject({ waitSeconds: 0, receipts: [{ deploymentId: 1, stage: 'displayed' }] });
  });

  it('says again what a failed call carried', async () => {
    const done = heartbeats(3, (call, index) => {
      if (index === 0) call.data({ ...CURRENT, hasUpdate: true, state: STATE });
      if (index === 1) call.refuse(503, 'UNAVAILABLE');
    });
    const { loop, onFailure } = start();
    const calls = await done;
    loop.stop();
    expect(onFailure).toHaveBeenCalledTimes(1);
    expect(calls[2]?.body).toMatchObject({ receipts: [{ deploymentId: 1, stage: 'received' }] });
  });

  it('gets a new token when its own is not accepted, and stops when the credential is not', async () => {
    let tokens = 0;
    let refused = false;
    onCall = (call) => {
      if (!call.path.endsWith('/token')) call.refuse(401, 'UNAUTHENTICATED');
      else if (refused) call.refuse(401, 'UNAUTHENTICATED');
      else call.data({ accessToken: `token ${(tokens += 1)}`, tokenType: 'Bearer', expiresIn: 3600 });
      refused = tokens === 2;
    };
    const { onRefused } = start();
    await vi.waitFor(() => expect(onRefused).toHaveBeenCalledTimes(1), { timeout: 10_000 });
    expect(tokens).toBe(2);
  });
});
