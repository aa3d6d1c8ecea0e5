import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertContent, insertDevice } from '../testing/device-rows.ts';
import { layoutOf } from '../testing/schedule-samples.ts';
import { scheduleRoutes } from './routes.ts';

const SCHEDULES = '/api/v1/schedules';

describeEachDatabase('where schedules are deployed and what they show', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let site: number;
  let lobby: number;
  let admin: TestUser;
  let viewer: TestUser;
  let device: number;

  beforeAll(async () => {
    api = await openApi(await open(), { routes: scheduleRoutes() });
    tenantId = await api.newTenant('places');
    site = await api.newGroup(tenantId, 'Site');
    lobby = await api.newGroup(tenantId, 'Lobby', site);
    const beside = await api.newGroup(tenantId, 'Beside');
    admin = await api.newUser(tenantId, 'admin');
    viewer = await api.newUser(tenantId, 'user', [lobby]);
    device = await insertDevice(api.ctx.db, tenantId, { group_id: beside, name: 'Alone' });
  });
  afterAll(() => api.close());

  const create = async (...contentIds: number[]): Promise<number> => {
    const body = { name: 'Morning', layout: layoutOf(...contentIds) };
    return (await api.send('POST', SCHEDULES, { as: admin, body })).json().data.id;
  };
  const read = async (path: string, as = admin) => {
    const answer = await api.send('GET', `${SCHEDULES}${path}`, { as });
    return { status: answer.statusCode, ...answer.json() };
  };

  test('are told by the list and target by target, each with the version deployed there, as far as one may see', async () => {
    const id = await create(await insertContent(api.ctx.db, tenantId));
    const listed = async (as = admin) =>
      (await read('', as)).data.find((one: { id: number }) => one.id === id)?.deployedTo;
    expect(await listed()).toEqual({ groupIds: [], devices: 0 });
    expect((await read(`/${id}/targets`)).data).toEqual([]);
    const deploy = async (targets: object) =>
      (await api.send('POST', `${SCHEDULES}/${id}/deploy`, { as: admin, body: targets })).json().data.deploymentId;
    const first = await deploy({ groupIds: [site, lobby], deviceIds: [device] });
    expect(await listed()).toEqual({ groupIds: [site], devices: 1 });
    expect(await listed(viewer)).toEqual({ groupIds: [], devices: 0 });
    await api.send('PUT', `${SCHEDULES}/${id}`, { as: admin, body: { name: 'Later', version: 1 } });
    const second = await deploy({ groupIds: [lobby] });
    const { data, meta } = await read(`/${id}/targets?sort=-targetId`);
    const at = '2026-11-20T09:00:00.000Z';
    expect(data).toEqual([
      { kind: 'group', targetId: lobby, name: 'Lobby', deploymentId: second, scheduleVersion: 2, deployedAt: at },
      { kind: 'group', targetId: site, name: 'Site', deploymentId: first, scheduleVersion: 1, deployedAt: at },
      { kind: 'device', targetId: device, name: 'Alone', deploymentId: first, scheduleVersion: 1, deployedAt: at },
    ]);
    expect(meta).toEqual({ page: 1, limit: expect.any(Number), total: 3 });
    const seen = await read(`/${id}/targets`, viewer);
    expect(seen.data.map((one: { name: string }) => one.name)).toEqual(['Lobby']);
    expect(await listed(viewer)).toEqual({ groupIds: [lobby], devices: 0 });
    await api.send('POST', `${SCHEDULES}/${id}/withdraw`, { as: admin, body: {} });
    expect(await listed()).toEqual({ groupIds: [], devices: 0 });
  });

  test('name what the layout shows now, each piece once, and count it in the list', async () => {
    const [one, other] = [await insertContent(api.ctx.db, tenantId), await insertContent(api.ctx.db, tenantId)];
    const hidden = await insertContent(api.ctx.db, tenantId, { group_id: site });
    const id = await create(one, other, one, hidden);
    const contents = async (as = admin) => (await read(`/${id}/content`, as)).data.map(({ id }: { id: number }) => id);
    expect(await contents()).toEqual([one, other, hidden].toSorted((a, b) => a - b));
    expect(await contents(viewer)).toEqual([one, other].toSorted((a, b) => a - b));
    expect((await read('')).data.find((row: { id: number }) => row.id === id).contents).toBe(3);
    await api.send('PUT', `${SCHEDULES}/${id}`, { as: admin, body: { layout: layoutOf(other), version: 1 } });
    expect(await contents()).toEqual([other]);
    expect((await read(`/${id}/content?limit=1&page=2`)).data).toEqual([]);
  });

  test('are not told of another tenant’s schedule', async () => {
    const id = await create(await insertContent(api.ctx.db, tenantId));
    const stranger = await api.newUser(await api.newTenant('strangers'), 'admin');
    expect((await read(`/${id}/targets`, stranger)).status).toBe(404);
    expect((await read(`/${id}/content`, stranger)).status).toBe(404);
  });
});
