/** Signed media addresses with the files in S3: the API sends whoever may fetch to S3 itself, and what it says while S3 is away. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemStarter, type System } from '../../test/support/system.ts';
import { someBytes } from './testing/object-samples.ts';
import { startS3, useS3Credentials, type S3Server } from './testing/s3-server.ts';

const HOUR_MS = 3_600_000;
const FILM = someBytes(300_007);

describe('media in S3', () => {
  const start = systemStarter('embedded');
  let server: S3Server;
  let system: System;
  let isStopped = false;
  beforeAll(async () => {
    useS3Credentials();
    server = await startS3();
    system = await start({ env: { S3_BUCKET: server.bucket, S3_ENDPOINT: server.endpoint, LOG_LEVEL: 'silent' } });
    await system.parts.objects.put('content/film', FILM, 'video/mp4');
    await system.parts.objects.put('content/pages', FILM, 'application/zip');
  });
  afterAll(async () => {
    if (!isStopped) await server.stop();
    vi.unstubAllEnvs();
  });

  function signed(key: string, inMs = HOUR_MS): string {
    return system.parts.media.sign(key, Date.now() + inMs);
  }

  /** The answer of the API itself. */
  function ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${system.apiUrl}${path}`, { redirect: 'manual', ...init });
  }

  test('sends to S3 for a few minutes, not to be kept longer than that works', async () => {
    const answer = await ask(signed('content/film'));
    expect([answer.status, answer.headers.get('content-length')]).toEqual([307, '0']);
    expect(answer.headers.get('cache-control')).toBe('private, max-age=240');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const location = new URL(answer.headers.get('location') ?? '');
    expect(location.origin).toBe(server.endpoint);
    expect(location.searchParams.get('X-Amz-Expires')).toBe('300');

    const soonOver = await ask(signed('content/film', 30_000));
    const [, seconds] = /^private, max-age=(\d+)$/.exec(soonOver.headers.get('cache-control') ?? '') ?? [];
    expect(Number(seconds)).toBeLessThanOrEqual(30);
  });

  test('whoever follows gets the same bytes, from the API as from the hub', async () => {
    for (const origin of [system.apiUrl, system.hubUrls[0]]) {
      const answer = await fetch(`${origin}${signed('content/film')}`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'video/mp4']);
      expect(answer.headers.get('content-disposition')).toBeNull();
      expect(Buffer.from(await answer.arrayBuffer()).equals(FILM)).toBe(true);
    }
  });

  test('a range goes through the redirect', async () => {
    for (const origin of [system.apiUrl, system.hubUrls[0]]) {
      const headers = { range: 'bytes=100000-100009' };
      const answer = await fetch(`${origin}${signed('content/film')}`, { headers });
      expect([answer.status, answer.headers.get('content-range')]).toEqual([206, 'bytes 100000-100009/300007']);
      expect(Buffer.from(await answer.arrayBuffer()).equals(FILM.subarray(100_000, 100_010))).toBe(true);
    }
  });

  test('what a browser must not open is saved', async () => {
    const answer = await fetch(`${system.apiUrl}${signed('content/pages')}`);
    await answer.body?.cancel();
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="pages"; filename*=UTF-8''pages`);
  });

  test('a HEAD and a question for what is known are answered without S3 sending anything', async () => {
    const head = await ask(signed('content/film'), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '300007']);
    const known = await ask(signed('content/film'), { headers: { 'if-none-match': head.headers.get('etag') ?? '' } });
    expect(known.status).toBe(304);
  });

  test('who holds no address is sent nowhere, nor is who asks for what is gone', async () => {
    const good = signed('content/film');
    for (const path of [
      '/media/content/film',
      `${good}x`,
      good.replace('film', 'pages'),
      signed('content/film', -2_000),
    ]) {
      const answer = await ask(path);
      expect([path, answer.status, answer.headers.get('location')]).toEqual([path, 403, null]);
    }
    const gone = await ask(signed('content/never'));
    expect(gone.status).toBe(404);
    expect(await gone.json()).toMatchObject({ success: false, error: { code: 'NOT_FOUND' } });
  });

  test('with S3 away it says when to come again, and the rest is as before', async () => {
    await server.stop();
    isStopped = true;
    const answer = await ask(signed('content/film'));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toMatchObject({ success: false, error: { code: 'UNAVAILABLE' } });
    expect((await ask(signed('content/film'), { method: 'HEAD' })).status).toBe(503);
    expect((await system.admin.call('GET', '/groups')).status).toBe(200);
  });
});
