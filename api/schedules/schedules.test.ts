import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent } from '../testing/device-rows.ts';
import { layoutOf } from '../testing/schedule-samples.ts';
import { scheduleRoutes } from './routes.ts';

const SCHEDULES = '/api/v1/schedules';

describeEachDatabase('schedules', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let site: number;
  let lobby: number;
  let beside: number;
  let admin: TestUser;
  let manager: TestUser;
  let image: number;

  beforeAll(async () => {
    api = await openApi(await open(), { routes: scheduleRoutes() });
    tenantId = await api.newTenant('schedules');
    site = await api.newGroup(tenantId, 'Site');
    lobby = await api.newGroup(tenantId, 'Lobby', site);
    beside = await api.newGroup(tenantId, 'Beside');
    admin = await api.newUser(tenantId, 'admin');
    manager = await api.newUser(tenantId, 'manager', [site]);
    image = await insertContent(api.ctx.db, tenantId);
  });
  afterAll(() => api.close());

  const body = (more: object = {}) => ({ name: 'Morning', layout: layoutOf(image), ...more });
  const post = (sent: unknown, as = admin, url = SCHEDULES) => api.send('POST', url, { as, body: sent });
  const created = async (more: object = {}, as = admin) => {
    const answer = await post(body(more), as);
    expect(answer.statusCode).toBe(201);
    return answer.json().data;
  };
  const put = (id: number, sent: object, as = admin) => api.send('PUT', `${SCHEDULES}/${id}`, { as, body: sent });
  const refusal = (answer: { statusCode: number; json(): { error: { details?: { field: string }[] } } }) => [
    answer.statusCode,
    answer.json().error.details?.map(({ field }) => field),
  ];
  const contentUsed = async (scheduleId: number) => {
    const rows = await api.ctx.db.sql
      .selectFrom('schedule_content')
      .select('content_id')
      .where('schedule_id', '=', scheduleId)
      .orderBy('content_id')
      .execute();
    return rows.map((row) => row.content_id);
  };

  test('are created as drafts that nobody is told of, with the content they use, and read as they are', async () => {
    const other = await insertContent(api.ctx.db, tenantId);
    const timing = { timezone: 'Europe/Berlin', startDate: '2026-11-23', rrule: 'FREQ=WEEKLY;BYDAY=MO' };
    const told = api.hints.length;
    const data = await created({ name: ' Morning ', priority: 5, layout: layoutOf(other, image, image), timing });
    expect(data).toEqual({
      id: data.id,
      name: 'Morning',
      groupId: null,
      priority: 5,
      layout: layoutOf(other, image, image),
      timing,
      status: 'draft',
      version: 1,
      deployedVersion: null,
      deployed: false,
      hasUndeployedChanges: false,
      createdBy: admin.id,
      createdAt: '2026-11-20T09:00:00.000Z',
      updatedAt: '2026-11-20T09:00:00.000Z',
    });
    expect(api.hints).toHaveLength(told);
    expect(await contentUsed(data.id)).toEqual([image, other]);
    expect((await api.send('GET', `${SCHEDULES}/${data.id}`, { as: admin })).json().data).toEqual(data);
    const audit = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .select(['action', 'entity', 'entity_id'])
      .orderBy('id', 'desc')
      .executeTakeFirst();
    expect(audit).toEqual({ action: 'schedule.created', entity: 'schedule', entity_id: data.id });
  });

  describe('are refused, naming the field,', () => {
    const zone = (more: object = {}) => ({ ...layoutOf(image).zones[0], ...more });
    const layout = (...zones: object[]) => ({ width: 1920, height: 1080, zones });

    test.each([
      ['without a layout', () => ({ layout: undefined }), ['layout']],
      ['without a zone', () => ({ layout: layout() }), ['layout.zones']],
      ['with a zone that is empty', () => ({ layout: layout(zone({ items: [] })) }), ['layout.zones.0.items']],
      ['with fields nobody knows', () => ({ layout: layout(zone({ colour: 'red' })) }), ['layout.zones.0.colour']],
      ['with a priority out of range', () => ({ priority: 1_001 }), ['priority']],
      [
        'with zones of one id or outside the canvas',
        () => ({ layout: layout(zone({ x: 1, width: 1920 }), zone({ y: 1_000, height: 81 })) }),
        ['layout.zones.0.width', 'layout.zones.1.id', 'layout.zones.1.height'],
      ],
      ['in a time zone that is none', () => ({ timing: { timezone: 'Mars/Olympus' } }), ['timing.timezone']],
      [
        'when it ends before it begins',
        () => ({ timing: { startDate: '2026-11-20', endDate: '2026-11-19' } }),
        ['timing.endDate'],
      ],
    ])('%s', async (_what, more, fields) => {
      expect(refusal(await post(body(more())))).toEqual([400, fields]);
    });

    test('with content that is not there, of another tenant or another group, or not ready', async () => {
      const stranger = await api.newTenant('strangers');
      const foreign = await insertContent(api.ctx.db, stranger);
      const hidden = await insertContent(api.ctx.db, tenantId, { group_id: beside });
      const verifying = await insertContent(api.ctx.db, tenantId, { status: 'verifying' });
      const missing = ['layout.zones.0.items.0.contentId', 'layout.zones.0.items.2.contentId'];
      expect(refusal(await post(body({ layout: layoutOf(foreign, image, 999_999) })))).toEqual([404, missing]);
      expect(refusal(await post(body({ layout: layoutOf(hidden) }), manager))).toEqual([404, missing.slice(0, 1)]);
      expect(refusal(await post(body({ layout: layoutOf(image, verifying) })))).toEqual([
        409,
        ['layout.zones.0.items.1.contentId'],
      ]);
      expect((await post(body({ layout: layoutOf(hidden) }))).statusCode).toBe(201);
    });

    test('of a group that is not there for the actor', async () => {
      expect(refusal(await post(body({ groupId: beside }), manager))).toEqual([404, ['groupId']]);
      expect(refusal(await post(body({ groupId: 999_999 })))).toEqual([404, ['groupId']]);
    });
  });

  test('belong to a group or to the whole tenant: seen by whom that concerns, edited by its owners', async () => {
    const whole = await created({ name: 'Whole' });
    const own = await created({ name: 'Own' }, manager);
    const others = await created({ name: 'Others', groupId: beside });
    expect([whole.groupId, own.groupId, others.groupId]).toEqual([null, site, beside]);
    const reader = await api.newUser(tenantId, 'user', [lobby]);
    const status = async (id: number, as: TestUser) => (await api.send('GET', `${SCHEDULES}/${id}`, { as })).statusCode;
    expect(await Promise.all([whole, own, others].map(({ id }) => status(id, manager)))).toEqual([200, 200, 404]);
    expect(await Promise.all([whole, own, others].map(({ id }) => status(id, reader)))).toEqual([200, 404, 404]);
    expect((await put(whole.id, { name: 'Mine', version: 1 }, manager)).statusCode).toBe(403);
    expect((await put(others.id, { name: 'Mine', version: 1 }, manager)).statusCode).toBe(404);
    expect((await put(own.id, { groupId: null, version: 1 }, manager)).statusCode).toBe(403);
    expect(refusal(await put(own.id, { groupId: beside, version: 1 }, manager))).toEqual([404, ['groupId']]);
    expect((await put(own.id, { groupId: lobby, version: 1 }, manager)).json().data).toMatchObject({ groupId: lobby });
    expect(await status(own.id, reader)).toBe(200);
    const stranger = await api.newUser(await api.newTenant('foreign'), 'admin');
    expect(await status(whole.id, stranger)).toBe(404);
    expect((await api.send('DELETE', `${SCHEDULES}/${whole.id}`, { as: stranger })).statusCode).toBe(404);
    expect((await api.send('DELETE', `${SCHEDULES}/${whole.id}`, { as: manager })).statusCode).toBe(403);
    expect((await post(body(), reader)).statusCode).toBe(403);
  });

  test('are changed field by field at the current version, content that was theirs already included', async () => {
    const hidden = await insertContent(api.ctx.db, tenantId, { group_id: beside });
    const { id } = await created({ groupId: site, layout: layoutOf(hidden) });
    const first = await put(id, { name: 'Evening', priority: -1, version: 1 }, manager);
    expect(first.json().data).toMatchObject({ name: 'Evening', priority: -1, version: 2, layout: layoutOf(hidden) });
    const stale = await put(id, { name: 'Night', version: 1 });
    expect(stale.statusCode).toBe(409);
    expect(stale.json().error).toMatchObject({
      code: 'VERSION_CONFLICT',
      details: [{ field: 'version', message: 'the current version is 2' }],
    });
    const second = await put(
      id,
      { layout: layoutOf(hidden, image), timing: { endDate: '2027-01-01' }, version: 2 },
      manager,
    );
    expect(second.json().data).toMatchObject({ version: 3, timing: { endDate: '2027-01-01' } });
    expect(await contentUsed(id)).toEqual([image, hidden].sort((a, b) => a - b));
    expect((await put(id, { layout: layoutOf(image), version: 3 }, manager)).statusCode).toBe(200);
    expect(await contentUsed(id)).toEqual([image]);
    // Given up once, it is not the manager's to take again.
    expect((await put(id, { layout: layoutOf(hidden), version: 4 }, manager)).statusCode).toBe(404);
    expect((await put(id, { status: 'archived', version: 4 }, manager)).json().data.status).toBe('archived');
    expect((await put(id, { status: 'draft', version: 5 }, manager)).json().data.status).toBe('draft');
  });

  test('are listed without layouts, filtered, searched, sorted and paged', async () => {
    const place = await api.newGroup(tenantId, 'Place');
    const room = await api.newGroup(tenantId, 'Room', place);
    const film = await insertContent(api.ctx.db, tenantId);
    const one = await created({ name: 'List 100%', groupId: place, priority: 3, layout: layoutOf(film) });
    const two = await created({ name: 'List two', groupId: room, priority: 9 });
    const three = await created({ name: 'list three', groupId: room, priority: 6 });
    await put(three.id, { status: 'archived', version: 1 });
    const list = async (query: string, as = admin) => {
      const { data, meta } = (await api.send('GET', `${SCHEDULES}?${query}`, { as })).json();
      return { ids: data.map(({ id }: { id: number }) => id), data, total: meta.total };
    };
    const { data } = await list(`groupId=${place}&sort=id`);
    const { layout: _layout, ...listed } = one;
    expect(data[0]).toEqual({ ...listed, zones: 1, contents: 1, deployedTo: { groupIds: [], devices: 0 } });
    expect((await list(`groupId=${place}&sort=-priority`)).ids).toEqual([two.id, three.id, one.id]);
    expect(await list(`groupId=${place}&sort=priority&limit=1&page=2`)).toMatchObject({ ids: [three.id], total: 3 });
    expect((await list(`groupId=${room}&status=archived`)).ids).toEqual([three.id]);
    expect((await list(`contentId=${film}`)).ids).toEqual([one.id]);
    expect((await list('q=0%25')).ids).toEqual([one.id]);
    expect((await list(`groupId=${place}&q=LIST%20T&sort=id`)).ids).toEqual([two.id, three.id]);
    expect((await list('q=list', manager)).ids).toEqual([]);
    expect((await api.send('GET', `${SCHEDULES}?groupId=${place}`, { as: manager })).statusCode).toBe(404);
    const stranger = await api.newUser(await api.newTenant('no schedules'), 'admin');
    expect((await list(`contentId=${film}`, stranger)).total).toBe(0);
  });

  test('are copied as drafts, as they are now', async () => {
    const from = await created({ name: 'x'.repeat(120), priority: 4, groupId: site });
    const copy = (sent: object, as = admin) => post(sent, as, `${SCHEDULES}/${from.id}/copy`);
    const { data } = (await copy({}, manager)).json();
    expect(data).toMatchObject({ priority: 4, groupId: site, status: 'draft', version: 1, layout: from.layout });
    expect(data.name).toBe(`${'x'.repeat(113)} (copy)`);
    expect(data.id).not.toBe(from.id);
    expect(await contentUsed(data.id)).toEqual([image]);
    expect((await copy({ name: 'Mine', groupId: lobby })).json().data).toMatchObject({ name: 'Mine', groupId: lobby });
    const reader = await api.newUser(tenantId, 'manager', [beside]);
    expect((await copy({}, reader)).statusCode).toBe(404);
  });

  test('are deleted with what they use', async () => {
    const { id } = await created();
    expect((await api.send('DELETE', `${SCHEDULES}/${id}`, { as: admin })).statusCode).toBe(200);
    expect(await contentUsed(id)).toEqual([]);
    expect((await api.send('GET', `${SCHEDULES}/${id}`, { as: admin })).statusCode).toBe(404);
    expect((await api.send('DELETE', `${SCHEDULES}/${id}`, { as: admin })).statusCode).toBe(404);
  });
});
