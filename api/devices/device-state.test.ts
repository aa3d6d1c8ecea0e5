import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { alertRoutes } from '../alerts/routes.ts';
import { groupRoutes } from '../groups/routes.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { deviceRoutes } from './routes.ts';

describeEachDatabase('desired beside reported', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let site: number;
  let floor: number;
  let epoch: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: [...deviceRoutes(), ...alertRoutes(), ...groupRoutes()] });
    tenantId = await api.newTenant('states');
    admin = await api.newUser(tenantId, 'admin');
    site = await api.newGroup(tenantId, 'Site');
    floor = await api.newGroup(tenantId, 'Floor', site);
    const setting = await api.ctx.db.sql
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'epoch')
      .executeTakeFirstOrThrow();
    epoch = Number(setting.value);
  });
  afterAll(() => api.close());

  const state = async (deviceId: number) => {
    const answer = await api.send('GET', `/api/v1/devices/${deviceId}/state`, { as: admin });
    expect(answer.statusCode).toBe(200);
    return answer.json().data;
  };
  const deploy = async (body: object): Promise<number> => {
    const alert = { severity: 'info', title: 'T', message: 'M' };
    const answer = await api.send('POST', '/api/v1/alerts/deploy', { as: admin, body: { alert, ...body } });
    expect(answer.statusCode).toBe(201);
    return answer.json().data.deploymentId;
  };
  const report = async (deviceId: number, rev: number, displayed: number[], inEpoch = epoch): Promise<void> => {
    await api.ctx.db.sql.deleteFrom('device_reports').where('device_id', '=', deviceId).execute();
    const said = {
      status: '{"playing":4,"secret":"x"}',
      displayed: JSON.stringify(displayed),
      reported_at: api.clock.now(),
    };
    await api.ctx.db.sql
      .insertInto('device_reports')
      .values({ device_id: deviceId, tenant_id: tenantId, epoch: inEpoch, rev, ...said })
      .execute();
  };

  test('an untouched device should show nothing and has said nothing', async () => {
    const id = await insertDevice(api.ctx.db, tenantId);
    const answer = await state(id);
    expect(answer).toEqual({
      desired: { epoch, rev: expect.any(Number), alerts: [], schedule: null, config: {}, commands: [] },
      reported: null,
      settings: [{ kind: 'device', targetId: id, name: expect.any(String), config: {} }],
      inSync: false,
    });
    await report(id, 0, []);
    expect((await state(id)).inSync).toBe(true);
    await report(id, 0, [], epoch - 1);
    expect((await state(id)).inSync).toBe(false);
    expect((await api.send('GET', '/api/v1/devices/999999/state', { as: admin })).statusCode).toBe(404);
  });

  test('config merges along the chain, the nearest wins', async () => {
    const id = await insertDevice(api.ctx.db, tenantId, { group_id: floor, config: '{"volume":1}' });
    const put = (groupId: number, config: object) =>
      api.send('PUT', `/api/v1/groups/${groupId}`, { as: admin, body: { config, version: 1 } });
    await put(site, { volume: 9, brightness: 50, timezone: 'Europe/Rome' });
    await put(floor, { volume: 5, brightness: 60 });
    const { desired, settings } = await state(id);
    expect(desired.config).toEqual({ volume: 1, brightness: 60, timezone: 'Europe/Rome' });
    expect(settings).toMatchObject([
      { kind: 'device', targetId: id, config: { volume: 1 } },
      { kind: 'group', targetId: floor, name: 'Floor', config: { volume: 5, brightness: 60 } },
      { kind: 'group', targetId: site, name: 'Site', config: { volume: 9 } },
    ]);
    const local = await api.newUser(tenantId, 'user', [floor]);
    const seen = await api.send('GET', `/api/v1/devices/${id}/state`, { as: local });
    expect(seen.json().data.settings[2]).toMatchObject({ targetId: site, name: null, config: { volume: 9 } });
  });

  test('alerts are those that target the chain and are on, the most severe first', async () => {
    const id = await insertDevice(api.ctx.db, tenantId, { group_id: floor });
    const elsewhere = await insertDevice(api.ctx.db, tenantId, { group_id: site });
    const url = 'https://example.com/map.png';
    const contentId = await insertContent(api.ctx.db, tenantId, { url });
    const onSite = await deploy({ groupIds: [site], drill: true });
    const onDevice = await deploy({
      deviceIds: [id],
      alert: { severity: 'critical', title: 'Fire', message: 'Out', contentId },
      expiresInSeconds: 60,
    });
    await deploy({ deviceIds: [elsewhere] });
    const stopped = await deploy({ groupIds: [floor] });
    await api.send('POST', '/api/v1/alerts/stop', { as: admin, body: { deploymentId: stopped } });
    const { desired } = await state(id);
    expect(desired.alerts).toEqual([
      {
        deploymentId: onDevice,
        alertId: null,
        rev: expect.any(Number),
        severity: 'critical',
        title: 'Fire',
        message: 'Out',
        content: { id: contentId, type: 'image', url, sha256: null },
        startedAt: '2026-11-20T09:00:00.000Z',
        expiresAt: '2026-11-20T09:01:00.000Z',
        drill: false,
      },
      {
        deploymentId: onSite,
        alertId: null,
        rev: expect.any(Number),
        severity: 'info',
        title: 'T',
        message: 'M',
        startedAt: '2026-11-20T09:00:00.000Z',
        expiresAt: '2026-11-20T10:00:00.000Z',
        drill: true,
      },
    ]);
    // The device claims the newest rev, but its screen says otherwise.
    await report(id, desired.rev, [onSite]);
    expect((await state(id)).inSync).toBe(false);
    await report(id, desired.rev, [onSite, onDevice]);
    expect(await state(id)).toMatchObject({
      inSync: true,
      reported: { rev: desired.rev, displayed: [onSite, onDevice], status: { playing: 4 } },
    });
    expect((await state(id)).reported.status).not.toHaveProperty('secret');
    api.clock.advance(60_000);
    expect((await state(id)).desired.alerts.map((alert: { deploymentId: number }) => alert.deploymentId)).toEqual([
      onSite,
    ]);
  });

  test('[INV-2] a device that has not heard of a stop is not in sync', async () => {
    const lobby = await api.newGroup(tenantId, 'Lobby');
    const id = await insertDevice(api.ctx.db, tenantId, { group_id: lobby });
    const deployment = await deploy({ groupIds: [lobby] });
    const { rev } = (await state(id)).desired;
    await report(id, rev, [deployment]);
    expect((await state(id)).inSync).toBe(true);
    await api.send('POST', '/api/v1/alerts/stop', { as: admin, body: { deploymentId: deployment } });
    await report(id, rev, []);
    expect((await state(id)).inSync).toBe(false);
    await report(id, rev + 1, []);
    expect((await state(id)).inSync).toBe(true);
  });

  test('open commands are desired, and keep the device out of sync until they are done', async () => {
    const id = await insertDevice(api.ctx.db, tenantId, { capabilities: '["reboot"]' });
    const issued = await api.send('POST', `/api/v1/devices/${id}/commands`, {
      as: admin,
      body: { name: 'reboot', expiresInSeconds: 30 },
    });
    const { commandId } = issued.json().data;
    const before = await state(id);
    expect(before.desired.commands).toMatchObject([{ commandId, name: 'reboot', args: {} }]);
    await report(id, before.desired.rev, []);
    expect((await state(id)).inSync).toBe(false);
    api.clock.advance(30_000);
    expect(await state(id)).toMatchObject({ inSync: true, desired: { commands: [] } });
  });

  test('the schedule version is the newest change of a manifest along the chain, or of all', async () => {
    const wing = await api.newGroup(tenantId, 'Wing', site);
    const id = await insertDevice(api.ctx.db, tenantId, { group_id: wing });
    const assign = (kind: 'group' | 'device' | 'tenant', target: number, rev: number) =>
      api.ctx.db.sql
        .insertInto('manifest_revs')
        .values({ tenant_id: tenantId, target_kind: kind, target_id: target, rev })
        .execute();
    await assign('group', floor, 90);
    expect((await state(id)).desired.schedule).toBeNull();
    await assign('group', site, 7);
    await assign('device', id, 3);
    expect((await state(id)).desired.schedule).toEqual({ version: 7 });
    await assign('tenant', 0, 8);
    expect((await state(id)).desired.schedule).toEqual({ version: 8 });
  });
});
