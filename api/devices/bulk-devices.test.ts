import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { BULK_DEVICES_MAX, BULK_IDS_MAX } from './bulk-selection.ts';
import { deviceRoutes } from './routes.ts';

const BULK = '/api/v1/devices/bulk';

describeEachDatabase('acting on many devices', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let lobby: number;
  let annex: number;
  let admin: TestUser;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: deviceRoutes() });
    tenantId = await api.newTenant('bulk');
    lobby = await api.newGroup(tenantId, 'Lobby');
    annex = await api.newGroup(tenantId, 'Annex');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const send = (body: unknown, as = admin, key?: string) =>
    api.send('POST', BULK, { as, body, ...(key !== undefined && { key }) });
  const device = (columns: object = {}) => insertDevice(api.ctx.db, tenantId, columns);
  const rowsOf = (ids: readonly number[]) =>
    api.ctx.db.sql.selectFrom('devices').selectAll().where('id', 'in', ids).orderBy('id').execute();
  const lastAudit = async () => {
    const row = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    return { ...row, detail: JSON.parse(row.detail) };
  };
  const headRev = async () =>
    (await api.ctx.db.sql.selectFrom('counters').select('value').where('name', '=', 'rev').executeTakeFirst())?.value ??
    0;
  const changesAfter = async (rev: number) => {
    const rows = await api.ctx.db.sql.selectFrom('changes').selectAll().where('rev', '>', rev).orderBy('rev').execute();
    return rows.map((row) => ({ rev: row.rev, kind: row.kind, ...JSON.parse(row.payload) }));
  };

  test('a preview says what a move would touch and changes nothing; the move then does just that', async () => {
    const ids = [await device({ name: 'B 2' }), await device({ name: 'B 10' }), await device({ group_id: lobby })];
    const select = { deviceIds: [...ids, ids[0]] };
    const action = { kind: 'move', groupId: lobby };
    const before = [await rowsOf(ids), await headRev()];
    const preview = await send({ select, action, dryRun: true });
    expect([preview.statusCode, preview.json().data]).toEqual([
      200,
      {
        matched: 3,
        affected: 2,
        skipped: [{ reason: 'unchanged', count: 1 }],
        sample: [
          { deviceId: ids[0], name: 'B 2' },
          { deviceId: ids[1], name: 'B 10' },
        ],
      },
    ]);
    expect([await rowsOf(ids), await headRev()]).toEqual(before);
    const rev = await headRev();
    api.hints.length = 0;
    expect((await send({ select, action })).json().data).toEqual(preview.json().data);
    const changes = await changesAfter(rev);
    expect(changes).toEqual([
      { rev: rev + 1, kind: 'device.saved', deviceId: ids[0], groupId: lobby, config: {} },
      { rev: rev + 2, kind: 'device.saved', deviceId: ids[1], groupId: lobby, config: {} },
    ]);
    expect(api.hints).toEqual([{ kind: 'changes', rev: rev + 2 }]);
    const rows = await rowsOf(ids);
    expect(rows.map((row) => [row.group_id, row.version, row.rev, row.placement_rev])).toEqual([
      [lobby, 2, rev + 2, rev + 2],
      [lobby, 2, rev + 2, rev + 2],
      [lobby, 1, 0, 0],
    ]);
    expect(await lastAudit()).toMatchObject({
      ...{ action: 'device.updated', entity: 'device', entity_id: null, username: admin.username },
      detail: { kind: 'move', groupId: lobby, matched: 3, affected: 2, deviceIds: ids.slice(0, 2) },
    });
  });

  test('a command goes to those that can carry it out, each its own', async () => {
    const able = { capabilities: '["set_volume","reboot"]' };
    const [one, two, cannot, revoked] = [
      await device(able),
      await device(able),
      await device({ capabilities: '["reboot"]' }),
      await device({ ...able, state: 'revoked' }),
    ];
    // An older command of one of them must not be taken for the new one.
    await send({ select: { deviceIds: [one] }, action: { kind: 'command', name: 'reboot' } });
    const rev = await headRev();
    const answer = await send({
      select: { deviceIds: [one, two, cannot, revoked] },
      action: { kind: 'command', name: 'set_volume', args: { volume: 20 }, expiresInSeconds: 60 },
    });
    expect(answer.json().data).toMatchObject({
      ...{ matched: 4, affected: 2 },
      skipped: [
        { reason: 'revoked', count: 1 },
        { reason: 'not_capable', count: 1 },
      ],
    });
    const commands = await api.ctx.db.sql
      .selectFrom('commands')
      .selectAll()
      .where('device_id', 'in', [one, two, cannot, revoked])
      .where('name', '=', 'set_volume')
      .orderBy('id')
      .execute();
    const issuedAt = api.clock.now();
    expect(commands.map((row) => [row.device_id, row.args, row.state, row.expires_at, row.rev])).toEqual(
      [one, two].map((id) => [id, '{"volume":20}', 'pending', issuedAt + 60_000, rev + 2]),
    );
    expect(await changesAfter(rev)).toEqual(
      commands.map(({ id: commandId, device_id: deviceId }, at) => ({
        ...{ rev: rev + 1 + at, kind: 'command.issued', deviceId },
        command: { commandId, name: 'set_volume', args: { volume: 20 }, issuedAt, expiresAt: issuedAt + 60_000 },
      })),
    );
    expect((await rowsOf([one, two])).map((row) => row.rev)).toEqual([rev + 2, rev + 2]);
  });

  test('settings are merged into what each device has, or taken away', async () => {
    const ids = [await device({ config: '{"volume":10,"orientation":"portrait"}' }), await device(), await device()];
    const rev = await headRev();
    const config = { volume: 30, timezone: 'Europe/Berlin' };
    await send({ select: { deviceIds: ids }, action: { kind: 'configure', config } });
    expect((await rowsOf(ids)).map((row) => JSON.parse(row.config))).toEqual([
      { ...config, orientation: 'portrait' },
      config,
      config,
    ]);
    expect((await changesAfter(rev)).map((change) => change.config)).toEqual([
      { ...config, orientation: 'portrait' },
      config,
      config,
    ]);
    const again = await send({ select: { deviceIds: ids }, action: { kind: 'configure', config } });
    expect(again.json().data).toMatchObject({ affected: 0, skipped: [{ reason: 'unchanged', count: 3 }] });
    await send({
      select: { deviceIds: ids.slice(1) },
      action: { kind: 'configure', config: { brightness: 50 }, clear: ['volume', 'timezone'] },
    });
    expect((await rowsOf(ids)).map((row) => JSON.parse(row.config))).toEqual([
      { ...config, orientation: 'portrait' },
      { brightness: 50 },
      { brightness: 50 },
    ]);
  });

  test('[INV-9] revoking ends credentials and open pairings, once', async () => {
    const ids = [
      await device({ credential_hash: 'x', player_id: 'bulk-paired' }),
      await device({ credential_hash: 'y', state: 'revoked', credential_version: 4 }),
    ];
    await api.ctx.db.sql
      .insertInto('pairings')
      .values({
        ...{ player_id: 'bulk-paired', code: 'AAAABBBB', poll_secret_hash: 'x', name: null, model: null },
        ...{ os_version: null, app_version: null, capabilities: '[]', state: 'paired', tenant_id: tenantId },
        ...{ device_id: ids[0] ?? 0, created_at: 1, expires_at: 2 },
      })
      .execute();
    const rev = await headRev();
    const answer = await send({ select: { deviceIds: ids }, action: { kind: 'revoke' } });
    expect(answer.json().data).toMatchObject({ affected: 1, skipped: [{ reason: 'revoked', count: 1 }] });
    expect((await rowsOf(ids)).map((row) => [row.state, row.credential_hash, row.credential_version])).toEqual([
      ['revoked', null, 2],
      ['revoked', 'y', 4],
    ]);
    expect(await changesAfter(rev)).toEqual([
      { rev: rev + 1, kind: 'device.credential', deviceId: ids[0], credentialVersion: 2, reason: 'revoked' },
    ]);
    const pairing = await api.ctx.db.sql
      .selectFrom('pairings')
      .select('state')
      .where('player_id', '=', 'bulk-paired')
      .executeTakeFirst();
    expect(pairing?.state).toBe('consumed');
  });

  test('deleting takes commands, their files, reports and presence along, and leaves the others alone', async () => {
    const ids = [await device({ status: 'online', transport: 'websocket', name: 'gone' }), await device()];
    const stays = await device({ capabilities: '["screenshot"]' });
    await api.ctx.objects.put('bulk-file', new Uint8Array([1]), 'image/png');
    for (const [deviceId, fileKey] of [
      [ids[0] ?? 0, 'bulk-file'],
      [stays, null],
    ] as const)
      await api.ctx.db.sql
        .insertInto('commands')
        .values({
          ...{ tenant_id: tenantId, device_id: deviceId, name: 'screenshot', args: '{}', state: 'succeeded' },
          ...{ result: null, reason: null, file_key: fileKey, file_type: null, issued_by: null, issued_at: 1 },
          ...{ expires_at: 2, acknowledged_at: null, finished_at: null, rev: 0 },
        })
        .execute();
    const rev = await headRev();
    const answer = await send({ select: { deviceIds: ids }, action: { kind: 'remove' } });
    expect(answer.json().data.affected).toBe(2);
    expect((await rowsOf([...ids, stays])).map(({ id }) => id)).toEqual([stays]);
    const left = await api.ctx.db.sql
      .selectFrom('commands')
      .select('device_id')
      .where('device_id', 'in', [...ids, stays])
      .execute();
    expect(left).toEqual([{ device_id: stays }]);
    expect(await api.ctx.objects.get('bulk-file')).toBeNull();
    const presence = await api.ctx.db.sql
      .selectFrom('device_presence')
      .select(['device_id', 'status'])
      .where('device_id', 'in', ids)
      .execute();
    expect(presence).toEqual([{ device_id: ids[0], status: 'offline' }]);
    expect((await changesAfter(rev)).map(({ deviceId, reason }) => [deviceId, reason])).toEqual(
      ids.map((id) => [id, 'removed']),
    );
  });

  test('all that match a filter are meant, and no others when their number has changed', async () => {
    const ids = [await device({ name: 'Zebra 1', group_id: annex }), await device({ name: 'Zebra 2' })];
    const filter = { q: 'zebra' };
    const action = { kind: 'configure', config: { volume: 1 } };
    const preview = await send({ select: { filter }, action, dryRun: true });
    expect(preview.json().data).toMatchObject({ matched: 2, affected: 2 });
    const late = await device({ name: 'Zebra 3' });
    const refused = await send({ select: { filter, expect: 2 }, action });
    expect([refused.statusCode, refused.json().error]).toEqual([
      409,
      {
        code: 'CONFLICT',
        message: '3 devices match now, not 2; nothing was done',
        details: [{ field: 'select.expect', message: '3 match now' }],
      },
    ]);
    expect((await rowsOf([...ids, late])).map((row) => row.config)).toEqual(['{}', '{}', '{}']);
    expect((await send({ select: { filter, expect: 3 }, action })).json().data.affected).toBe(3);
    const inGroup = { q: 'ZEBRA', groupId: annex, state: 'active', status: 'offline' };
    expect((await send({ select: { filter: inGroup }, action, dryRun: true })).json().data).toMatchObject({
      matched: 1,
      skipped: [{ reason: 'unchanged', count: 1 }],
    });
    expect((await lastAudit()).detail).toMatchObject({ filter, affected: 3, deviceIds: [...ids, late] });
    const nothing = await send({ select: { filter: { q: 'no such screen' } }, action });
    expect([nothing.statusCode, nothing.json().data]).toEqual([
      200,
      { matched: 0, affected: 0, skipped: [], sample: [] },
    ]);
  });

  test('[INV-10] what is out of scope or of another tenant is counted as not there, and stays as it is', async () => {
    const manager = await api.newUser(tenantId, 'manager', [annex]);
    const mine = await device({ group_id: annex });
    const notMine = await device({ group_id: lobby });
    const elsewhere = await insertDevice(api.ctx.db, await api.newTenant('bulk elsewhere'), {});
    const action = { kind: 'configure', config: { volume: 77 } };
    const answer = await send({ select: { deviceIds: [mine, notMine, elsewhere] }, action }, manager);
    expect(answer.json().data).toEqual({
      ...{ matched: 3, affected: 1, skipped: [{ reason: 'not_found', count: 2 }] },
      sample: [{ deviceId: mine, name: expect.any(String) }],
    });
    expect((await rowsOf([notMine, elsewhere])).map((row) => row.config)).toEqual(['{}', '{}']);
    expect((await send({ select: { deviceIds: [notMine, elsewhere] }, action }, manager)).statusCode).toBe(404);
    const all = await send({ select: { filter: {} }, action, dryRun: true }, manager);
    const inAnnex = await api.ctx.db.sql.selectFrom('devices').select('id').where('group_id', '=', annex).execute();
    expect(all.json().data.matched).toBe(inAnnex.length);
    expect((await send({ select: { filter: { groupId: lobby } }, action }, manager)).statusCode).toBe(404);
    const into = (groupId: number | null) =>
      send({ select: { deviceIds: [mine] }, action: { kind: 'move', groupId } }, manager);
    expect([(await into(lobby)).statusCode, (await into(null)).statusCode]).toEqual([404, 403]);
    const reader = await api.newUser(tenantId, 'user', [annex]);
    expect((await send({ select: { deviceIds: [mine] }, action, dryRun: true }, reader)).statusCode).toBe(403);
  });

  test('[INV-4] a repeat with the same key gives the first answer and no second effect', async () => {
    const id = await device({ capabilities: '["identify"]' });
    const body = { select: { deviceIds: [id] }, action: { kind: 'command', name: 'identify' } };
    const first = await send(body, admin, 'bulk-1');
    const again = await send(body, admin, 'bulk-1');
    expect([again.statusCode, again.json()]).toEqual([200, first.json()]);
    const commands = await api.ctx.db.sql.selectFrom('commands').select('id').where('device_id', '=', id).execute();
    expect(commands).toHaveLength(1);
    const other = await send({ ...body, action: { kind: 'revoke' } }, admin, 'bulk-1');
    expect(other.json().error.code).toBe('IDEMPOTENCY_MISMATCH');
  });

  test('what makes no sense is refused', async () => {
    const id = await device();
    const refusal = async (action: unknown, select: unknown = { deviceIds: [id] }) => {
      const { statusCode, body } = await send({ select, action });
      return [statusCode, JSON.parse(body).error?.details?.[0]?.field];
    };
    expect(await refusal({ kind: 'command', name: 'set_volume', args: { volume: 101 } })).toEqual([
      400,
      'action.args.volume',
    ]);
    expect(await refusal({ kind: 'configure', config: {} })).toEqual([400, 'action.config']);
    expect(await refusal({ kind: 'configure', config: { timezone: 'Mars/Olympus' } })).toEqual([
      400,
      'config.timezone',
    ]);
    expect((await refusal({ kind: 'explode' }))[0]).toBe(400);
    expect((await refusal({ kind: 'revoke' }, { deviceIds: [] }))[0]).toBe(400);
    expect((await refusal({ kind: 'revoke' }, { deviceIds: [id], filter: {} }))[0]).toBe(400);
    const tooMany = Array.from({ length: BULK_IDS_MAX + 1 }, (_, at) => at + 1);
    expect((await refusal({ kind: 'revoke' }, { deviceIds: tooMany }))[0]).toBe(400);
  });

  test('5,000 at once is the most, and each has its change and its rev', async () => {
    const crowd = await api.newTenant('bulk crowd');
    const boss = await api.newUser(crowd, 'admin');
    const [template] = await rowsOf([await insertDevice(api.ctx.db, crowd, { capabilities: '["refresh"]' })]);
    if (template === undefined) throw new Error('the template is there');
    const { id: _template, ...columns } = template;
    for (let at = 1; at < BULK_DEVICES_MAX; at += 500)
      await api.ctx.db.sql
        .insertInto('devices')
        .values(
          Array.from({ length: Math.min(500, BULK_DEVICES_MAX - at) }, (_, n) => ({
            ...columns,
            player_id: `crowd-${at + n}`,
          })),
        )
        .execute();
    const rev = await headRev();
    const body = { select: { filter: {}, expect: BULK_DEVICES_MAX }, action: { kind: 'command', name: 'refresh' } };
    expect((await send(body, boss)).json().data).toMatchObject({ affected: BULK_DEVICES_MAX, skipped: [] });
    const changes = await changesAfter(rev);
    expect(changes.map((change) => change.rev)).toEqual(
      Array.from({ length: BULK_DEVICES_MAX }, (_, at) => rev + 1 + at),
    );
    expect(new Set(changes.map(({ command }) => command.commandId)).size).toBe(BULK_DEVICES_MAX);
    await insertDevice(api.ctx.db, crowd, {});
    const refused = await send({ select: { filter: {} }, action: { kind: 'revoke' }, dryRun: true }, boss);
    expect([refused.statusCode, refused.json().error.details[0].field]).toEqual([400, 'select.filter']);
  });
});
