import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_NAMES } from '../../protocol/desired-state.ts';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { checkCommandArgs } from './command-args.ts';
import { deviceRoutes } from './routes.ts';

describe('arguments of commands', () => {
  test('only volume and brightness take any: a whole percentage', () => {
    expect(checkCommandArgs('set_volume', { volume: 0 })).toEqual([]);
    expect(checkCommandArgs('set_brightness', { brightness: 100 })).toEqual([]);
    expect(checkCommandArgs('reboot', {})).toEqual([]);
    fc.assert(
      fc.property(
        fc.constantFrom(...COMMAND_NAMES),
        fc.dictionary(
          fc.constantFrom('volume', 'brightness', '__proto__', 'x'),
          fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.string()),
        ),
        (name, args) => {
          const wanted = name === 'set_volume' ? 'volume' : name === 'set_brightness' ? 'brightness' : null;
          const keys = Object.keys(args);
          const value = wanted === null ? null : args[wanted];
          const fits =
            wanted === null
              ? keys.length === 0
              : keys.length === 1 &&
                keys[0] === wanted &&
                typeof value === 'number' &&
                Number.isInteger(value) &&
                value >= 0 &&
                value <= 100;
          expect(checkCommandArgs(name, args).length === 0).toBe(fits);
        },
      ),
    );
  });
});

