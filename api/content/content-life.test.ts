import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { ObjectStoreUnavailableError } from '../../hub/core/ports.ts';
import type { TestUser } from '../testing/api-fixture.ts';
import { keepContent } from './keep-content.ts';
import { CONTENT_URL, errorOf, openContent, type ContentFixture } from './testing/content-fixture.ts';
import { useContent } from './testing/content-uses.ts';

describeEachDatabase('content that is kept', (open) => {
  let world: ContentFixture;
  beforeAll(async () => {
    world = await openContent(await open());
  });
  afterAll(() => world.close());

  describe('who may what', () => {
    test("what is a group's is seen by its people, what is the tenant's by all, and nobody else's by others", async () => {
      const own = (await world.upload(world.manager, [['file', await world.fresh()]])).json().data;
      const shared = (await world.upload(world.admin, [['file', await world.fresh()]])).json().data;
      const elsewhere = (
        await world.upload(world.admin, [
          ['file', await world.fresh()],
          ['groupId', String(world.otherGroupId)],
        ])
      ).json().data;
      const status = async (id: number, as: TestUser): Promise<number> =>
        (await world.api.send('GET', `${CONTENT_URL}/${id}`, { as })).statusCode;
      expect(await Promise.all([own, shared, elsewhere].map(({ id }) => status(id, world.viewer)))).toEqual([
        200, 200, 404,
      ]);
      expect(await Promise.all([own, shared, elsewhere].map(({ id }) => status(id, world.stranger)))).toEqual([
        404, 404, 404,
      ]);
      const ids = async (as: TestUser, query = ''): Promise<number[]> =>
        (await world.api.send('GET', `${CONTENT_URL}?limit=200${query}`, { as }))
          .json()
          .data.map(({ id }: { id: number }) => id);
      const seen = await ids(world.viewer);
      expect([seen.includes(own.id), seen.includes(shared.id), seen.includes(elsewhere.id)]).toEqual([
        true,
        true,
        false,
      ]);
      expect(await ids(world.admin, `&groupId=${world.otherGroupId}`)).toEqual([elsewhere.id]);
      expect(await ids(world.stranger)).toEqual([]);
      for (const path of [`/${elsewhere.id}`, `/${elsewhere.id}/usage`]) {
        expect((await world.api.send('GET', `${CONTENT_URL}${path}`, { as: world.manager })).statusCode).toBe(404);
      }
      const change = { as: world.manager, body: { name: 'Mine', version: 1 } };
      expect((await world.api.send('PUT', `${CONTENT_URL}/${shared.id}`, change)).statusCode).toBe(403);
      expect((await world.api.send('PUT', `${CONTENT_URL}/${elsewhere.id}`, change)).statusCode).toBe(404);
      expect((await world.api.send('DELETE', `${CONTENT_URL}/${shared.id}`, { as: world.manager })).statusCode).toBe(
        403,
      );
      expect((await world.api.send('DELETE', `${CONTENT_URL}/${elsewhere.id}`, { as: world.manager })).statusCode).toBe(
        404,
      );
      expect((await world.upload(world.viewer, [['file', await world.fresh()]])).statusCode).toBe(403);
    });
  });

  test('edits change what may change, under a version', async () => {
    const image = (await world.upload(world.manager, [['file', await world.fresh()]])).json().data;
    const put = (id: number, body: object, as = world.manager) =>
      world.api.send('PUT', `${CONTENT_URL}/${id}`, { as, body });
    const changed = (await put(image.id, { name: ' New ', durationMs: 7_000, version: 1 })).json().data;
    expect(changed).toMatchObject({ name: 'New', durationMs: 7_000, version: 2, sha256: image.sha256 });
    expect(errorOf(await put(image.id, { name: 'Late', version: 1 }))).toEqual([409, 'VERSION_CONFLICT', 'version']);
    expect(errorOf(await put(image.id, { url: 'https://a.example', version: 2 }))).toEqual([
      400,
      'VALIDATION_ERROR',
      'url',
    ]);
    expect(errorOf(await put(image.id, { groupId: world.otherGroupId, version: 2 }))).toEqual([
      404,
      'NOT_FOUND',
      'groupId',
    ]);
    expect(errorOf(await put(image.id, { groupId: null, version: 2 })).slice(0, 2)).toEqual([403, 'FORBIDDEN']);
    expect((await put(image.id, { groupId: null, version: 2 }, world.admin)).json().data.groupId).toBeNull();
    const stream = (
      await world.api.send('POST', CONTENT_URL, {
        as: world.manager,
        body: { type: 'stream', name: 'S', url: 'rtsp://a.example/1' },
      })
    ).json().data;
    expect((await put(stream.id, { url: 'srt://b.example:1', version: 1 })).json().data.url).toBe('srt://b.example:1');
    expect(errorOf(await put(stream.id, { url: 'ftp://b.example', version: 2 }))).toEqual([
      400,
      'VALIDATION_ERROR',
      'url',
    ]);
  });

  test('used content is not deleted, and it is said by what; unused goes with its bytes', async () => {
    const { sql } = world.api.ctx.db;
    const { id, sha256 } = (await world.upload(world.admin, [['file', await world.fresh()]])).json().data;
    const { usage, deploymentId } = await useContent(world, id);
    const ask = async (as: TestUser) => (await world.api.send('GET', `${CONTENT_URL}/${id}/usage`, { as })).json().data;
    expect(await ask(world.admin)).toEqual({ ...usage, hidden: 0 });
    expect(await ask(world.viewer)).toEqual({ ...usage, schedules: [], deployments: [], hidden: 2 });
    const refused = await world.api.send('DELETE', `${CONTENT_URL}/${id}`, { as: world.admin });
    expect(errorOf(refused)).toEqual([409, 'CONFLICT', 'schedules', 'deployments', 'alerts', 'activeAlerts']);
    expect(
      errorOf(
        await world.api.send('PUT', `${CONTENT_URL}/${id}`, { as: world.admin, body: { durationMs: 9, version: 1 } }),
      ),
    ).toEqual([409, 'CONFLICT', 'deployments', 'activeAlerts']);
    await sql.deleteFrom('schedule_content').where('content_id', '=', id).execute();
    await sql.updateTable('deployments').set({ status: 'withdrawn' }).where('id', '=', deploymentId).execute();
    await sql.deleteFrom('alerts').where('content_id', '=', id).execute();
    expect(errorOf(await world.api.send('DELETE', `${CONTENT_URL}/${id}`, { as: world.admin }))).toEqual([
      409,
      'CONFLICT',
      'activeAlerts',
    ]);
    world.api.clock.advance(10_000);
    expect((await world.api.send('DELETE', `${CONTENT_URL}/${id}`, { as: world.admin })).statusCode).toBe(200);
    expect((await world.api.send('GET', `${CONTENT_URL}/${id}`, { as: world.admin })).statusCode).toBe(404);
    expect(await world.isStored(`content/${world.tenantId}/${sha256}`)).toBe(false);
    expect(await world.isStored(`thumbnails/${world.tenantId}/${sha256}.webp`)).toBe(false);
  });

  test('content is deleted or used, never both', async () => {
    const { api, admin } = world;
    const outcomes = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const { id } = (await world.upload(admin, [['file', await world.fresh()]])).json().data;
      const alert = { severity: 'info', title: 'T', message: '', contentId: id };
      const use = () => api.send('POST', '/api/v1/alerts', { as: admin, body: alert });
      const remove = () => api.send('DELETE', `${CONTENT_URL}/${id}`, { as: admin });
      // Either may come first, so that both ends are seen.
      const begun = round % 2 === 0 ? [use(), remove()] : [remove(), use()];
      const statuses = (await Promise.all(begun)).map(({ statusCode }) => statusCode);
      outcomes.add((round % 2 === 0 ? statuses : statuses.toReversed()).join(' '));
    }
    expect([...outcomes].filter((outcome) => !['201 409', '404 200'].includes(outcome))).toEqual([]);
  });

  test('the same bytes are one object, which goes with its last content', async () => {
    const bytes = await world.fresh();
    const [one, two] = await Promise.all([
      world.upload(world.manager, [['file', bytes]]),
      world.upload(world.admin, [['file', bytes]]),
    ]);
    const [first, second] = [one.json().data, two.json().data];
    const theirs = (await world.upload(world.stranger, [['file', bytes]])).json().data;
    expect(first.sha256).toBe(second.sha256);
    const key = `content/${world.tenantId}/${first.sha256}`;
    expect((await world.api.send('DELETE', `${CONTENT_URL}/${first.id}`, { as: world.admin })).statusCode).toBe(200);
    expect(await world.isStored(key)).toBe(true);
    expect((await world.api.send('DELETE', `${CONTENT_URL}/${second.id}`, { as: world.admin })).statusCode).toBe(200);
    expect(await world.isStored(key)).toBe(false);
    expect(await world.isStored(`content/${world.stranger.tenantId}/${theirs.sha256}`)).toBe(true);
  });

  test('uploads and deletions of the same bytes, all at once, leave every content its bytes', async () => {
    const bytes = await world.fresh();
    const first = (await world.upload(world.admin, [['file', bytes]])).json().data;
    const key = `content/${world.tenantId}/${first.sha256}`;
    for (let round = 0, last = first.id; round < 4; round += 1) {
      const [removed, ...uploaded] = await Promise.all([
        world.api.send('DELETE', `${CONTENT_URL}/${last}`, { as: world.admin }),
        world.upload(world.admin, [['file', bytes]]),
        world.upload(world.admin, [['file', bytes]]),
      ]);
      expect([removed.statusCode, ...uploaded.map((answer) => answer.statusCode)]).toEqual([200, 201, 201]);
      expect(await world.isStored(key)).toBe(true);
      const [extra, kept] = uploaded.map((answer) => answer.json().data.id);
      expect((await world.api.send('DELETE', `${CONTENT_URL}/${extra}`, { as: world.admin })).statusCode).toBe(200);
      expect(await world.isStored(key)).toBe(true);
      last = kept;
    }
    await keepContent(world.api.ctx);
    expect(await world.isStored(key)).toBe(true);
    expect(await world.claims()).toEqual([]);
  });

  test('a store that is away is told as such, and nothing is left', async () => {
    const { objects } = world.api.ctx;
    const put = objects.put.bind(objects);
    const bytes = await world.fresh();
    const before = await world.rows();
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    for (const fault of [full, new ObjectStoreUnavailableError('away')]) {
      objects.put = async () => {
        throw fault;
      };
      const answer = await world.upload(world.admin, [['file', bytes]]);
      expect([answer.headers['retry-after'] !== undefined, ...errorOf(answer)]).toEqual([true, 503, 'UNAVAILABLE']);
    }
    objects.put = put;
    expect(await world.rows()).toBe(before);
    expect(world.quarantined()).toEqual([]);
    expect((await world.upload(world.admin, [['file', bytes]])).statusCode).toBe(201);
  });
});
