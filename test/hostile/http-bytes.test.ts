/**
 * Bytes that two HTTP readers would understand differently (CWE-444), and bytes that are no HTTP: on both servers. Whatever is
 * answered, nothing that was hidden in a body may be answered as a request of its own.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { clientFrame, RawSocket } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { Arena } from './arena.ts';

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';

/** A POST to `path` with these header lines and this body. */
function post(path: string, lines: readonly string[], body: string): string {
  return [`POST ${path} HTTP/1.1`, 'Host: podoh', 'Content-Type: application/json', ...lines, '', body].join('\r\n');
}

/** Requests whose end is unclear. */
const AMBIGUOUS: readonly (readonly [name: string, lines: readonly string[], body: string])[] = [
  ['two lengths', ['Content-Length: 2', `Content-Length: ${2 + HIDDEN.length}`], `{}${HIDDEN}`],
  ['two lengths, the longer first', [`Content-Length: ${2 + HIDDEN.length}`, 'Content-Length: 2'], `{}${HIDDEN}`],
  ['a list of lengths', [`Content-Length: 2, ${2 + HIDDEN.length}`], `{}${HIDDEN}`],
  ['a length beside a transfer coding', ['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${HIDDEN}`],
  ['a transfer coding beside a length', ['Transfer-Encoding: chunked', 'Content-Length: 6'], `0\r\n\r\n${HIDDEN}`],
  ['an unknown transfer coding', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${HIDDEN}`],
  ['a transfer coding in quotes', ['Transfer-Encoding: "chunked"'], `0\r\n\r\n${HIDDEN}`],
  ['an identity', ['Transfer-Encoding: identity'], `0\r\n\r\n${HIDDEN}`],
  ['two transfer codings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${HIDDEN}`],
  ['chunked that is not the last coding', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${HIDDEN}`],
  ['a negative length', ['Content-Length: -1'], HIDDEN],
  ['a length with a sign', ['Content-Length: +2'], `{}${HIDDEN}`],
  ['a length in hexadecimal', ['Content-Length: 0x2'], `{}${HIDDEN}`],
  ['a length with a fraction', ['Content-Length: 2.0'], `{}${HIDDEN}`],
  ['a length of 10^23', ['Content-Length: 99999999999999999999999'], `{}${HIDDEN}`],
  ['a length that is a word', ['Content-Length: two'], `{}${HIDDEN}`],
  ['a chunk whose size is a word', ['Transfer-Encoding: chunked'], `zz\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
  ['a chunk of 2^64 bytes', ['Transfer-Encoding: chunked'], `ffffffffffffffffff\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
  ['a chunk with a negative size', ['Transfer-Encoding: chunked'], `-2\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
];

/** What is no HTTP/1.1 request at all. */
const NOISE: readonly (readonly [name: string, bytes: string | Buffer])[] = [
  ['a TLS hello', Buffer.concat([Buffer.from('160301020001000001fc0303', 'hex'), Buffer.alloc(500, 0x0d)])],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['zeros', Buffer.alloc(1_000)],
  ['a WebSocket frame', clientFrame({ payload: '{"type":"hello"}' })],
  ['bare line feeds', 'GET /health/live HTTP/1.1\nHost: x\n\n'],
  [
    'the header of a proxy, version 1',
    'PROXY TCP4 9.9.9.9 8.8.8.8 1 2\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n',
  ],
  ['a version from the future', 'GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n'],
  ['64 KiB of headers', `GET /health/live HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(65_536)}\r\n\r\n`],
];

describe('bytes on a connection', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  const servers: Record<'hub' | 'api', { url: string; path: string }> = {
    hub: { url: '', path: '/api/v1/sync/token' },
    api: { url: '', path: '/api/v1/auth/login' },
  };
  beforeAll(async () => {
    // As in production, where one proxy carries the requests of many on its connections.
    arena = await Arena.open(start, { env: { PODOH_TRUST_PROXY: '127.0.0.1/32' } });
    servers.hub.url = arena.hubUrl;
    servers.api.url = arena.apiUrl;
  });

  for (const name of ['hub', 'api'] as const) {
    it.each(AMBIGUOUS)(
      `of the ${name}, with %s: refused and closed, the rest unread [INV-8]`,
      async (_name, lines, body) => {
        const { url, path } = servers[name];
        const socket = await RawSocket.open(url);
        socket.write(post(path, lines, body));
        await socket.closed();
        // Cut, or refused by the HTTP parser itself.
        expect([[], [400]]).toContainEqual(socket.answers.map(({ status }) => status));
        await arena.unharmed();
      },
    );

    it.each(NOISE)(`of the ${name} that are %s: no answer but a refusal, and closed [INV-8]`, async (_name, bytes) => {
      const socket = await RawSocket.open(servers[name].url);
      socket.write(bytes);
      await socket.closed();
      for (const { status } of socket.answers) expect([400, 404, 431, 505]).toContain(status);
      await arena.unharmed();
    });

    it(`of the ${name} that are two requests in one packet: both answered, in order: the control`, async () => {
      const { url, path } = servers[name];
      const socket = await RawSocket.open(url);
      socket.write(post(path, ['Content-Length: 2'], '{}') + 'GET /health/live HTTP/1.1\r\nHost: podoh\r\n\r\n');
      await socket.until('two answers', () => socket.answers.length === 2);
      expect(socket.answers.map(({ status }) => status)).toEqual([400, 200]);
      socket.destroy();
    });

    it(`of the ${name} that are a body longer than it said: the rest is no request, and closed [INV-8]`, async () => {
      const { url, path } = servers[name];
      const socket = await RawSocket.open(url);
      socket.write(post(path, ['Content-Length: 2'], '{}{"deviceId":1,"credential":"x"} HTTP/0.9\r\n\r\n'));
      await socket.closed();
      const statuses = socket.answers.map(({ status }) => status);
      // The hub reads on before it answers: it may have refused the whole connection by then.
      expect(statuses.length).toBeGreaterThan(0);
      expect(statuses.filter((status) => status !== 400 && status !== 505)).toEqual([]);
      await arena.unharmed();
    });

    it(`of the ${name} that are a chunked body in one-byte chunks: read as one: the control`, async () => {
      const { url, path } = servers[name];
      const socket = await RawSocket.open(url);
      socket.write(post(path, ['Transfer-Encoding: chunked'], '1\r\n{\r\n1\r\n}\r\n0\r\n\r\n'));
      expect(await socket.answer()).toMatchObject({ status: 400, body: expect.stringContaining('VALIDATION_ERROR') });
      socket.destroy();
    });

    it(`of the ${name}: a HEAD brings no body that the next reader takes for an answer [INV-8]`, async () => {
      const socket = await RawSocket.open(servers[name].url);
      const head = (path: string): string => `HEAD ${path} HTTP/1.1\r\nHost: podoh\r\n\r\n`;
      for (const path of ['/health/live', '/nowhere', '/api/v1/sync/heartbeat', '/ws', '/metrics']) {
        const before = socket.received.length;
        socket.write(head(path));
        await socket.until('headers', () => socket.received.indexOf('\r\n\r\n', before) >= 0 || socket.isClosed);
        const answer = socket.received.subarray(before).toString('latin1');
        expect(answer).toMatch(/^HTTP\/1\.1 (200|404)/);
        expect(answer.endsWith('\r\n\r\n')).toBe(true);
      }
      socket.destroy();
      await arena.unharmed();
    });
  }

  it('of the hub, pipelined behind a held heartbeat, do not disturb anybody [INV-8]', async () => {
    const device = await arena.attacker();
    const token = await device.token();
    const { epoch, rev } = arena.witness.screen;
    const { data } = await device.http('POST', '/heartbeat', { epoch, rev });
    const body = JSON.stringify({ epoch: data.epoch, rev: data.rev, waitSeconds: 25 });
    const socket = await RawSocket.open(arena.hubUrl);
    const request = post(
      '/api/v1/sync/heartbeat',
      [`Authorization: Bearer ${token}`, `Content-Length: ${body.length}`],
      body,
    );
    socket.write(request.repeat(20));
    // A second request before the first was answered is more than uWebSockets.js takes on one connection.
    await socket.until('the close or the answers', () => socket.isClosed || socket.answers.length > 0);
    socket.destroy();
    await arena.unharmed();
    expect(arena.witness.closed).toBeNull();
  });
});
