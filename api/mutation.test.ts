import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import Type from 'typebox';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../test/support/databases.ts';
import { apiError } from './errors.ts';
import { keepHouse } from './housekeeping.ts';
import { IDEMPOTENCY_KEPT_MS, mutate, type Mutation } from './mutation.ts';
import { API_BASE, route, type Call, type Route } from './route.ts';
import { openApi, type ApiFixture, type TestUser } from './testing/api-fixture.ts';

const URL = `${API_BASE}/probe`;
const Body = Type.Object({ name: Type.String(), fail: Type.Optional(Type.String()) }, { additionalProperties: false });
const Answer = Type.Object({ id: Type.Integer(), credential: Type.String() });

/** What the probe does besides making a group; a test may change it. */
let during: (call: Call, connectionId: number) => Promise<void> = async () => undefined;
let afterCommit: () => Promise<void> = async () => undefined;

function made(id: number, name: string, credential: string): Mutation<{ id: number; credential: string }> {
  return {
    data: { id, credential },
    changes: [
      { kind: 'group.saved', groupId: id, parentId: null, config: {} },
      { kind: 'user.changed', userId: id },
    ],
    audit: { action: 'group.created', entity: 'group', entityId: id, detail: { name } },
    stamp: async (tx, [rev = -1]) => {
      await tx.updateTable('groups').set({ rev }).where('id', '=', id).execute();
    },
  };
}

/** Makes a group, as a real use case would. */
function probe(url: string): Route {
  return route({
    method: 'POST',
    url,
    policy: 'user',
    operationId: 'test10',
    summary: 'Makes a group for this test',
    body: Body,
    data: Answer,
    status: 201,
    handler: async (call) => {
      const answer = await mutate(call, async (tx, now) => {
        const row = {
          tenant_id: call.actor.tenantId,
          parent_id: null,
          config: '{}',
          rev: 0,
          placement_rev: 0,
          version: 1,
        };
        const inserted = await tx
          .insertInto('groups')
          .values({ ...row, name: call.body.name, created_at: now, updated_at: now })
          .executeTakeFirstOrThrow();
        await during(call, call.ctx.db.dialect.name === 'mariadb' ? await connectionId(tx) : 0);
        if (call.body.fail !== undefined) throw apiError('CONFLICT', call.body.fail);
        return made(Number(inserted.insertId), call.body.name, call.ctx.ids.secret(24));
      });
      await afterCommit();
      return answer;
    },
  });
}

async function connectionId(tx: Parameters<Parameters<typeof mutate>[1]>[0]): Promise<number> {
  const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute(tx);
  return rows[0]?.id ?? 0;
}

