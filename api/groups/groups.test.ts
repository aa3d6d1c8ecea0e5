import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { groupRoutes } from './routes.ts';

const GROUPS = '/api/v1/groups';

describeEachDatabase('groups', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: groupRoutes() });
    tenantId = await api.newTenant('groups');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const create = (body: unknown, as = admin) => api.send('POST', GROUPS, { as, body });
  const created = async (name: string, parentId: number | null = null): Promise<number> => {
    const answer = await create({ name, parentId });
    expect(answer.statusCode).toBe(201);
    return answer.json().data.id;
  };
  const newestChange = async (): Promise<{ rev: number; kind: string; payload: unknown; tenantId: number }> => {
    const row = await api.ctx.db.sql
      .selectFrom('changes')
      .selectAll()
      .orderBy('rev', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    return { rev: row.rev, kind: row.kind, payload: JSON.parse(row.payload) as unknown, tenantId: row.tenant_id };
  };
  const revsOf = (id: number) =>
    api.ctx.db.sql.selectFrom('groups').select(['rev', 'placement_rev']).where('id', '=', id).executeTakeFirstOrThrow();

  test('are created at the top and below another, with their change, audit row and announcement', async () => {
    const top = await created('Site A');
    const answer = await create({ name: '  Floor 1 ', parentId: top, config: { volume: 40, timezone: 'Europe/Rome' } });
    const { data } = answer.json();
    expect(data).toEqual({
      id: data.id,
      name: 'Floor 1',
      parentId: top,
      config: { volume: 40, timezone: 'Europe/Rome' },
      deviceCount: 0,
      onlineCount: 0,
      version: 1,
      createdAt: '2026-11-20T09:00:00.000Z',
      updatedAt: '2026-11-20T09:00:00.000Z',
    });
    const change = await newestChange();
    expect(change).toEqual({
      rev: change.rev,
      tenantId,
      kind: 'group.saved',
      payload: { groupId: data.id, parentId: top, config: { volume: 40, timezone: 'Europe/Rome' } },
    });
    expect(await revsOf(data.id)).toEqual({ rev: change.rev, placement_rev: 0 });
    expect(api.hints.at(-1)).toEqual({ kind: 'changes', rev: change.rev });
    const audit = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .select(['action', 'entity_id'])
      .orderBy('id', 'desc')
      .executeTakeFirst();
    expect(audit).toEqual({ action: 'group.created', entity_id: data.id });
  });

  test('are read one by one, 404 for one that is not there', async () => {
    const id = await created('Read me');
    expect((await api.send('GET', `${GROUPS}/${id}`, { as: admin })).json().data).toMatchObject({
      id,
      name: 'Read me',
      parentId: null,
    });
    const missing = await api.send('GET', `${GROUPS}/999999`, { as: admin });
    expect([missing.statusCode, missing.json().error.code]).toEqual([404, 'NOT_FOUND']);
    expect((await api.send('GET', `${GROUPS}/0`, { as: admin })).statusCode).toBe(400);
    expect((await api.send('GET', `${GROUPS}/abc`, { as: admin })).statusCode).toBe(400);
  });

  test('refuse what is not valid, naming the field', async () => {
    const fields = async (body: unknown) =>
      (await create(body)).json().error.details?.map(({ field }: { field: string }) => field);
    expect(await fields({})).toEqual(['name']);
    expect(await fields({ name: '   ' })).toEqual(['name']);
    expect(await fields({ name: 'x'.repeat(121) })).toEqual(['name']);
    expect(await fields({ name: 'x', tenantId: 1 })).toEqual(['tenantId']);
    expect(await fields({ name: 'x', config: { volume: 101 } })).toEqual(['config.volume']);
    expect(await fields({ name: 'x', config: { loudness: 1 } })).toEqual(['config.loudness']);
    expect(await fields({ name: 'x', config: { timezone: 'Mars/Olympus' } })).toEqual(['config.timezone']);
    expect(await fields({ name: 'x', parentId: 999_999 })).toEqual(['parentId']);
    expect((await create({ name: 'x', parentId: 999_999 })).statusCode).toBe(404);
  });

  test('have names that are unique among siblings only', async () => {
    const first = await created('Twin');
    const again = await create({ name: ' Twin' });
    expect([again.statusCode, again.json().error.code]).toEqual([409, 'CONFLICT']);
    const other = await created('Other parent');
    const below = await created('Twin', other);
    const moved = await api.send('PUT', `${GROUPS}/${below}`, { as: admin, body: { parentId: null, version: 1 } });
    expect(moved.json().error).toMatchObject({ code: 'CONFLICT', details: [{ field: 'name' }] });
    const renamed = await api.send('PUT', `${GROUPS}/${first}`, { as: admin, body: { name: 'Twin', version: 1 } });
    expect(renamed.statusCode).toBe(200);
  });

  test('are changed at the current version only, and say which it is', async () => {
    const id = await created('Versioned');
    const put = (body: unknown) => api.send('PUT', `${GROUPS}/${id}`, { as: admin, body });
    const first = await put({ name: 'Versioned 2', version: 1 });
    expect(first.json().data).toMatchObject({ name: 'Versioned 2', version: 2, config: {} });
    const stale = await put({ name: 'Versioned 3', version: 1 });
    expect(stale.statusCode).toBe(409);
    expect(stale.json().error).toMatchObject({
      code: 'VERSION_CONFLICT',
      details: [{ field: 'version', message: 'the current version is 2' }],
    });
    const configured = await put({ config: { brightness: 10 }, version: 2 });
    expect(configured.json().data).toMatchObject({ name: 'Versioned 2', version: 3, config: { brightness: 10 } });
    const change = await newestChange();
    expect(change.payload).toEqual({ groupId: id, parentId: null, config: { brightness: 10 } });
    // Where it stands has not changed: only a move may make devices fetch another manifest.
    expect(await revsOf(id)).toEqual({ rev: change.rev, placement_rev: 0 });
    expect((await put({ name: 'No version' })).statusCode).toBe(400);
    expect((await api.send('PUT', `${GROUPS}/999999`, { as: admin, body: { version: 1 } })).statusCode).toBe(404);
  });

  test('are moved, but never under themselves and never too deep', async () => {
    const a = await created('Move A');
    const b = await created('Move B', a);
    const c = await created('Move C', b);
    const move = (id: number, parentId: number | null, version: number) =>
      api.send('PUT', `${GROUPS}/${id}`, { as: admin, body: { parentId, version } });
    for (const parent of [a, b, c]) {
      const refused = await move(a, parent, 1);
      expect([refused.statusCode, refused.json().error.details[0].field]).toEqual([409, 'parentId']);
    }
    expect((await move(c, a, 1)).json().data).toMatchObject({ parentId: a, version: 2 });
    const change = await newestChange();
    expect(await revsOf(c)).toEqual({ rev: change.rev, placement_rev: change.rev });

    let parent = await created('Level 1');
    for (let level = 2; level <= 16; level++) parent = await created(`Level ${level}`, parent);
    const tooDeep = await create({ name: 'Level 17', parentId: parent });
    expect([tooDeep.statusCode, tooDeep.json().error.code]).toEqual([409, 'CONFLICT']);
  });

  test('two moves at the same time that would make a cycle together: one is refused', async () => {
    for (let round = 0; round < 10; round++) {
      const a = await created(`Cycle A ${round}`);
      const b = await created(`Cycle B ${round}`);
      const answers = await Promise.all([
        api.send('PUT', `${GROUPS}/${a}`, { as: admin, body: { parentId: b, version: 1 } }),
        api.send('PUT', `${GROUPS}/${b}`, { as: admin, body: { parentId: a, version: 1 } }),
      ]);
      expect(answers.map((answer) => answer.statusCode).sort((a, b) => a - b)).toEqual([200, 409]);
      const rows = await api.ctx.db.sql
        .selectFrom('groups')
        .select(['id', 'parent_id'])
        .where('id', 'in', [a, b])
        .execute();
      expect(rows.filter((row) => row.parent_id === null)).toHaveLength(1);
    }
  });

  test('created with one name at the same time: one of them is', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => create({ name: 'Race for a name' })));
    expect(answers.map((answer) => answer.statusCode).sort((a, b) => a - b)).toEqual([201, 409, 409, 409, 409, 409]);
  });

  test('the first groups of two tenants, created at the same time, are all created', async () => {
    const tenants = await Promise.all([1, 2, 3].map((n) => api.newTenant(`fresh ${n}`)));
    const admins = await Promise.all(tenants.map((id) => api.newUser(id, 'admin')));
    const answers = await Promise.all(
      admins.flatMap((as) => ['x', 'y', 'z'].map((name) => api.send('POST', GROUPS, { as, body: { name } }))),
    );
    expect(answers.map((answer) => answer.statusCode)).toEqual(Array.from({ length: 9 }, () => 201));
  });

  test('are deleted when empty, and refused while they have subgroups or devices', async () => {
    const parent = await created('Full');
    const child = await created('Child', parent);
    const remove = (id: number) => api.send('DELETE', `${GROUPS}/${id}`, { as: admin });
    expect((await remove(parent)).json().error).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('subgroups'),
    });
    const deviceId = await insertDevice(api.ctx.db, tenantId, { group_id: child, state: 'revoked' });
    expect((await remove(child)).json().error).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('devices'),
    });
    await api.ctx.db.sql.deleteFrom('devices').where('id', '=', deviceId).execute();
    await api.newUser(tenantId, 'user', [child]);
    const gone = await remove(child);
    expect([gone.statusCode, gone.json()]).toEqual([200, { success: true, data: {} }]);
    expect(await newestChange()).toMatchObject({ kind: 'group.removed', payload: { groupId: child } });
    expect((await remove(child)).statusCode).toBe(404);
    expect((await remove(parent)).statusCode).toBe(200);
  });

  test('are listed with the devices of their subtrees, sorted, searched and page by page', async () => {
    const tenant = await api.newTenant('listing');
    const as = await api.newUser(tenant, 'admin');
    const site = await api.newGroup(tenant, 'Site');
    const floor = await api.newGroup(tenant, 'Floor 100%', site);
    const lobby = await api.newGroup(tenant, 'Lobby', floor);
    await insertDevice(api.ctx.db, tenant, { group_id: site, status: 'online' });
    await insertDevice(api.ctx.db, tenant, { group_id: lobby, status: 'online' });
    await insertDevice(api.ctx.db, tenant, { group_id: lobby });
    await insertDevice(api.ctx.db, tenant, { group_id: lobby, status: 'online', state: 'revoked' });
    await insertDevice(api.ctx.db, tenant);
    const list = async (query: string) => (await api.send('GET', `${GROUPS}${query}`, { as })).json();
    const brief = ({ data }: { data: { name: string; deviceCount: number; onlineCount: number }[] }) =>
      data.map(({ name, deviceCount, onlineCount }) => [name, deviceCount, onlineCount]);
    const all = await list('');
    expect(all.meta).toEqual({ page: 1, limit: 50, total: 3 });
    expect(brief(all)).toEqual([
      ['Floor 100%', 3, 1],
      ['Lobby', 3, 1],
      ['Site', 4, 2],
    ]);
    expect((await api.send('GET', `${GROUPS}/${floor}`, { as })).json().data).toMatchObject({
      deviceCount: 3,
      onlineCount: 1,
    });
    const second = await list('?sort=-name&limit=1&page=2');
    expect([brief(second), second.meta]).toEqual([[['Lobby', 3, 1]], { page: 2, limit: 1, total: 3 }]);
    expect(brief(await list('?q=LOB'))).toEqual([['Lobby', 3, 1]]);
    expect(brief(await list('?q=%25'))).toEqual([['Floor 100%', 3, 1]]);
    expect(brief(await list('?q=_'))).toEqual([]);
    expect(brief(await list(`?parentId=${site}`))).toEqual([['Floor 100%', 3, 1]]);
    for (const bad of ['?limit=201', '?limit=0', '?page=0', '?sort=password', '?colour=red']) {
      expect((await api.send('GET', `${GROUPS}${bad}`, { as })).statusCode).toBe(400);
    }
  });

  test('managers act below their own groups, users only read, and nobody sees the rest', async () => {
    const tenant = await api.newTenant('scopes');
    const site = await api.newGroup(tenant, 'Site');
    const mine = await api.newGroup(tenant, 'Mine', site);
    const inner = await api.newGroup(tenant, 'Inner', mine);
    const theirs = await api.newGroup(tenant, 'Theirs', site);
    const manager = await api.newUser(tenant, 'manager', [mine]);
    const user = await api.newUser(tenant, 'user', [mine]);
    const names = async (as: TestUser) =>
      (await api.send('GET', GROUPS, { as })).json().data.map(({ name }: { name: string }) => name);
    expect(await names(manager)).toEqual(['Inner', 'Mine']);
    expect(await names(user)).toEqual(['Inner', 'Mine']);
    const status = async (method: string, path: string, as: TestUser, body?: unknown) =>
      (await api.send(method, `${GROUPS}${path}`, { as, body })).statusCode;
    expect(await status('GET', `/${theirs}`, manager)).toBe(404);
    expect(await status('GET', `/${site}`, user)).toBe(404);
    expect(await status('POST', '', manager, { name: 'New', parentId: inner })).toBe(201);
    expect(await status('POST', '', manager, { name: 'New', parentId: theirs })).toBe(404);
    expect(await status('POST', '', manager, { name: 'New' })).toBe(403);
    expect(await status('POST', '', user, { name: 'New', parentId: mine })).toBe(403);
    expect(await status('PUT', `/${inner}`, manager, { name: 'Renamed', version: 1 })).toBe(200);
    expect(await status('PUT', `/${inner}`, manager, { parentId: theirs, version: 2 })).toBe(404);
    expect(await status('PUT', `/${inner}`, manager, { parentId: null, version: 2 })).toBe(403);
    // Its own place above the scope is not touched by a rename.
    expect(await status('PUT', `/${mine}`, manager, { name: 'Still mine', version: 1 })).toBe(200);
    expect(await status('PUT', `/${theirs}`, manager, { name: 'x', version: 1 })).toBe(404);
    expect(await status('PUT', `/${inner}`, user, { name: 'x', version: 2 })).toBe(403);
    expect(await status('DELETE', `/${theirs}`, manager)).toBe(404);
    expect(await status('DELETE', `/${inner}`, user)).toBe(403);
  });
});
