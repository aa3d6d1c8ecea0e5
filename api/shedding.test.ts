import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { databaseMaker, type TestDatabase } from '../test/support/databases.ts';
import { eventually } from '../test/support/eventually.ts';
import { alertRoutes } from './alerts/routes.ts';
import { groupRoutes } from './groups/routes.ts';
import { SHED_LIMITS } from './shedding.ts';
import { openApi, TEST_PASSWORD, type ApiFixture, type TestUser } from './testing/api-fixture.ts';

/** Looks often, so that a short strain is enough; the loop of a machine at rest is far below the limit. */
const SOON = { ...SHED_LIMITS, loopDelayMs: 20, lookEveryMs: 50, looks: 3 };
/** How long one turn of the blocked loop takes, in milliseconds. */
const TURN_MS = 60;
/** Turns after which the loop is left alone whatever a test has seen. */
const TURNS_MAX = 400;

/** Really blocks the event loop, turn after turn, while `during` runs. */
async function blocked(during: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const block = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS_MAX && !over.signal.aborted; turn++) {
      const until = performance.now() + TURN_MS;
      while (performance.now() < until);
      await nextTurn();
    }
  };
  await Promise.all([during().finally(() => over.abort()), block()]);
}

describe('load shedding', () => {
  const open = databaseMaker('sqlite');
  let db: TestDatabase;
  let api: ApiFixture;
  let admin: TestUser;
  let groupId: number;
  beforeAll(async () => {
    db = await open();
  });
  beforeEach(async () => {
    api = await openApi(db, { routes: [...groupRoutes(), ...alertRoutes()], shedLimits: SOON });
    const tenantId = await api.newTenant(randomUUID());
    admin = await api.newUser(tenantId, 'admin');
    groupId = await api.newGroup(tenantId, 'Lobby');
  });
  afterEach(() => api.close());

  const browse = () => api.send('GET', '/api/v1/groups', { as: admin });
  const isShed = async (): Promise<boolean> => (await browse()).statusCode === 503;
  const alert = { severity: 'critical', title: 'Fire', message: 'Leave' };

  test('a blocked loop sheds what can wait, in the envelope, and answers what cannot', async () => {
    let seen: Record<string, unknown> = {};
    await blocked(async () => {
      await eventually(isShed);
      const shed = await browse();
      const body = { alert, groupIds: [groupId] };
      const deploy = await api.send('POST', '/api/v1/alerts/deploy', { as: admin, body });
      const { deploymentId } = deploy.json().data;
      const stop = await api.send('POST', '/api/v1/alerts/stop', { as: admin, body: { deploymentId } });
      const user = { username: admin.username, password: TEST_PASSWORD };
      const login = await api.send('POST', '/api/v1/auth/login', { body: user });
      const { refreshToken } = login.json().data;
      const refresh = await api.send('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
      const health = await Promise.all(
        ['/health/live', '/health/ready', '/metrics'].map((url) => api.send('GET', url)),
      );
      seen = {
        shed: [shed.json(), shed.headers['retry-after'], shed.headers['content-type']],
        urgent: [deploy, stop, login, refresh, ...health].map((answer) => answer.statusCode),
        metrics: health[2]?.body,
        unknown: (await api.send('GET', '/api/v1/nothing')).statusCode,
        still: await isShed(),
      };
    });
    expect(seen).toMatchObject({
      shed: [{ success: false, error: { code: 'UNAVAILABLE' } }, '2', 'application/json; charset=utf-8'],
      urgent: [201, 200, 200, 200, 200, 200, 200],
      unknown: 503,
      still: true,
    });
    expect(seen['metrics']).toMatch(/podoh_api_shed_total [1-9]/);
    expect(seen['metrics']).toContain('podoh_api_shedding 1');
    expect(api.logLines.join()).toContain('overloaded');
    await eventually(async () => (await browse()).statusCode === 200);
    expect(api.logLines.join()).toContain('not overloaded any more');
  });

  test('a control: one long turn is no overload', async () => {
    await sleep(SOON.lookEveryMs * SOON.looks);
    const until = performance.now() + 10 * SOON.lookEveryMs;
    while (performance.now() < until);
    await sleep(SOON.lookEveryMs);
    expect((await browse()).statusCode).toBe(200);
  });
});

describe('a heap over its share', () => {
  const open = databaseMaker('sqlite');
  test('sheds too', async () => {
    const api = await openApi(await open(), { routes: groupRoutes(), shedLimits: { ...SOON, heapShare: 0 } });
    try {
      await eventually(async () => (await api.send('GET', '/api/v1/nothing')).statusCode === 503);
      expect((await api.send('GET', '/health/ready')).statusCode).toBe(200);
    } finally {
      await api.close();
    }
  });
});
