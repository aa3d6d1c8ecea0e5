import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { IMPORT_MAX } from './import-devices.ts';
import { deviceRoutes } from './routes.ts';

const IMPORT = '/api/v1/devices/import';

describeEachDatabase('importing devices', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let groupId: number;
  let admin: TestUser;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: deviceRoutes() });
    tenantId = await api.newTenant('import');
    groupId = await api.newGroup(tenantId, 'Import');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const send = (devices: unknown, as = admin, key?: string) =>
    api.send('POST', IMPORT, { as, body: { devices }, ...(key !== undefined && { key }) });
  const rows = (playerIds: string[]) =>
    api.ctx.db.sql
      .selectFrom('devices')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('player_id', 'in', playerIds)
      .orderBy('id')
      .execute();

  test('gives each device a credential once, and keeps only its hash', async () => {
    const answer = await send([
      { playerId: 'i-1', name: 'One', groupId },
      { playerId: 'i-2', name: 'Two', capabilities: ['reboot'] },
    ]);
    expect(answer.statusCode).toBe(201);
    const { devices } = answer.json().data;
    const stored = await rows(['i-1', 'i-2']);
    expect(devices).toEqual([
      {
        deviceId: stored[0]?.id,
        playerId: 'i-1',
        name: 'One',
        groupId,
        credential: expect.stringMatching(/^[\w-]{43}$/),
      },
      {
        deviceId: stored[1]?.id,
        playerId: 'i-2',
        name: 'Two',
        groupId: null,
        credential: expect.stringMatching(/^[\w-]{43}$/),
      },
    ]);
    for (const [index, row] of stored.entries()) {
      expect(row.credential_hash).toBe(createHash('sha256').update(devices[index].credential).digest('hex'));
      expect(row).toMatchObject({ state: 'active', credential_version: 1, status: 'offline' });
    }
    expect(stored[1]?.capabilities).toBe('["reboot"]');
    const changes = await api.ctx.db.sql.selectFrom('changes').selectAll().orderBy('rev', 'desc').limit(2).execute();
    expect(changes.map((row) => [row.kind, JSON.parse(row.payload)])).toEqual([
      ['device.saved', { deviceId: stored[1]?.id, groupId: null, config: {} }],
      ['device.saved', { deviceId: stored[0]?.id, groupId, config: {} }],
    ]);
    const last = changes[0]?.rev;
    expect(stored.map((row) => [row.rev, row.placement_rev])).toEqual([
      [last, last],
      [last, 0],
    ]);
    // Nothing but the answer may hold the credential.
    for (const { credential } of devices) {
      const audit = await api.ctx.db.sql.selectFrom('audit_logs').select('detail').execute();
      expect(JSON.stringify(audit)).not.toContain(credential);
      expect(api.logLines.join('')).not.toContain(credential);
      expect(JSON.stringify(changes)).not.toContain(credential);
    }
  });

  test('is all or nothing, and names what is in the way', async () => {
    await insertDevice(api.ctx.db, tenantId, { player_id: 'there' });
    const taken = await send([
      { playerId: 'free', name: 'x' },
      { playerId: 'there', name: 'x' },
    ]);
    expect([taken.statusCode, taken.json().error]).toMatchObject([
      409,
      { code: 'CONFLICT', message: 'Players that exist already: there', details: [{ field: 'devices.1.playerId' }] },
    ]);
    const twice = await send([
      { playerId: 'dup', name: 'x' },
      { playerId: 'free', name: 'x' },
      { playerId: 'dup', name: 'x' },
    ]);
    expect(twice.json().error).toMatchObject({
      code: 'CONFLICT',
      message: 'Players that are in the call twice: dup',
      details: [{ field: 'devices.2.playerId' }],
    });
    const noGroup = await send([
      { playerId: 'free', name: 'x', groupId },
      { playerId: 'free-2', name: 'x', groupId: 999_999 },
    ]);
    expect([noGroup.statusCode, noGroup.json().error.details[0].field]).toEqual([404, 'devices.1.groupId']);
    expect(await rows(['free', 'dup', 'free-2'])).toEqual([]);
    // The same player in another tenant is in nobody's way.
    const other = await api.newTenant('import elsewhere');
    expect((await send([{ playerId: 'there', name: 'x' }], await api.newUser(other, 'admin'))).statusCode).toBe(201);
  });

  test('leaves players that exist as they are when it is told to skip them, and names them', async () => {
    const [{ credential_hash: before } = { credential_hash: null }] = await rows(['there']);
    const body = {
      devices: [
        { playerId: 'there', name: 'y', groupId },
        { playerId: 'new-1', name: 'x', groupId },
      ],
    };
    const answer = await api.send('POST', IMPORT, { as: admin, body: { ...body, skipExisting: true } });
    expect(answer.statusCode).toBe(201);
    expect(answer.json().data).toMatchObject({ devices: [{ playerId: 'new-1' }], existing: ['there'] });
    const [there, fresh] = await rows(['there', 'new-1']);
    expect(there).toMatchObject({ credential_hash: before, name: expect.not.stringMatching(/^y$/), rev: 0 });
    expect(fresh?.rev).toBeGreaterThan(0);
    const none = await api.send('POST', IMPORT, { as: admin, body: { ...body, skipExisting: true } });
    expect(none.json().data).toEqual({ devices: [], existing: ['there', 'new-1'] });
    expect((await api.send('POST', IMPORT, { as: admin, body })).statusCode).toBe(409);
  });

  test('takes a thousand at once and no more', async () => {
    const many = Array.from({ length: IMPORT_MAX }, (_, n) => ({ playerId: `bulk-${n}`, name: `Bulk ${n}`, groupId }));
    const answer = await send(many);
    expect(answer.statusCode).toBe(201);
    const ids = answer.json().data.devices.map(({ deviceId }: { deviceId: number }) => deviceId);
    expect(new Set(ids).size).toBe(IMPORT_MAX);
    const last = await rows(['bulk-999']);
    expect(ids[999]).toBe(last[0]?.id);
    expect((await send([...many, { playerId: 'bulk-1000', name: 'x' }])).statusCode).toBe(400);
    expect((await send([])).statusCode).toBe(400);
    expect((await send([{ playerId: 'a b', name: 'x' }])).statusCode).toBe(400);
    expect((await send([{ playerId: 'c', name: 'x', credential: 'mine' }])).statusCode).toBe(400);
  });

  test('two imports of the same players at the same time: one of them', async () => {
    const devices = [
      { playerId: 'race-1', name: 'x', groupId },
      { playerId: 'race-2', name: 'x' },
    ];
    const answers = await Promise.all([send(devices), send([...devices].reverse())]);
    expect(answers.map((answer) => answer.statusCode).sort((a, b) => a - b)).toEqual([201, 409]);
    expect(await rows(['race-1', 'race-2'])).toHaveLength(2);
  });

  test('[INV-4] a repeat with the same key gives the same credentials, and they are not kept in clear', async () => {
    const first = await send([{ playerId: 'once', name: 'x' }], admin, 'import-1');
    const again = await send([{ playerId: 'once', name: 'x' }], admin, 'import-1');
    expect([again.statusCode, again.json()]).toEqual([201, first.json()]);
    const kept = await api.ctx.db.sql.selectFrom('idempotency_keys').selectAll().execute();
    expect(JSON.stringify(kept)).not.toContain(first.json().data.devices[0].credential);
  });

  test('managers import into their own groups', async () => {
    const other = await api.newGroup(tenantId, 'Not theirs');
    const manager = await api.newUser(tenantId, 'manager', [groupId]);
    expect((await send([{ playerId: 'mg-1', name: 'x', groupId }], manager)).statusCode).toBe(201);
    expect((await send([{ playerId: 'mg-2', name: 'x', groupId: other }], manager)).statusCode).toBe(404);
    expect((await send([{ playerId: 'mg-2', name: 'x' }], manager)).statusCode).toBe(403);
    expect(
      (await send([{ playerId: 'mg-2', name: 'x', groupId }], await api.newUser(tenantId, 'user', [groupId])))
        .statusCode,
    ).toBe(403);
  });
});
