import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { createPasswordHasher } from '../auth/passwords.ts';
import { newUsername, normaliseUsername } from '../auth/username.ts';
import { runCli, type CliParts } from '../command-line.ts';
import { openApi, systemIds, testClock, type ApiFixture } from '../testing/api-fixture.ts';
import { bootstrapFirstAdmin, createTenant, type TenantMaking } from './create-tenant.ts';

describeEachDatabase('the first start', (open) => {
  test('makes tenant default with an admin who can sign in, once', async () => {
    const api = await openApi(await open());
    const made = await bootstrapFirstAdmin(api.ctx, { username: 'Admin' });
    expect(made).toMatchObject({ username: 'admin' });
    expect(made?.generatedPassword).toMatch(/^[\w-]{20}$/);
    const login = (password: string) =>
      api.send('POST', '/api/v1/auth/login', { body: { username: 'admin', password } });
    const answer = await login(made?.generatedPassword ?? '');
    expect(answer.json().data.user).toMatchObject({ role: 'admin', tenantName: 'default', mustChangePassword: false });
    expect(await bootstrapFirstAdmin(api.ctx, { username: 'admin' })).toBeNull();
    expect(await bootstrapFirstAdmin(api.ctx, { username: 'other', password: 'a long password' })).toBeNull();
    const audit = await api.ctx.db.sql
      .selectFrom('audit_logs')
      .select(['action', 'username', 'detail'])
      .orderBy('id')
      .execute();
    expect(audit[0]).toEqual({
      action: 'tenant.created',
      username: null,
      detail: '{"name":"default","admin":"admin"}',
    });
    await api.close();
  });

  test('takes the password it is given, and tells none', async () => {
    const api = await openApi(await open());
    const made = await bootstrapFirstAdmin(api.ctx, { username: 'admin', password: 'given by hand' });
    expect(made?.generatedPassword).toBeNull();
    const answer = await api.send('POST', '/api/v1/auth/login', {
      body: { username: 'admin', password: 'given by hand' },
    });
    expect(answer.json().data.user.mustChangePassword).toBe(false);
    await api.close();
  });

  test('of eight processes at once makes one, and the others find it made', async () => {
    const db = await open();
    const starts = Array.from({ length: 8 }, async () => {
      const making: TenantMaking = {
        db: db.reopen(),
        clock: testClock(),
        ids: systemIds,
        passwords: createPasswordHasher(),
      };
      const made = await bootstrapFirstAdmin(making, { username: 'admin' });
      const tenants = await making.db.sql.selectFrom('tenants').select('name').execute();
      return { made, tenants: tenants.map((tenant) => tenant.name) };
    });
    const outcomes = await Promise.all(starts);
    expect(outcomes.filter(({ made }) => made !== null)).toHaveLength(1);
    for (const { tenants } of outcomes) expect(tenants).toEqual(['default']);
    expect(await db.sql.selectFrom('users').select('username').execute()).toEqual([{ username: 'admin' }]);
    expect(await db.sql.selectFrom('audit_logs').select('action').execute()).toHaveLength(1);
  });

  test('says what is wrong with a username or password and makes nothing', async () => {
    const db = await open();
    const making: TenantMaking = { db, clock: testClock(), ids: systemIds, passwords: createPasswordHasher() };
    await expect(bootstrapFirstAdmin(making, { username: 'a b' })).rejects.toThrow('The username must be');
    await expect(bootstrapFirstAdmin(making, { username: 'admin', password: 'short' })).rejects.toThrow(
      'at least 8 characters',
    );
    await expect(bootstrapFirstAdmin(making, { username: 'operations', password: 'Operations' })).rejects.toThrow(
      'must not be the username',
    );
    expect(await db.sql.selectFrom('tenants').select('id').execute()).toEqual([]);
  });
});

