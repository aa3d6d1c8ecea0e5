import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { deviceRoutes } from '../devices/routes.ts';
import { groupRoutes } from '../groups/routes.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { layoutOf } from '../testing/schedule-samples.ts';
import { scheduleRoutes } from './routes.ts';

const SCHEDULES = '/api/v1/schedules';

describeEachDatabase('deploying and withdrawing schedules', (open) => {
  let db: TestDatabase;
  let api: ApiFixture;
  let tenantId: number;
  let site: number;
  let lobby: number;
  let beside: number;
  let device: number;
  let loose: number;
  let admin: TestUser;
  let manager: TestUser;
  let image: number;

  beforeAll(async () => {
    db = await open();
    api = await openApi(db, { routes: [...scheduleRoutes(), ...groupRoutes(), ...deviceRoutes()] });
    tenantId = await api.newTenant('deployments');
    site = await api.newGroup(tenantId, 'Site');
    lobby = await api.newGroup(tenantId, 'Lobby', site);
    beside = await api.newGroup(tenantId, 'Beside');
    device = await insertDevice(db, tenantId, { group_id: lobby, status: 'online' });
    loose = await insertDevice(db, tenantId);
    admin = await api.newUser(tenantId, 'admin');
    manager = await api.newUser(tenantId, 'manager', [site]);
    image = await insertContent(db, tenantId);
  });
  afterAll(() => api.close());

  const create = async (more: object = {}): Promise<number> => {
    const body = { name: 'Morning', layout: layoutOf(image), ...more };
    return (await api.send('POST', SCHEDULES, { as: admin, body })).json().data.id;
  };
  const act = (verb: 'deploy' | 'withdraw', id: number, body: object, as = admin, key?: string) =>
    api.send('POST', `${SCHEDULES}/${id}/${verb}`, { as, body, ...(key !== undefined && { key }) });
  const deployed = async (id: number, body: object, as = admin): Promise<number> => {
    const answer = await act('deploy', id, body, as);
    expect(answer.statusCode).toBe(201);
    return answer.json().data.deploymentId;
  };
  const read = async (id: number) => (await api.send('GET', `${SCHEDULES}/${id}`, { as: admin })).json().data;
  const assignments = async (scheduleId: number) => {
    const rows = await db.sql
      .selectFrom('schedule_assignments')
      .select(['deployment_id', 'target_kind', 'target_id', 'rev'])
      .where('schedule_id', '=', scheduleId)
      .orderBy('target_kind')
      .orderBy('target_id')
      .execute();
    return rows.map((row) => [row.deployment_id, row.target_kind, row.target_id, row.rev]);
  };
  const deployment = (id: number) =>
    db.sql.selectFrom('deployments').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const revOf = async (kind: 'group' | 'device', id: number): Promise<number | undefined> => {
    const row = await db.sql
      .selectFrom('manifest_revs')
      .select('rev')
      .where('tenant_id', '=', tenantId)
      .where('target_kind', '=', kind)
      .where('target_id', '=', id)
      .executeTakeFirst();
    return row?.rev;
  };
  const newestChange = async () => {
    const row = await db.sql
      .selectFrom('changes')
      .selectAll()
      .orderBy('rev', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    return { rev: row.rev, kind: row.kind, payload: JSON.parse(row.payload) as unknown };
  };
  const newestAudit = async () => {
    const row = await db.sql.selectFrom('audit_logs').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();
    return { action: row.action, entityId: row.entity_id, detail: JSON.parse(row.detail) as unknown };
  };

  test('a deployment is a snapshot with its targets, its content, its change and the manifests’ versions', async () => {
    const timing = { endDate: '2027-01-01' };
    const id = await create({ priority: 4, timing });
    const answer = await act('deploy', id, { groupIds: [site, lobby, site], deviceIds: [device, loose], version: 1 });
    expect(answer.statusCode).toBe(201);
    const { data } = answer.json();
    const targets = { total: 2, online: 1, offline: 1 };
    expect(data).toEqual({ deploymentId: data.deploymentId, scheduleId: id, version: 1, targets });
    const change = await newestChange();
    const aimed = { groupIds: [site], deviceIds: [loose] };
    expect(change).toEqual({ rev: change.rev, kind: 'schedule.assigned', payload: aimed });
    expect(api.hints.at(-1)).toEqual({ kind: 'changes', rev: change.rev });
    expect(await assignments(id)).toEqual([
      [data.deploymentId, 'device', loose, change.rev],
      [data.deploymentId, 'group', site, change.rev],
    ]);
    const row = await deployment(data.deploymentId);
    expect({
      ...row,
      snapshot: JSON.parse(row.snapshot) as unknown,
      targets: JSON.parse(row.targets ?? '') as unknown,
    }).toEqual({
      id: data.deploymentId,
      tenant_id: tenantId,
      schedule_id: id,
      schedule_version: 1,
      snapshot: { name: 'Morning', priority: 4, layout: layoutOf(image), timing },
      status: 'active',
      targets: aimed,
      targeted_total: 2,
      created_by: admin.id,
      created_at: api.clock.now(),
      withdrawn_at: null,
      withdrawn_by: null,
      rev: change.rev,
    });
    const content = await db.sql
      .selectFrom('deployment_content')
      .select('content_id')
      .where('deployment_id', '=', data.deploymentId)
      .execute();
    expect(content.map((used) => used.content_id)).toEqual([image]);
    expect([await revOf('group', site), await revOf('device', loose)]).toEqual([change.rev, change.rev]);
    expect([await revOf('group', lobby), await revOf('device', device)]).toEqual([undefined, undefined]);
    expect(await newestAudit()).toMatchObject({ action: 'schedule.deployed', entityId: id, detail: aimed });
    const state = { status: 'published', version: 1, deployedVersion: 1, deployed: true, hasUndeployedChanges: false };
    expect(await read(id)).toMatchObject(state);
  });

  test('an edit stays off the screens until the next deployment, which takes the older one’s place', async () => {
    const id = await create();
    const first = await deployed(id, { groupIds: [site, beside] });
    await api.send('PUT', `${SCHEDULES}/${id}`, { as: admin, body: { name: 'Edited', version: 1 } });
    expect(await read(id)).toMatchObject({ version: 2, deployedVersion: 1, hasUndeployedChanges: true });
    expect(JSON.parse((await deployment(first)).snapshot)).toMatchObject({ name: 'Morning' });
    const before = (await revOf('group', site)) ?? 0;
    const second = await deployed(id, { groupIds: [site] });
    expect(await read(id)).toMatchObject({ version: 2, deployedVersion: 2, hasUndeployedChanges: false });
    expect((await assignments(id)).map(([of, , target]) => [of, target])).toEqual([
      [second, site],
      [first, beside],
    ]);
    expect(await revOf('group', site)).toBeGreaterThan(before);
    expect((await deployment(first)).status).toBe('active');
    const third = await deployed(id, { groupIds: [beside] });
    expect(await deployment(first)).toMatchObject({
      status: 'withdrawn',
      withdrawn_at: api.clock.now(),
      withdrawn_by: admin.id,
    });
    expect((await deployment(third)).schedule_version).toBe(2);
  });

  test('whoever names a group and one above it means both: nothing older is left nearer to the screens', async () => {
    const id = await create();
    const old = await deployed(id, { groupIds: [lobby], deviceIds: [loose] });
    const all = await deployed(id, { groupIds: [site, lobby], deviceIds: [device, loose] });
    expect((await assignments(id)).map(([of, kind, target]) => [of, kind, target])).toEqual([
      [all, 'device', loose],
      [all, 'group', site],
    ]);
    expect((await deployment(old)).status).toBe('withdrawn');
  });

  test('is refused without a target, for targets and schedules that are not there, and at another version', async () => {
    const id = await create();
    const refusal = async (body: object, as = admin, which = id) => {
      const answer = await act('deploy', which, body, as);
      const { code, details } = answer.json().error;
      return [answer.statusCode, code, details?.[0].field];
    };
    expect(await refusal({})).toEqual([400, 'VALIDATION_ERROR', 'groupIds']);
    expect(await refusal({ groupIds: [], deviceIds: [] })).toEqual([400, 'VALIDATION_ERROR', 'groupIds']);
    expect(await refusal({ groupIds: [999_999] })).toEqual([404, 'NOT_FOUND', 'groupIds']);
    expect(await refusal({ groupIds: [site, beside] }, manager)).toEqual([404, 'NOT_FOUND', 'groupIds']);
    expect(await refusal({ deviceIds: [loose] }, manager)).toEqual([404, 'NOT_FOUND', 'deviceIds']);
    expect(await refusal({ groupIds: [site], version: 2 })).toEqual([409, 'VERSION_CONFLICT', 'version']);
    expect(await refusal({ groupIds: [site] }, admin, 999_999)).toEqual([404, 'NOT_FOUND', undefined]);
    const reader = await api.newUser(tenantId, 'user', [site]);
    expect(await refusal({ groupIds: [site] }, reader)).toEqual([403, 'FORBIDDEN', undefined]);
    const stranger = await api.newUser(await api.newTenant('strangers'), 'admin');
    expect(await refusal({ groupIds: [site] }, stranger)).toEqual([404, 'NOT_FOUND', undefined]);
    expect(await assignments(id)).toEqual([]);
  });

  test('is refused while content is not ready, naming where, and of an archived schedule', async () => {
    const film = await insertContent(db, tenantId);
    const id = await create({ layout: layoutOf(image, film) });
    await db.sql.updateTable('content').set({ status: 'failed' }).where('id', '=', film).execute();
    const answer = await act('deploy', id, { groupIds: [site] });
    expect([answer.statusCode, answer.json().error.details]).toEqual([
      409,
      [{ field: 'layout.zones.0.items.1.contentId', message: `content ${film} is failed` }],
    ]);
    const other = await create();
    await api.send('PUT', `${SCHEDULES}/${other}`, { as: admin, body: { status: 'archived', version: 1 } });
    expect((await act('deploy', other, { groupIds: [site] })).statusCode).toBe(409);
  });

  test('[INV-4] one with an Idempotency-Key has one effect', async () => {
    const id = await create();
    const one = await act('deploy', id, { groupIds: [site] }, admin, 'deploy-once');
    const two = await act('deploy', id, { groupIds: [site] }, admin, 'deploy-once');
    expect(two.json()).toEqual(one.json());
    expect(await assignments(id)).toHaveLength(1);
  });

  test('what is deployed is neither deleted, archived nor a draft; the refusal names where it is', async () => {
    const id = await create({ groupId: site });
    await deployed(id, { groupIds: [lobby], deviceIds: [loose] });
    const details = async (as: TestUser) => {
      const answer = await api.send('DELETE', `${SCHEDULES}/${id}`, { as });
      expect(answer.statusCode).toBe(409);
      return answer.json().error.details.map(({ message }: { message: string }) => message);
    };
    expect(await details(admin)).toEqual([
      `it is deployed to group ${lobby} (Lobby)`,
      expect.stringMatching(`^it is deployed to device ${loose} \\(Screen`),
    ]);
    expect(await details(manager)).toEqual([
      `it is deployed to group ${lobby} (Lobby)`,
      'it is deployed to 1 more targets',
    ]);
    for (const status of ['archived', 'draft']) {
      const answer = await api.send('PUT', `${SCHEDULES}/${id}`, { as: admin, body: { status, version: 1 } });
      expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([409, 'status']);
    }
  });

  test('a withdrawal takes it from the targets named, or from all in scope, and raises their manifests', async () => {
    const id = await create();
    const first = await deployed(id, { groupIds: [site, beside], deviceIds: [loose] });
    const before = (await revOf('group', beside)) ?? 0;
    const one = await act('withdraw', id, { groupIds: [beside] });
    expect(one.json().data).toEqual({ scheduleId: id, groupIds: [beside], deviceIds: [], deployed: true });
    const change = await newestChange();
    expect(change).toMatchObject({ kind: 'schedule.assigned', payload: { groupIds: [beside], deviceIds: [] } });
    expect(await revOf('group', beside)).toBe(change.rev);
    expect(change.rev).toBeGreaterThan(before);
    expect((await deployment(first)).status).toBe('active');
    const again = await act('withdraw', id, { groupIds: [beside] });
    expect([again.statusCode, again.json().error.code]).toEqual([409, 'CONFLICT']);
    expect((await act('withdraw', id, { groupIds: [], deviceIds: [] })).statusCode).toBe(400);
    expect((await act('withdraw', id, { groupIds: [beside] }, manager)).statusCode).toBe(404);
    const mine = await act('withdraw', id, {}, manager);
    expect(mine.json().data).toEqual({ scheduleId: id, groupIds: [site], deviceIds: [], deployed: true });
    expect((await act('withdraw', id, {}, manager)).statusCode).toBe(409);
    const rest = await act('withdraw', id, {});
    expect(rest.json().data).toEqual({ scheduleId: id, groupIds: [], deviceIds: [loose], deployed: false });
    expect(await deployment(first)).toMatchObject({ status: 'withdrawn', withdrawn_by: admin.id });
    expect(await newestAudit()).toMatchObject({ action: 'schedule.withdrawn', entityId: id });
    expect(await read(id)).toMatchObject({ deployed: false, deployedVersion: 1, status: 'published' });
    expect((await api.send('DELETE', `${SCHEDULES}/${id}`, { as: admin })).statusCode).toBe(200);
  });

  test('a group or device that is deleted takes its assignments with it; one that owns something stays', async () => {
    const id = await create();
    const group = await api.newGroup(tenantId, 'Short-lived');
    const screen = await insertDevice(db, tenantId, { group_id: site });
    const both = await deployed(id, { groupIds: [group], deviceIds: [screen] });
    const owned = await create({ groupId: group });
    const refused = await api.send('DELETE', `/api/v1/groups/${group}`, { as: admin });
    expect([refused.statusCode, refused.json().error.message]).toEqual([
      409,
      expect.stringMatching(/^1 schedules belong/),
    ]);
    await api.send('DELETE', `${SCHEDULES}/${owned}`, { as: admin });
    expect((await api.send('DELETE', `/api/v1/groups/${group}`, { as: admin })).statusCode).toBe(200);
    expect((await assignments(id)).map(([of, kind]) => [of, kind])).toEqual([[both, 'device']]);
    expect((await deployment(both)).status).toBe('active');
    expect((await api.send('DELETE', `/api/v1/devices/${screen}`, { as: admin })).statusCode).toBe(200);
    expect(await assignments(id)).toEqual([]);
    expect((await deployment(both)).status).toBe('withdrawn');
    expect([await revOf('group', group), await revOf('device', screen)]).toEqual([undefined, undefined]);
  });

  test('many who deploy and withdraw at once leave one deployment per target, and those alone active', async () => {
    const id = await create();
    const targets = [[site], [lobby], [beside], [site, beside]];
    const verbs = Array.from({ length: 12 }, (_, index) =>
      index % 4 === 3 ? ('withdraw' as const) : ('deploy' as const),
    );
    const answers = await Promise.all(
      verbs.map((verb, index) => act(verb, id, { groupIds: targets[index % targets.length] as number[] })),
    );
    for (const answer of answers) expect([200, 201, 409]).toContain(answer.statusCode);
    const rows = await assignments(id);
    expect(new Set(rows.map(([, kind, target]) => `${kind} ${target}`)).size).toBe(rows.length);
    const active = await db.sql
      .selectFrom('deployments')
      .select('id')
      .where('schedule_id', '=', id)
      .where('status', '=', 'active')
      .orderBy('id')
      .execute();
    const named = [...new Set(rows.map(([of]) => Number(of)))].sort((a, b) => a - b);
    expect(active.map((row) => row.id)).toEqual(named);
  });
});
