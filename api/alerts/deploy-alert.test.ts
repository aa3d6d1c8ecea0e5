import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { DEVICE_TARGETS_MAX, GROUP_TARGETS_MAX } from '../audience.ts';
import { alertRoutes } from './routes.ts';

const DEPLOY = '/api/v1/alerts/deploy';
const STOP = '/api/v1/alerts/stop';

describeEachDatabase('deploying and stopping alerts', (open, engine) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  // Site > Floor > Lobby, and Annex beside them.
  let site: number;
  let floor: number;
  let lobby: number;
  let annex: number;
  let inLobby: number;
  let inAnnex: number;
  let nowhere: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: alertRoutes() });
    tenantId = await api.newTenant('deploy');
    admin = await api.newUser(tenantId, 'admin');
    site = await api.newGroup(tenantId, 'Site');
    floor = await api.newGroup(tenantId, 'Floor', site);
    lobby = await api.newGroup(tenantId, 'Lobby', floor);
    annex = await api.newGroup(tenantId, 'Annex');
    await insertDevice(api.ctx.db, tenantId, { group_id: site, status: 'online' });
    inLobby = await insertDevice(api.ctx.db, tenantId, { group_id: lobby, status: 'online' });
    await insertDevice(api.ctx.db, tenantId, { group_id: lobby });
    await insertDevice(api.ctx.db, tenantId, { group_id: lobby, status: 'online', state: 'revoked' });
    inAnnex = await insertDevice(api.ctx.db, tenantId, { group_id: annex });
    nowhere = await insertDevice(api.ctx.db, tenantId, { status: 'online' });
  });
  afterAll(() => api.close());

  const alert = { severity: 'warning', title: ' Storm ', message: 'Stay inside' };
  const deploy = (body: object, as = admin) => api.send('POST', DEPLOY, { as, body });
  const deployed = async (body: object): Promise<number> => {
    const answer = await deploy(body);
    expect(answer.statusCode).toBe(201);
    return answer.json().data.deploymentId;
  };
  const stop = (deploymentId: number, as = admin) => api.send('POST', STOP, { as, body: { deploymentId } });
  const changes = async (kind: string) => {
    const rows = await api.ctx.db.sql
      .selectFrom('changes')
      .selectAll()
      .where('kind', '=', kind)
      .orderBy('rev')
      .execute();
    return rows.map((row) => ({ rev: row.rev, tenantId: row.tenant_id, ...JSON.parse(row.payload) }));
  };
  const rowOf = (id: number) =>
    api.ctx.db.sql.selectFrom('alert_deployments').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  test('answers with counts, and one change carries all that a hub needs', async () => {
    const answer = await deploy({
      alert,
      groupIds: [floor, site, lobby],
      deviceIds: [inLobby, nowhere, inAnnex],
      expiresInSeconds: 90,
      drill: true,
    });
    expect(answer.statusCode).toBe(201);
    const { data } = answer.json();
    expect(data).toEqual({
      deploymentId: data.deploymentId,
      status: 'active',
      // Three active in the site, one in the annex, one nowhere; of these the site's own, the lobby's and the one nowhere are online.
      targets: { total: 5, online: 3, offline: 2 },
      startedAt: '2026-11-20T09:00:00.000Z',
      expiresAt: '2026-11-20T09:01:30.000Z',
    });
    const started = (await changes('alert.started')).at(-1);
    const startedAt = api.clock.now();
    expect(started).toEqual({
      rev: started.rev,
      tenantId,
      alert: {
        deploymentId: data.deploymentId,
        alertId: null,
        severity: 'warning',
        title: 'Storm',
        message: 'Stay inside',
        content: null,
        startedAt,
        expiresAt: startedAt + 90_000,
        drill: true,
      },
      // The floor and the lobby are below the site, the lobby's device is in it: the site says it all.
      groupIds: [site],
      deviceIds: [inAnnex, nowhere].sort((a, b) => a - b),
    });
    expect(api.hints.at(-1)).toEqual({ kind: 'changes', rev: started.rev });
    expect(await rowOf(data.deploymentId)).toMatchObject({
      rev: started.rev,
      stop_rev: null,
      status: 'active',
      targeted_total: 5,
      targeted_online: 3,
      drill: 1,
      created_by: admin.id,
    });
    const targets = await api.ctx.db.sql
      .selectFrom('alert_targets')
      .select(['target_kind', 'target_id'])
      .where('deployment_id', '=', data.deploymentId)
      .orderBy('target_kind', 'desc')
      .orderBy('target_id')
      .execute();
    expect(targets.map((row) => [row.target_kind, row.target_id])).toEqual([
      ['group', site],
      ...started.deviceIds.map((id: number) => ['device', id]),
    ]);
    const audit = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(audit).toMatchObject({ action: 'alert.deployed', entity_id: data.deploymentId, user_id: admin.id });
  });

  test('a prepared alert goes out as it was at that moment', async () => {
    const contentId = await insertContent(api.ctx.db, tenantId, {
      storage_key: 'c/9f',
      url: null,
      sha256: 'a'.repeat(64),
    });
    const prepared = (await api.send('POST', '/api/v1/alerts', { as: admin, body: { ...alert, contentId } })).json()
      .data;
    const id = await deployed({ alertId: prepared.id, deviceIds: [nowhere] });
    await api.send('PUT', `/api/v1/alerts/${prepared.id}`, { as: admin, body: { title: 'Changed', version: 1 } });
    const started = (await changes('alert.started')).at(-1);
    const url = api.ctx.media.sign('c/9f', started.alert.expiresAt + 3_600_000);
    expect(started.alert).toMatchObject({
      deploymentId: id,
      alertId: prepared.id,
      title: 'Storm',
      content: { id: contentId, type: 'image', url, sha256: 'a'.repeat(64) },
    });
    expect(started.alert.expiresAt - started.alert.startedAt).toBe(3_600_000);
    expect(await rowOf(id)).toMatchObject({ alert_id: prepared.id, title: 'Storm', content_id: contentId });
    expect((await api.send('DELETE', `/api/v1/alerts/${prepared.id}`, { as: admin })).statusCode).toBe(200);
    expect((await api.send('GET', `/api/v1/alerts/deployments/${id}`, { as: admin })).json().data).toMatchObject({
      title: 'Storm',
      status: 'active',
    });
  });

  // SQLite has one writer: there everybody waits for everybody.
  if (engine === 'mariadb') {
    test('an emergency does not wait for whoever is editing its content', async () => {
      const contentId = await insertContent(api.ctx.db, tenantId);
      const prepared = (await api.send('POST', '/api/v1/alerts', { as: admin, body: { ...alert, contentId } })).json();
      await api.ctx.db.sql.transaction().execute(async (tx) => {
        await tx.selectFrom('content').select('id').where('id', '=', contentId).forUpdate().execute();
        // Who waited for this transaction would be answered 503, because it ends only after the answer.
        const written = await deploy({ alert: { ...alert, contentId }, groupIds: [site] });
        const ready = await deploy({ alertId: prepared.data.id, groupIds: [site] });
        expect([written.statusCode, ready.statusCode]).toEqual([201, 201]);
      });
    });
  }

  test('refuses what is not valid or not there, naming the field', async () => {
    const other = await api.newTenant('deploy elsewhere');
    const foreignGroup = await api.newGroup(other, 'Foreign');
    const foreignDevice = await insertDevice(api.ctx.db, other);
    const foreignContent = await insertContent(api.ctx.db, other);
    const foreignAlert = (
      await api.send('POST', '/api/v1/alerts', { as: await api.newUser(other, 'admin'), body: alert })
    ).json().data.id;
    const pending = await insertContent(api.ctx.db, tenantId, { status: 'pending' });
    const before = await changes('alert.started');
    const refusal = async (body: object) => {
      const answer = await deploy(body);
      return [answer.statusCode, answer.json().error.details[0].field];
    };
    const groupIds = [site];
    expect(await refusal({ alert })).toEqual([400, 'groupIds']);
    expect(await refusal({ alert, groupIds: [], deviceIds: [] })).toEqual([400, 'groupIds']);
    expect(await refusal({ groupIds })).toEqual([400, 'alert']);
    expect(await refusal({ alert, alertId: 1, groupIds })).toEqual([400, 'alert']);
    expect(await refusal({ alert: { ...alert, colour: 'red' }, groupIds })).toEqual([400, 'alert.colour']);
    expect(await refusal({ alert, groupIds, expiresInSeconds: 0 })).toEqual([400, 'expiresInSeconds']);
    expect(await refusal({ alert, groupIds, expiresInSeconds: 2_592_001 })).toEqual([400, 'expiresInSeconds']);
    expect(await refusal({ alert, groupIds: ['1'] })).toEqual([400, 'groupIds.0']);
    expect(await refusal({ alert, groupIds: Array.from({ length: GROUP_TARGETS_MAX + 1 }, (_, n) => n + 1) })).toEqual([
      400,
      'groupIds',
    ]);
    expect(
      await refusal({ alert, deviceIds: Array.from({ length: DEVICE_TARGETS_MAX + 1 }, (_, n) => n + 1) }),
    ).toEqual([400, 'deviceIds']);
    expect(await refusal({ alert, groupIds: [site, 999_999] })).toEqual([404, 'groupIds']);
    expect(await refusal({ alert, groupIds: [foreignGroup] })).toEqual([404, 'groupIds']);
    expect(await refusal({ alert, deviceIds: [inLobby, foreignDevice] })).toEqual([404, 'deviceIds']);
    expect(await refusal({ alertId: foreignAlert, groupIds })).toEqual([404, 'alertId']);
    expect(await refusal({ alertId: 999_999, groupIds })).toEqual([404, 'alertId']);
    expect(await refusal({ alert: { ...alert, contentId: foreignContent }, groupIds })).toEqual([
      404,
      'alert.contentId',
    ]);
    expect(await refusal({ alert: { ...alert, contentId: pending }, groupIds })).toEqual([409, 'alert.contentId']);
    const stale = await insertContent(api.ctx.db, tenantId);
    const prepared = (
      await api.send('POST', '/api/v1/alerts', { as: admin, body: { ...alert, contentId: stale } })
    ).json().data.id;
    await api.ctx.db.sql.updateTable('content').set({ status: 'failed' }).where('id', '=', stale).execute();
    expect(await refusal({ alertId: prepared, groupIds })).toEqual([409, 'alertId']);
    expect(await changes('alert.started')).toEqual(before);
  });

  test('takes as many targets as it says, and a device named twice is one', async () => {
    const tenant = await api.newTenant('many targets');
    const as = await api.newUser(tenant, 'admin');
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_, n) => insertDevice(api.ctx.db, tenant, { player_id: `many-${n}` })),
    );
    const wide = Array.from({ length: DEVICE_TARGETS_MAX }, (_, n) => ids[n % ids.length]);
    const answer = await deploy({ alert, deviceIds: wide }, as);
    expect([answer.statusCode, answer.json().data.targets.total]).toEqual([201, 40]);
  });

  test('[INV-4] deploys once however often the same key comes', async () => {
    const before = (await changes('alert.started')).length;
    const send = () => api.send('POST', DEPLOY, { as: admin, key: 'deploy-once', body: { alert, groupIds: [annex] } });
    const first = await send();
    const again = await send();
    expect([first.statusCode, again.statusCode, again.json()]).toEqual([201, 201, first.json()]);
    expect((await changes('alert.started')).length).toBe(before + 1);
  });

  test('[INV-2] a stop is terminal: doing it again answers the same and changes nothing', async () => {
    const id = await deployed({ alert, groupIds: [site] });
    api.clock.advance(1_500);
    const first = await stop(id);
    expect([first.statusCode, first.json().data]).toMatchObject([
      200,
      {
        deploymentId: id,
        status: 'stopped',
        title: 'Storm',
        startedBy: admin.id,
        stoppedBy: admin.id,
        targets: { total: 3 },
      },
    ]);
    expect(Date.parse(first.json().data.stoppedAt)).toBe(api.clock.now());
    const stops = await changes('alert.stopped');
    expect(stops.at(-1)).toEqual({ rev: stops.at(-1).rev, tenantId, deploymentId: id });
    expect(await rowOf(id)).toMatchObject({ status: 'stopped', stop_rev: stops.at(-1).rev });
    api.clock.advance(5_000);
    const again = await stop(id);
    expect([again.statusCode, again.json()]).toEqual([200, first.json()]);
    expect(await changes('alert.stopped')).toEqual(stops);
    expect((await stop(999_999)).statusCode).toBe(404);
    expect((await api.send('POST', STOP, { as: admin, body: {} })).statusCode).toBe(400);
  });

  test('stops at the same time write one change', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await deployed({ alert, groupIds: [annex] });
      const answers = await Promise.all([stop(id), stop(id), stop(id)]);
      expect(answers.map((answer) => answer.statusCode)).toEqual([200, 200, 200]);
      expect((await changes('alert.stopped')).filter((change) => change.deploymentId === id)).toHaveLength(1);
    }
  });

  test('what ran out is stopped all the same, and still counts as expired', async () => {
    const id = await deployed({ alert, groupIds: [annex], expiresInSeconds: 1 });
    api.clock.advance(1_000);
    expect((await stop(id)).json().data.status).toBe('expired');
    expect((await changes('alert.stopped')).at(-1).deploymentId).toBe(id);
  });

  test('managers deploy to their own groups and devices, and stop what reaches nothing else', async () => {
    const manager = await api.newUser(tenantId, 'manager', [floor]);
    const status = async (body: object) => (await deploy({ alert, ...body }, manager)).statusCode;
    expect(await status({ groupIds: [lobby] })).toBe(201);
    expect(await status({ deviceIds: [inLobby] })).toBe(201);
    expect(await status({ groupIds: [site] })).toBe(404);
    expect(await status({ groupIds: [lobby, annex] })).toBe(404);
    expect(await status({ deviceIds: [inLobby, inAnnex] })).toBe(404);
    expect(await status({ deviceIds: [nowhere] })).toBe(404);
    const user = await api.newUser(tenantId, 'user', [floor]);
    expect((await deploy({ alert, groupIds: [lobby] }, user)).statusCode).toBe(403);

    const inside = await deployed({ alert, groupIds: [lobby] });
    const reachingDown = await deployed({ alert, groupIds: [site] });
    const half = await deployed({ alert, deviceIds: [inLobby, inAnnex] });
    const outside = await deployed({ alert, groupIds: [annex] });
    expect((await stop(reachingDown, manager)).json().error.code).toBe('FORBIDDEN');
    expect((await stop(half, manager)).statusCode).toBe(403);
    expect((await stop(outside, manager)).statusCode).toBe(404);
    expect((await stop(inside, user)).statusCode).toBe(403);
    expect((await stop(inside, manager)).statusCode).toBe(200);
    expect((await rowOf(outside)).status).toBe('active');
    // What was deleted since is not in the way.
    const doomedGroup = await api.newGroup(tenantId, 'Doomed', lobby);
    const doomedDevice = await insertDevice(api.ctx.db, tenantId, { group_id: annex });
    const survivor = await deployed({ alert, groupIds: [doomedGroup, annex], deviceIds: [inLobby, doomedDevice] });
    expect((await stop(survivor, manager)).statusCode).toBe(403);
    const onlyDoomed = await deployed({ alert, groupIds: [doomedGroup], deviceIds: [inLobby, doomedDevice] });
    await api.ctx.db.sql.deleteFrom('devices').where('id', '=', doomedDevice).execute();
    await api.ctx.db.sql.deleteFrom('groups').where('id', '=', doomedGroup).execute();
    expect((await stop(onlyDoomed, manager)).statusCode).toBe(200);
  });

  test('[INV-10] another tenant can neither see nor stop it', async () => {
    const id = await deployed({ alert, groupIds: [site] });
    const stranger = await api.newUser(await api.newTenant('deploy stranger'), 'admin');
    expect((await stop(id, stranger)).statusCode).toBe(404);
    for (const path of ['', '/receipts']) {
      const answer = await api.send('GET', `/api/v1/alerts/deployments/${id}${path}`, { as: stranger });
      expect(answer.statusCode).toBe(404);
    }
    expect((await api.send('GET', '/api/v1/alerts/deployments', { as: stranger })).json().data).toEqual([]);
  });
});