describeEachDatabase('a mutation', (open, engine) => {
  let db: TestDatabase;
  let api: ApiFixture;
  /** The same database seen from another process. */
  let other: ApiFixture;
  let user: TestUser;
  let counter = 0;
  let name = '';

  beforeAll(async () => {
    db = await open();
    const routes = [probe(URL), probe(`${URL}/:id`)];
    api = await openApi(db, { routes });
    other = await openApi(db.reopen(), { routes, clock: api.clock });
  });
  afterAll(async () => {
    await api.close();
    await other.close();
  });
  beforeEach(async () => {
    during = async () => undefined;
    afterCommit = async () => undefined;
    name = `probe ${++counter}`;
    user = await api.newUser(await api.newTenant(name), 'admin');
    api.hints.length = 0;
  });

  const post = (key?: string, body: object = { name }, at = api) =>
    at.send('POST', URL, { as: user, body, ...(key !== undefined && { key }) });
  const groups = () =>
    db.sql.selectFrom('groups').select(['id', 'rev']).where('tenant_id', '=', user.tenantId).execute();
  const audits = () => db.sql.selectFrom('audit_logs').selectAll().where('tenant_id', '=', user.tenantId).execute();
  const changes = () =>
    db.sql.selectFrom('changes').selectAll().where('tenant_id', '=', user.tenantId).orderBy('rev').execute();

  test('writes its rows, the audit and the changes together, and announces the last rev after the commit', async () => {
    const answer = await post();
    expect(answer.statusCode).toBe(201);
    const { id } = answer.json().data;
    const logged = await changes();
    expect(logged.map((change) => [change.kind, JSON.parse(change.payload)])).toEqual([
      ['group.saved', { groupId: id, parentId: null, config: {} }],
      ['user.changed', { userId: id }],
    ]);
    const [first, second] = logged.map((change) => change.rev);
    expect(second).toBe((first ?? 0) + 1);
    expect(await groups()).toEqual([{ id, rev: first }]);
    expect(await audits()).toMatchObject([
      {
        user_id: user.id,
        username: user.username,
        action: 'group.created',
        entity: 'group',
        entity_id: id,
        ip: '127.0.0.1',
      },
    ]);
    expect((await audits())[0]?.request_id).toBe(answer.headers['x-request-id']);
    expect(api.hints).toEqual([{ kind: 'changes', rev: second }]);
  });

  test('that fails leaves nothing, announces nothing, and its key is free', async () => {
    const failed = await post('key-1', { name, fail: 'not this time' });
    expect([failed.statusCode, failed.json().error.message]).toEqual([409, 'not this time']);
    expect([await groups(), await audits(), await changes(), api.hints]).toEqual([[], [], [], []]);
    expect((await post('key-1')).statusCode).toBe(201);
    expect(await groups()).toHaveLength(1);
  });

  test('repeated with its key gives the first answer again and has one effect [INV-4]', async () => {
    const first = await post('key-2');
    const again = await post('key-2');
    const elsewhere = await post('key-2', { name }, other);
    for (const answer of [again, elsewhere]) {
      expect([answer.statusCode, answer.body]).toEqual([201, first.body]);
      expect(answer.headers['idempotent-replayed']).toBe('true');
    }
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect([(await groups()).length, (await audits()).length, api.hints.length]).toEqual([1, 1, 1]);
  });

  test('without a key has an effect each time', async () => {
    await post();
    await post();
    expect(await groups()).toHaveLength(2);
  });

  test('with a key that was used for another body, route or path is refused', async () => {
    await post('key-3');
    const refusals = [
      await post('key-3', { name: 'other' }),
      await api.send('POST', `${URL}/5`, { as: user, body: { name }, key: 'key-3' }),
      await api.send('POST', `${URL}?x=`, { as: user, body: { name }, key: 'key-3' }),
    ];
    expect(refusals.slice(0, 2).map((answer) => [answer.statusCode, answer.json().error.code])).toEqual(
      Array.from({ length: 2 }, () => [409, 'IDEMPOTENCY_MISMATCH']),
    );
    expect(refusals[2]?.statusCode).toBe(400);
    expect(await groups()).toHaveLength(1);
  });

  test('keys of two users are two keys', async () => {
    const colleague = await api.newUser(user.tenantId, 'admin');
    await post('key-4');
    const answer = await api.send('POST', URL, { as: colleague, body: { name }, key: 'key-4' });
    expect(answer.headers['idempotent-replayed']).toBeUndefined();
    expect(await groups()).toHaveLength(2);
  });

  test('sent twelve times at once, from two processes, has one effect', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => post('key-5', { name }, n % 2 === 0 ? api : other)),
    );
    const good = answers.filter((answer) => answer.statusCode === 201);
    expect(good.length).toBeGreaterThan(0);
    expect(new Set(good.map((answer) => answer.body)).size).toBe(1);
    for (const answer of answers) {
      if (answer.statusCode !== 201) expect([answer.statusCode, answer.json().error.code]).toEqual([409, 'CONFLICT']);
    }
    expect(await groups()).toHaveLength(1);
    expect((await post('key-5')).body).toBe(good[0]?.body);
  });

  test('while the first is being worked on, a second is 409, and another body a mismatch', async () => {
    let release: () => void = () => undefined;
    const begun = new Promise<void>((resolveBegun) => {
      during = () =>
        new Promise<void>((resolve) => {
          release = resolve;
          resolveBegun();
        });
    });
    const first = post('key-6');
    await begun;
    const second = await post('key-6');
    expect([second.statusCode, second.json().error.code]).toEqual([409, 'CONFLICT']);
    const third = await post('key-6', { name: 'other' });
    expect([third.statusCode, third.json().error.code]).toEqual([409, 'IDEMPOTENCY_MISMATCH']);
    release();
    expect((await first).statusCode).toBe(201);
    expect((await post('key-6')).headers['idempotent-replayed']).toBe('true');
  });

  test('whose process dies after the commit and before the answer is answered by the repeat', async () => {
    afterCommit = async () => {
      throw new Error('the process is gone');
    };
    expect((await post('key-7')).statusCode).toBe(500);
    afterCommit = async () => undefined;
    const again = await post('key-7', { name }, other);
    expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([201, 'true']);
    expect([(await groups()).length, (await changes()).length]).toEqual([1, 2]);
  });

  test('answers again for a day; then the key is free and housekeeping has taken it', async () => {
    await post('key-8');
    api.clock.advance(IDEMPOTENCY_KEPT_MS);
    expect((await post('key-8', { name }, api)).statusCode).toBe(401);
    const { token } = await api.tokens.issueUser({ sub: user.id, role: 'admin', tenant: user.tenantId, ver: 0 });
    user = { ...user, token };
    expect((await post('key-8')).headers['idempotent-replayed']).toBe('true');
    api.clock.advance(1);
    expect((await post('key-8', { name: 'a day later' })).statusCode).toBe(201);
    expect(await groups()).toHaveLength(2);
    api.clock.advance(IDEMPOTENCY_KEPT_MS + 1);
    await keepHouse(api.ctx);
    expect(await db.sql.selectFrom('idempotency_keys').select('route').execute()).toEqual([]);
  });

  test('keeps neither the key nor the answer where the database alone could show them', async () => {
    const answer = await post('7d1f0a52-1c1d-4a3c-9c55-secret-key');
    const dump = JSON.stringify(await db.sql.selectFrom('idempotency_keys').selectAll().execute());
    expect(dump).toContain(`POST ${URL}`);
    expect(dump).not.toContain(answer.json().data.credential);
    expect(dump).not.toContain('7d1f0a52-1c1d-4a3c-9c55-secret-key');
  });

  test.each([
    ['is too long', 'x'.repeat(256)],
    ['has a space', 'a b'],
    ['is not ASCII', 'schlüssel'],
    ['is empty', ''],
  ])('with a key that %s is refused', async (_why, key) => {
    const answer = await post(key);
    expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([400, 'Idempotency-Key']);
    expect(await groups()).toEqual([]);
  });

  test('takes a key of 255 characters', async () => {
    expect((await post('~'.repeat(255))).statusCode).toBe(201);
  });

  test('is the only one of its request', async () => {
    const twice = route({
      method: 'POST',
      url: `${API_BASE}/twice`,
      policy: 'user',
      operationId: 'test11',
      summary: 'Mutates twice',
      data: Type.Object({}),
      handler: async (call) => {
        const audit = { action: 'probe.made', entity: 'probe', entityId: null, detail: null };
        await mutate(call, async () => ({ data: {}, changes: [], audit }));
        return mutate(call, async () => ({ data: {}, changes: [], audit }));
      },
    });
    const probing = await openApi(db, { routes: [twice], clock: api.clock });
    expect((await probing.send('POST', `${API_BASE}/twice`, { as: user, key: 'key-11' })).statusCode).toBe(500);
    expect(await audits()).toHaveLength(1);
    await probing.close();
  });

  if (engine === 'mariadb') {
    test('whose connection dies before the commit leaves nothing, and the repeat does it', async () => {
      during = async (_call, id) => {
        await sql.raw(`kill connection ${id}`).execute(other.ctx.db.sql);
      };
      const answer = await post('key-9');
      expect([answer.statusCode, answer.json().error.code]).toEqual([503, 'UNAVAILABLE']);
      expect(answer.headers['retry-after']).toBe('1');
      expect(await groups()).toEqual([]);
      during = async () => undefined;
      expect((await post('key-9')).statusCode).toBe(201);
      expect(await groups()).toHaveLength(1);
    });

    test('that another process has not finished within the lock wait is 409', async () => {
      let release: () => void = () => undefined;
      const begun = new Promise<void>((resolveBegun) => {
        during = () =>
          new Promise<void>((resolve) => {
            release = resolve;
            resolveBegun();
          });
      });
      const first = post('key-10');
      await begun;
      const second = await post('key-10', { name }, other);
      expect([second.statusCode, second.json().error.code]).toEqual([409, 'CONFLICT']);
      release();
      expect((await first).statusCode).toBe(201);
    });

    test('that loses a deadlock is run again', async () => {
      const [a, b] = [await api.newGroup(user.tenantId, 'a'), await api.newGroup(user.tenantId, 'b')];
      const lockBoth = (first: number, second: number) =>
        api.send('POST', `${API_BASE}/locks`, { as: user, body: { first, second }, key: `lock-${first}` });
      await api.close();
      let deadlocks = 0;
      const locks = route({
        method: 'POST',
        url: `${API_BASE}/locks`,
        policy: 'user',
        operationId: 'test12',
        summary: 'Locks two groups in the order given',
        body: Type.Object({ first: Type.Integer(), second: Type.Integer() }, { additionalProperties: false }),
        data: Type.Object({}),
        handler: (call) =>
          mutate(call, async (tx) => {
            deadlocks++;
            for (const id of [call.body.first, call.body.second]) {
              await tx
                .updateTable('groups')
                .set((eb) => ({ version: eb('version', '+', 1) }))
                .where('id', '=', id)
                .execute();
              await sleep(100);
            }
            return {
              data: {},
              changes: [],
              audit: { action: 'lock.tested', entity: 'group', entityId: null, detail: null },
            };
          }),
      });
      api = await openApi(db, { routes: [probe(URL), locks], clock: api.clock });
      const answers = await Promise.all([lockBoth(a, b), lockBoth(b, a)]);
      expect(answers.map((answer) => answer.statusCode)).toEqual([200, 200]);
      expect(deadlocks).toBeGreaterThan(2);
      const versions = await db.sql.selectFrom('groups').select('version').where('id', 'in', [a, b]).execute();
      expect(versions.map((row) => row.version)).toEqual([3, 3]);
      expect(await audits()).toHaveLength(2);
    });
  }
});
