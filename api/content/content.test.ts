import { buffer } from 'node:stream/consumers';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { CONTENT_URL, errorOf, openContent, type ContentFixture } from './testing/content-fixture.ts';
import { formOf, picture, zipOf } from './testing/sample-files.ts';

const PAGE = '<!doctype html><title>x</title>';

describeEachDatabase('content that is uploaded', (open) => {
  let world: ContentFixture;
  beforeAll(async () => {
    world = await openContent(await open());
  });
  afterAll(() => world.close());

  test('an image becomes content with an address, a thumbnail and what was found in it', async () => {
    const bytes = await picture('jpeg', 640, 400);
    const answer = await world.upload(world.manager, [
      ['name', ' Welcome '],
      ['file', bytes, 'C:\\pics\\wel\x07come.png'],
      ['type', 'image'],
    ]);
    expect(answer.statusCode).toBe(201);
    const content = answer.json().data;
    expect(content).toMatchObject({
      name: 'Welcome',
      type: 'image',
      status: 'ready',
      failure: null,
      groupId: world.groupId,
      fileName: 'welcome.png',
      mimeType: 'image/jpeg',
      sizeBytes: bytes.length,
      width: 640,
      height: 400,
      durationMs: null,
      probe: null,
      version: 1,
      createdBy: world.manager.id,
    });
    expect(content.url).toMatch(
      new RegExp(`^/media/content/${world.tenantId}/${content.sha256}\\?expires=\\d+&signature=`),
    );
    expect(content.thumbnailUrl).toMatch(/^\/media\/thumbnails\//);
    const stored = await world.api.ctx.objects.get(`content/${world.tenantId}/${content.sha256}`);
    if (stored === null) throw new Error('nothing is stored');
    expect(stored.contentType).toBe('image/jpeg');
    expect(await buffer(stored.stream)).toEqual(bytes);
    expect((await world.api.send('GET', `${CONTENT_URL}/${content.id}`, { as: world.viewer })).json().data).toEqual(
      content,
    );
    const [audit] = await world.api.ctx.db.sql
      .selectFrom('audit_logs')
      .select(['action', 'user_id'])
      .where('entity', '=', 'content')
      .where('entity_id', '=', content.id)
      .execute();
    expect({ ...audit }).toEqual({ action: 'content.created', user_id: world.manager.id });
    expect(world.quarantined()).toEqual([]);
  });

  test('pages and bundles are taken, and named after their file', async () => {
    const page = (await world.upload(world.admin, [['file', Buffer.from(PAGE), 'menu.html']])).json().data;
    expect(page).toMatchObject({ name: 'menu', type: 'html', mimeType: 'text/html; charset=utf-8', groupId: null });
    const bundle = zipOf([{ name: 'index.html', bytes: PAGE }]);
    const zipped = (
      await world.upload(world.admin, [
        ['file', bundle, '.zip'],
        ['groupId', String(world.groupId)],
      ])
    ).json().data;
    expect(zipped).toMatchObject({ name: '.zip', type: 'html', mimeType: 'application/zip', groupId: world.groupId });
  });

  test.each<[string, () => Promise<Parameters<typeof formOf>[0]>, unknown[]]>([
    ['no file', async () => [['name', 'x']], [400, 'VALIDATION_ERROR', 'file']],
    [
      'two files',
      async () => [
        ['file', await world.fresh()],
        ['file', await world.fresh()],
      ],
      [400, 'VALIDATION_ERROR', 'file'],
    ],
    ['a file of another name', async () => [['image', await world.fresh()]], [400, 'VALIDATION_ERROR', 'image']],
    ['a text called file', async () => [['file', 'text']], [400, 'VALIDATION_ERROR', 'file']],
    [
      'an unknown field',
      async () => [
        ['file', await world.fresh()],
        ['tenantId', '1'],
      ],
      [400, 'VALIDATION_ERROR', 'tenantId'],
    ],
    [
      'a field twice',
      async () => [
        ['name', 'a'],
        ['name', 'b'],
        ['file', await world.fresh()],
      ],
      [400, 'VALIDATION_ERROR', 'name'],
    ],
    [
      'a field of the prototype',
      async () => [
        ['__proto__', 'a'],
        ['file', await world.fresh()],
      ],
      [400, 'VALIDATION_ERROR'],
    ],
    [
      'a long field',
      async () => [
        ['name', 'x'.repeat(5_000)],
        ['file', await world.fresh()],
      ],
      [400, 'VALIDATION_ERROR', 'name'],
    ],
    [
      'a group that is no number',
      async () => [
        ['groupId', '1e1'],
        ['file', await world.fresh()],
      ],
      [400, 'VALIDATION_ERROR', 'groupId'],
    ],
    [
      'a group that is not there',
      async () => [
        ['groupId', '999999'],
        ['file', await world.fresh()],
      ],
      [404, 'NOT_FOUND', 'groupId'],
    ],
    [
      'another type than announced',
      async () => [
        ['type', 'video'],
        ['file', await world.fresh()],
      ],
      [400, 'VALIDATION_ERROR', 'type'],
    ],
    [
      'a type that cannot be uploaded',
      async () => [
        ['type', 'stream'],
        ['file', await world.fresh()],
      ],
      [400, 'VALIDATION_ERROR', 'type'],
    ],
    ['bytes of no kind', async () => [['file', Buffer.from('MZ what')]], [415, 'UNSUPPORTED_MEDIA_TYPE', 'file']],
    [
      'a broken image',
      async () => [['file', (await world.fresh()).subarray(0, 900)]],
      [400, 'VALIDATION_ERROR', 'file'],
    ],
    ['an empty file', async () => [['file', Buffer.alloc(0)]], [400, 'VALIDATION_ERROR', 'file']],
    ['a file over the limit', async () => [['file', Buffer.alloc(400_001)]], [413, 'PAYLOAD_TOO_LARGE', 'file']],
    ['much over the limit', async () => [['file', Buffer.alloc(600_000)]], [413, 'PAYLOAD_TOO_LARGE', 'file']],
  ])('an upload with %s is refused and leaves nothing', async (_what, parts, expected) => {
    const before = await world.rows();
    expect(errorOf(await world.upload(world.manager, await parts()))).toEqual(expected);
    expect(await world.rows()).toBe(before);
    expect(world.quarantined()).toEqual([]);
    expect(await world.claims()).toEqual([]);
  });

  test('a form that ends early, and one that is none, are refused', async () => {
    const { body, headers } = formOf([['file', await world.fresh()]]);
    for (const bad of [body.subarray(0, 700), Buffer.from('--nothing'), Buffer.alloc(0)]) {
      const answer = await world.api.send('POST', CONTENT_URL, { as: world.manager, body: bad, headers });
      expect(errorOf(answer).slice(0, 2)).toEqual([400, 'VALIDATION_ERROR']);
    }
    const noBoundary = await world.api.send('POST', CONTENT_URL, {
      as: world.manager,
      body,
      headers: { 'content-type': 'multipart/form-data' },
    });
    expect(errorOf(noBoundary).slice(0, 2)).toEqual([400, 'VALIDATION_ERROR']);
    expect(errorOf(await world.api.send('POST', CONTENT_URL, { as: world.manager })).slice(0, 2)).toEqual([
      400,
      'VALIDATION_ERROR',
    ]);
    expect(world.quarantined()).toEqual([]);
  });

  test('the same key and file give the same content; another file is a mismatch', async () => {
    const [one, other] = [await world.fresh(), await world.fresh()];
    const before = await world.rows();
    const first = await world.upload(
      world.manager,
      [
        ['file', one, 'a.png'],
        ['name', 'Once'],
      ],
      'upload-1',
    );
    const again = await world.upload(
      world.manager,
      [
        ['name', 'Once'],
        ['file', one, 'a.png'],
      ],
      'upload-1',
    );
    expect([first.statusCode, again.statusCode, again.headers['idempotent-replayed']]).toEqual([201, 201, 'true']);
    expect(again.json().data.id).toBe(first.json().data.id);
    expect(
      errorOf(
        await world.upload(
          world.manager,
          [
            ['file', other, 'a.png'],
            ['name', 'Once'],
          ],
          'upload-1',
        ),
      ),
    ).toEqual([409, 'IDEMPOTENCY_MISMATCH']);
    expect(await world.rows()).toBe(before + 1);
    expect(await world.isStored(`content/${world.tenantId}/${first.json().data.sha256}`)).toBe(true);
  });

  describe('addresses', () => {
    const add = (body: object, as = world.manager): Promise<LightMyRequestResponse> =>
      world.api.send('POST', CONTENT_URL, { as, body });

    test.each([
      ['stream', 'rtsp://camera:secret@10.0.0.9:554/1'],
      ['stream', 'https://example.com/live.m3u8?token=1'],
      ['stream', 'udp://239.1.2.3:5004'],
      ['stream', 'srt://example.com:9000?streamid=a'],
      ['html', 'https://example.com/board'],
    ])('%s takes %s', async (type, url) => {
      const { id, ...content } = (await add({ type, name: 'Live', url, durationMs: 5_000 })).json().data;
      expect(content).toMatchObject({
        type,
        status: 'ready',
        url,
        durationMs: 5_000,
        sizeBytes: null,
        groupId: world.groupId,
      });
      const audit = await world.api.ctx.db.sql
        .selectFrom('audit_logs')
        .select('detail')
        .where('entity_id', '=', id)
        .where('entity', '=', 'content')
        .execute();
      expect(JSON.stringify(audit)).not.toMatch(/secret|token/);
    });

    test.each([
      ['html', 'javascript:alert(1)'],
      ['html', 'data:text/html,x'],
      ['html', 'file:///etc/passwd'],
      ['html', 'intent://scan/#Intent;end'],
      ['html', 'rtsp://example.com/1'],
      ['html', 'https://user:pass@example.com/'],
      ['html', 'https://user@example.com/'],
      ['html', '//example.com/'],
      ['html', 'https:'],
      ['html', 'java\tscript:alert(1)'],
      ['html', ' https://example.com'],
      ['html', 'https://example.com\\@evil.example'],
      ['html', `https://example.com/${'x'.repeat(2_040)}`],
      ['html', `https://example.com/${'ü'.repeat(700)}`],
      ['stream', 'javascript:alert(1)'],
      ['stream', 'rtsp:///nohost'],
      ['stream', 'concat:a|b'],
    ])('%s refuses %s', async (type, url) => {
      expect(errorOf(await add({ type, name: 'Bad', url }))).toEqual([400, 'VALIDATION_ERROR', 'url']);
    });

    test('other types, and unknown fields, are refused', async () => {
      const url = 'https://example.com/a.png';
      expect(errorOf(await add({ type: 'image', name: 'x', url }))).toEqual([400, 'VALIDATION_ERROR', 'type']);
      expect(errorOf(await add({ type: 'html', name: 'x', url, status: 'ready' }))[1]).toBe('VALIDATION_ERROR');
    });
  });

  test('lists filter, search and sort', async () => {
    const own = await world.api.newTenant('lists');
    const boss = await world.api.newUser(own, 'admin');
    for (const [name, fileName, seed] of [
      ['Beta', 'x.png', 1],
      ['alpha_1', 'Lunch.png', 2],
    ] as const) {
      await world.upload(boss, [
        ['file', await picture('png', 20 * seed, 20, seed), fileName],
        ['name', name],
      ]);
      world.api.clock.advance(1_000);
    }
    await world.api.send('POST', CONTENT_URL, {
      as: boss,
      body: { type: 'stream', name: 'Gamma', url: 'rtsp://a.example/1' },
    });
    const names = async (query: string): Promise<string[]> =>
      (await world.api.send('GET', `${CONTENT_URL}?${query}`, { as: boss }))
        .json()
        .data.map(({ name }: { name: string }) => name);
    expect(await names('')).toEqual(['Gamma', 'alpha_1', 'Beta']);
    expect(await names('sort=sizeBytes&type=image')).toEqual(['Beta', 'alpha_1']);
    expect(await names('q=LUNCH')).toEqual(['alpha_1']);
    expect(await names('q=a_')).toEqual(['alpha_1']);
    expect(await names('type=stream&status=ready')).toEqual(['Gamma']);
    expect(await names('status=failed')).toEqual([]);
    const paged = (await world.api.send('GET', `${CONTENT_URL}?limit=1&page=2&sort=id`, { as: boss })).json();
    expect([paged.data[0].name, paged.meta]).toEqual(['alpha_1', { page: 2, limit: 1, total: 3 }]);
  });
});
