import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachDatabase } from '../../test/support/databases.ts';
import { openApi, type ApiFixture, type TestUser } from '../testing/api-fixture.ts';
import { insertDevice } from '../testing/device-rows.ts';
import { alertRoutes } from './routes.ts';

const ALERTS = '/api/v1/alerts';
const FIRE = { severity: 'critical', title: 'Fire', message: 'Leave by the stairs' };

describeEachDatabase('what a prepared alert proposes', (open) => {
  let api: ApiFixture;
  let tenantId: number;
  let admin: TestUser;
  let north: number;
  let south: number;
  let inNorth: number;
  let inSouth: number;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: alertRoutes() });
    tenantId = await api.newTenant('proposals');
    admin = await api.newUser(tenantId, 'admin');
    north = await api.newGroup(tenantId, 'North');
    south = await api.newGroup(tenantId, 'South');
    inNorth = await insertDevice(api.ctx.db, tenantId, { group_id: north });
    inSouth = await insertDevice(api.ctx.db, tenantId, { group_id: south });
  });
  afterAll(() => api.close());

  const create = async (proposals: object, as = admin) =>
    (await api.send('POST', ALERTS, { as, body: { ...FIRE, ...proposals } })).json().data;
  const update = (id: number, body: object, as = admin) => api.send('PUT', `${ALERTS}/${id}`, { as, body });
  const read = async (id: number, as = admin) => (await api.send('GET', `${ALERTS}/${id}`, { as })).json().data;

  test('is where it usually goes, for how long, and whether it is an exercise', async () => {
    const proposals = { groupIds: [north], deviceIds: [inSouth], expiresInSeconds: 900, drill: true };
    const made = await create(proposals);
    expect(made).toMatchObject(proposals);
    expect(await read(made.id)).toMatchObject(proposals);
    const changed = await update(made.id, { expiresInSeconds: null, drill: false, version: 1 });
    expect(changed.json().data).toMatchObject({ groupIds: [north], expiresInSeconds: null, drill: false });
    const list = (await api.send('GET', ALERTS, { as: admin })).json().data;
    expect(list.find(({ id }: { id: number }) => id === made.id)).toMatchObject({ deviceIds: [inSouth] });
  });

  test('names targets that are there', async () => {
    const { id } = await create({});
    for (const [field, ids] of [
      ['groupIds', [999_999]],
      ['deviceIds', [999_999]],
    ] as const) {
      for (const answer of [
        await api.send('POST', ALERTS, { as: admin, body: { ...FIRE, [field]: ids } }),
        await update(id, { [field]: ids, version: 1 }),
      ]) {
        expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([404, field]);
      }
    }
    const late = await api.send('POST', ALERTS, { as: admin, body: { ...FIRE, expiresInSeconds: 2_592_001 } });
    expect([late.statusCode, late.json().error.details[0].field]).toEqual([400, 'expiresInSeconds']);
  });

  test('is without what was deleted since', async () => {
    const group = await api.newGroup(tenantId, 'Short-lived');
    const device = await insertDevice(api.ctx.db, tenantId, { group_id: north });
    const { id } = await create({ groupIds: [group, north], deviceIds: [device] });
    await api.ctx.db.sql.deleteFrom('groups').where('id', '=', group).execute();
    await api.ctx.db.sql.deleteFrom('devices').where('id', '=', device).execute();
    expect(await read(id)).toMatchObject({ groupIds: [north], deviceIds: [] });
    const renamed = await update(id, { title: 'Fire again', version: 1 });
    expect(renamed.json().data).toMatchObject({ groupIds: [north], deviceIds: [] });
  });

  test("[INV-10] shows a manager his own groups' part, and keeps the rest when he edits it", async () => {
    const manager = await api.newUser(tenantId, 'manager', [south]);
    const { id } = await create({ groupIds: [north, south], deviceIds: [] });
    expect(await read(id, manager)).toMatchObject({ groupIds: [south] });
    expect((await update(id, { groupIds: [north], version: 1 }, manager)).statusCode).toBe(404);
    const edited = await update(id, { groupIds: [], deviceIds: [inSouth], version: 1 }, manager);
    expect(edited.json().data).toMatchObject({ groupIds: [], deviceIds: [inSouth] });
    expect(await read(id)).toMatchObject({ groupIds: [north], deviceIds: [inSouth] });
    const one = await create({ deviceIds: [inNorth] });
    expect(await read(one.id, manager)).toMatchObject({ deviceIds: [] });
  });

  test('is not where it goes by itself: raising it names its targets', async () => {
    const { id: alertId } = await create({ groupIds: [north] });
    const answer = await api.send('POST', `${ALERTS}/deploy`, { as: admin, body: { alertId } });
    expect([answer.statusCode, answer.json().error.details[0].field]).toEqual([400, 'groupIds']);
  });
});
