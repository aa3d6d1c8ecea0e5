import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../test/support/databases.ts';
import { alertRoutes } from './alerts/routes.ts';
import { deviceRoutes } from './devices/routes.ts';
import { groupRoutes } from './groups/routes.ts';
import { openApi, type ApiFixture, type TestUser } from './testing/api-fixture.ts';
import { insertDevice } from './testing/device-rows.ts';
import { exampleRequest, type ExampleTargets } from './testing/example-requests.ts';

const ROUTES = [...groupRoutes(), ...deviceRoutes(), ...alertRoutes()];

describeEachDatabase('groups, devices and alerts, every route', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let ids: ExampleTargets;
  let elsewhere: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: ROUTES });
    tenantId = await api.newTenant('owner');
    const admin = await api.newUser(tenantId, 'admin');
    const groupId = await api.newGroup(tenantId, 'Owned');
    elsewhere = await api.newGroup(tenantId, 'Elsewhere');
    const deviceId = await insertDevice(api.ctx.db, tenantId, { group_id: groupId, capabilities: '["reboot"]' });
    const made = async (url: string, body: object) => {
      const answer = await api.send('POST', url, { as: admin, body });
      expect(answer.statusCode).toBe(201);
      return answer.json().data;
    };
    const alert = { severity: 'info', title: 'Owned', message: 'M' };
    ids = {
      groupId,
      deviceId,
      alertId: (await made('/api/v1/alerts', alert)).id,
      deploymentId: (await made('/api/v1/alerts/deploy', { alert, groupIds: [groupId] })).deploymentId,
      commandId: (await made(`/api/v1/devices/${deviceId}/commands`, { name: 'reboot' })).commandId,
    };
    await api.ctx.objects.put('shot', Buffer.from('png'), 'image/png');
    await api.ctx.db.sql.updateTable('commands').set({ file_key: 'shot', file_type: 'image/png' }).execute();
  });
  afterAll(() => api.close());

  /** Everything that requests could have changed. */
  const everything = async (): Promise<string> => {
    const { sql } = api.ctx.db;
    const tables = [
      'groups',
      'devices',
      'alerts',
      'alert_deployments',
      'alert_targets',
      'commands',
      'changes',
    ] as const;
    return JSON.stringify(await Promise.all(tables.map((table) => sql.selectFrom(table).selectAll().execute())));
  };
  const status = async (route: (typeof ROUTES)[number], as?: TestUser): Promise<number> => {
    const { method, url, body } = exampleRequest(route, ids);
    return (await api.send(method, url, { ...(as && { as }), body })).statusCode;
  };
  const naming = ROUTES.filter((route) => {
    const { url, body } = exampleRequest(route, { groupId: 7, deviceId: 7, alertId: 7, deploymentId: 7, commandId: 7 });
    return /\d/.test(url.replace('/v1/', '/')) || JSON.stringify(body ?? {}).includes('7');
  });

  test('there are routes to walk', () => {
    expect(ROUTES.length).toBe(26);
    expect(naming.length).toBe(21);
  });

  test("[INV-10] another tenant's ids are 404 for its admin, and nothing changes", async () => {
    const stranger = await api.newUser(await api.newTenant('stranger'), 'admin');
    const before = await everything();
    for (const route of naming)
      expect([route.method, route.url, await status(route, stranger)]).toEqual([route.method, route.url, 404]);
    expect(await everything()).toBe(before);
  });

  test("[INV-10] lists show nothing of another tenant's", async () => {
    const stranger = await api.newUser(await api.newTenant('list stranger'), 'admin');
    for (const route of ROUTES.filter((listed) => listed.paged && !listed.url.includes(':id'))) {
      const answer = await api.send('GET', route.url, { as: stranger });
      expect([route.url, answer.json().data, answer.json().meta.total]).toEqual([route.url, [], 0]);
    }
  });

  test("ids outside a manager's groups are 404, and nothing changes", async () => {
    const manager = await api.newUser(tenantId, 'manager', [elsewhere]);
    const before = await everything();
    // Prepared alerts belong to the whole tenant.
    const scoped = naming.filter((route) => !route.url.startsWith('/api/v1/alerts/:id'));
    for (const route of scoped)
      expect([route.method, route.url, await status(route, manager)]).toEqual([route.method, route.url, 404]);
    expect(await everything()).toBe(before);
  });

  test('users read and nothing else; without a token nothing at all', async () => {
    const user = await api.newUser(tenantId, 'user', [ids.groupId]);
    const before = await everything();
    for (const route of ROUTES) {
      expect([route.method, route.url, await status(route, user)]).toEqual([
        route.method,
        route.url,
        route.method === 'GET' ? 200 : 403,
      ]);
      expect([route.method, route.url, await status(route)]).toEqual([route.method, route.url, 401]);
    }
    expect(await everything()).toBe(before);
  });

  test('every route has a summary, and every writing one asks for a manager', () => {
    for (const route of ROUTES) {
      expect(route.summary).not.toBe('');
      expect([route.method, route.url, route.policy]).toEqual([
        route.method,
        route.url,
        route.method === 'GET' ? 'user' : 'manager',
      ]);
    }
    expect(ROUTES.filter((route) => route.bucket === 'alert').map((route) => route.url)).toEqual([
      '/api/v1/alerts/deploy',
      '/api/v1/alerts/stop',
    ]);
  });
});