describeEachDatabase('commands', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: deviceRoutes() });
    tenantId = await api.newTenant('commands');
    admin = await api.newUser(tenantId, 'admin');
  });
  afterAll(() => api.close());

  const urlOf = (deviceId: number) => `/api/v1/devices/${deviceId}/commands`;
  const issue = (deviceId: number, body: unknown, as = admin) => api.send('POST', urlOf(deviceId), { as, body });
  const able = (capabilities: string[], columns: object = {}) =>
    insertDevice(api.ctx.db, tenantId, { capabilities: JSON.stringify(capabilities), ...columns });

  test('are issued with a change that carries the whole command', async () => {
    const deviceId = await able(['reboot', 'set_volume']);
    const answer = await issue(deviceId, { name: 'set_volume', args: { volume: 30 }, expiresInSeconds: 60 });
    expect(answer.statusCode).toBe(201);
    const { data } = answer.json();
    expect(data).toEqual({
      commandId: data.commandId,
      deviceId,
      name: 'set_volume',
      args: { volume: 30 },
      state: 'pending',
      result: null,
      reason: null,
      fileType: null,
      issuedBy: admin.id,
      issuedAt: '2026-11-20T09:00:00.000Z',
      expiresAt: '2026-11-20T09:01:00.000Z',
      acknowledgedAt: null,
      finishedAt: null,
    });
    const change = await api.ctx.db.sql
      .selectFrom('changes')
      .selectAll()
      .orderBy('rev', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    const issuedAt = api.clock.now();
    expect([change.kind, JSON.parse(change.payload)]).toEqual([
      'command.issued',
      {
        deviceId,
        command: {
          commandId: data.commandId,
          name: 'set_volume',
          args: { volume: 30 },
          issuedAt,
          expiresAt: issuedAt + 60_000,
        },
      },
    ]);
    const device = await api.ctx.db.sql
      .selectFrom('devices')
      .select(['rev', 'version'])
      .where('id', '=', deviceId)
      .executeTakeFirst();
    const command = await api.ctx.db.sql
      .selectFrom('commands')
      .select('rev')
      .where('id', '=', data.commandId)
      .executeTakeFirst();
    expect([device, command?.rev]).toEqual([{ rev: change.rev, version: 1 }, change.rev]);
    expect((await issue(deviceId, { name: 'reboot' })).json().data.expiresAt).toBe('2026-11-20T09:05:00.000Z');
  });

  test('are refused where the device cannot do them, naming what it can', async () => {
    const deviceId = await able(['reboot', 'refresh']);
    const cannot = await issue(deviceId, { name: 'screenshot' });
    expect([cannot.statusCode, cannot.json().error]).toMatchObject([
      409,
      { code: 'CONFLICT', message: 'The device cannot screenshot; it can: reboot, refresh' },
    ]);
    const revoked = await able(['reboot'], { state: 'revoked' });
    expect((await issue(revoked, { name: 'reboot' })).statusCode).toBe(409);
    expect((await issue(999_999, { name: 'reboot' })).statusCode).toBe(404);
  });

  test('are refused with arguments that do not fit', async () => {
    const deviceId = await able([...COMMAND_NAMES]);
    const field = async (body: unknown) => {
      const answer = await issue(deviceId, body);
      expect(answer.statusCode).toBe(400);
      return answer.json().error.details[0].field;
    };
    expect(await field({ name: 'shell' })).toBe('name');
    expect(await field({ name: 'set_volume' })).toBe('args.volume');
    expect(await field({ name: 'set_volume', args: { volume: 101 } })).toBe('args.volume');
    expect(await field({ name: 'set_volume', args: { volume: 1.5 } })).toBe('args.volume');
    expect(await field({ name: 'reboot', args: { force: true } })).toBe('args.force');
    expect(await field({ name: 'reboot', expiresInSeconds: 0 })).toBe('expiresInSeconds');
    expect(await field({ name: 'reboot', expiresInSeconds: 86_401 })).toBe('expiresInSeconds');
    expect(await field({ name: 'set_volume', args: { volume: { a: 1 } } })).toMatch(/^args/);
  });

  test('are listed with their outcome; those nobody finished in time have expired', async () => {
    const deviceId = await able(['reboot', 'refresh', 'identify']);
    const ids: number[] = [];
    for (const name of ['reboot', 'refresh', 'identify', 'reboot']) {
      ids.push(
        (await issue(deviceId, { name, expiresInSeconds: name === 'identify' ? 86_400 : 10 })).json().data.commandId,
      );
    }
    const { db } = api.ctx;
    const done = {
      state: 'failed' as const,
      reason: 'disk full',
      result: '{"code":3}',
      finished_at: api.clock.now() + 5,
    };
    await db.sql
      .updateTable('commands')
      .set(done)
      .where('id', '=', ids[0] ?? 0)
      .execute();
    await db.sql
      .updateTable('commands')
      .set({ state: 'acknowledged' })
      .where('id', '=', ids[1] ?? 0)
      .execute();
    api.clock.advance(10_000);
    const list = async (query = '') => {
      const answer = (await api.send('GET', `${urlOf(deviceId)}${query}`, { as: admin })).json();
      return answer.data.map(({ commandId, state }: { commandId: number; state: string }) => [
        ids.indexOf(commandId),
        state,
      ]);
    };
    expect(await list()).toEqual([
      [3, 'expired'],
      [2, 'pending'],
      [1, 'expired'],
      [0, 'failed'],
    ]);
    expect(await list('?state=expired&sort=commandId')).toEqual([
      [1, 'expired'],
      [3, 'expired'],
    ]);
    expect(await list('?state=pending')).toEqual([[2, 'pending']]);
    expect(await list('?state=acknowledged')).toEqual([]);
    expect(await list('?state=failed')).toEqual([[0, 'failed']]);
    expect(await list('?name=refresh')).toEqual([[1, 'expired']]);
    const page = (await api.send('GET', `${urlOf(deviceId)}?limit=1&page=4`, { as: admin })).json();
    expect([page.data[0].reason, page.data[0].result, page.meta]).toEqual([
      'disk full',
      { code: 3 },
      { page: 4, limit: 1, total: 4 },
    ]);
  });

  test('give out their file as it came, and never as a page of ours', async () => {
    const deviceId = await able(['screenshot']);
    const { commandId } = (await issue(deviceId, { name: 'screenshot' })).json().data;
    const file = (as = admin, id = commandId, device = deviceId) =>
      api.send('GET', `${urlOf(device)}/${id}/file`, { as });
    expect((await file()).statusCode).toBe(404);
    await api.ctx.objects.put('k1', Buffer.from([0x89, 0x50, 0x4e, 0x47]), 'image/png');
    await api.ctx.db.sql
      .updateTable('commands')
      .set({ file_key: 'k1', file_type: 'image/png' })
      .where('id', '=', commandId)
      .execute();
    const answer = await file();
    expect([answer.statusCode, answer.headers['content-type'], answer.rawPayload]).toEqual([
      200,
      'image/png',
      Buffer.from([0x89, 0x50, 0x4e, 0x47]),
    ]);
    expect(answer.headers['content-disposition']).toMatch(/^attachment/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['content-security-policy']).toContain('sandbox');
    expect((await file(admin, commandId, await able([]))).statusCode).toBe(404);
    await api.ctx.objects.delete('k1');
    expect((await file()).statusCode).toBe(404);
  });
});
