/** What every object store must do, run over both adapters: the disk, and S3 against a real S3 server. */
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { removeFolder, throwawayFolder } from '../../test/support/daemon.ts';
import type { ObjectStore } from '../core/ports.ts';
import { systemIds } from '../system-ports.ts';
import { DiskObjectStore } from './disk-object-store.ts';
import { describeObjectsInParts } from './testing/objects-in-parts.ts';
import { S3ObjectStore } from './s3-object-store.ts';
import {
  asFetched,
  fetchPart,
  fetchWhole,
  MEBIBYTE,
  someBytes,
  streamFrom,
  streamOf,
} from './testing/object-samples.ts';
import { startS3, useS3Credentials, type S3Server } from './testing/s3-server.ts';

const HOSTILE_KEYS = [
  '',
  '.',
  '..',
  '/',
  '/etc/passwd',
  '../outside',
  'a/../../outside',
  'a/./b',
  'a/.hidden',
  '.drafts/x',
  'a//b',
  'a/',
  'a\\b',
  'a\0b',
  'a\n',
  'a b',
  'a~',
  'a%2Fb',
  'a?versionId=1',
  'a#b',
  'ä',
  'x'.repeat(201),
  `${'x/'.repeat(256)}x`,
];
const HOSTILE_CONTENT_TYPES = ['', ' ', 'text/plain\r\nX-Injected: 1', 'text/plain\0', 'bild/jpèg', 'x'.repeat(256)];
const PNG = 'image/png';

function describeReading(store: () => ObjectStore): void {
  test('bytes come back as they went in, with their type and size', async () => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, value) => value);
    await store().put('reading/every-byte', everyByte, PNG);
    expect(await fetchWhole(store(), 'reading/every-byte')).toEqual(asFetched(everyByte, PNG));
    const within = someBytes(100_003).subarray(17, 90_001);
    await store().put('reading/part-of-a-buffer', within, 'application/zip');
    expect(await fetchWhole(store(), 'reading/part-of-a-buffer')).toEqual(asFetched(within, 'application/zip'));
  });

  test.each([0, 1, 65_536, 5 * MEBIBYTE, 5 * MEBIBYTE + 1, 12 * MEBIBYTE + 7])(
    'a stream and a buffer of %i bytes are stored to the byte',
    async (length) => {
      const bytes = someBytes(length);
      await Promise.all([
        store().put(`sizes/stream-${length}`, streamOf(bytes), 'video/mp4'),
        store().put(`sizes/bytes-${length}`, bytes, 'video/mp4'),
      ]);
      expect(await fetchWhole(store(), `sizes/stream-${length}`)).toEqual(asFetched(bytes, 'video/mp4'));
      expect(await fetchWhole(store(), `sizes/bytes-${length}`)).toEqual(asFetched(bytes, 'video/mp4'));
    },
  );

  test('a stream of text is stored as UTF-8', async () => {
    await store().put('reading/text', Readable.from(['Grüße, ', '世界 🌍']), 'text/plain; charset=utf-8');
    const expected = asFetched(Buffer.from('Grüße, 世界 🌍'), 'text/plain; charset=utf-8');
    expect(await fetchWhole(store(), 'reading/text')).toEqual(expected);
  });

  test('an object that is not read to its end leaves nothing behind that is needed later', async () => {
    const bytes = someBytes(MEBIBYTE);
    await store().put('reading/left', bytes, PNG);
    for (let round = 0; round < 60; round += 1) {
      (await streamFrom(store(), 'reading/left')).destroy();
    }
    expect(await fetchWhole(store(), 'reading/left')).toEqual(asFetched(bytes, PNG));
  });

  test('many at once', async () => {
    const objects = Array.from({ length: 30 }, (_, index) => ({
      key: `many/${index}`,
      bytes: someBytes(1_000 + index),
    }));
    await Promise.all(objects.map(({ key, bytes }) => store().put(key, streamOf(bytes), PNG)));
    const found = await Promise.all(objects.map(({ key }) => fetchWhole(store(), key)));
    expect(found).toEqual(objects.map(({ bytes }) => asFetched(bytes, PNG)));
  });
}

