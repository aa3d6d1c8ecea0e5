/**
 * Guessing and flooding from one address. It is limited by its failures alone, and the screens of the same site, behind the same
 * address, are served all the while. [INV-8]
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../protocol/close-codes.ts';
import { RawSocket, upgradeRequest, type HttpAnswer } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { TestDevice } from '../support/test-device.ts';
import { Arena } from './arena.ts';
import { base64urlJson } from './forged-tokens.ts';

/** What the design allows an address per minute. */
const FAILURES_MAX = 1_000;
const SHAPED = `${base64urlJson({ alg: 'RS256', typ: 'at+jwt', kid: 'x' })}.${base64urlJson({ sub: '1' })}.AAAA`;

interface Call {
  readonly path: string;
  readonly body: object;
  readonly headers?: readonly string[];
  /** Sent before the request. */
  readonly preamble?: string | Buffer;
}

async function call(
  url: string,
  { path, body, headers = [], preamble = '' }: Call,
  localAddress?: string,
): Promise<HttpAnswer> {
  const socket = await RawSocket.open(url, localAddress);
  const text = JSON.stringify(body);
  const lines = ['Host: podoh', 'Content-Type: application/json', `Content-Length: ${text.length}`, ...headers];
  socket.write(preamble, [`POST /api/v1/sync${path} HTTP/1.1`, ...lines, '', text].join('\r\n'));
  const answer = await socket.answer();
  socket.destroy();
  return answer;
}

/** Makes the same call over and over, some at a time, until one is answered with `until`; returns the statuses. */
async function flood(times: number, once: (at: number) => Promise<number>, until?: number): Promise<number[]> {
  const statuses: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < times) {
      next += 1;
      const status = await once(next);
      statuses.push(status);
      if (status === until) next = times;
    }
  };
  await Promise.all(Array.from({ length: 20 }, lane));
  return statuses;
}

function count(statuses: readonly number[], status: number): number {
  return statuses.filter((other) => other === status).length;
}

describe('an address that fails again and again', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  let known: TestDevice;
  let knownToken: string;
  beforeAll(async () => {
    arena = await Arena.open(start, { env: { RATE_LIMIT_ADDRESS_PER_MINUTE: String(FAILURES_MAX) } });
    known = await arena.attacker();
    knownToken = await known.token();
  });

  it(`is told 429 after ${FAILURES_MAX} registrations, and the error says when to come back [INV-8]`, async () => {
    const register = (at: number): Promise<HttpAnswer> =>
      call(arena.hubUrl, { path: '/register', body: { playerId: `flood-${at}` } });
    const statuses = await flood(5 * FAILURES_MAX, async (at) => (await register(at)).status, 429);
    expect(count(statuses, 200) + count(statuses, 429)).toBe(statuses.length);
    // It earns a few back while the flood runs.
    expect(count(statuses, 200)).toBeGreaterThanOrEqual(FAILURES_MAX);
    expect(count(statuses, 429)).toBeGreaterThan(0);
    const { status, headers, body } = await refusedRegistration();
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(body)).toMatchObject({ success: false, error: { code: 'RATE_LIMITED' } });
    await arena.unharmed();
  });

  /** The bucket refills by one each 60 ms, so a few more may be granted; a bucket of its own would grant them all. */
  async function refusedRegistration(
    preamble: string | Buffer = '',
    headers: readonly string[] = [],
  ): Promise<HttpAnswer> {
    let answer: HttpAnswer | null = null;
    for (let tries = 0; tries < 60 && answer?.status !== 429; tries += 1) {
      answer = await call(arena.hubUrl, { path: '/register', body: { playerId: `late-${tries}` }, headers, preamble });
    }
    return answer as HttpAnswer;
  }

  async function fail(): Promise<number> {
    return (await call(arena.hubUrl, { path: '/heartbeat', body: {} })).status;
  }

  /** Uses up what is left to the address. */
  async function exhaust(): Promise<void> {
    await flood(5 * FAILURES_MAX, fail, 429);
  }

  it('does not become another by naming one in a header [INV-8]', async () => {
    for (const header of ['X-Forwarded-For: 203.0.113.9', 'X-Real-IP: 203.0.113.9', 'Forwarded: for=203.0.113.9']) {
      expect((await refusedRegistration('', [header])).status).toBe(429);
    }
    // PROXY protocol version 2, which uWebSockets.js reads from anybody, naming 1.2.3.4.
    const proxied = Buffer.from('0d0a0d0a000d0a515549540a2111000c010203040506070800010002', 'hex');
    expect((await refusedRegistration(proxied)).status).toBe(429);
    await arena.unharmed();
  });

  it('is one address: its neighbour is served, the control', async () => {
    const answer = await call(arena.hubUrl, { path: '/register', body: { playerId: 'neighbour' } }, '127.0.0.2');
    expect(answer.status).toBe(200);
  });

  it('still serves a screen whose token was seen before, over HTTP and over the socket [INV-8]', async () => {
    await exhaust();
    const forged = { path: '/heartbeat', body: {}, headers: [`Authorization: Bearer ${SHAPED}`] };
    await flood(5 * FAILURES_MAX, async () => (await call(arena.hubUrl, forged)).status, 429);
    for (let count = 0; count < 30; count += 1) expect((await known.http('POST', '/heartbeat', {})).status).toBe(200);
    const socket = await arena.live(knownToken);
    expect(await arena.answers(socket)).toBe(true);
    socket.destroy();
    await arena.unharmed();
  });

  it('still serves a screen that was never seen and has a right credential, while the flood goes on [INV-8]', async () => {
    const { admin } = arena.system;
    const playerId = `stranger-${process.pid}`;
    const { devices } = await admin.must('POST', '/devices/import', { devices: [{ playerId, name: 'Stranger' }] });
    const stranger = new TestDevice(arena.hubUrl, devices[0]);
    await exhaust();
    let served = false;
    const flooding = flood(100_000, async () => (served ? 0 : fail()), 0);
    // At its first try: what the address earns back meanwhile, the flood takes.
    await stranger.connect();
    await stranger.until('welcome', () => stranger.of('welcome').length === 1);
    served = true;
    expect(count(await flooding, 429)).toBeGreaterThan(0);
    expect(stranger.closed).toBeNull();
    await stranger.disconnect();
    await arena.unharmed();
  });

  it.each([
    ['credentials', '/token', { deviceId: 1, credential: 'guess' }, 401],
    ['poll secrets', '/register', { playerId: 'late', pollSecret: 'guess' }, 403],
  ])(
    'cannot guess %s for long: wrong ones are refused, then not even looked at [INV-8]',
    async (_what, path, body, wrong) => {
      await exhaust();
      const statuses = await flood(
        5 * FAILURES_MAX,
        async () => (await call(arena.hubUrl, { path, body })).status,
        429,
      );
      expect(count(statuses, wrong) + count(statuses, 429)).toBe(statuses.length);
      expect(count(statuses, 429)).toBeGreaterThan(0);
      await arena.unharmed();
    },
  );
});

