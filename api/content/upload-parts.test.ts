/** Uploads in parts through the API: announced, sent in any order, asked about, gone on with, completed, dropped. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LightMyRequestResponse } from 'fastify';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { eventually } from '../../test/support/eventually.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { keepContent } from './keep-content.ts';
import { contentRoutes } from './routes.ts';
import { largePicture } from './testing/sample-files.ts';
import { partBytesOf, partCountOf } from './part-plan.ts';
import { PARTS_UPLOAD_MS } from './upload-parts.ts';

const URL = '/api/v1/content';
const PART = 5 * 1024 * 1024;

interface Address {
  readonly part: number;
  readonly url: string;
  readonly sizeBytes: number;
}

interface Ticket {
  readonly contentId: number;
  readonly uploadId: number;
  readonly partBytes: number;
  readonly partCount: number;
  readonly addresses: readonly Address[];
}

test('a file comes in so few parts that one answer holds their addresses, and in parts that S3 takes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1024 ** 4 }), (sizeBytes) => {
      const partBytes = partBytesOf(sizeBytes);
      const partCount = partCountOf({ sizeBytes, partBytes });
      expect(partBytes).toBeGreaterThanOrEqual(PART);
      expect(partCount).toBeLessThanOrEqual(100);
      expect((partCount - 1) * partBytes).toBeLessThan(sizeBytes);
      expect(partCount * partBytes).toBeGreaterThanOrEqual(sizeBytes);
    }),
  );
});

/** 12 MB: three parts. */
const photo = await largePicture(2_200, 1_820);