function describeParts(store: () => ObjectStore): void {
  const bytes = someBytes(300_007);
  const key = 'parts/whole';

  test.each([
    [0, 0],
    [0, 9],
    [1, 1],
    [65_535, 65_536],
    [100, 299_999],
    [300_006, 300_006],
    [0, 300_006],
  ])('the bytes %i to %i, both included, of a known whole', async (start, end) => {
    await store().put(key, bytes, PNG);
    const expected = { ...asFetched(bytes.subarray(start, end + 1), PNG), sizeBytes: bytes.byteLength };
    expect(await fetchPart(store(), key, { start, end })).toEqual(expected);
  });

  test.each([
    [300_006, 300_007],
    [0, 300_007],
    [300_007, 300_007],
    [0, Number.MAX_SAFE_INTEGER],
  ])('%i to %i is not within the object: an error, and never other bytes', async (start, end) => {
    await store().put(key, bytes, PNG);
    await expect(store().get(key, { start, end })).rejects.toThrow();
    expect(await fetchWhole(store(), key)).toEqual(asFetched(bytes, PNG));
  });

  test.each([
    [-1, 5],
    [5, 4],
    [0.5, 1],
    [0, Number.NaN],
    [0, Number.POSITIVE_INFINITY],
  ])('%d to %d is no range', async (start, end) => {
    await expect(store().get(key, { start, end })).rejects.toThrow('not a byte range');
  });

  test('of an empty object no byte can be asked for', async () => {
    await store().put('parts/empty', someBytes(0), PNG);
    await expect(store().get('parts/empty', { start: 0, end: 0 })).rejects.toThrow();
    expect(await store().stat('parts/empty')).toEqual({ contentType: PNG, sizeBytes: 0 });
  });

  test('of an object that is not there, neither', async () => {
    expect(await store().get('parts/nowhere', { start: 0, end: 0 })).toBeNull();
  });

  test('a part that is not read to its end leaves nothing behind that is needed later', async () => {
    await store().put(key, bytes, PNG);
    for (let round = 0; round < 60; round += 1) {
      const found = await store().get(key, { start: round, end: 300_000 });
      if (found === null) throw new Error('the object is gone');
      (found.stream as Readable).destroy();
    }
    expect(await fetchPart(store(), key, { start: 7, end: 7 })).toMatchObject({ length: 1 });
  });

  test('size and type are told without the bytes, as they are now', async () => {
    await store().put('parts/told', bytes, 'video/mp4');
    expect(await store().stat('parts/told')).toEqual({ contentType: 'video/mp4', sizeBytes: 300_007 });
    await store().put('parts/told', someBytes(3), 'application/zip');
    expect(await store().stat('parts/told')).toEqual({ contentType: 'application/zip', sizeBytes: 3 });
    await store().delete('parts/told');
    expect(await store().stat('parts/told')).toBeNull();
    expect(await store().stat('parts')).toBeNull();
  });
}

function describeKeys(store: () => ObjectStore): void {
  test('there is nothing under a key that was never put', async () => {
    await store().put('names/there/below', someBytes(3), PNG);
    expect(await store().get('names/nowhere')).toBeNull();
    expect(await store().get('names/there')).toBeNull();
    expect(await store().get('names/there/below/further')).toBeNull();
  });

  test('a key may be the beginning of another, whichever comes first', async () => {
    const [first, second, third] = [someBytes(10), someBytes(20), someBytes(30)];
    await store().put('names/a/b', second, PNG);
    await store().put('names/a', first, PNG);
    await store().put('names/a/b/c', third, PNG);
    expect(await fetchWhole(store(), 'names/a')).toEqual(asFetched(first, PNG));
    expect(await fetchWhole(store(), 'names/a/b')).toEqual(asFetched(second, PNG));
    expect(await fetchWhole(store(), 'names/a/b/c')).toEqual(asFetched(third, PNG));
  });

  test.each(['names/plain', 'names/plain.type', 'names/plain.draft', 'names/-dash_under.score', 'names/UPPER'])(
    '%s is a key like any other',
    async (key) => {
      const bytes = Buffer.from(`these are the bytes of ${key}`);
      await store().put(key, bytes, PNG);
      await store().put('names/plain', Buffer.from('these are the bytes of names/plain'), PNG);
      expect(await fetchWhole(store(), key)).toEqual(asFetched(bytes, PNG));
    },
  );

  test('the longest key', async () => {
    const key = `${'x'.repeat(200)}/${'y'.repeat(200)}/${'z'.repeat(110)}`;
    expect(key).toHaveLength(512);
    await store().put(key, someBytes(5), PNG);
    expect(await fetchWhole(store(), key)).toMatchObject({ sizeBytes: 5 });
    await store().delete(key);
    expect(await store().get(key)).toBeNull();
  });

  test.each(HOSTILE_KEYS)('refuses the key %j', async (key) => {
    await expect(store().put(key, someBytes(1), PNG)).rejects.toThrow('not an object key');
    await expect(store().get(key)).rejects.toThrow('not an object key');
    await expect(store().delete(key)).rejects.toThrow('not an object key');
    await expect(store().stat(key)).rejects.toThrow('not an object key');
    const asked = { expiresInSeconds: 60, contentType: PNG, sizeBytes: 1 };
    await expect(store().downloadUrl(key, asked)).rejects.toThrow('not an object key');
    await expect(store().uploadUrl(key, asked)).rejects.toThrow('not an object key');
  });

  test.each(HOSTILE_CONTENT_TYPES)('refuses the content type %j and stores nothing', async (contentType) => {
    await expect(store().put('types/hostile', someBytes(1), contentType)).rejects.toThrow('not a content type');
    expect(await store().get('types/hostile')).toBeNull();
    const asked = { expiresInSeconds: 60, contentType, sizeBytes: 1 };
    await expect(store().downloadUrl('types/hostile', asked)).rejects.toThrow('not a content type');
    await expect(store().uploadUrl('types/hostile', asked)).rejects.toThrow('not a content type');
  });
}