describe('an address that offers one forged token after the other', () => {
  const start = systemStarter('embedded');

  it('is limited at the socket, where each was told 4201, and its screens are not [INV-8]', async () => {
    const arena = await Arena.open(start, { env: { RATE_LIMIT_ADDRESS_PER_MINUTE: '60' } });
    const token = await (await arena.attacker()).token();
    const upgrade = async (): Promise<number> => {
      const socket = await RawSocket.open(arena.hubUrl);
      socket.write(upgradeRequest({ token: SHAPED }));
      const { status } = await socket.answer();
      const code = status === 101 ? await socket.closed() : status;
      socket.destroy();
      return code ?? 0;
    };
    const outcomes = await flood(5 * FAILURES_MAX, upgrade, 429);
    expect(count(outcomes, 429) + count(outcomes, CLOSE_CODES.TOKEN_INVALID.code)).toBe(outcomes.length);
    expect(count(outcomes, CLOSE_CODES.TOKEN_INVALID.code)).toBeGreaterThanOrEqual(60);
    expect(count(outcomes, 429)).toBeGreaterThan(0);
    const socket = await arena.live(token);
    expect(await arena.answers(socket)).toBe(true);
    socket.destroy();
    await arena.unharmed();
  });
});

describe('an address behind a proxy', () => {
  const start = systemStarter('embedded');

  /** Floods with this X-Forwarded-For until 429; returns how a registration that names another address is answered then. */
  async function afterFlood(trusted: string): Promise<number> {
    const arena = await Arena.open(start, { env: { RATE_LIMIT_ADDRESS_PER_MINUTE: '20', PODOH_TRUST_PROXY: trusted } });
    const register = (playerId: string, forwarded: string): Promise<HttpAnswer> =>
      call(arena.hubUrl, { path: '/register', body: { playerId }, headers: [`X-Forwarded-For: ${forwarded}`] });
    const statuses = await flood(100, async (at) => (await register(`p${at}`, '198.51.100.7')).status);
    expect(count(statuses, 429)).toBeGreaterThan(0);
    const { status } = await register('other', '198.51.100.8');
    await arena.unharmed();
    return status;
  }

  it('is the one that the proxy named last, when the proxy is one of ours', async () => {
    expect(await afterFlood('127.0.0.0/8')).toBe(200);
  });

  it('is the peer itself when it is no proxy of ours, whatever it says [INV-8]', async () => {
    expect(await afterFlood('10.0.0.0/8,2001:db8::/32')).toBe(429);
  });
});

describe('a site whose screens wait to be paired', () => {
  const start = systemStarter('embedded');

  it('polls far more often than an address may fail, and each poll is answered', async () => {
    const arena = await Arena.open(start, { env: { RATE_LIMIT_ADDRESS_PER_MINUTE: '20' } });
    const register = (body: object): Promise<HttpAnswer> => call(arena.hubUrl, { path: '/register', body });
    const { data } = JSON.parse((await register({ playerId: 'waiting' })).body);
    const poll = { playerId: 'waiting', pollSecret: data.pollSecret };
    const statuses: number[] = [];
    for (let at = 0; at < 100; at += 1) statuses.push((await register(poll)).status);
    expect(count(statuses, 200)).toBe(100);
    // The control: wrong secrets are failures, and soon not looked at.
    const wrong = await flood(200, async () => (await register({ ...poll, pollSecret: 'guess' })).status);
    expect(count(wrong, 429)).toBeGreaterThan(0);
    await arena.unharmed();
  });

  it('cannot be kept from pairing by whoever knows the name of a player', async () => {
    const arena = await Arena.open(start);
    for (let at = 0; at < 50; at += 1) await call(arena.hubUrl, { path: '/register', body: { playerId: 'known' } });
    const { status } = await call(arena.hubUrl, { path: '/register', body: { playerId: 'known' } });
    expect(status).toBe(200);
  });
});