describeEachDatabase('uploads in parts', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let manager: TestUser;
  let tenantId: number;
  const uploadFolder = mkdtempSync(join(tmpdir(), 'podoh-parts-'));
  beforeAll(async () => {
    db = await open();
    const settings = { uploadFolder, contentBytesMax: 20_000_000, tenantBytesMax: 60_000_000 };
    api = await openApi(db, { routes: contentRoutes(), settings });
    tenantId = await api.newTenant('parts');
    manager = await api.newUser(tenantId, 'manager', [await api.newGroup(tenantId, 'Lobby')]);
  });
  afterAll(async () => {
    await api.close();
    rmSync(uploadFolder, { recursive: true, force: true });
  });

  const errorOf = (answer: LightMyRequestResponse): unknown[] => [answer.statusCode, answer.json().error.code];
  const announce = (sizeBytes: number, key?: string) =>
    api.send('POST', `${URL}/uploads`, {
      as: manager,
      body: { name: 'In parts', fileName: 'photo.png', sizeBytes, mimeType: 'image/png', parts: true },
      ...(key !== undefined && { key }),
    });
  const ticketFor = async (sizeBytes: number): Promise<Ticket> => {
    const answer = await announce(sizeBytes);
    expect(answer.statusCode).toBe(201);
    return answer.json().data;
  };
  const bytesOf = (part: number, of = photo): Buffer => of.subarray((part - 1) * PART, part * PART);
  const send = ({ url }: Address, body: Buffer, headers: Record<string, string> = {}) =>
    api.send('PUT', url, { body, headers: { 'content-type': 'application/octet-stream', ...headers } });
  const progress = (id: number, query = '', as = manager) => api.send('GET', `${URL}/uploads/${id}${query}`, { as });
  const complete = (id: number) => api.send('POST', `${URL}/uploads/${id}/complete`, { as: manager });
  const addressOf = async (id: number, part: number): Promise<Address> =>
    (await progress(id, `?parts=${part}`)).json().data.addresses[0];
  const used = async (): Promise<number> =>
    (await api.send('GET', `${URL}/quota`, { as: manager })).json().data.usedBytes;
  const remove = (id: number) => api.send('DELETE', `${URL}/${id}`, { as: manager });

  test('sent in any order and one of them twice, they become content as if it had come whole', async () => {
    const ticket = await ticketFor(photo.length);
    expect(ticket).toMatchObject({ uploadId: ticket.contentId, partBytes: PART, partCount: 3 });
    const [first, second, third] = ticket.addresses;
    if (first === undefined || second === undefined || third === undefined) throw new Error('addresses are missing');
    expect(first.url).toMatch(/^\/api\/v1\/content\/uploads\/\d+\/part\?part=1&expires=\d+&signature=[0-9a-f]{64}$/);
    expect(third.sizeBytes).toBe(photo.length - 2 * PART);
    expect((await send(third, bytesOf(3))).json()).toEqual({ success: true, data: {} });
    expect((await send(first, Buffer.alloc(PART))).statusCode).toBe(200);
    const half = (await progress(ticket.contentId)).json().data;
    expect(half).toMatchObject({ state: 'waiting', received: [1, 3], sizeBytes: photo.length, partCount: 3 });
    expect(half.addresses.map(({ part }: Address) => part)).toEqual([2]);
    const early = await complete(ticket.contentId);
    expect(errorOf(early)).toEqual([409, 'CONFLICT']);
    expect(early.json().error.details).toEqual([{ field: 'parts', message: 'missing: 2' }]);
    await send(second, bytesOf(2));
    await send(await addressOf(ticket.contentId, 1), bytesOf(1));
    const done = await complete(ticket.contentId);
    expect(done.json().data).toMatchObject({ status: 'ready', width: 2_200, sizeBytes: photo.length });
    expect((await complete(ticket.contentId)).json().data.status).toBe('ready');
    expect(errorOf(await progress(ticket.contentId))).toEqual([404, 'NOT_FOUND']);
    expect(errorOf(await send(first, bytesOf(1)))).toEqual([404, 'NOT_FOUND']);
  });

  test('an address takes its own part, of its own length, and nothing else', async () => {
    const ticket = await ticketFor(photo.length);
    const [first, second, third] = ticket.addresses;
    if (first === undefined || second === undefined || third === undefined) throw new Error('addresses are missing');
    for (const wrong of [bytesOf(1).subarray(1), Buffer.concat([bytesOf(1), Buffer.from('x')]), bytesOf(3)])
      expect(errorOf(await send(first, wrong))).toEqual([400, 'VALIDATION_ERROR']);
    const swapped = { ...first, url: first.url.replace('part=1', 'part=2') };
    expect(errorOf(await send(swapped, bytesOf(2)))).toEqual([403, 'FORBIDDEN']);
    const asWhole = { ...first, url: first.url.replace('/part?part=1&', '/file?') };
    expect(errorOf(await send(asWhole, bytesOf(1)))).toEqual([403, 'FORBIDDEN']);
    expect((await progress(ticket.contentId)).json().data.received).toEqual([]);
    expect((await remove(ticket.contentId)).statusCode).toBe(200);
    expect(errorOf(await send(first, bytesOf(1)))).toEqual([404, 'NOT_FOUND']);
  });

  test('addresses are given for the asking: bounded, of parts that there are', async () => {
    const { contentId } = await ticketFor(photo.length);
    const asked = async (parts: string) =>
      (await progress(contentId, `?parts=${parts}`)).json().data.addresses.map(({ part }: Address) => part);
    expect(await asked('2')).toEqual([2]);
    expect(await asked('3,1,3,4,9999')).toEqual([3, 1]);
    for (const parts of ['', '0', '1,', 'a', '-1', Array(101).fill('1').join(',')])
      expect(errorOf(await progress(contentId, `?parts=${parts}`))).toEqual([400, 'VALIDATION_ERROR']);
    await remove(contentId);
  });

  test('the same announcement again is the same upload', async () => {
    const [one, two] = [await announce(photo.length, 'same'), await announce(photo.length, 'same')];
    expect(two.json().data).toEqual(one.json().data);
    expect(two.headers['idempotent-replayed']).toBe('true');
    await remove(one.json().data.contentId);
  });

  test('what is announced counts against the quota until it is taken back; too much is refused', async () => {
    const before = await used();
    const ticket = await ticketFor(15_000_000);
    expect(await used()).toBe(before + 15_000_000);
    expect(errorOf(await announce(20_000_001))).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    await remove(ticket.contentId);
    expect(await used()).toBe(before);
  });

  test('others see nothing of it, and an upload that comes whole has no parts', async () => {
    const ticket = await ticketFor(1_000);
    const stranger = await api.newUser(await api.newTenant('elsewhere'), 'admin');
    expect(errorOf(await progress(ticket.contentId, '', stranger))).toEqual([404, 'NOT_FOUND']);
    const viewer = await api.newUser(tenantId, 'user', []);
    expect(errorOf(await progress(ticket.contentId, '', viewer))).toEqual([403, 'FORBIDDEN']);
    const body = { name: 'Whole', sizeBytes: 10, mimeType: 'image/png' };
    const whole = (await api.send('POST', `${URL}/uploads`, { as: manager, body })).json().data;
    expect(errorOf(await progress(whole.contentId))).toEqual([404, 'NOT_FOUND']);
    await remove(whole.contentId);
    await remove(ticket.contentId);
  });

  test('a file of one part that is none of what is taken becomes failed content with its reason', async () => {
    const bytes = Buffer.from('what is this?');
    const ticket = await ticketFor(bytes.length);
    const [only] = ticket.addresses;
    if (only === undefined) throw new Error('there is no address');
    await send(only, bytes);
    const { data } = (await complete(ticket.contentId)).json();
    expect(data).toMatchObject({ status: 'failed', failure: expect.stringMatching(/is not taken/), sizeBytes: null });
    await remove(ticket.contentId);
  });

  test('what does not come in time is dropped, with its parts; what was missed then, later', async () => {
    const dropped: string[] = [];
    const { objects } = api.ctx;
    const abortParts = objects.abortParts.bind(objects);
    let isAway = false;
    objects.abortParts = async (key, partsId) => {
      if (isAway) throw new Error('away');
      dropped.push(partsId);
      await abortParts(key, partsId);
    };
    const partsIdOf = async ({ contentId }: Ticket): Promise<string> => {
      const upload = db.sql.selectFrom('uploads').select('parts_id').where('content_id', '=', contentId);
      return (await upload.executeTakeFirstOrThrow()).parts_id ?? '';
    };
    const ticket = await ticketFor(photo.length);
    const partsId = await partsIdOf(ticket);
    const cancelled = await ticketFor(photo.length);
    const missed = await partsIdOf(cancelled);
    isAway = true;
    expect((await remove(cancelled.contentId)).statusCode).toBe(200);
    isAway = false;
    expect(dropped).toEqual([]);
    api.clock.advance(PARTS_UPLOAD_MS + 1);
    await keepContent(api.ctx);
    expect(dropped.at(-1)).toBe(partsId);
    expect(dropped).not.toContain(missed);
    api.clock.advance(PARTS_UPLOAD_MS);
    await keepContent(api.ctx);
    expect(dropped).toContain(missed);
    const left = db.sql.selectFrom('content').select('id').where('id', 'in', [ticket.contentId, cancelled.contentId]);
    await eventually(async () => (await left.execute()).length === 0);
    objects.abortParts = abortParts;
  });
});
