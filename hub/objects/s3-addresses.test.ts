/** Addresses at which anybody fetches from or sends to S3: what they allow, for how long, and what they do not. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { ObjectStoreUnavailableError } from '../core/ports.ts';
import { S3_LIMITS, S3ObjectStore } from './s3-object-store.ts';
import { startEndpoint } from './testing/endpoint.ts';
import { asFetched, fetchWhole, someBytes } from './testing/object-samples.ts';
import { startS3, useS3Credentials, type S3Server } from './testing/s3-server.ts';

const MP4 = 'video/mp4';
let server: S3Server;
let store: S3ObjectStore;

beforeAll(async () => {
  useS3Credentials();
  server = await startS3();
  store = new S3ObjectStore({ ...server, region: 'us-east-1', prefix: 'podoh/' });
});
afterAll(async () => {
  await server.stop();
  vi.unstubAllEnvs();
});

/** What S3 says of a PUT that is written as it stands here. */
async function put(url: string, bytes: Buffer, headers: Record<string, string | number>): Promise<number> {
  const sending = httpRequest(url, { method: 'PUT', headers });
  sending.end(bytes);
  const [answer] = (await once(sending, 'response')) as [Readable & { statusCode: number }];
  await buffer(answer);
  return answer.statusCode;
}

test('an address gives the bytes, whole or a part, with the type and the name that were asked for', async () => {
  const bytes = someBytes(70_000);
  await store.put('a/film', bytes, 'application/octet-stream');
  const inline = await store.downloadUrl('a/film', { expiresInSeconds: 60, contentType: MP4 });
  const whole = await fetch(inline);
  expect([whole.status, whole.headers.get('content-type')]).toEqual([200, MP4]);
  expect(whole.headers.get('content-disposition')).toBeNull();
  expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);

  const part = await fetch(inline, { headers: { range: 'bytes=69000-69999' } });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 69000-69999/70000']);
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(69_000))).toBe(true);

  const fileName = 'Grüße "1"; x=\'2\'\r\n.zip';
  const named = await fetch(
    await store.downloadUrl('a/film', { expiresInSeconds: 60, contentType: 'application/zip', fileName }),
  );
  expect(named.headers.get('content-type')).toBe('application/zip');
  expect(named.headers.get('content-disposition')).toBe(
    `attachment; filename="Gr__e _1__ x__2___.zip"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22%3B%20x%3D%272%27%0D%0A.zip`,
  );
  await named.body?.cancel();
});

test('it gives nothing else: not another object, type or name, not to another method, and not for longer', async () => {
  await store.put('b/mine', someBytes(10), MP4);
  await store.put('b/other', someBytes(10), MP4);
  const url = await store.downloadUrl('b/mine', { expiresInSeconds: 60, contentType: MP4 });
  const changed = [
    url.replace('b/mine', 'b/other'),
    url.replace('video%2Fmp4', 'text%2Fhtml'),
    `${url}&response-content-disposition=inline`,
    url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'),
  ];
  expect(new Set([url, ...changed]).size).toBe(5);
  for (const address of changed) expect((await fetch(address)).status).toBe(403);
  expect((await fetch(url, { method: 'PUT', body: 'mine now' })).status).toBe(403);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
  expect((await fetch(url)).status).toBe(200);

  const short = await store.downloadUrl('b/mine', { expiresInSeconds: 1, contentType: MP4 });
  await eventually(async () => (await fetch(short)).status === 403);
});

test('what is sent to an address for uploads is the object, of the type that was announced', async () => {
  const bytes = someBytes(100_003);
  const asked = { expiresInSeconds: 60, sizeBytes: bytes.byteLength, contentType: MP4 };
  const { url, headers } = await store.uploadUrl('c/film', asked);
  expect(headers).toEqual({ 'Content-Type': MP4 });
  expect((await fetch(url, { method: 'PUT', headers, body: bytes })).status).toBe(200);
  expect(await fetchWhole(store, 'c/film')).toEqual(asFetched(bytes, MP4));
});

test('it takes exactly so many bytes of exactly this type, for this key', async () => {
  const bytes = someBytes(1_000);
  const asked = { expiresInSeconds: 60, sizeBytes: bytes.byteLength, contentType: MP4 };
  const { url } = await store.uploadUrl('d/film', asked);
  const signed = new URL(url).searchParams.get('X-Amz-SignedHeaders');
  expect(signed).toBe('content-length;content-type;host');

  const type = { 'content-type': MP4 };
  const more = Buffer.concat([bytes, bytes]);
  const chunked = { ...type, 'transfer-encoding': 'chunked' };
  const length = { 'content-length': bytes.byteLength };
  expect(await put(url, more, { ...type, 'content-length': more.byteLength })).toBe(403);
  expect(await put(url, bytes.subarray(1), { ...type, 'content-length': 999 })).toBe(403);
  expect(await put(url, more, chunked)).toBe(403);
  expect(await put(url, bytes, { ...length, 'content-type': 'text/html' })).toBe(403);
  expect(await put(url, bytes, length)).toBe(403);
  expect(await put(url.replace('d/film', 'd/other'), bytes, { ...type, ...length })).toBe(403);
  expect((await fetch(url)).status).toBe(403);
  expect([await store.get('d/film'), await store.get('d/other')]).toEqual([null, null]);
  expect(await put(url, bytes, { ...type, ...length })).toBe(200);
  expect(await fetchWhole(store, 'd/film')).toEqual(asFetched(bytes, MP4));
});

test('the address of a part takes this part of this length, any number of times, until it is joined', async () => {
  const bytes = someBytes(1_000);
  const partsId = await store.beginParts('p/film', MP4);
  const url = await store.partUrl({ key: 'p/film', partsId, number: 1 }, { expiresInSeconds: 60, sizeBytes: 1_000 });
  const length = { 'Content-Length': 1_000 };
  expect(await put(url, bytes.subarray(1), { 'Content-Length': 999 })).toBe(403);
  expect(await put(url.replace('partNumber=1', 'partNumber=2'), bytes, length)).toBe(403);
  expect(await put(url.replace('p/film', 'p/other'), bytes, length)).toBe(403);
  expect(await store.listParts('p/film', partsId)).toEqual([]);
  expect([await put(url, someBytes(1_000), length), await put(url, bytes, length)]).toEqual([200, 200]);
  await store.joinParts('p/film', partsId, 1);
  expect(await fetchWhole(store, 'p/film')).toEqual(asFetched(bytes, MP4));
  expect(await put(url, bytes, length)).toBe(404);
});

test('credentials that do not come in time are a store that is away; an address names no secret', async () => {
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'canary-secret');
  const fresh = new S3ObjectStore({ ...server, region: 'us-east-1' });
  const asked = { expiresInSeconds: 60, sizeBytes: 1, contentType: MP4 };
  const urls = [await fresh.downloadUrl('e', asked), (await fresh.uploadUrl('e', asked)).url];
  expect(urls.join()).not.toContain('canary-secret');

  // Only the network knows the credentials, and it does not answer.
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, 'does-not-exist');
  const silent = await startEndpoint(() => undefined);
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${silent.endpoint}/credentials`);
  const hurried = new S3ObjectStore({ ...server, region: 'us-east-1', limits: { ...S3_LIMITS, operationMs: 200 } });
  await expect(hurried.downloadUrl('e', asked)).rejects.toThrow(ObjectStoreUnavailableError);
  await expect(hurried.uploadUrl('e', asked)).rejects.toThrow(ObjectStoreUnavailableError);
  expect(silent.requests()).toBeGreaterThan(0);
  await silent.stop();
});
