/** Signed addresses of stored files, from a listening server with the files on disk. */
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { RawSocket } from '../../test/support/raw-socket.ts';
import { systemStarter, type System } from '../../test/support/system.ts';

const MEBIBYTE = 1024 * 1024;
const HOUR_MS = 3_600_000;
const FILM = randomBytes(300_007);

describe('media on disk', () => {
  const start = systemStarter('embedded');
  let system: System;
  beforeAll(async () => {
    system = await start({ env: { RATE_LIMIT_ADDRESS_PER_MINUTE: '200' } });
    await system.parts.objects.put('content/film', FILM, 'video/mp4');
    await system.parts.objects.put('content/empty', Buffer.alloc(0), 'video/mp4');
  });

  /** A path that is good for an hour. */
  function signed(key: string, inMs = HOUR_MS): string {
    return system.parts.media.sign(key, Date.now() + inMs);
  }

  function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
    return fetch(`${system.apiUrl}${path}`, { method, headers, redirect: 'manual' });
  }

  async function bytesOf(response: Response): Promise<Buffer> {
    return Buffer.from(await response.arrayBuffer());
  }

  test('gives the bytes, to be kept until the address runs out', async () => {
    const answer = await get(signed('content/film'));
    expect(answer.status).toBe(200);
    expect((await bytesOf(answer)).equals(FILM)).toBe(true);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': '300007',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[\w-]{43}"$/),
      'cache-control': expect.stringMatching(/^private, max-age=3(?:600|5\d\d), immutable$/),
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    });
    expect(answer.headers.get('content-disposition')).toBeNull();
  });

  test('tells of them without sending them', async () => {
    const [head, whole] = [await get(signed('content/film'), {}, 'HEAD'), await get(signed('content/film'))];
    expect([head.status, await head.text()]).toEqual([200, '']);
    await whole.body?.cancel();
    for (const name of ['content-type', 'content-length', 'etag', 'accept-ranges', 'x-content-type-options']) {
      expect([name, head.headers.get(name)]).toEqual([name, whole.headers.get(name)]);
    }
    const ranged = await get(signed('content/film'), { range: 'bytes=0-9' }, 'HEAD');
    expect([ranged.status, ranged.headers.get('content-length')]).toEqual([200, '300007']);
  });

  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=0-99', 0, 99],
    ['bytes=100000-199999', 100_000, 199_999],
    ['bytes=300006-300006', 300_006, 300_006],
    ['bytes=300000-', 300_000, 300_006],
    ['bytes=0-', 0, 300_006],
    ['bytes=5-99999999', 5, 300_006],
    ['bytes=-7', 300_000, 300_006],
    ['bytes=-9999999', 0, 300_006],
  ])('%s is the bytes %i to %i', async (range, from, to) => {
    const answer = await get(signed('content/film'), { range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to}/300007`);
    expect(answer.headers.get('content-length')).toBe(String(to - from + 1));
    expect(answer.headers.get('content-type')).toBe('video/mp4');
    expect((await bytesOf(answer)).equals(FILM.subarray(from, to + 1))).toBe(true);
  });

  test.each(['bytes=0-1,5-6', 'bytes=9-3', 'bytes=x', 'seconds=1-2', 'bytes=0-1, -1'])(
    '%s is answered with the whole',
    async (range) => {
      const answer = await get(signed('content/film'), { range });
      expect([answer.status, answer.headers.get('content-range')]).toEqual([200, null]);
      expect((await bytesOf(answer)).equals(FILM)).toBe(true);
    },
  );

  test.each([
    ['content/film', 'bytes=300007-', 300_007],
    ['content/film', 'bytes=300007-300008', 300_007],
    ['content/film', 'bytes=-0', 300_007],
    ['content/empty', 'bytes=0-0', 0],
  ])('%s has no %s: 416 says how long it is', async (key, range, size) => {
    const answer = await get(signed(key), { range });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, `bytes */${size}`]);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toMatchObject({ success: false, error: { code: 'VALIDATION_ERROR' } });
  });

  test('an empty file is a file', async () => {
    const answer = await get(signed('content/empty'), { range: 'bytes=-5' });
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '0', '']);
  });

  test('conditions: 304 for what is known, a range only of what it was a range of', async () => {
    const first = await get(signed('content/film'));
    const tag = first.headers.get('etag') ?? '';
    await first.body?.cancel();
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const known = await get(signed('content/film', 2 * HOUR_MS), { 'if-none-match': header });
      expect([known.status, known.headers.get('etag'), await known.text()]).toEqual([304, tag, '']);
      expect(known.headers.get('content-length')).toBeNull();
    }
    const other = await get(signed('content/film'), { 'if-none-match': '"x"' });
    expect(other.status).toBe(200);
    await other.body?.cancel();

    const range = { range: 'bytes=0-9' };
    for (const [ifRange, status] of [
      [tag, 206],
      [`W/${tag}`, 200],
      ['"x"', 200],
      ['Fri, 20 Nov 2026 09:00:00 GMT', 200],
    ] as const) {
      const answer = await get(signed('content/film'), { ...range, 'if-range': ifRange });
      expect([ifRange, answer.status]).toEqual([ifRange, status]);
      await answer.body?.cancel();
    }
    const empty = await get(signed('content/empty'));
    expect(empty.headers.get('etag')).not.toBe(tag);
  });

  test.each([
    ['image/png', false],
    ['video/mp4', false],
    ['audio/mpeg', false],
    ['image/svg+xml', true],
    ['image/SVG+xml; charset=utf-8', true],
    ['text/html; charset=utf-8', true],
    ['application/zip', true],
    ['application/octet-stream', true],
  ])('%s cannot act as a page of ours (saved only: %s)', async (type, isSaved) => {
    await system.parts.objects.put('content/typed', Buffer.from('<script>alert(1)</script>'), type);
    const answer = await get(signed('content/typed'));
    await answer.body?.cancel();
    expect(answer.headers.get('content-type')).toBe(type);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-disposition')).toBe(isSaved ? 'attachment; filename="typed"' : null);
    expect(answer.headers.get('content-security-policy') === "sandbox; default-src 'none'").toBe(isSaved);
  });

  test('who holds no address gets nothing: forged, run out, for another file, without one', async () => {
    const good = signed('content/film');
    const { searchParams } = new URL(good, 'http://a');
    const expires = searchParams.get('expires') ?? '';
    const signature = searchParams.get('signature') ?? '';
    const later = String(Number(expires) + 1);
    const refused: Record<string, string> = {
      '/media/content/film': 'This address is not valid',
      [`/media/content/film?expires=${expires}`]: 'This address is not valid',
      [`/media/content/film?expires=${later}&signature=${signature}`]: 'This address is not valid',
      [`/media/content/film?expires=${expires}&signature=${signature.slice(1)}`]: 'This address is not valid',
      [`/media/content/film?expires=${expires}&signature=${'A'.repeat(43)}`]: 'This address is not valid',
      [`/media/content/empty?expires=${expires}&signature=${signature}`]: 'This address is not valid',
      [`/media/?expires=${expires}&signature=${signature}`]: 'This address is not valid',
      [signed('content/film', -HOUR_MS)]: 'This address has run out',
    };
    for (const [path, message] of Object.entries(refused)) {
      const answer = await get(path);
      expect([path, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([path, 403, '*']);
      const body = (await answer.json()) as { error: { code: string; message: string } };
      expect(body.error.code).toBe('FORBIDDEN');
      expect(body.error.message).toContain(message);
    }
  });

  const HOSTILE_PATHS = [
    '/media/../podoh.sqlite',
    '/media/..%2f..%2fpodoh.sqlite',
    '/media/%2e%2e/podoh.sqlite',
    '/media/content%2Ffilm',
    '/media//content/film',
    '/media/content/film/',
    '/media/content/film%00',
    '/media/content\\film',
    '/media/%E4',
    '/media/%zz',
    `/media/${'x'.repeat(2_000)}`,
  ].map((path) => ({ name: path.slice(0, 40), path }));
  test.each(HOSTILE_PATHS)(
    '$name is refused, also with a signature of what it could be taken for',
    async ({ path }) => {
      const { search } = new URL(signed('content/film'), 'http://a');
      for (const query of ['', search]) {
        const socket = await RawSocket.open(system.apiUrl);
        socket.write(`GET ${path}${query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        await eventually(() => socket.isClosed);
        const [answer] = socket.answers;
        expect([400, 403, 404]).toContain(answer?.status);
        expect(JSON.parse(answer?.body ?? '')).toMatchObject({ success: false });
      }
    },
  );

  test('a file that was deleted is not there any more; a key as long as a key may be is found', async () => {
    const long = `${'x'.repeat(200)}/${'y'.repeat(200)}/${'z'.repeat(110)}`;
    await system.parts.objects.put(long, Buffer.from('long'), 'image/png');
    expect(await (await get(signed(long))).text()).toBe('long');
    await system.parts.objects.delete(long);
    const answer = await get(signed(long));
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([404, 'no-store']);
    expect(await answer.json()).toMatchObject({ success: false, error: { code: 'NOT_FOUND' } });
  });

  test('a page of any origin may ask, with ranges and conditions', async () => {
    const preflight = await get(
      signed('content/film'),
      {
        origin: 'https://player.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'if-none-match,range',
      },
      'OPTIONS',
    );
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': 'Range, If-None-Match, If-Range',
    });
    const answer = await get(signed('content/film'), { origin: 'https://player.example', range: 'bytes=0-0' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('Content-Range');
    await answer.body?.cancel();
    const elsewhere = await fetch(`${system.apiUrl}/api/v1/groups`, { headers: { origin: 'https://player.example' } });
    expect(elsewhere.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('there is nothing to send to it', async () => {
    for (const method of ['PUT', 'POST', 'DELETE'])
      expect((await get(signed('content/film'), {}, method)).status).toBe(404);
  });

  test('addresses of ours are not counted against whoever asks, made-up ones are', async () => {
    const own = await start({ env: { RATE_LIMIT_ADDRESS_PER_MINUTE: '20' } });
    await own.parts.objects.put('content/small', Buffer.from('small'), 'image/png');
    const path = own.parts.media.sign('content/small', Date.now() + HOUR_MS);
    const ask = async (at: string): Promise<number> => {
      const answer = await fetch(`${own.apiUrl}${at}`);
      await answer.body?.cancel();
      return answer.status;
    };
    for (let count = 0; count < 60; count += 1) expect(await ask(path)).toBe(200);
    const forged: number[] = [];
    for (let count = 0; count < 25; count += 1) forged.push(await ask(`${path}x`));
    expect(new Set(forged)).toEqual(new Set([403, 429]));
    expect(await ask(path)).toBe(200);
  });
});

describe('readers that take their time, or leave', () => {
  const start = systemStarter('embedded');
  const BIG = 64 * MEBIBYTE;
  const KEY = 'content/big';
  let system: System;
  let path: string;
  beforeAll(async () => {
    system = await start();
    await system.parts.objects.put(KEY, Buffer.alloc(BIG, 'podoh'), 'video/mp4');
    path = system.parts.media.sign(KEY, Date.now() + HOUR_MS);
  });

  /** How many descriptors of this process are open on the file. */
  function openFiles(): number {
    return readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).endsWith(`${KEY}~`);
      } catch (error) {
        // Closed since it was listed.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
    }).length;
  }

  /** A client that has its first bytes and reads no more. */
  async function slowReader(): Promise<Socket> {
    const { hostname, port } = new URL(system.apiUrl);
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await new Promise((resolve) => socket.once('readable', resolve));
    return socket;
  }

  test('eight who read nothing of 64 MiB cost little memory; who goes on reading gets every byte', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = await Promise.all(Array.from({ length: 8 }, slowReader));
    await eventually(() => openFiles() === 8);
    // What would be read ahead is read in this time many times over.
    const whole = await fetch(`${system.apiUrl}${path}`);
    let length = 0;
    for await (const chunk of whole.body ?? []) length += (chunk as Uint8Array).byteLength;
    expect(length).toBe(BIG);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * BIG);

    const [first, ...others] = readers;
    const text = await buffer(first as Socket);
    const body = text.subarray(text.indexOf('\r\n\r\n') + 4);
    expect(body.equals(Buffer.alloc(BIG, 'podoh'))).toBe(true);
    for (const reader of others) reader.destroy();
    await eventually(() => openFiles() === 0);
  });

  test('who leaves in the middle leaves no file open', async () => {
    const readers = await Promise.all(Array.from({ length: 10 }, slowReader));
    await eventually(() => openFiles() === 10);
    for (const [at, reader] of readers.entries()) {
      if (at % 2 === 0) reader.destroy();
      else reader.resetAndDestroy();
    }
    await eventually(() => openFiles() === 0);
    const small = await fetch(`${system.apiUrl}${path}`, { headers: { range: 'bytes=5-9' } });
    expect([small.status, await small.text()]).toEqual([206, 'podoh']);
    await eventually(() => openFiles() === 0);
  });

  test('conditions, ranges beyond the end and questions without an answer open none for long', async () => {
    for (const headers of [{ range: 'bytes=99999999-' }, { 'if-none-match': '*' }]) {
      await (await fetch(`${system.apiUrl}${path}`, { headers })).arrayBuffer();
    }
    await fetch(`${system.apiUrl}${path}`, { method: 'HEAD' });
    await eventually(() => openFiles() === 0);
    expect(openFiles()).toBe(0);
  });
});
