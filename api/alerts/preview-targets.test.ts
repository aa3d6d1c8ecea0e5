import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { alertRoutes } from './routes.ts';

const TARGETS = '/api/v1/alerts/targets';

describeEachDatabase('counting targets before an alert is raised', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let site: number;
  let lobby: number;
  let annex: number;
  let inLobby: number;
  let inAnnex: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: alertRoutes() });
    tenantId = await api.newTenant('targets');
    admin = await api.newUser(tenantId, 'admin');
    site = await api.newGroup(tenantId, 'Site');
    lobby = await api.newGroup(tenantId, 'Lobby', site);
    annex = await api.newGroup(tenantId, 'Annex');
    const device = (columns: object) => insertDevice(api.ctx.db, tenantId, columns);
    inLobby = await device({ group_id: lobby, status: 'online', transport: 'websocket' });
    await device({ group_id: site, status: 'online', transport: 'http' });
    await device({ group_id: site, status: 'offline', transport: 'http' });
    await device({ group_id: lobby, status: 'online', transport: 'http', state: 'revoked' });
    inAnnex = await device({ group_id: annex, status: 'online', transport: 'http' });
  });
  afterAll(() => api.close());

  const ask = (query: string, as = admin) => api.send('GET', `${TARGETS}${query}`, { as });
  const counts = async (query: string, as = admin) => (await ask(query, as)).json().data;

  test('counts as raising it does, every screen once', async () => {
    const query = `?groupIds=${site},${lobby}&deviceIds=${inLobby},${inAnnex}`;
    expect(await counts(query)).toEqual({ total: 4, online: 3, offline: 1, http: 2 });
    const raised = await api.send('POST', '/api/v1/alerts/deploy', {
      as: admin,
      body: {
        alert: { severity: 'info', title: 'T', message: '' },
        groupIds: [site, lobby],
        deviceIds: [inLobby, inAnnex],
      },
    });
    expect(raised.json().data.targets).toEqual({ total: 4, online: 3, offline: 1 });
    expect(await counts(`?groupIds=${lobby}`)).toEqual({ total: 1, online: 1, offline: 0, http: 0 });
    expect(await counts('')).toEqual({ total: 0, online: 0, offline: 0, http: 0 });
  });

  test('[INV-10] refuses what raising it would refuse', async () => {
    const manager = await api.newUser(tenantId, 'manager', [lobby]);
    const stranger = await api.newUser(await api.newTenant('targets stranger'), 'admin');
    const user = await api.newUser(tenantId, 'user', [lobby]);
    expect(await counts(`?groupIds=${lobby}`, manager)).toEqual({ total: 1, online: 1, offline: 0, http: 0 });
    for (const [as, query, field] of [
      [manager, `?groupIds=${site}`, 'groupIds'],
      [manager, `?deviceIds=${inAnnex}`, 'deviceIds'],
      [stranger, `?groupIds=${lobby}`, 'groupIds'],
      [admin, '?deviceIds=999999', 'deviceIds'],
    ] as const) {
      const answer = await ask(query, as);
      expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([404, field]);
    }
    expect((await ask(`?groupIds=${lobby}`, user)).statusCode).toBe(403);
    for (const bad of ['?groupIds=', '?groupIds=1,,2', '?groupIds=a', '?deviceIds=0'])
      expect((await ask(bad)).statusCode).toBe(400);
  });
});
