/** A player that knows only the hub finds its media: the hub sends it to the API, whatever the address of either. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { composeHub, composeParts, createLogger } from '../../hub/compose.ts';
import { readConfig } from '../../hub/config.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';

const SIGNED = '/media/content/1/a.b-c_D?expires=1795170000&signature=Abc-_9';

describeEachAdapterSet('media through the hub', (start) => {
  let system: System;
  beforeAll(async () => {
    system = await start();
  });

  test('comes from the API, whole and in part', async () => {
    await system.parts.objects.put('content/film', Buffer.from('0123456789'), 'video/mp4');
    const path = system.parts.media.sign('content/film', Date.now() + 60_000);
    const whole = await fetch(`${system.hubUrls[0]}${path}`);
    expect([whole.status, await whole.text(), whole.headers.get('content-type')]).toEqual([
      200,
      '0123456789',
      'video/mp4',
    ]);
    const part = await fetch(`${system.hubUrls[0]}${path}`, { headers: { range: 'bytes=2-4' } });
    expect([part.status, await part.text()]).toEqual([206, '234']);
    const head = await fetch(`${system.hubUrls[0]}${path}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
    const forged = await fetch(`${system.hubUrls[0]}${path}x`);
    expect(forged.status).toBe(403);
  });
});

/** A hub without an API beside it, whose address is what a test says. */
const api = { url: ':8080' };
let hubUrl: string;
let stop: () => Promise<void>;
beforeAll(async () => {
  const folder = throwawayFolder('redirect');
  const config = readConfig({
    PODOH_DATA_DIR: folder,
    HUB_HOST: '127.0.0.1',
    HUB_PORT: '0',
    LOG_LEVEL: 'silent',
    PODOH_DRAIN_MS: '0',
  });
  const parts = await composeParts(config, createLogger(config, 'test'));
  const { hub } = composeHub(parts, null, () => api.url);
  hubUrl = `http://127.0.0.1:${await hub.start()}`;
  stop = async () => {
    await hub.stop();
    await parts.close();
    removeFolder(folder);
  };
});
afterAll(() => stop());

function ask(path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${hubUrl}${path}`, { method, headers, redirect: 'manual' });
}

/** What the hub answers to exactly this head. */
async function said(head: string): Promise<{ status: number; location: string | undefined; body: string }> {
  const socket = await RawSocket.open(hubUrl);
  socket.write(`${head}\r\n\r\n`);
  await eventually(() => socket.answers.length > 0 || socket.isClosed);
  const [answer] = socket.answers;
  if (answer === undefined) throw new Error('nothing was answered');
  return { status: answer.status, location: answer.headers['location'], body: answer.body };
}

test.each([
  [':8080', 'sign.example', `//sign.example:8080${SIGNED}`],
  [':8080', 'sign.example:8081', `//sign.example:8080${SIGNED}`],
  [':8080', '10.0.0.7:8081', `//10.0.0.7:8080${SIGNED}`],
  [':8080', '[fe80::1]:8081', `//[fe80::1]:8080${SIGNED}`],
  ['https://api.example', 'sign.example', `https://api.example${SIGNED}`],
  ['https://api.example:8443/', 'sign.example:1', `https://api.example:8443${SIGNED}`],
])('with %s a request to %s is sent to %s', async (publicApiUrl, host, location) => {
  api.url = publicApiUrl;
  expect(await said(`GET ${SIGNED} HTTP/1.1\r\nHost: ${host}`)).toEqual({ status: 307, location, body: '' });
});

test.each([
  'a b',
  'evil.example/x',
  'evil.example#',
  'user@evil.example',
  'a:b',
  'a:123456',
  '[::1',
  '%0d%0a',
  'ä',
  '',
])('a request to the host %j is sent nowhere', async (host) => {
  api.url = ':8080';
  const { status, location, body } = await said(`GET ${SIGNED} HTTP/1.1\r\nHost: ${host}`);
  expect([status, location]).toEqual([400, undefined]);
  expect(body === '' || !body.includes('evil')).toBe(true);
});

test.each([
  '/media/',
  '/media/../api/v1/users',
  '/media/a/../../x',
  '/media/.hidden',
  '/media//evil.example/x',
  '/media/a%2Fb',
  '/media/a\\b',
  '/media/a?x=<script>',
  '/media/a?x="',
  '/medial/a',
])('%s is no path of media', async (path) => {
  api.url = ':8080';
  const { status, location } = await said(`GET ${path} HTTP/1.1\r\nHost: a`);
  expect([status, location]).toEqual([404, undefined]);
});

test('a HEAD gets a head and no more, whatever the answer', async () => {
  for (const [url, path, status] of [
    [':8080', SIGNED, 307],
    [':8080', '/media/', 404],
    [':0', SIGNED, 503],
  ] as const) {
    api.url = url;
    const socket = await RawSocket.open(hubUrl);
    socket.write(`HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\nGET /health/live HTTP/1.1\r\nHost: a\r\n\r\n`);
    await eventually(() => socket.received.toString().includes('"live"'));
    const [head = '', rest = ''] = socket.received.toString().split('\r\n\r\n');
    expect([head.startsWith(`HTTP/1.1 ${status} `), rest.startsWith('HTTP/1.1 200 OK')]).toEqual([true, true]);
  }
});

test('while it is not known where the API is, players are told to come again', async () => {
  api.url = ':0';
  const answer = await ask(SIGNED);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await answer.json()).toMatchObject({ success: false, error: { code: 'UNAVAILABLE' } });
  api.url = ':8080';
  expect((await ask(SIGNED)).status).toBe(307);
});

test('pages of any origin may follow', async () => {
  api.url = ':8080';
  const origin = 'https://player.example';
  const preflight = await ask(SIGNED, 'OPTIONS', { origin, 'access-control-request-method': 'GET' });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toBe('Range, If-None-Match, If-Range');
  for (const answer of [preflight, await ask(SIGNED, 'GET', { origin }), await ask('/media/', 'GET', { origin })]) {
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  }
  expect((await ask(SIGNED, 'POST')).status).toBe(404);
});
