/** What holds in a group: its own and what comes from above, and no names that one may not see. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { alertRoutes } from '../alerts/routes.ts';
import { scheduleRoutes } from '../schedules/routes.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent } from '../testing/device-rows.ts';
import { groupRoutes } from './routes.ts';

describeEachDatabase('what holds in a group', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let site: number;
  let floor: number;
  let annex: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: [...groupRoutes(), ...alertRoutes(), ...scheduleRoutes()] });
    tenantId = await api.newTenant('standing');
    admin = await api.newUser(tenantId, 'admin');
    site = await made('/groups', { name: 'Site', config: { volume: 70, timezone: 'Europe/Rome' } });
    floor = await made('/groups', { name: 'Floor', parentId: site, config: { volume: 20 } });
    annex = await made('/groups', { name: 'Annex' });
  });
  afterAll(() => api.close());

  const made = async (path: string, body: object): Promise<number> => {
    const answer = await api.send('POST', `/api/v1${path}`, { as: admin, body });
    expect(answer.json()).toMatchObject({ success: true });
    return answer.json().data.id ?? answer.json().data.deploymentId;
  };
  const standing = async (id: number, as = admin) => {
    const answer = await api.send('GET', `/api/v1/groups/${id}/standing`, { as });
    return { status: answer.statusCode, ...answer.json() };
  };

  test('a group that has nothing gets nothing', async () => {
    expect((await standing(annex)).data).toEqual({
      settings: [{ kind: 'group', targetId: annex, name: 'Annex', config: {} }],
      schedules: [],
      alerts: [],
    });
  });

  test('settings, schedules and alerts come from the group and from above, the nearest first', async () => {
    const contentId = await insertContent(api.ctx.db, tenantId);
    const layout = {
      width: 100,
      height: 100,
      zones: [{ id: 'main', x: 0, y: 0, width: 100, height: 100, items: [{ contentId }] }],
    };
    const far = await made('/schedules', { name: 'Far', priority: 50, layout });
    const near = await made('/schedules', { name: 'Near', layout });
    await made(`/schedules/${far}/deploy`, { groupIds: [site] });
    await made(`/schedules/${near}/deploy`, { groupIds: [site] });
    const nearDeployment = await made(`/schedules/${near}/deploy`, { groupIds: [floor] });
    const alert = { severity: 'warning', title: 'Storm', message: 'Stay inside' };
    const raised = await made('/alerts/deploy', { alert, groupIds: [site], expiresInSeconds: 60, drill: true });
    await made('/alerts/deploy', { alert, groupIds: [annex] });
    const stopped = await made('/alerts/deploy', { alert, groupIds: [floor] });
    await api.send('POST', '/api/v1/alerts/stop', { as: admin, body: { deploymentId: stopped } });

    const { data } = await standing(floor);
    expect(data.settings).toMatchObject([
      { targetId: floor, name: 'Floor', config: { volume: 20 } },
      { targetId: site, name: 'Site', config: { volume: 70, timezone: 'Europe/Rome' } },
    ]);
    expect(data.schedules).toEqual([
      {
        ...{ scheduleId: near, deploymentId: nearDeployment, name: 'Near', priority: 0 },
        ...{ groupId: floor, groupName: 'Floor', distance: 0 },
      },
      {
        ...{ scheduleId: far, deploymentId: expect.any(Number), name: 'Far', priority: 50 },
        ...{ groupId: site, groupName: 'Site', distance: 1 },
      },
    ]);
    expect(data.alerts).toEqual([
      {
        ...{ deploymentId: raised, severity: 'warning', title: 'Storm', drill: true },
        ...{ expiresAt: '2026-11-20T09:01:00.000Z', groupId: site, groupName: 'Site', distance: 1 },
      },
    ]);
    expect((await standing(site)).data.alerts).toMatchObject([{ deploymentId: raised, groupId: site, distance: 0 }]);
    api.clock.advance(61_000);
    expect((await standing(floor)).data.alerts).toEqual([]);
  });

  test('who may ask: those whose scope holds the group, without the names of groups above', async () => {
    const local = await api.newUser(tenantId, 'user', [floor]);
    expect((await standing(floor, local)).data.settings).toMatchObject([{ name: 'Floor' }, { name: null }]);
    const stranger = await api.newUser(await api.newTenant(`other ${randomUUID()}`), 'admin');
    expect(await standing(site, local)).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } });
    expect(await standing(site, stranger)).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } });
    expect((await api.send('GET', `/api/v1/groups/${floor}/standing`)).statusCode).toBe(401);
  });
});
