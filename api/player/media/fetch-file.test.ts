/** Downloads against a real HTTP server on this machine that answers as told: cut, resumed, wrong, refused, slow. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WantedFile } from './download-plan.ts';
import { fetchFile, isFile, type FetchOutcome } from './fetch-file.ts';
import { memoryFileStore, type FileStore } from './file-store.ts';

const BYTES = randomBytes(50_000);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

let server: Server;
let store: FileStore;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let ranges: (string | undefined)[];
let stamps = 0;

function newStamp(): string {
  stamps += 1;
  return String(stamps);
}

beforeEach(async () => {
  store = memoryFileStore();
  ranges = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function file(more: Partial<WantedFile> = {}): WantedFile {
  return { sha256: SHA256, url: '/media/a', size: BYTES.length, mimeType: 'image/png', contentIds: [1], ...more };
}

function fetched(wanted = file(), more: { signal?: AbortSignal; stallMs?: number } = {}): Promise<FetchOutcome> {
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { signal = new AbortController().signal, ...parts } = more;
  return fetchFile(
    wanted,
    { store, fetchFrom: fetch, base, wallMs: () => 1, newStamp, onBytes: () => undefined, chunkBytes: 4_096, ...parts },
    signal,
  );
}

/** As a server does that knows ranges. */
function whole(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from === 0) response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
  else
    response
      .writeHead(206, { 'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}` })
      .end(BYTES.subarray(from));
}

/** Sends so many bytes and then cuts the line. */
function cutAfter(bytes: number) {
  return (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
  };
}

describe('a file that is fetched', () => {
  it('is kept, whole and as its type', async () => {
    answer = whole;
    expect(await fetched()).toEqual({ kind: 'whole' });
    const kept = await store.read(SHA256);
    expect([kept?.type, await isFile(kept ?? new Blob([]), SHA256)]).toEqual(['image/png', true]);
    expect(await fetched()).toEqual({ kind: 'whole' });
    expect(ranges).toEqual([undefined]);
  });

  it('goes on where it was cut, and asks for nothing that is here', async () => {
    answer = cutAfter(20_000);
    expect((await fetched()).kind).toBe('failed');
    const held = (await store.find(SHA256))?.bytes ?? 0;
    expect(held).toBeGreaterThan(0);
    answer = whole;
    expect(await fetched()).toEqual({ kind: 'whole' });
    expect(ranges).toEqual([undefined, `bytes=${held}-`]);
  });

  it('is begun anew by a server that sends all of it whatever it was asked for', async () => {
    answer = cutAfter(20_000);
    await fetched();
    answer = (_request, response) => void response.writeHead(200).end(BYTES);
    expect(await fetched()).toEqual({ kind: 'whole' });
    expect(await isFile((await store.read(SHA256)) ?? new Blob([]), SHA256)).toBe(true);
  });

  it('is thrown away when another part comes than was asked for', async () => {
    answer = cutAfter(20_000);
    await fetched();
    answer = (_request, response) =>
      void response.writeHead(206, { 'content-range': `bytes 0-9/${BYTES.length}` }).end(BYTES.subarray(0, 10));
    expect((await fetched()).kind).toBe('failed');
    expect(await store.find(SHA256)).toBeNull();
  });

  it('is found out when what was there of it is not the beginning of it', async () => {
    await store.append({ sha256: SHA256, stamp: 'x', bytes: 0 }, new Uint8Array(1_000), 0);
    answer = whole;
    expect((await fetched()).kind).toBe('corrupt');
    expect(await store.find(SHA256)).toBeNull();
    expect(await fetched()).toEqual({ kind: 'whole' });
  });

  it.each([
    ['one bit is wrong', Buffer.from(BYTES.map((byte, at) => (at === 30_000 ? byte ^ 1 : byte))), 'corrupt'],
    ['a byte too many comes', Buffer.concat([BYTES, Buffer.from([0])]), 'corrupt'],
    ['the answer ends early', BYTES.subarray(0, 49_999), 'failed'],
  ])('is never whole when %s', async (_what, bytes, kind) => {
    answer = (_request, response) => void response.writeHead(200).end(bytes);
    expect((await fetched()).kind).toBe(kind);
    expect((await store.find(SHA256))?.isWhole ?? false).toBe(false);
  });

  it('may be empty, and its size may be unknown', async () => {
    const empty = createHash('sha256').digest('hex');
    answer = (_request, response) => void response.writeHead(200).end();
    expect(await fetched(file({ sha256: empty, size: 0 }))).toEqual({ kind: 'whole' });
    answer = whole;
    expect(await fetched(file({ size: null }))).toEqual({ kind: 'whole' });
  });

  it.each([401, 403, 404, 410])('needs another address after %i', async (status) => {
    answer = (_request, response) => void response.writeHead(status).end();
    expect(await fetched()).toEqual({ kind: 'refused', status });
  });

  it('waits as long as it is told', async () => {
    answer = (_request, response) => void response.writeHead(503, { 'retry-after': '7' }).end();
    expect(await fetched()).toEqual({ kind: 'failed', why: 'HTTP 503', retryAfterMs: 7_000 });
  });

  it('is given up when nothing comes, and what came is kept', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 10_000));
    };
    expect((await fetched(file(), { stallMs: 200 })).kind).toBe('failed');
    expect((await store.find(SHA256))?.bytes).toBe(10_000);
  });

  it('is stopped when it is not wanted any more, and what came is kept', async () => {
    const stop = new AbortController();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 10_000));
      setTimeout(() => stop.abort(), 50);
    };
    expect(await fetched(file(), { signal: stop.signal })).toEqual({ kind: 'stopped' });
    expect((await store.find(SHA256))?.bytes).toBe(10_000);
  });

  it('is never made whole of the bytes of another page that fetches it, too', async () => {
    const own = store;
    let meddled = false;
    store = {
      ...own,
      async finish(place, mimeType, nowMs) {
        if (!meddled) {
          // In the last moment the other one has thrown it away and put its own, wrong, bytes in its place.
          meddled = true;
          await own.remove([SHA256]);
          await own.append({ sha256: SHA256, stamp: 'other', bytes: 0 }, new Uint8Array(BYTES.length), 0);
        }
        return own.finish(place, mimeType, nowMs);
      },
    };
    answer = whole;
    expect((await fetched()).kind).toBe('failed');
    expect((await own.find(SHA256))?.isWhole).toBe(false);
    expect((await fetched()).kind).toBe('corrupt');
    expect(await fetched()).toEqual({ kind: 'whole' });
    expect(await isFile((await own.read(SHA256)) ?? new Blob([]), SHA256)).toBe(true);
  });

  it('says when there is no room', async () => {
    const full: FileStore = {
      ...store,
      append: () => Promise.reject(new DOMException('full', 'QuotaExceededError')),
    };
    store = full;
    answer = whole;
    expect(await fetched()).toEqual({ kind: 'full' });
  });
});
