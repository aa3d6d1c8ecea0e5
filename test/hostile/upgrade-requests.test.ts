/** Upgrade requests that no device of ours sends, and browsers of other sites that try (CWE-1385). */
import { beforeAll, describe, expect, it } from 'vitest';
import { FRAME_BYTES_MAX } from '../../protocol/limits.ts';
import { RawSocket, upgradeRequest } from '../support/raw-socket.ts';
import { systemStarter } from '../support/system.ts';
import { Arena } from './arena.ts';

const ALLOWED = 'https://cms.example.com';

/** Origins that are not on the list. */
const FOREIGN_ORIGINS = [
  'https://evil.example',
  'null',
  'NULL',
  'https://cms.example.com.evil.example',
  'https://evil-cms.example.com',
  'https://cms.example.com:443',
  'https://cms.example.com:8443',
  'https://cms.example.com/',
  'https://CMS.example.com',
  'http://cms.example.com',
  'https://user@cms.example.com',
  'https://cms.example.com, https://evil.example',
  'https://cms.example.com%00.evil.example',
  'file://',
  '*',
  'https://',
  `https://${'a'.repeat(3_000)}.example`,
];

/** What is changed in a good request, and how it is answered then: 0 is cut without an answer. */
const CHANGED: readonly (readonly [name: string, status: number, change: (request: string) => string])[] = [
  ['with POST', 404, (request) => request.replace('GET', 'POST')],
  ['with CONNECT', 404, (request) => request.replace('GET', 'CONNECT')],
  ['with a method nobody knows', 404, (request) => request.replace('GET', 'BREW')],
  ['to another path', 404, (request) => request.replace('/ws', '/ws/')],
  ['to a path in capitals', 404, (request) => request.replace('/ws', '/WS')],
  ['to a doubled slash', 404, (request) => request.replace('/ws', '//ws')],
  ['to a path with an escape', 404, (request) => request.replace('/ws', '/%77s')],
  ['to a path with a NUL', 404, (request) => request.replace('/ws', '/ws%00')],
  ['with a climb', 404, (request) => request.replace('/ws', '/x/../ws')],
  ['without a key', 404, (request) => request.replace(/Sec-WebSocket-Key.*\r\n/, '')],
  ['with a short key', 404, (request) => request.replace(/(Sec-WebSocket-Key: ).*\r\n/, '$1abc\r\n')],
  ['with a long key', 404, (request) => request.replace(/(Sec-WebSocket-Key: ).*\r\n/, `$1${'a'.repeat(2_000)}\r\n`)],
  [
    'to h2c',
    404,
    (request) => request.replace(/Upgrade: websocket/, 'Upgrade: h2c').replace(/Sec-WebSocket-Key.*\r\n/, ''),
  ],
  ['of version 8', 400, (request) => request.replace('Version: 13', 'Version: 8')],
  ['of version 13x', 400, (request) => request.replace('Version: 13', 'Version: 13x')],
  ['of no version', 400, (request) => request.replace(/Sec-WebSocket-Version.*\r\n/, '')],
  ['without Connection', 400, (request) => request.replace('Connection: Upgrade\r\n', '')],
  ['with Connection: close', 400, (request) => request.replace('Connection: Upgrade', 'Connection: close')],
  ['with a body', 0, (request) => request.replace('Host: hub', 'Host: hub\r\nContent-Length: 5') + 'hello'],
  [
    'with a chunked body',
    0,
    (request) => request.replace('Host: hub', 'Host: hub\r\nTransfer-Encoding: chunked') + '0\r\n\r\n',
  ],
  [
    'with a smuggled request behind it',
    0,
    (request) =>
      request.replace('Host: hub', 'Host: hub\r\nContent-Length: 45') + 'GET /metrics HTTP/1.1\r\nHost: hub\r\n\r\n',
  ],
  ['of no subprotocol', 400, (request) => request.replace(/Sec-WebSocket-Protocol.*\r\n/, '')],
  ['of an unknown subprotocol', 400, (request) => request.replace('podoh.v1.json', 'podoh.v2.json')],
  [
    'of a hundred subprotocols',
    400,
    (request) => request.replace('podoh.v1.json', Array.from({ length: 100 }, (_, at) => `p${at}`).join()),
  ],
  ['over HTTP/1.0', 505, (request) => request.replace('HTTP/1.1', 'HTTP/1.0')],
  ['over HTTP/2.0', 505, (request) => request.replace('HTTP/1.1', 'HTTP/2.0')],
  [
    'with a header of 5,000 bytes',
    431,
    (request) => request.replace('Host: hub', `Host: hub\r\nX-Filler: ${'a'.repeat(5_000)}`),
  ],
  [
    `with a header of ${FRAME_BYTES_MAX} bytes`,
    431,
    (request) => request.replace('Host: hub', `Host: hub\r\nX-Filler: ${'a'.repeat(FRAME_BYTES_MAX)}`),
  ],
  [
    'with 150 headers',
    431,
    (request) =>
      request.replace('Host: hub', `Host: hub\r\n${Array.from({ length: 150 }, (_, at) => `X-${at}: y`).join('\r\n')}`),
  ],
];

