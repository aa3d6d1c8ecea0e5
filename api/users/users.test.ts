import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, TEST_PASSWORD, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { userRoutes } from './routes.ts';

const USERS = '/api/v1/users';

describeEachDatabase('users', (open) => {
  let api: ApiFixture;
  let other: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let lobby: number;
  let hall: number;
  beforeAll(async () => {
    const db = await open();
    api = await openApi(db, { routes: userRoutes() });
    other = await openApi(db.reopen(), { routes: userRoutes(), clock: api.clock });
    tenantId = await api.newTenant('users');
    admin = await api.newUser(tenantId, 'admin');
    lobby = await api.newGroup(tenantId, 'Lobby');
    hall = await api.newGroup(tenantId, 'Hall', lobby);
  });
  afterAll(async () => {
    await api.close();
    await other.close();
  });

  const create = (body: unknown, as = admin) => api.send('POST', USERS, { as, body });
  const put = (id: number, body: unknown, as = admin) => api.send('PUT', `${USERS}/${id}`, { as, body });
  const read = async (id: number, as = admin) => (await api.send('GET', `${USERS}/${id}`, { as })).json().data;
  const logIn = (username: string, password: string) =>
    api.send('POST', '/api/v1/auth/login', { body: { username, password } });
  const lastAudit = async () => {
    const row = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .select(['action', 'entity_id', 'detail', 'username'])
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    return { ...row, detail: JSON.parse(row.detail) as unknown };
  };
  const lastChange = async () =>
    api.ctx.db.sql.selectFrom('changes').select(['kind', 'payload']).orderBy('rev', 'desc').executeTakeFirst();

  test('are created with a password of their own, and can sign in at once', async () => {
    const answer = await create({
      username: ' Anna@Example.org ',
      displayName: ' Anna ',
      role: 'manager',
      groupIds: [hall, lobby, hall],
      password: 'a password for Anna',
    });
    const { data } = answer.json();
    expect([answer.statusCode, data]).toEqual([
      201,
      {
        id: data.id,
        username: 'anna@example.org',
        displayName: 'Anna',
        role: 'manager',
        status: 'active',
        groupIds: [lobby, hall],
        mustChangePassword: false,
        lastLoginAt: null,
        version: 1,
        createdAt: '2026-11-20T09:00:00.000Z',
        updatedAt: '2026-11-20T09:00:00.000Z',
      },
    ]);
    expect(await read(data.id)).toEqual(data);
    expect((await logIn('anna@example.org', 'a password for Anna')).statusCode).toBe(200);
    expect((await read(data.id)).lastLoginAt).toBe('2026-11-20T09:00:00.000Z');
    const change = await lastChange();
    expect(change).toEqual({ kind: 'user.changed', payload: JSON.stringify({ userId: data.id }) });
  });

  test('are created without a password: one is made up, shown in this answer alone and to be changed', async () => {
    const { data } = (await create({ username: 'made-up', role: 'user', mustChangePassword: false })).json();
    expect(data).toMatchObject({ displayName: 'made-up', groupIds: [], mustChangePassword: true });
    expect(data.generatedPassword).toMatch(/^[\w-]{20}$/);
    expect((await read(data.id)).generatedPassword).toBeUndefined();
    expect((await logIn('made-up', data.generatedPassword)).json().data.user.mustChangePassword).toBe(true);
    const wanted = await create({ username: 'asked', role: 'user', password: TEST_PASSWORD, mustChangePassword: true });
    expect(wanted.json().data).toMatchObject({ mustChangePassword: true });
    expect(wanted.json().data.generatedPassword).toBeUndefined();
  });

  test('refuse what is not valid, naming the field', async () => {
    const fields = async (body: object) =>
      (await create({ username: 'valid-one', role: 'user', password: TEST_PASSWORD, ...body }))
        .json()
        .error.details?.map(({ field }: { field: string }) => field);
    expect(await fields({ username: 'a b' })).toEqual(['username']);
    expect(await fields({ username: '' })).toEqual(['username']);
    expect(await fields({ displayName: '  ' })).toEqual(['displayName']);
    expect(await fields({ role: 'root' })).toEqual(['role']);
    expect(await fields({ password: 'seven 7' })).toEqual(['password']);
    expect(await fields({ password: 'é'.repeat(129) })).toEqual(['password']);
    expect(await fields({ password: 'VALID-one' })).toEqual(['password']);
    expect(await fields({ groupIds: [0] })).toEqual(['groupIds.0']);
    expect(await fields({ groupIds: Array.from({ length: 501 }, (_, n) => n + 1) })).toEqual(['groupIds']);
    for (const field of ['tenantId', 'tokenVersion', 'passwordHash', 'status', 'version', 'id', 'lastLoginAt'])
      expect(await fields({ [field]: 1 })).toEqual([field]);
    for (const field of ['tenantId', 'tokenVersion', 'password', 'mustChangePassword'])
      expect((await put(admin.id, { [field]: 1, version: 1 })).json().error.details).toEqual([
        { field, message: 'is not a known field' },
      ]);
    expect((await create({ role: 'user' })).json().error.details).toEqual([
      { field: 'username', message: 'is required' },
    ]);
  });

  test('take groups of the tenant only', async () => {
    const foreign = await api.newGroup(await api.newTenant('foreign groups'), 'Theirs');
    for (const groupId of [foreign, 999_999]) {
      const refused = await create({ username: 'grouped', role: 'user', groupIds: [lobby, groupId] });
      expect([refused.statusCode, refused.json().error.details]).toEqual([
        404,
        [{ field: 'groupIds', message: `there is no group ${groupId}` }],
      ]);
    }
    const user = await api.newUser(tenantId, 'user', [lobby]);
    const moved = await put(user.id, { groupIds: [foreign], version: 1 });
    expect([moved.statusCode, (await read(user.id)).groupIds]).toEqual([404, [lobby]]);
  });

  test('have usernames that are unique over all tenants, however they are typed, and say no more than that', async () => {
    const stranger = await api.newUser(await api.newTenant('other names'), 'admin');
    expect((await create({ username: 'jos\u00e9', role: 'user' }, stranger)).statusCode).toBe(201);
    const answer = await create({ username: ' JOSE\u0301 ', role: 'user' });
    expect([answer.statusCode, answer.json().error]).toEqual([
      409,
      { code: 'CONFLICT', message: 'This username is taken', details: [{ field: 'username', message: 'is taken' }] },
    ]);
    const mine = await api.newUser(tenantId, 'user');
    const renamed = await put(mine.id, { username: 'José', version: 1 });
    expect(renamed.body).toBe(answer.body);
    expect((await create({ username: mine.username, role: 'user' })).body).toBe(answer.body);
    expect((await put(mine.id, { username: mine.username.toUpperCase(), version: 1 })).statusCode).toBe(200);
  });

  test('created with one name at the same time on two nodes: one of them is', async () => {
    const body = { username: 'race-for-a-name', role: 'user', password: TEST_PASSWORD };
    const answers = await Promise.all(
      [api, other, api, other].map((node) => node.send('POST', USERS, { as: admin, body })),
    );
    expect(answers.map((answer) => answer.statusCode).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
  });

  test('are changed at the current version only, and say which it is', async () => {
    const user = await api.newUser(tenantId, 'user');
    const first = await put(user.id, { displayName: 'Bea', role: 'manager', groupIds: [hall], version: 1 });
    expect(first.json().data).toMatchObject({
      username: user.username,
      displayName: 'Bea',
      role: 'manager',
      status: 'active',
      groupIds: [hall],
      version: 2,
    });
    expect(await lastAudit()).toEqual({
      action: 'user.updated',
      entity_id: user.id,
      detail: { displayName: 'Bea', role: 'manager', groupIds: [hall], version: 1 },
      username: admin.username,
    });
    const stale = await put(user.id, { displayName: 'Cleo', version: 1 });
    expect([stale.statusCode, stale.json().error]).toMatchObject([
      409,
      { code: 'VERSION_CONFLICT', details: [{ field: 'version', message: 'the current version is 2' }] },
    ]);
    const cleared = await put(user.id, { groupIds: [], version: 2 });
    expect(cleared.json().data).toMatchObject({ displayName: 'Bea', groupIds: [], version: 3 });
    expect((await put(user.id, { displayName: 'No version' })).statusCode).toBe(400);
  });

  test('are renamed, sign in under the new name, and not under the old', async () => {
    const user = await api.newUser(tenantId, 'user');
    expect((await put(user.id, { username: 'Renamed.One', version: 1 })).json().data.username).toBe('renamed.one');
    expect((await logIn('renamed.one', TEST_PASSWORD)).statusCode).toBe(200);
    expect((await logIn(user.username, TEST_PASSWORD)).statusCode).toBe(401);
  });

  test('are listed by page, searched, filtered and sorted', async () => {
    const tenant = await api.newTenant('listing users');
    const as = await api.newUser(tenant, 'admin');
    const site = await api.newGroup(tenant, 'Site');
    const floor = await api.newGroup(tenant, 'Floor', site);
    const suffix = as.username.slice(-8);
    const make = async (name: string, role: string, groupIds: number[], displayName = name) => {
      const answer = await create({ username: `${name}-${suffix}`, displayName, role, groupIds }, as);
      return answer.json().data.id as number;
    };
    const ada = await make('ada', 'manager', [site], '100% Ada');
    const bob = await make('bob', 'user', [floor]);
    const cid = await make('cid', 'user', []);
    await put(cid, { status: 'disabled', version: 1 }, as);
    const list = async (query: string) => (await api.send('GET', `${USERS}${query}`, { as })).json();
    const ids = async (query: string): Promise<number[]> =>
      (await list(query)).data.map(({ id }: { id: number }) => id);
    const all = await list('?sort=id');
    expect(all.meta).toEqual({ page: 1, limit: 50, total: 4 });
    expect(all.data.map(({ id }: { id: number }) => id)).toEqual([as.id, ada, bob, cid]);
    expect(all.data[1]).toEqual(await read(ada, as));
    expect(await ids('?sort=-id&limit=2&page=2')).toEqual([ada, as.id]);
    expect(await ids('?limit=2&page=9')).toEqual([]);
    expect(await ids('?q=BOB')).toEqual([bob]);
    expect(await ids('?q=100%25')).toEqual([ada]);
    expect(await ids('?q=_')).toEqual([]);
    expect(await ids('?role=user&sort=-username')).toEqual([cid, bob]);
    expect(await ids('?status=disabled')).toEqual([cid]);
    expect(await ids(`?groupId=${site}`)).toEqual([ada, bob]);
    expect(await ids(`?groupId=${floor}&role=user&status=active&q=bob`)).toEqual([bob]);
    expect((await api.send('GET', `${USERS}?groupId=${lobby}`, { as })).statusCode).toBe(404);
    expect((await api.send('GET', `${USERS}?sort=passwordHash`, { as })).statusCode).toBe(400);
    expect(JSON.stringify(all)).not.toMatch(/hash|token/i);
  });

  test('are deleted, with what was assigned to them; what they did stays in the audit under their name', async () => {
    const user = await api.newUser(tenantId, 'manager', [lobby]);
    expect((await logIn(user.username, TEST_PASSWORD)).statusCode).toBe(200);
    const gone = await api.send('DELETE', `${USERS}/${user.id}`, { as: admin });
    expect([gone.statusCode, gone.json()]).toEqual([200, { success: true, data: {} }]);
    expect(await lastAudit()).toMatchObject({
      action: 'user.removed',
      entity_id: user.id,
      detail: { username: user.username, displayName: user.username, role: 'manager' },
    });
    const { sql } = api.ctx.db;
    for (const table of ['user_groups', 'refresh_tokens'] as const)
      expect(await sql.selectFrom(table).select('user_id').where('user_id', '=', user.id).execute()).toEqual([]);
    const did = await sql.selectFrom('audit_logs').select('username').where('user_id', '=', user.id).execute();
    expect(did).toEqual([{ username: user.username }]);
    expect((await api.send('DELETE', `${USERS}/${user.id}`, { as: admin })).statusCode).toBe(404);
    expect((await create({ username: user.username, role: 'user' })).statusCode).toBe(201);
  });

  test('cannot take their own account away, nor reset their own password', async () => {
    const self = await api.newUser(tenantId, 'admin');
    const refusals = [
      await put(self.id, { status: 'disabled', version: 1 }, self),
      await put(self.id, { role: 'manager', version: 1 }, self),
      await api.send('DELETE', `${USERS}/${self.id}`, { as: self }),
      await api.send('POST', `${USERS}/${self.id}/reset-password`, { as: self, body: {} }),
    ];
    for (const refused of refusals) expect([refused.statusCode, refused.json().error.code]).toEqual([409, 'CONFLICT']);
    expect(refusals[0]?.json().error.details[0].field).toBe('status');
    expect(refusals[1]?.json().error.details[0].field).toBe('role');
    const kept = await put(self.id, { displayName: 'Me', role: 'admin', status: 'active', version: 1 }, self);
    expect([kept.statusCode, kept.json().data]).toMatchObject([200, { role: 'admin', status: 'active', version: 2 }]);
  });

  test.each(['demote', 'disable', 'delete'])(
    'the last active admin is kept: of two admins who %s each other at once, one is refused',
    async (act) => {
      for (let round = 0; round < 3; round++) {
        const tenant = await api.newTenant(`${act} ${round}`);
        const a = await api.newUser(tenant, 'admin');
        const b = await api.newUser(tenant, 'admin');
        // A disabled admin is none.
        const asleep = await api.newUser(tenant, 'admin');
        await api.ctx.db.sql.updateTable('users').set({ status: 'disabled' }).where('id', '=', asleep.id).execute();
        // Both nodes know both admins, so that the gate lets both through whichever is first.
        await api.send('GET', USERS, { as: a });
        await other.send('GET', USERS, { as: b });
        const strike = (node: ApiFixture, as: TestUser, { id }: TestUser) => {
          if (act === 'delete') return node.send('DELETE', `${USERS}/${id}`, { as });
          const fields = act === 'demote' ? { role: 'manager' } : { status: 'disabled' };
          return node.send('PUT', `${USERS}/${id}`, { as, body: { ...fields, version: 1 } });
        };
        const answers = await Promise.all([strike(api, a, b), strike(other, b, a)]);
        expect(answers.map((answer) => answer.statusCode).toSorted((x, y) => x - y)).toEqual([200, 409]);
        expect(answers.find((answer) => answer.statusCode === 409)?.json().error.message).toBe(
          'This is the last active admin of the tenant',
        );
        const left = await api.ctx.db.sql
          .selectFrom('users')
          .select('id')
          .where('tenant_id', '=', tenant)
          .where('role', '=', 'admin')
          .where('status', '=', 'active')
          .execute();
        expect(left).toHaveLength(1);
      }
    },
  );

  test('are the admins’ alone', async () => {
    const victim = await api.newUser(tenantId, 'user', [lobby]);
    const requests: [string, string, unknown?][] = [
      ['GET', USERS],
      ['POST', USERS, { username: 'nobody', role: 'admin' }],
      ['GET', `${USERS}/${victim.id}`],
      ['PUT', `${USERS}/${victim.id}`, { role: 'admin', version: 1 }],
      ['DELETE', `${USERS}/${victim.id}`],
      ['POST', `${USERS}/${victim.id}/reset-password`, {}],
    ];
    expect(requests).toHaveLength(userRoutes().length);
    for (const role of ['user', 'manager'] as const) {
      const as = await api.newUser(tenantId, role, [lobby]);
      for (const [method, url, body] of requests) {
        const answer = await api.send(method, url, { as, ...(body !== undefined && { body }) });
        expect([role, method, url, answer.statusCode]).toEqual([role, method, url, 403]);
      }
    }
    expect(await read(victim.id)).toMatchObject({ role: 'user', version: 1 });
  });

  test("[INV-10] another tenant's ids are 404 for its admin, and nothing changes", async () => {
    const victim = await api.newUser(tenantId, 'user', [lobby]);
    const stranger = await api.newUser(await api.newTenant('strangers'), 'admin');
    const everything = async () =>
      JSON.stringify([
        await api.ctx.db.sql.selectFrom('users').selectAll().execute(),
        await api.ctx.db.sql.selectFrom('changes').selectAll().execute(),
      ]);
    const before = await everything();
    const answers = [
      await api.send('GET', `${USERS}/${victim.id}`, { as: stranger }),
      await put(victim.id, { displayName: 'Mine now', version: 1 }, stranger),
      await api.send('DELETE', `${USERS}/${victim.id}`, { as: stranger }),
      await api.send('POST', `${USERS}/${victim.id}/reset-password`, { as: stranger, body: {} }),
    ];
    for (const answer of answers) expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'NOT_FOUND']);
    expect(await everything()).toBe(before);
    const list = (await api.send('GET', USERS, { as: stranger })).json();
    expect([list.meta.total, list.data[0].id]).toEqual([1, stranger.id]);
  });
});