function describeChanging(store: () => ObjectStore): void {
  test('a second put replaces bytes, size and type', async () => {
    await store().put('changing/twice', someBytes(9_999), PNG);
    const shorter = someBytes(10);
    await store().put('changing/twice', shorter, 'application/zip');
    expect(await fetchWhole(store(), 'changing/twice')).toEqual(asFetched(shorter, 'application/zip'));
    const longer = someBytes(6 * MEBIBYTE);
    await store().put('changing/twice', streamOf(longer), 'video/mp4');
    expect(await fetchWhole(store(), 'changing/twice')).toEqual(asFetched(longer, 'video/mp4'));
  });

  test('a deleted object is gone, its neighbours are not, and deleting it again is no error', async () => {
    await store().put('changing/gone', someBytes(4), PNG);
    await store().put('changing/gone/below', someBytes(4), PNG);
    await store().put('changing/stays', someBytes(4), PNG);
    await store().delete('changing/gone');
    await store().delete('changing/gone');
    await store().delete('changing/never-there');
    expect(await store().get('changing/gone')).toBeNull();
    expect(await fetchWhole(store(), 'changing/gone/below')).toMatchObject({ sizeBytes: 4 });
    expect(await fetchWhole(store(), 'changing/stays')).toMatchObject({ sizeBytes: 4 });
    await store().put('changing/gone', someBytes(5), PNG);
    expect(await fetchWhole(store(), 'changing/gone')).toMatchObject({ sizeBytes: 5 });
  });

  test.each([0, 1_000, 12 * MEBIBYTE])(
    'a stream that fails after %i bytes is the error, leaves the old object, and makes no new one',
    async (length) => {
      const old = someBytes(2_000);
      await store().put('changing/half-way', old, PNG);
      const failure = new Error('the sender hung up');
      await expect(store().put('changing/half-way', streamOf(someBytes(length), failure), 'video/mp4')).rejects.toBe(
        failure,
      );
      expect(await fetchWhole(store(), 'changing/half-way')).toEqual(asFetched(old, PNG));
      await expect(store().put('changing/half-new', streamOf(someBytes(length), failure), PNG)).rejects.toBe(failure);
      expect(await store().get('changing/half-new')).toBeNull();
    },
  );

  test('a stream that just ends without its end is a failure too', async () => {
    let given = 0;
    const cut: Readable = new Readable({
      read() {
        given += 1;
        if (given < 5) this.push(someBytes(1_000));
        else this.destroy();
      },
    });
    await expect(store().put('changing/cut', cut, PNG)).rejects.toThrow('Premature close');
    expect(await store().get('changing/cut')).toBeNull();
    await expect(store().put('changing/cut', cut, PNG)).rejects.toThrow();
    expect(await store().get('changing/cut')).toBeNull();
  });
}

function describeObjectStore(store: () => ObjectStore): void {
  describeObjectsInParts(store);
  describeReading(store);
  describeParts(store);
  describeKeys(store);
  describeChanging(store);
}

describe('the object store (disk)', () => {
  const folder = throwawayFolder('objects');
  const disk = new DiskObjectStore(folder, systemIds);
  afterAll(() => {
    removeFolder(folder);
  });
  describeObjectStore(() => disk);
});

describe('the object store (S3)', () => {
  let server: S3Server;
  let s3: ObjectStore;
  beforeAll(async () => {
    useS3Credentials();
    server = await startS3();
    s3 = new S3ObjectStore({ bucket: server.bucket, endpoint: server.endpoint, region: 'us-east-1' });
  });
  afterAll(async () => {
    await server.stop();
    vi.unstubAllEnvs();
  });
  describeObjectStore(() => s3);

  test('of all these uploads none is left unfinished', () => {
    expect(server.unfinishedUploads()).toEqual([]);
  });
});
