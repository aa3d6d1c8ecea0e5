import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../test/support/databases.ts';
import { resourceRoutes } from './resource-routes.ts';
import { roleReaches } from './scope.ts';
import { openApi, type ApiFixture, type TestUser } from './testing/api-fixture.ts';
import { exampleRequest } from './testing/example-requests.ts';
import { furnishedTenant, type FurnishedTenant, type TenantIds } from './testing/furnished-tenant.ts';

/** Signed addresses have a test of their own: whoever holds one is somebody else than a user. */
const ROUTES = resourceRoutes().filter((route) => route.policy !== 'public');

/** Everything that requests could have changed. */
const TABLES = [
  'users',
  'user_groups',
  'groups',
  'devices',
  'content',
  'uploads',
  'schedules',
  'schedule_content',
  'deployments',
  'schedule_assignments',
  'alerts',
  'alert_deployments',
  'alert_targets',
  'commands',
  'webhooks',
  'notification_dead_letters',
  'notification_deliveries',
  'changes',
] as const;

const SEVENS = new Proxy({} as TenantIds, { get: () => 7_777 });

/** Prepared alerts belong to the whole tenant; so do webhooks and users, whom managers cannot reach at all. */
const OF_THE_TENANT = /^\/api\/v1\/alerts\/:id/;

describeEachDatabase('every route of the resources', (open) => {
  let api: ApiFixture;
  let owner: FurnishedTenant;
  let stranger: FurnishedTenant;
  let elsewhere: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: resourceRoutes() });
    owner = await furnishedTenant(api, 'owner-mark');
    stranger = await furnishedTenant(api, 'stranger-mark');
    elsewhere = await api.newGroup(owner.tenantId, 'Elsewhere');
  });
  afterAll(() => api.close());

  const everything = async (): Promise<string> => {
    const { sql } = api.ctx.db;
    return JSON.stringify(await Promise.all(TABLES.map((table) => sql.selectFrom(table).selectAll().execute())));
  };
  const call = (route: (typeof ROUTES)[number], as?: TestUser) => {
    const { method, url, body } = exampleRequest(route, owner.ids);
    return api.send(method, url, { ...(as && { as }), body });
  };
  const status = async (route: (typeof ROUTES)[number], as?: TestUser) => [
    route.operationId,
    (await call(route, as)).statusCode,
  ];
  const naming = ROUTES.filter((route) => JSON.stringify(exampleRequest(route, SEVENS)).includes('7777'));

  test('there are routes to walk', () => {
    expect(ROUTES.length).toBeGreaterThan(70);
    expect(naming.length).toBeGreaterThan(50);
  });

  test("[INV-10] another tenant's ids are 404 for its admin, and nothing changes", async () => {
    const before = await everything();
    for (const route of naming) expect(await status(route, stranger.admin)).toEqual([route.operationId, 404]);
    expect(await everything()).toBe(before);
  });

  test("[INV-10] what names nothing shows nothing of another tenant's", async () => {
    const unnamed = ROUTES.filter((route) => route.method === 'GET' && !naming.includes(route));
    expect(unnamed.length).toBeGreaterThan(12);
    const shown: string[] = [];
    for (const route of unnamed) {
      const { statusCode, body } = await call(route, stranger.admin);
      expect([route.operationId, statusCode, body.includes(owner.mark)]).toEqual([route.operationId, 200, false]);
      if (body.includes(stranger.mark)) shown.push(route.operationId);
    }
    // A control: the marks are where they would be seen.
    const marked = [
      'listUsers',
      'listGroups',
      'listDevices',
      'listAlerts',
      'listContent',
      'listSchedules',
      'listWebhooks',
    ];
    expect(shown).toEqual(expect.arrayContaining([...marked, 'listDeployments', 'listDeadLetters', 'reportPlays']));
  });

  test("ids outside a manager's groups are 404, and nothing changes", async () => {
    const manager = await api.newUser(owner.tenantId, 'manager', [elsewhere]);
    const before = await everything();
    for (const route of naming.filter(({ url }) => !OF_THE_TENANT.test(url))) {
      const expected = roleReaches('manager', route.policy as 'user') ? 404 : 403;
      expect(await status(route, manager)).toEqual([route.operationId, expected]);
    }
    expect(await everything()).toBe(before);
  });

  test('users read what is theirs and nothing else; without a token nothing at all', async () => {
    const user = await api.newUser(owner.tenantId, 'user', [owner.ids.groupId]);
    const before = await everything();
    for (const route of ROUTES) {
      expect(await status(route, user)).toEqual([route.operationId, route.policy === 'user' ? 200 : 403]);
      expect(await status(route)).toEqual([route.operationId, 401]);
    }
    expect(await everything()).toBe(before);
  });

  test('what writes asks for a manager at least, and alerts alone have their own allowance', () => {
    for (const route of ROUTES.filter(({ method }) => method !== 'GET')) {
      expect([route.operationId, route.policy]).toEqual([route.operationId, expect.toBeOneOf(['manager', 'admin'])]);
    }
    const own = ROUTES.filter((route) => route.bucket === 'alert').map((route) => route.operationId);
    expect(own).toEqual(['previewAlertTargets', 'deployAlert', 'stopAlert']);
    expect(ROUTES.filter((route) => route.urgent).map((route) => route.operationId)).toEqual(own);
  });
});
