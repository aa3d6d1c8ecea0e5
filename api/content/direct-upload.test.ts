import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ObjectStoreUnavailableError } from '../../hub/core/ports.ts';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { eventually } from '../../test/support/eventually.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { UPLOAD_ADDRESS_MS } from './direct-upload.ts';
import { keepContent } from './keep-content.ts';
import { contentRoutes } from './routes.ts';
import { film, formOf, picture } from './testing/sample-files.ts';
import { ATTEMPTS_MAX, LEASE_MS, RETRY_MS } from './verification-worker.ts';

const URL = '/api/v1/content';

interface Ticket {
  readonly contentId: number;
  readonly url: string;
  readonly headers: Record<string, string>;
}

const mp4 = await film('mp4', ['-c:v', 'libx264']);

describeEachDatabase('direct uploads', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let admin: TestUser;
  let manager: TestUser;
  const uploadFolder = mkdtempSync(join(tmpdir(), 'podoh-direct-'));
  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: contentRoutes(), settings: { uploadFolder, contentBytesMax: 2_000_000 } });
    const tenantId = await api.newTenant('direct');
    admin = await api.newUser(tenantId, 'admin');
    manager = await api.newUser(tenantId, 'manager', [await api.newGroup(tenantId, 'Lobby')]);
  });
  afterAll(async () => {
    await api.close();
    rmSync(uploadFolder, { recursive: true, force: true });
  });

  const errorOf = (answer: LightMyRequestResponse): unknown[] => [answer.statusCode, answer.json().error.code];
  const announce = (sizeBytes: number, mimeType = 'image/png', more: object = {}) =>
    api.send('POST', `${URL}/uploads`, { as: manager, body: { name: 'Direct', sizeBytes, mimeType, ...more } });
  const ticketFor = async (sizeBytes: number, mimeType?: string): Promise<Ticket> => {
    const answer = await announce(sizeBytes, mimeType);
    expect(answer.statusCode).toBe(201);
    return answer.json().data;
  };
  const send = ({ url, headers }: Pick<Ticket, 'url' | 'headers'>, body: Buffer) =>
    api.send('PUT', url, { body, headers });
  const complete = (id: number, as = manager) => api.send('POST', `${URL}/uploads/${id}/complete`, { as });
  const quarantined = async ({ contentId }: Ticket): Promise<string | null> => {
    const row = await db.sql
      .selectFrom('uploads')
      .select('object_key')
      .where('content_id', '=', contentId)
      .executeTakeFirst();
    return row?.object_key ?? null;
  };
  const statusOf = async (id: number): Promise<string> =>
    (await api.send('GET', `${URL}/${id}`, { as: manager })).json().data.status;
  let seed = 500;
  const fresh = (): Promise<Buffer> => picture('png', 48, 32, (seed += 1));

  test('announced, sent and completed, a file is content as if it had been uploaded', async () => {
    const bytes = await fresh();
    const announced = await announce(bytes.length, 'image/png', { fileName: 'a/b.png' });
    const ticket = announced.json().data;
    expect(ticket).toEqual({
      contentId: expect.any(Number),
      method: 'PUT',
      url: expect.stringMatching(/^\/api\/v1\/content\/uploads\/\d+\/file\?expires=\d+&signature=[0-9a-f]{64}$/),
      headers: { 'Content-Type': 'image/png' },
      expiresAt: new Date(api.clock.now() + UPLOAD_ADDRESS_MS).toISOString(),
    });
    const pending = (await api.send('GET', `${URL}/${ticket.contentId}`, { as: manager })).json().data;
    expect(pending).toMatchObject({ status: 'pending', url: null, thumbnailUrl: null, sizeBytes: bytes.length });
    const key = await quarantined(ticket);
    expect((await send(ticket, bytes)).json()).toEqual({ success: true, data: {} });
    expect((await api.ctx.objects.stat(key ?? ''))?.sizeBytes).toBe(bytes.length);
    const done = await complete(ticket.contentId);
    expect(done.json().data).toMatchObject({
      status: 'ready',
      name: 'Direct',
      fileName: 'b.png',
      width: 48,
      height: 32,
      mimeType: 'image/png',
      url: expect.stringContaining('/media/content/'),
    });
    expect((await complete(ticket.contentId)).json().data).toEqual(done.json().data);
    await eventually(async () => (await api.ctx.objects.stat(key ?? '')) === null);
    expect(await quarantined(ticket)).toBeNull();
    // The worker's own copy goes last, when everybody has long been answered.
    await eventually(() => readdirSync(uploadFolder).length === 0);
    expect(errorOf(await send(ticket, bytes))).toEqual([404, 'NOT_FOUND']);
  });

  test('any content type is taken at the address, and exactly so many bytes', async () => {
    const bytes = await fresh();
    const ticket = await ticketFor(bytes.length);
    for (const type of ['application/json', 'multipart/form-data; boundary=x', 'text/html']) {
      expect((await send({ ...ticket, headers: { 'content-type': type } }, bytes)).statusCode).toBe(200);
    }
    const key = (await quarantined(ticket)) ?? '';
    await api.ctx.objects.delete(key);
    for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, Buffer.from('x')])]) {
      expect(errorOf(await send(ticket, wrong))).toEqual([400, 'VALIDATION_ERROR']);
      const chunked = await api.app.inject({
        method: 'PUT',
        url: ticket.url,
        payload: Readable.from([wrong]),
        headers: { 'content-type': 'image/png' },
      });
      expect(errorOf(chunked)).toEqual([400, 'VALIDATION_ERROR']);
      expect(await api.ctx.objects.stat(key)).toBeNull();
    }
    expect(errorOf(await complete(ticket.contentId))).toEqual([409, 'CONFLICT']);
  });

  test('the address is its own permission: altered, foreign or late it is none', async () => {
    const bytes = await fresh();
    const [mine, other] = [await ticketFor(bytes.length), await ticketFor(bytes.length)];
    const altered = [
      mine.url.replace(/expires=\d/, 'expires=9'),
      mine.url.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      mine.url.replace(String(mine.contentId), String(other.contentId)),
      mine.url.replace(/signature=.*/, 'signature='),
      mine.url.replace(/expires=\d+/, 'expires=1e12'),
    ];
    for (const url of altered) expect(errorOf(await send({ ...mine, url }, bytes))).toEqual([403, 'FORBIDDEN']);
    const key = (await quarantined(mine)) ?? '';
    const media = api.ctx.media.sign(key, api.clock.now() + 1_000);
    expect(mine.url).not.toContain(media.split('signature=')[1]);
    api.clock.advance(UPLOAD_ADDRESS_MS);
    expect(errorOf(await send(mine, bytes))).toEqual([403, 'FORBIDDEN']);
    api.clock.advance(-UPLOAD_ADDRESS_MS);
  });

  test('what is not taken is refused when it is announced', async () => {
    expect(errorOf(await announce(10, 'image/svg+xml'))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(errorOf(await announce(10, 'constructor'))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(errorOf(await announce(2_000_001))).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(errorOf(await announce(0))).toEqual([400, 'VALIDATION_ERROR']);
  });

  test.each<[string, string, () => Promise<Buffer>, RegExp]>([
    ['no kind', 'image/png', async () => Buffer.from('what is this?'), /is not taken/],
    ['a broken image', 'image/png', async () => (await fresh()).subarray(0, 600), /damaged or incomplete/],
    ['another kind', 'video/mp4', fresh, /announced as video, and is image/],
  ])(
    'bytes of %s make failed content, which counts no more and has no address',
    async (_what, type, bytes, failure) => {
      const file = await bytes();
      const ticket = await ticketFor(file.length, type);
      await send(ticket, file);
      const { data } = (await complete(ticket.contentId)).json();
      expect(data).toMatchObject({ status: 'failed', url: null, thumbnailUrl: null, sizeBytes: null, sha256: null });
      expect(data.failure).toMatch(failure);
      expect(await db.sql.selectFrom('object_claims').select('id').where('kind', '=', 'hold').execute()).toEqual([]);
      expect((await api.send('DELETE', `${URL}/${ticket.contentId}`, { as: manager })).statusCode).toBe(200);
    },
  );

  test.skipIf(mp4 === null)('a video is measured', async () => {
    const bytes = mp4 ?? Buffer.alloc(0);
    const ticket = await ticketFor(bytes.length, 'video/mp4');
    await send(ticket, bytes);
    expect((await complete(ticket.contentId)).json().data).toMatchObject({
      status: 'ready',
      durationMs: 1_000,
      width: 320,
      probe: { status: 'done' },
    });
  });

  test('what does not come in time is cleaned up, row, bytes and quota', async () => {
    const bytes = await fresh();
    const ticket = await ticketFor(bytes.length);
    await send(ticket, bytes);
    const key = (await quarantined(ticket)) ?? '';
    const used = async () => (await api.send('GET', `${URL}/quota`, { as: manager })).json().data.usedBytes;
    const before = await used();
    api.clock.advance(UPLOAD_ADDRESS_MS + 1);
    const again = await api.ctx.tokens.issueUser({
      sub: manager.id,
      role: 'manager',
      tenant: manager.tenantId,
      ver: 0,
    });
    manager = { ...manager, token: again.token };
    admin = {
      ...admin,
      token: (await api.ctx.tokens.issueUser({ sub: admin.id, role: 'admin', tenant: admin.tenantId, ver: 0 })).token,
    };
    await keepContent(api.ctx);
    expect((await api.send('GET', `${URL}/${ticket.contentId}`, { as: manager })).statusCode).toBe(404);
    expect(await used()).toBeLessThanOrEqual(before - bytes.length);
    expect((await complete(ticket.contentId)).statusCode).toBe(404);
    // The bytes stay until nobody can send any more.
    expect(await api.ctx.objects.stat(key)).not.toBeNull();
    api.clock.advance(3 * UPLOAD_ADDRESS_MS);
    await keepContent(api.ctx);
    expect(await api.ctx.objects.stat(key)).toBeNull();
    for (const user of [admin, manager]) {
      const { token } = await api.ctx.tokens.issueUser({
        sub: user.id,
        role: user.role,
        tenant: user.tenantId,
        ver: 0,
      });
      Object.assign(user, { token });
    }
  });

  test('content that is deleted while it waits takes its upload along', async () => {
    const bytes = await fresh();
    const ticket = await ticketFor(bytes.length);
    expect((await api.send('DELETE', `${URL}/${ticket.contentId}`, { as: manager })).statusCode).toBe(200);
    expect(errorOf(await send(ticket, bytes))).toEqual([404, 'NOT_FOUND']);
    expect(await quarantined(ticket)).toBeNull();
  });

  test('others complete nothing that is not theirs', async () => {
    const bytes = await fresh();
    const answer = await api.send('POST', `${URL}/uploads`, {
      as: admin,
      body: { name: 'A', sizeBytes: bytes.length, mimeType: 'image/png' },
    });
    const ticket: Ticket = answer.json().data;
    const stranger = await api.newUser(await api.newTenant('elsewhere'), 'admin');
    expect(errorOf(await complete(ticket.contentId, stranger))).toEqual([404, 'NOT_FOUND']);
    expect(errorOf(await complete(ticket.contentId, manager))).toEqual([403, 'FORBIDDEN']);
    const stream = await api.send('POST', URL, {
      as: manager,
      body: { type: 'stream', name: 's', url: 'rtsp://a.example/1' },
    });
    expect(errorOf(await complete(stream.json().data.id))).toEqual([409, 'CONFLICT']);
  });

  describe('a verification that', () => {
    /** A file that a process took and did not bring to an end. */
    async function abandoned(attempts: number, leaseUntil: number): Promise<Ticket> {
      const bytes = await fresh();
      const ticket = await ticketFor(bytes.length);
      await send(ticket, bytes);
      await db.sql
        .updateTable('uploads')
        .set({ state: 'complete', attempts, lease_until: leaseUntil })
        .where('content_id', '=', ticket.contentId)
        .execute();
      await db.sql.updateTable('content').set({ status: 'verifying' }).where('id', '=', ticket.contentId).execute();
      return ticket;
    }

    test('was left by a dead process is taken up when its lease has run out, and not before', async () => {
      const { contentId } = await abandoned(1, api.clock.now() + LEASE_MS);
      const another = await openApi(db.reopen(), {
        routes: contentRoutes(),
        clock: api.clock,
        settings: { uploadFolder },
      });
      another.ctx.content.kick();
      api.ctx.content.kick();
      const later = await abandoned(0, 0);
      api.ctx.content.kick();
      await eventually(async () => (await statusOf(later.contentId)) === 'ready');
      expect(await statusOf(contentId)).toBe('verifying');
      api.clock.advance(LEASE_MS);
      api.ctx.content.kick();
      await eventually(async () => (await statusOf(contentId)) === 'ready');
      await another.close();
    });

    test('meets a store that is away begins again, and does not count', async () => {
      const { objects } = api.ctx;
      const put = objects.put.bind(objects);
      let failures = 0;
      const ticket = await abandoned(0, 0);
      objects.put = async () => {
        failures += 1;
        throw new ObjectStoreUnavailableError('away');
      };
      const attempt = async () =>
        (await db.sql
          .selectFrom('uploads')
          .select(['attempts', 'lease_until'])
          .where('content_id', '=', ticket.contentId)
          .executeTakeFirst()) ?? { attempts: -1, lease_until: 0 };
      for (let round = 1; round <= ATTEMPTS_MAX + 1; round += 1) {
        api.ctx.content.kick();
        await eventually(
          async () => failures === round && (await attempt()).lease_until === api.clock.now() + RETRY_MS,
        );
        expect((await attempt()).attempts).toBe(0);
        api.clock.advance(RETRY_MS);
      }
      objects.put = put;
      api.ctx.content.kick();
      await eventually(async () => (await statusOf(ticket.contentId)) === 'ready');
    });

    test('no attempt survives is given up', async () => {
      const { contentId } = await abandoned(ATTEMPTS_MAX, 0);
      api.ctx.content.kick();
      await eventually(async () => (await statusOf(contentId)) !== 'verifying');
      const { failure } = (await api.send('GET', `${URL}/${contentId}`, { as: manager })).json().data;
      expect(failure).toBe(`The file could not be verified in ${ATTEMPTS_MAX} attempts`);
    });

    test('was overtaken changes nothing', async () => {
      const { objects } = api.ctx;
      const get = objects.get.bind(objects);
      const ticket = await abandoned(0, 0);
      const key = (await quarantined(ticket)) ?? '';
      const reached = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      objects.get = async (...args) => {
        if (args[0] !== key) return get(...args);
        objects.get = get;
        const found = await get(...args);
        reached.resolve();
        await goOn.promise;
        return found;
      };
      api.ctx.content.kick();
      await reached.promise;
      // Another took it, and is at it still.
      await db.sql
        .updateTable('uploads')
        .set({ attempts: 2, lease_until: api.clock.now() + LEASE_MS })
        .where('content_id', '=', ticket.contentId)
        .execute();
      goOn.resolve();
      await eventually(async () => readdirSync(uploadFolder).length === 0);
      const after = await abandoned(0, 0);
      api.ctx.content.kick();
      await eventually(async () => (await statusOf(after.contentId)) === 'ready');
      expect(await statusOf(ticket.contentId)).toBe('verifying');
      api.clock.advance(LEASE_MS);
      api.ctx.content.kick();
      await eventually(async () => (await statusOf(ticket.contentId)) === 'ready');
    });
  });

  test('many at once, beside uploads of the same bytes, all become ready', async () => {
    const bytes = await fresh();
    const { body, headers } = formOf([['file', bytes]]);
    const direct = async (): Promise<string> => {
      const ticket = await ticketFor(bytes.length);
      await send(ticket, bytes);
      return (await complete(ticket.contentId)).json().data.status;
    };
    const through = async (): Promise<string> =>
      (await api.send('POST', URL, { as: manager, body, headers })).json().data.status;
    const statuses = await Promise.all([direct(), direct(), through(), direct(), through()]);
    expect(statuses).toEqual(Array(5).fill('ready'));
  });
});