describeEachDatabase('the command line', (open) => {
  let api: ApiFixture;
  const out: string[] = [];
  const err: string[] = [];
  let closed = 0;
  let parts: CliParts;
  beforeAll(async () => {
    const db = await open();
    api = await openApi(db);
    parts = {
      open: async () => ({ ...api.ctx, close: async () => void closed++ }),
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
    };
  });
  afterAll(() => api.close());

  const run = async (...args: string[]): Promise<{ code: number; out: string[]; err: string[] }> => {
    out.length = 0;
    err.length = 0;
    const code = await runCli(parts, args);
    return { code, out: [...out], err: [...err] };
  };

  test('makes a tenant whose admin can sign in with the password it prints', async () => {
    const result = await run('tenant', 'create', '--name', 'Museum', '--admin', 'Curator');
    expect([result.code, result.err, closed]).toEqual([0, [], 1]);
    expect(result.out[0]).toMatch(/^tenant \d+ "Museum" created$/);
    const password = result.out[2]?.replace('admin password: ', '');
    const answer = await api.send('POST', '/api/v1/auth/login', { body: { username: 'curator', password } });
    expect(answer.json().data.user).toMatchObject({ tenantName: 'Museum', role: 'admin' });
  });

  test.each<[string, string[], RegExp]>([
    [
      'a tenant that exists',
      ['tenant', 'create', '--name', 'Museum', '--admin', 'x'],
      /^podoh: There is a tenant named "Museum" already$/,
    ],
    [
      'a user that exists',
      ['tenant', 'create', '--name', 'Zoo', '--admin', 'CURATOR'],
      /^podoh: There is a user named "curator" already/,
    ],
    ['a bad name', ['tenant', 'create', '--name', ' ', '--admin', 'x'], /^podoh: The tenant's name must be/],
    [
      'a missing option',
      ['tenant', 'create', '--name', 'Zoo'],
      /^podoh: required option '--admin <username>' not specified$/,
    ],
    [
      'an unknown option',
      ['tenant', 'create', '--name', 'Zoo', '--admin', 'x', '--nme', 'y'],
      /^podoh: unknown option '--nme'/,
    ],
    ['an unknown command', ['tenants'], /^podoh: unknown command 'tenants'/],
  ])('says in one line what is wrong with %s', async (_what, args, line) => {
    const before = await api.ctx.db.sql.selectFrom('tenants').select('id').execute();
    const result = await run(...args);
    expect([result.code, result.out, result.err.length]).toEqual([1, [], 1]);
    expect(result.err[0]).toMatch(line);
    expect(result.err[0]).not.toContain('\n');
    expect(await api.ctx.db.sql.selectFrom('tenants').select('id').execute()).toEqual(before);
  });

  test('begins a new epoch, each time a greater one', async () => {
    const epoch = async () =>
      Number(
        (await api.ctx.db.sql.selectFrom('settings').select('value').where('name', '=', 'epoch').executeTakeFirst())
          ?.value,
      );
    const before = await epoch();
    const first = await run('epoch', 'renew');
    const middle = await epoch();
    expect([first.code, first.out]).toEqual([
      0,
      [`epoch ${before} -> ${middle}; hubs that run take it within a second`],
    ]);
    await run('epoch', 'renew');
    expect(middle).toBeGreaterThan(before);
    expect(await epoch()).toBeGreaterThan(middle);
  });

  test('shows help', async () => {
    const result = await run('--help');
    expect([result.code, result.err]).toEqual([0, []]);
    expect(result.out.join('\n')).toContain('epoch');
  });

  test('says in one line that the database is away', async () => {
    const away: CliParts = {
      ...parts,
      open: () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })),
    };
    err.length = 0;
    expect(await runCli(away, ['epoch', 'renew'])).toBe(1);
    expect(err).toEqual(['podoh: the database is not available: connect ECONNREFUSED']);
  });
});

describe('usernames', () => {
  test('are one, however they are typed', () => {
    expect(normaliseUsername('  Ánna.B@Example.ORG ')).toBe(normaliseUsername('A\u0301nna.b@example.org'));
    expect(newUsername('José-1+x_y')).toBe('josé-1+x_y');
  });

  test.each(['', ' ', '.a', 'a b', 'a\0', 'a\u202eb', 'x'.repeat(121), '<b>', 'a|b', 'a/b'])(
    '%j is refused',
    (username) => {
      expect(() => newUsername(username)).toThrow('The username must be');
    },
  );
});

describeEachDatabase('a tenant', (open) => {
  test('is made whole or not at all', async () => {
    const db = await open();
    const making: TenantMaking = { db, clock: testClock(), ids: systemIds, passwords: createPasswordHasher() };
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((name) => createTenant(making, name, 'same-admin')),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CONFLICT' });
    }
    expect(await db.sql.selectFrom('tenants').select('id').execute()).toHaveLength(1);
  });
});
