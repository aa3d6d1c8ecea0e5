/** [INV-10] Two organisations on the same hubs: nothing of the one crosses to the other, over any way there is. */
import { beforeAll, expect, it } from 'vitest';
import { createPasswordHasher } from '../../api/auth/passwords.ts';
import { createTenant } from '../../api/tenants/create-tenant.ts';
import { ApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { deploySchedule } from '../support/hub-rows.ts';
import { allRead, newDevice, newGroup, newScreen, raise, shows, type Group, type Place } from '../support/screens.ts';
import { describeEachAdapterSet, type System } from '../support/system.ts';

const PASSWORD = 'another horse, another battery';

describeEachAdapterSet('another tenant', (start) => {
  let system: System;
  /** The first tenant, and the other. */
  let ours: Place;
  let theirs: Place;
  let ourGroup: Group;
  let theirGroup: Group;

  beforeAll(async () => {
    system = await start({ hubs: 2 });
    const { db, clock, ids } = system.parts;
    await createTenant({ db, clock, ids, passwords: createPasswordHasher() }, 'Other', 'other-admin', PASSWORD);
    const admin = new ApiClient(system.apiUrl);
    await admin.login('other-admin', PASSWORD);
    ours = system;
    theirs = { admin, hubUrls: system.hubUrls };
    ourGroup = await newGroup(ours.admin, null, { volume: 10 });
    theirGroup = await newGroup(theirs.admin, null, { volume: 99 });
  });

  it('[INV-10] hears nothing of our alerts, settings, moves, schedules and commands; the control: we do', async () => {
    const mine = await newScreen(ours, ourGroup.id, 0);
    const foreign = [await newScreen(theirs, theirGroup.id, 0), await newScreen(theirs, null, 1)];
    const polling = await newDevice(theirs, theirGroup.id, 1);
    await polling.token();
    const { data: first } = await polling.http('POST', '/heartbeat', {});
    const deploymentId = await raise(ours.admin, { groupIds: [ourGroup.id], deviceIds: [mine.deviceId] });
    await shows(mine, [deploymentId]);
    ourGroup = await ours.admin.must('PUT', `/groups/${ourGroup.id}`, {
      version: ourGroup.version,
      config: { volume: 11 },
    });
    await mine.until('the setting', () => mine.screen.config.volume === 11);
    const tenant = await system.parts.db.sql
      .selectFrom('devices')
      .select('tenant_id')
      .where('id', '=', mine.deviceId)
      .executeTakeFirstOrThrow();
    const { rev } = await deploySchedule(system.parts.db, tenant.tenant_id, { groupIds: [ourGroup.id] });
    system.parts.bus.publish({ kind: 'changes', rev });
    await mine.until('the schedule', () => mine.of('schedule.changed').length === 1);
    const next = await raise(theirs.admin, { groupIds: [theirGroup.id] });
    await shows(foreign[0] as (typeof foreign)[number], [next]);
    for (const screen of foreign) {
      const types = screen.frames.map(({ type }) => type).filter((type) => type !== 'ack');
      expect(types).toEqual(screen === foreign[0] ? ['welcome', 'alert.start'] : ['welcome']);
    }
    expect(mine.showing).toEqual([deploymentId]);
    await allRead(system);
    const { data } = await polling.http('POST', '/heartbeat', { epoch: first.epoch, rev: first.rev });
    expect(data.state).toMatchObject({ config: { volume: 99 }, schedule: null });
    expect(data.state.alerts.map((alert: { deploymentId: number }) => alert.deploymentId)).toEqual([next]);
    expect((await polling.http('GET', '/schedule')).data.schedules).toEqual([]);
    for (const screen of [mine, ...foreign]) await screen.disconnect();
  });

  it('[INV-10] cannot target, read, change, command or revoke what is ours', async () => {
    const mine = await newScreen(ours, ourGroup.id, 0);
    const deploymentId = await raise(ours.admin, { deviceIds: [mine.deviceId] });
    const alert = { severity: 'critical', title: 'Boo', message: '' };
    const calls: [string, string, object?][] = [
      ['POST', '/alerts/deploy', { alert, groupIds: [ourGroup.id] }],
      ['POST', '/alerts/deploy', { alert, deviceIds: [mine.deviceId] }],
      ['POST', '/alerts/stop', { deploymentId }],
      ['GET', `/alerts/deployments/${deploymentId}`],
      ['GET', `/devices/${mine.deviceId}`],
      ['GET', `/devices/${mine.deviceId}/state`],
      ['PUT', `/devices/${mine.deviceId}`, { version: 1, name: 'Ours now' }],
      ['POST', `/devices/${mine.deviceId}/commands`, { name: 'identify' }],
      ['POST', `/devices/${mine.deviceId}/revoke`],
      ['DELETE', `/devices/${mine.deviceId}`],
      ['PUT', `/groups/${ourGroup.id}`, { version: ourGroup.version, name: 'Ours now' }],
      ['PUT', `/groups/${theirGroup.id}`, { version: theirGroup.version, parentId: ourGroup.id }],
    ];
    for (const [method, path, body] of calls) {
      const { status, error } = await theirs.admin.call(method, path, body === undefined ? {} : { body });
      expect({ path, status, code: error?.code }).toEqual({ path, status: 404, code: 'NOT_FOUND' });
    }
    await mine.until('its alert', () => mine.showing.includes(deploymentId));
    expect(mine.closed).toBeNull();
    await mine.disconnect();
  });

  it('[INV-10] cannot say anything of our deployments; the control: we can', async () => {
    const mine = await newScreen(ours, ourGroup.id, 1, { wellBehaved: false });
    const stranger = await newScreen(theirs, theirGroup.id, 0, { wellBehaved: false });
    const polling = await newDevice(theirs, theirGroup.id, 1);
    await polling.token();
    const deploymentId = await raise(ours.admin, { groupIds: [ourGroup.id] });
    await mine.until('the alert', () => mine.showing.includes(deploymentId));
    const items = [{ deploymentId, stage: 'displayed' as const, at: new Date().toISOString() }];
    stranger.send({ type: 'receipt', items });
    await stranger.until('an answer', () => stranger.of('ack').length === 1);
    expect((await polling.http('POST', '/receipts', { items })).data).toEqual({ accepted: 0, duplicates: 0 });
    await polling.http('POST', '/heartbeat', { receipts: items });
    const ladder = async () => (await ours.admin.must('GET', `/alerts/deployments/${deploymentId}`)).ladder;
    expect(await ladder()).toMatchObject({ received: 0, displayed: 0 });
    mine.send({ type: 'receipt', items });
    await eventually(async () => (await ladder()).displayed === 1);
    await Promise.all([mine.disconnect(), stranger.disconnect()]);
  });

  it('[INV-10] a player of theirs may have the same name as one of ours, and is another device', async () => {
    const devices = [{ playerId: 'same-name', name: 'Same' }];
    const [mine] = (await ours.admin.must('POST', '/devices/import', { devices })).devices;
    const [foreign] = (await theirs.admin.must('POST', '/devices/import', { devices })).devices;
    expect(foreign.deviceId).not.toBe(mine.deviceId);
    await ours.admin.must('POST', `/devices/${mine.deviceId}/revoke`);
    expect(await theirs.admin.must('GET', `/devices/${foreign.deviceId}`)).toMatchObject({ state: 'active' });
  });
});
