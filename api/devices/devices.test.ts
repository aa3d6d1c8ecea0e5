import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice, insertPairing } from '../testing/device-rows.ts';
import { deviceRoutes } from './routes.ts';

const DEVICES = '/api/v1/devices';

describeEachDatabase('devices', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: deviceRoutes() });
    tenantId = await api.newTenant('devices');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const newestChanges = async (count: number) => {
    const rows = await api.ctx.db.sql.selectFrom('changes').selectAll().orderBy('rev', 'desc').limit(count).execute();
    return rows.reverse().map((row) => ({ rev: row.rev, kind: row.kind, ...(JSON.parse(row.payload) as object) }));
  };
  const rowOf = (id: number) =>
    api.ctx.db.sql.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirst();

  test('are read with what the hub knows of them', async () => {
    const groupId = await api.newGroup(tenantId, 'Read');
    const id = await insertDevice(api.ctx.db, tenantId, {
      group_id: groupId,
      player_id: 'lobby:1',
      name: 'Lobby left',
      model: 'X1',
      capabilities: '["reboot"]',
      config: '{"volume":3}',
      status: 'online',
      transport: 'websocket',
      last_seen_at: Date.UTC(2026, 10, 20, 8),
      conn_epoch: 7,
    });
    const answer = await api.send('GET', `${DEVICES}/${id}`, { as: admin });
    expect(answer.json()).toEqual({
      success: true,
      data: {
        id,
        playerId: 'lobby:1',
        name: 'Lobby left',
        groupId,
        model: 'X1',
        osVersion: null,
        appVersion: null,
        capabilities: ['reboot'],
        config: { volume: 3 },
        state: 'active',
        status: 'online',
        transport: 'websocket',
        lastSeen: '2026-11-20T08:00:00.000Z',
        connEpoch: 7,
        place: null,
        version: 1,
        createdAt: '1970-01-01T00:00:01.000Z',
        updatedAt: '1970-01-01T00:00:01.000Z',
      },
    });
    expect((await api.send('GET', `${DEVICES}/999999`, { as: admin })).statusCode).toBe(404);
  });

  test('are listed by subtree, status, state, transport and text', async () => {
    const tenant = await api.newTenant('device list');
    const as = await api.newUser(tenant, 'admin');
    const site = await api.newGroup(tenant, 'Site');
    const floor = await api.newGroup(tenant, 'Floor', site);
    const other = await api.newGroup(tenant, 'Other');
    const one = (name: string, columns: object) =>
      insertDevice(api.ctx.db, tenant, { name, player_id: `p-${name}`, ...columns });
    await one('A', { group_id: site, status: 'online', transport: 'websocket' });
    await one('B', { group_id: floor, status: 'online', transport: 'http' });
    await one('C', { group_id: floor, state: 'revoked' });
    await one('D', { group_id: other });
    await one('E', {});
    const names = async (query: string) => {
      const answer = (await api.send('GET', `${DEVICES}?${query}`, { as })).json();
      return answer.data.map(({ name }: { name: string }) => name).join('');
    };
    expect(await names('')).toBe('ABCDE');
    expect(await names(`groupId=${site}`)).toBe('ABC');
    expect(await names(`groupId=${floor}&state=active`)).toBe('B');
    expect(await names('status=online')).toBe('AB');
    expect(await names('transport=http')).toBe('B');
    expect(await names('state=revoked')).toBe('C');
    expect(await names('q=P-d')).toBe('D');
    expect(await names('sort=-name')).toBe('EDCBA');
    expect((await api.send('GET', `${DEVICES}?limit=2&page=2`, { as })).json().meta).toEqual({
      page: 2,
      limit: 2,
      total: 5,
    });
    expect((await api.send('GET', `${DEVICES}?groupId=999999`, { as })).statusCode).toBe(404);
    expect((await api.send('GET', `${DEVICES}?status=asleep`, { as })).statusCode).toBe(400);
    const manager = await api.newUser(tenant, 'manager', [floor]);
    const seen = await api.send('GET', DEVICES, { as: manager });
    expect(seen.json().data.map(({ name }: { name: string }) => name)).toEqual(['B', 'C']);
    expect((await api.send('GET', `${DEVICES}?groupId=${site}`, { as: manager })).statusCode).toBe(404);
  });

  test('are renamed, moved and configured at the current version, with one change that carries it all', async () => {
    const from = await api.newGroup(tenantId, 'From');
    const to = await api.newGroup(tenantId, 'To');
    const id = await insertDevice(api.ctx.db, tenantId, { group_id: from, config: '{"volume":1}' });
    const put = (body: unknown) => api.send('PUT', `${DEVICES}/${id}`, { as: admin, body });
    expect((await put({ name: 'New name', version: 1 })).json().data).toMatchObject({
      name: 'New name',
      groupId: from,
      version: 2,
    });
    expect((await rowOf(id))?.placement_rev).toBe(0);
    const stale = await put({ name: 'x', version: 1 });
    expect([stale.statusCode, stale.json().error.code]).toEqual([409, 'VERSION_CONFLICT']);
    expect((await put({ groupId: to, version: 2 })).json().data).toMatchObject({ groupId: to, version: 3 });
    const [moved] = await newestChanges(1);
    expect(moved).toEqual({ rev: moved?.rev, kind: 'device.saved', deviceId: id, groupId: to, config: { volume: 1 } });
    expect(await rowOf(id)).toMatchObject({ rev: moved?.rev, placement_rev: moved?.rev });
    expect((await put({ config: { power: 'off' }, version: 3 })).json().data.config).toEqual({ power: 'off' });
    expect((await put({ groupId: null, version: 4 })).json().data.groupId).toBeNull();
    expect((await put({ groupId: 999_999, version: 5 })).json().error).toMatchObject({
      code: 'NOT_FOUND',
      details: [{ field: 'groupId' }],
    });
    expect((await put({ state: 'revoked', version: 5 })).statusCode).toBe(400);
    expect((await put({ config: { timezone: 'x' }, version: 5 })).statusCode).toBe(400);
    expect((await put({ name: 'x' })).statusCode).toBe(400);
  });

  test('two edits at the same version: one wins', async () => {
    const id = await insertDevice(api.ctx.db, tenantId);
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => api.send('PUT', `${DEVICES}/${id}`, { as: admin, body: { name, version: 1 } })),
    );
    expect(answers.map((answer) => answer.statusCode).sort((a, b) => a - b)).toEqual([200, 409, 409]);
    expect((await rowOf(id))?.version).toBe(2);
  });

  test('[INV-9] are revoked once: the credential is gone and the change says so', async () => {
    const id = await insertDevice(api.ctx.db, tenantId, {
      player_id: 'revoke-me',
      credential_hash: 'abc',
      credential_version: 4,
    });
    const pairing = await insertPairing(api.ctx.db, 'AAAA1111', 0, {
      player_id: 'revoke-me',
      state: 'paired',
      tenant_id: tenantId,
      device_id: id,
    });
    const first = await api.send('POST', `${DEVICES}/${id}/revoke`, { as: admin });
    expect([first.statusCode, first.json().data]).toMatchObject([200, { id, state: 'revoked', version: 2 }]);
    const [change] = await newestChanges(1);
    expect(change).toEqual({
      rev: change?.rev,
      kind: 'device.credential',
      deviceId: id,
      credentialVersion: 5,
      reason: 'revoked',
    });
    expect(await rowOf(id)).toMatchObject({
      state: 'revoked',
      credential_hash: null,
      credential_version: 5,
      rev: change?.rev,
    });
    const row = await api.ctx.db.sql
      .selectFrom('pairings')
      .select('state')
      .where('id', '=', pairing)
      .executeTakeFirst();
    expect(row?.state).toBe('consumed');
    const again = await api.send('POST', `${DEVICES}/${id}/revoke`, { as: admin });
    expect([again.statusCode, again.json().data]).toEqual([200, first.json().data]);
    expect((await newestChanges(1))[0]).toEqual(change);
    expect((await api.send('POST', `${DEVICES}/999999/revoke`, { as: admin })).statusCode).toBe(404);
  });

  test('are deleted with what hangs on them; receipts stay', async () => {
    const { db } = api.ctx;
    const id = await insertDevice(db, tenantId, { credential_version: 2 });
    await api.ctx.objects.put('shots/1', Buffer.from('png'), 'image/png');
    const command = {
      tenant_id: tenantId,
      device_id: id,
      name: 'screenshot',
      args: '{}',
      state: 'succeeded' as const,
      result: null,
      reason: null,
      file_key: 'shots/1',
      file_type: 'image/png',
      issued_by: null,
      issued_at: 1,
      expires_at: 2,
      acknowledged_at: null,
      finished_at: null,
      rev: 0,
    };
    await db.sql.insertInto('commands').values(command).execute();
    await db.sql
      .insertInto('device_reports')
      .values({ device_id: id, tenant_id: tenantId, epoch: 1, rev: 1, status: '{}', displayed: '[]', reported_at: 1 })
      .execute();
    await db.sql
      .insertInto('schedule_assignments')
      .values({ tenant_id: tenantId, schedule_id: 1, deployment_id: 1, target_kind: 'device', target_id: id, rev: 1 })
      .execute();
    await db.sql
      .insertInto('alert_receipts')
      .values({ deployment_id: 77, device_id: id, tenant_id: tenantId, conn_epoch: 1 })
      .execute();
    const gone = await api.send('DELETE', `${DEVICES}/${id}`, { as: admin });
    expect([gone.statusCode, gone.json()]).toEqual([200, { success: true, data: {} }]);
    const [change] = await newestChanges(1);
    expect(change).toMatchObject({ kind: 'device.credential', deviceId: id, credentialVersion: 3, reason: 'removed' });
    for (const table of ['commands', 'device_reports'] as const) {
      expect(await db.sql.selectFrom(table).select('device_id').where('device_id', '=', id).execute()).toEqual([]);
    }
    const assigned = db.sql
      .selectFrom('schedule_assignments')
      .select('id')
      .where('target_kind', '=', 'device')
      .where('target_id', '=', id);
    expect(await assigned.execute()).toEqual([]);
    expect(
      await db.sql.selectFrom('alert_receipts').select('device_id').where('device_id', '=', id).execute(),
    ).toHaveLength(1);
    expect(await api.ctx.objects.get('shots/1')).toBeNull();
    expect((await api.send('DELETE', `${DEVICES}/${id}`, { as: admin })).statusCode).toBe(404);
  });

  test('a device is never left in a group that is being deleted at the same time', async () => {
    const { groupRoutes } = await import('../groups/routes.ts');
    const both = await openApi(api.ctx.db, { routes: [...deviceRoutes(), ...groupRoutes()] });
    const as = await both.newUser(tenantId, 'admin');
    for (let round = 0; round < 8; round++) {
      const groupId = await both.newGroup(tenantId, `Doomed ${round}`);
      const id = await insertDevice(api.ctx.db, tenantId);
      const [moved, removed] = await Promise.all([
        both.send('PUT', `${DEVICES}/${id}`, { as, body: { groupId, version: 1 } }),
        both.send('DELETE', `/api/v1/groups/${groupId}`, { as }),
      ]);
      expect([
        [200, 409],
        [404, 200],
      ]).toContainEqual([moved.statusCode, removed.statusCode]);
    }
    await both.close();
  });
});
