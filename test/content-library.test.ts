/** Content from an operator's file to the bytes that a screen fetches, over HTTP: on disk beside SQLite, in S3 beside MariaDB. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { formOf, picture, zipOf } from '../api/content/testing/sample-files.ts';
import { startS3, useS3Credentials, type S3Server } from '../hub/objects/testing/s3-server.ts';
import { ADMIN, describeEachAdapterSet, type System } from './support/system.ts';

describeEachAdapterSet('content', (start, adapters) => {
  let system: System;
  let s3: S3Server | null = null;
  let token: string;
  beforeAll(async () => {
    if (adapters === 'production') {
      useS3Credentials();
      s3 = await startS3();
    }
    system = await start({ env: s3 === null ? {} : { S3_BUCKET: s3.bucket, S3_ENDPOINT: s3.endpoint } });
    const login = await system.admin.must('POST', '/auth/login', {
      username: ADMIN.username,
      password: ADMIN.password,
    });
    token = login.accessToken;
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await s3?.stop();
  });

  const absolute = (url: string): string => new URL(url, system.apiUrl).href;
  const upload = async (bytes: Buffer, fileName: string) => {
    const { body, headers } = formOf([['file', bytes, fileName]]);
    const answer = await fetch(`${system.apiUrl}/api/v1/content`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body: new Uint8Array(body),
    });
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { data: { id: number; url: string; thumbnailUrl: string; sha256: string } }).data;
  };
  const fetched = async (url: string) => {
    const answer = await fetch(absolute(url));
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
  };

  test('an uploaded image is fetched at its address, with its thumbnail, until it is deleted', async () => {
    const bytes = await picture('jpeg', 640, 400, 7);
    const content = await upload(bytes, 'a.jpg');
    const file = await fetched(content.url);
    expect([file.status, file.headers.get('content-type'), file.bytes.equals(bytes)]).toEqual([
      200,
      'image/jpeg',
      true,
    ]);
    expect((await fetched(content.thumbnailUrl)).headers.get('content-type')).toBe('image/webp');
    await system.admin.must('DELETE', `/content/${content.id}`);
    expect((await fetched(content.url)).status).toBe(404);
    expect((await fetched(content.thumbnailUrl)).status).toBe(404);
  });

  test('what hides in an image is served as the image', async () => {
    const bundle = zipOf([{ name: 'index.html', bytes: '<!doctype html><script>alert(1)</script>' }]);
    const { url } = await upload(Buffer.concat([await picture('jpeg', 64, 48, 8), bundle]), 'evil.html');
    const { headers } = await fetched(url);
    expect(headers.get('content-type')).toBe('image/jpeg');
    // Behind the redirect it is the store's own answer; the type was fixed by us either way.
    if (s3 === null) expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('a file that is sent straight to the store is content when it is completed', async () => {
    const bytes = await picture('png', 300, 200, 9);
    const ticket = await system.admin.must('POST', '/content/uploads', {
      name: 'Direct',
      sizeBytes: bytes.length,
      mimeType: 'image/png',
    });
    expect(ticket.url.startsWith(s3 === null ? '/api/v1/content/uploads/' : s3.endpoint)).toBe(true);
    const early = await system.admin.call('POST', `/content/uploads/${ticket.contentId}/complete`);
    expect([early.status, early.error?.code]).toEqual([409, 'CONFLICT']);
    const sent = await fetch(absolute(ticket.url), {
      method: ticket.method,
      headers: ticket.headers,
      body: new Uint8Array(bytes),
    });
    expect(sent.status).toBe(200);
    const content = await system.admin.must('POST', `/content/uploads/${ticket.contentId}/complete`);
    expect(content).toMatchObject({ status: 'ready', width: 300, height: 200, sizeBytes: bytes.length });
    expect((await fetched(content.url)).bytes.equals(bytes)).toBe(true);
    const [upload] = await system.parts.db.sql.selectFrom('uploads').select('object_key').execute();
    expect(upload).toBeUndefined();
    // Nothing that was in quarantine has an address there.
    for (const claim of await system.parts.db.sql.selectFrom('object_claims').select('object_key').execute()) {
      const signed = system.parts.media.sign(claim.object_key, Date.now() + 60_000);
      expect((await fetched(signed)).status).toBe(404);
    }
  });
});