describe('an upgrade request', () => {
  const start = systemStarter('embedded');
  let arena: Arena;
  let good: string;
  beforeAll(async () => {
    arena = await Arena.open(start, { env: { PODOH_ALLOWED_ORIGINS: ALLOWED } });
    good = upgradeRequest({ token: await (await arena.attacker()).token() });
  });

  async function statusOf(...parts: readonly string[]): Promise<number> {
    const socket = await RawSocket.open(arena.hubUrl);
    socket.write(...parts);
    await socket.until('an answer or the close', () => socket.answers.length > 0 || socket.isClosed);
    socket.destroy();
    return socket.answers[0]?.status ?? 0;
  }

  it.each(FOREIGN_ORIGINS.map((origin) => [origin.slice(0, 60), origin] as const))(
    'from a page of %s is refused with 403 [INV-8]',
    async (_name, origin) => {
      expect(await statusOf(good.replace('Host: hub', `Host: hub\r\nOrigin: ${origin}`))).toBe(403);
      const response = await fetch(`${arena.hubUrl}/api/v1/sync/heartbeat`, { method: 'POST', headers: { origin } });
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(await response.json()).toMatchObject({ success: false, error: { code: 'FORBIDDEN' } });
      await arena.unharmed();
    },
  );

  it('from a foreign page that names ours second, or ours second and first, is refused', async () => {
    const both = (first: string, second: string): string =>
      good.replace('Host: hub', `Host: hub\r\nOrigin: ${first}\r\nOrigin: ${second}`);
    expect(await statusOf(both('https://evil.example', ALLOWED))).toBe(403);
    await arena.unharmed();
  });

  it('from a page of the list, and from a device that names no origin, is granted: the control', async () => {
    expect(await statusOf(good.replace('Host: hub', `Host: hub\r\nOrigin: ${ALLOWED}`))).toBe(101);
    expect(await statusOf(good)).toBe(101);
    expect(await statusOf(good.replace('Connection: Upgrade', 'Connection: keep-alive, upgrade'))).toBe(101);
  });

  it.each(CHANGED)('%s is answered %i [INV-8]', async (_name, status, change) => {
    expect(await statusOf(change(good))).toBe(status);
    await arena.unharmed();
  });

  it('whose headers come in single bytes is as good as whole: the control', async () => {
    const socket = await RawSocket.open(arena.hubUrl);
    // All but the request line, which uWebSockets.js refuses with 505 when a packet ends inside "HTTP/1.1".
    const headers = good.indexOf('\r\n') + 2;
    socket.write(good.slice(0, headers));
    for (const byte of good.slice(headers)) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await socket.answer()).status).toBe(101);
    socket.destroy();
  });

  it('just under 4 KiB of headers is granted in one packet and in many, and refused just above [INV-8]', async () => {
    const filled = (bytes: number): string =>
      good.replace('Host: hub', `Host: hub\r\nX-Filler: ${'a'.repeat(bytes - good.length - 12)}`);
    const fits = filled(4_000);
    expect(fits.length).toBe(4_000);
    expect(await statusOf(fits)).toBe(101);
    expect(await statusOf(fits.slice(0, 1_500), fits.slice(1_500, 3_000), fits.slice(3_000))).toBe(101);
    expect(await statusOf(filled(4_200))).toBe(431);
    await arena.unharmed();
  });
});
