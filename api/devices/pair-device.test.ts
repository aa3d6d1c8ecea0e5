import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice, insertPairing } from '../testing/device-rows.ts';
import { ALL_GUESSES_MAX, USER_GUESSES_MAX } from './pairing-throttle.ts';
import { deviceRoutes } from './routes.ts';

const PAIR = '/api/v1/devices/pair';

describeEachDatabase('pairing', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let codes = 0;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: deviceRoutes() });
    tenantId = await api.newTenant('pairing');
  });
  beforeEach(async () => {
    // Wrong guesses are counted per user: every test has its own.
    admin = await api.newUser(tenantId, 'admin');
    await api.ctx.db.sql.deleteFrom('login_failures').execute();
  });
  afterAll(() => api.close());

  const pair = (body: unknown, as = admin) => api.send('POST', PAIR, { as, body });
  /** A code that nobody has used, its characters in Crockford's alphabet. */
  const newCode = (): string => `C0DE${String((codes += 1)).padStart(4, '0')}`;
  const show = async (columns: object = {}, lifeMs = 600_000): Promise<{ code: string; id: number }> => {
    const code = newCode();
    return { code, id: await insertPairing(api.ctx.db, code, api.clock.now() + lifeMs, columns) };
  };
  const rowOf = (id: number) =>
    api.ctx.db.sql.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const changesSince = async (rev: number) => {
    const rows = await api.ctx.db.sql.selectFrom('changes').selectAll().where('rev', '>', rev).orderBy('rev').execute();
    return rows.map((row) => ({ rev: row.rev, kind: row.kind, ...(JSON.parse(row.payload) as object) }));
  };
  const headRev = async () =>
    (await api.ctx.db.sql.selectFrom('counters').select('value').where('name', '=', 'rev').executeTakeFirstOrThrow())
      .value;

  test('a new player becomes a device of the tenant, without a credential as yet', async () => {
    const groupId = await api.newGroup(tenantId, 'Lobby');
    const { code, id: pairingId } = await show({
      player_id: 'new-1',
      model: 'X9',
      os_version: '14',
      app_version: '2.0',
      capabilities: '["reboot"]',
    });
    const before = await headRev();
    const typed = `${code.slice(0, 4).toLowerCase().replace('0', 'o')}-${code.slice(4)} `;
    const answer = await pair({ code: typed, name: ' Door ', groupId });
    expect(answer.statusCode).toBe(201);
    const { data } = answer.json();
    expect(data).toMatchObject({
      playerId: 'new-1',
      name: 'Door',
      groupId,
      model: 'X9',
      osVersion: '14',
      appVersion: '2.0',
      capabilities: ['reboot'],
      config: {},
      state: 'active',
      status: 'offline',
      transport: null,
      version: 1,
    });
    const changes = await changesSince(before);
    expect(changes).toEqual([{ rev: changes[0]?.rev, kind: 'device.saved', deviceId: data.id, groupId, config: {} }]);
    expect(await rowOf(data.id)).toMatchObject({
      credential_hash: null,
      credential_version: 1,
      rev: changes[0]?.rev,
      placement_rev: changes[0]?.rev,
    });
    const pairing = await api.ctx.db.sql
      .selectFrom('pairings')
      .selectAll()
      .where('id', '=', pairingId)
      .executeTakeFirst();
    expect(pairing).toMatchObject({ state: 'paired', tenant_id: tenantId, device_id: data.id });
  });

  test('without a name the device is called as the player calls itself', async () => {
    expect((await pair({ code: (await show({ player_id: 'n-1', name: 'Kiosk' })).code })).json().data.name).toBe(
      'Kiosk',
    );
    expect((await pair({ code: (await show({ player_id: 'n-2' })).code })).json().data.name).toBe('n-2');
  });

  test('[INV-9] a player of ours keeps its device, and its old credential dies', async () => {
    const groupId = await api.newGroup(tenantId, 'Again');
    const id = await insertDevice(api.ctx.db, tenantId, {
      player_id: 'again',
      name: 'Kept',
      group_id: groupId,
      config: '{"volume":5}',
      state: 'revoked',
      credential_hash: 'old',
      credential_version: 3,
      model: 'M1',
    });
    const uncollected = await insertPairing(api.ctx.db, newCode(), 0, {
      player_id: 'again',
      state: 'paired',
      tenant_id: tenantId,
      device_id: id,
    });
    const before = await headRev();
    const answer = await pair({ code: (await show({ player_id: 'again', capabilities: '["refresh"]' })).code });
    expect(answer.json().data).toMatchObject({
      id,
      name: 'Kept',
      groupId,
      state: 'active',
      model: 'M1',
      capabilities: ['refresh'],
      version: 2,
    });
    const changes = await changesSince(before);
    expect(changes).toMatchObject([
      { kind: 'device.credential', deviceId: id, credentialVersion: 4, reason: 'rotated' },
      { kind: 'device.saved', deviceId: id, groupId, config: { volume: 5 } },
    ]);
    expect(await rowOf(id)).toMatchObject({
      credential_hash: null,
      credential_version: 4,
      rev: changes[1]?.rev,
      placement_rev: 0,
    });
    // A credential that nobody collected before must not be made now.
    const row = await api.ctx.db.sql
      .selectFrom('pairings')
      .select('state')
      .where('id', '=', uncollected)
      .executeTakeFirst();
    expect(row?.state).toBe('consumed');
  });

  test('[INV-10] the same player name in another tenant is another device', async () => {
    const other = await api.newTenant('pairing elsewhere');
    const theirs = await insertDevice(api.ctx.db, other, { player_id: 'shared', credential_hash: 'kept' });
    const ours = await pair({ code: (await show({ player_id: 'shared' })).code });
    expect(ours.statusCode).toBe(201);
    expect(ours.json().data.id).not.toBe(theirs);
    expect(await rowOf(theirs)).toMatchObject({ credential_hash: 'kept', credential_version: 1, rev: 0 });
  });

  test('a code that is wrong, used, too old or shown by two players is 404', async () => {
    const used = await show();
    expect((await pair({ code: used.code })).statusCode).toBe(201);
    const old = await show({}, 0);
    const twice = await show();
    await insertPairing(api.ctx.db, twice.code, api.clock.now() + 60_000);
    for (const code of [used.code, old.code, twice.code, 'ZZZZ-ZZZZ', 'not a code']) {
      const answer = await pair({ code });
      expect([answer.statusCode, answer.json().error]).toMatchObject([
        404,
        { code: 'NOT_FOUND', details: [{ field: 'code' }] },
      ]);
    }
    expect((await pair({ code: '' })).statusCode).toBe(400);
    expect((await pair({})).statusCode).toBe(400);
  });

  test('of operators with one code, one gets the player', async () => {
    for (let round = 0; round < 5; round++) {
      const { code } = await show();
      const other = await api.newTenant(`rival ${round}`);
      const rival = await api.newUser(other, 'admin');
      const answers = await Promise.all([pair({ code }), pair({ code }, rival), pair({ code })]);
      expect(answers.map((answer) => answer.statusCode).sort((a, b) => a - b)).toEqual([201, 404, 404]);
    }
  });

  test('two codes of one player entered at the same time make one device', async () => {
    const codesOfOne = [await show({ player_id: 'double' }), await show({ player_id: 'double' })];
    const answers = await Promise.all(codesOfOne.map(({ code }) => pair({ code })));
    for (const answer of answers) expect([201, 409]).toContain(answer.statusCode);
    expect(answers.some((answer) => answer.statusCode === 201)).toBe(true);
    const rows = await api.ctx.db.sql.selectFrom('devices').select('id').where('player_id', '=', 'double').execute();
    expect(rows).toHaveLength(1);
  });

  test('a manager pairs into his own groups, and takes over no device of others', async () => {
    const mine = await api.newGroup(tenantId, 'Manager mine');
    const theirs = await api.newGroup(tenantId, 'Manager theirs');
    const manager = await api.newUser(tenantId, 'manager', [mine]);
    const status = async (body: unknown, as: TestUser) => (await pair(body, as)).statusCode;
    const { code } = await show({ player_id: 'm-1' });
    expect(await status({ code, groupId: theirs }, manager)).toBe(404);
    expect(await status({ code }, manager)).toBe(403);
    expect(await status({ code, groupId: null }, manager)).toBe(403);
    expect(await status({ code, groupId: mine }, await api.newUser(tenantId, 'user', [mine]))).toBe(403);
    expect(await status({ code, groupId: mine }, manager)).toBe(201);
    await insertDevice(api.ctx.db, tenantId, { player_id: 'm-2', group_id: theirs });
    expect(await status({ code: (await show({ player_id: 'm-2' })).code, groupId: mine }, manager)).toBe(404);
  });

  test('wrong codes are throttled per user, for a minute', async () => {
    const wrong = () => pair({ code: 'ZZZZ-ZZZZ' });
    const { code } = await show();
    for (let n = 0; n < USER_GUESSES_MAX - 1; n++) expect((await wrong()).statusCode).toBe(404);
    // A right code costs nothing, however many there were before.
    expect((await pair({ code: (await show()).code })).statusCode).toBe(201);
    expect((await wrong()).statusCode).toBe(404);
    const refused = await wrong();
    expect([refused.statusCode, refused.json().error.code, refused.headers['retry-after']]).toEqual([
      429,
      'RATE_LIMITED',
      '60',
    ]);
    expect((await pair({ code })).statusCode).toBe(429);
    const other = await api.newUser(tenantId, 'admin');
    expect((await pair({ code: 'ZZZZ-ZZZZ' }, other)).statusCode).toBe(404);
    api.clock.advance(60_000);
    const renewed = await api.ctx.tokens.issueUser({ sub: admin.id, role: 'admin', tenant: tenantId, ver: 0 });
    expect((await pair({ code }, { ...admin, token: renewed.token })).statusCode).toBe(201);
  });

  test('guesses made at the same time do not slip under the limit together', async () => {
    const answers = await Promise.all(Array.from({ length: 25 }, () => pair({ code: 'ZZZZ-ZZZZ' })));
    expect(answers.filter((answer) => answer.statusCode === 404).length).toBeLessThanOrEqual(USER_GUESSES_MAX);
    expect(answers.filter((answer) => answer.statusCode === 429).length).toBeGreaterThanOrEqual(15);
  });

  test('wrong codes are throttled for all users together, for ten minutes', async () => {
    await api.ctx.db.sql
      .insertInto('login_failures')
      .values({ subject: 'PAIRING ALL', failures: ALL_GUESSES_MAX - 1, last_at: api.clock.now() })
      .execute();
    expect((await pair({ code: 'ZZZZ-ZZZZ' })).statusCode).toBe(404);
    const refused = await pair({ code: 'ZZZZ-ZZZZ' }, await api.newUser(tenantId, 'admin'));
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '600']);
    api.clock.advance(600_000);
    const { code } = await show();
    expect((await pair({ code }, await api.newUser(tenantId, 'admin'))).statusCode).toBe(201);
  });

  test('[INV-4] a repeat with the same Idempotency-Key answers the same device, though the code is used', async () => {
    const { code } = await show();
    const first = await api.send('POST', PAIR, { as: admin, key: 'pair-1', body: { code } });
    const again = await api.send('POST', PAIR, { as: admin, key: 'pair-1', body: { code } });
    expect([again.statusCode, again.json(), again.headers['idempotent-replayed']]).toEqual([201, first.json(), 'true']);
  });
});
