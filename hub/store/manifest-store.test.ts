/** The manifest over both databases: which deployments count, in which order, and what is to be fetched for them. */
import { beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import {
  deploySchedule,
  insertContent,
  insertDeployment,
  insertDevice,
  insertGroup,
  insertTenant,
} from '../../test/support/hub-rows.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';
import type { HubStore } from '../core/hub-store.ts';
import { createHubStore } from './sql-hub-store.ts';

const NOW = 1_700_000_000_000;
/** What `now` falls into. */
const WINDOW_MS = 30 * 60_000;
const WINDOW_START = Math.floor(NOW / WINDOW_MS) * WINDOW_MS;

describeEachDatabase('a manifest', (open) => {
  let db: TestDatabase;
  let store: HubStore;
  let tenantId: number;
  let site: number;
  let lobby: number;
  let deviceId: number;

  beforeAll(async () => {
    db = await open();
    store = createHubStore(db, TEST_MEDIA);
  });

  async function freshTenant(): Promise<void> {
    tenantId = await insertTenant(db);
    site = await insertGroup(db, tenantId);
    lobby = await insertGroup(db, tenantId, { parent_id: site });
    deviceId = await insertDevice(db, tenantId, { group_id: lobby });
  }

  const read = (now = NOW) => store.manifest(tenantId, [lobby, site], deviceId, now);

  async function prepareAlert(contentId: number, owner = tenantId): Promise<void> {
    const text = { name: 'Fire', severity: 'critical', title: 'Fire', message: '', content_id: contentId } as const;
    const times = { version: 1, created_by: null, created_at: 1_000, updated_at: 1_000 };
    await db.sql
      .insertInto('alerts')
      .values({ tenant_id: owner, ...text, ...times })
      .execute();
  }

  test('has what is deployed along the chain and to the device, with the content that these deployments use', async () => {
    await freshTenant();
    const stranger = await insertTenant(db);
    const beside = await insertGroup(db, tenantId);
    const facts = { storage_key: 'k/v', size_bytes: 5, duration_ms: 9, mime_type: 'video/mp4', type: 'video' } as const;
    const video = await insertContent(db, tenantId, facts);
    const unused = await insertContent(db, tenantId);
    const pending = await insertContent(db, tenantId, { status: 'pending' });
    const foreign = await insertContent(db, stranger);
    const own = await deploySchedule(db, tenantId, { deviceIds: [deviceId] }, { name: 'Own' });
    const used = { name: 'Site', priority: 3, contentIds: [video, pending, foreign] };
    const shared = await deploySchedule(db, tenantId, { groupIds: [site] }, used);
    await deploySchedule(db, tenantId, { groupIds: [beside] }, { name: 'Beside', contentIds: [unused] });
    const edited = { tenant_id: tenantId, schedule_id: shared.scheduleId, content_id: unused };
    await db.sql.insertInto('schedule_content').values(edited).execute();
    const gone = await deploySchedule(db, tenantId, { groupIds: [site] }, { name: 'Withdrawn' });
    const withdrawn = { status: 'withdrawn' } as const;
    await db.sql.updateTable('deployments').set(withdrawn).where('id', '=', gone.deploymentId).execute();
    const { schedules, content, prefetch } = await read();
    const layout = { zones: [] };
    expect(schedules).toEqual([
      { id: own.scheduleId, name: 'Own', priority: 1, layout, timing: {}, deploymentId: own.deploymentId, distance: 0 },
      {
        ...{ id: shared.scheduleId, name: 'Site', priority: 3, layout, timing: {} },
        ...{ deploymentId: shared.deploymentId, distance: 2 },
      },
    ]);
    const url = TEST_MEDIA.sign('k/v', WINDOW_START + 2 * WINDOW_MS);
    const plays = { type: 'video', url, sha256: null, size: 5, mimeType: 'video/mp4', durationMs: 9 };
    expect(content).toEqual([{ id: video, ...plays }]);
    expect(prefetch).toEqual([]);
    const nothing = { schedules: [], content: [], prefetch: [] };
    expect(await store.manifest(stranger, [site], deviceId, NOW)).toEqual(nothing);
    expect((await store.manifest(tenantId, [], deviceId, NOW)).schedules.map(({ name }) => name)).toEqual(['Own']);
  });

  test('has of a schedule that is assigned several times the nearest target’s deployment, though it is older', async () => {
    await freshTenant();
    const { scheduleId } = await deploySchedule(db, tenantId, { groupIds: [lobby] }, { name: 'Near' });
    await deploySchedule(db, tenantId, { groupIds: [site] }, { name: 'Far', scheduleId });
    expect((await read()).schedules).toMatchObject([{ id: scheduleId, name: 'Near', distance: 1 }]);
    const again = await deploySchedule(db, tenantId, { groupIds: [lobby] }, { name: 'Near again', scheduleId });
    const newest = { id: scheduleId, name: 'Near again', deploymentId: again.deploymentId };
    expect((await read()).schedules).toMatchObject([newest]);
    await deploySchedule(db, tenantId, { deviceIds: [deviceId] }, { name: 'Own', scheduleId });
    expect((await read()).schedules).toMatchObject([{ id: scheduleId, name: 'Own', distance: 0 }]);
  });

  test('is in the order in which schedules win: distance, then priority, then the newest', async () => {
    await freshTenant();
    const deploy = (name: string, priority: number, targets: object) =>
      deploySchedule(db, tenantId, targets, { name, priority });
    await deploy('site high', 9, { groupIds: [site] });
    await deploy('lobby old', 2, { groupIds: [lobby] });
    await deploy('lobby new', 2, { groupIds: [lobby] });
    await deploy('lobby high', 3, { groupIds: [lobby] });
    await deploy('own low', -5, { deviceIds: [deviceId] });
    const names = (await read()).schedules.map(({ name }) => name);
    expect(names).toEqual(['own low', 'lobby high', 'lobby new', 'lobby old', 'site high']);
  });

  test('names for fetching ahead what prepared alerts show, and alerts that are on for this device, each once', async () => {
    await freshTenant();
    const stranger = await insertTenant(db);
    const beside = await insertGroup(db, tenantId);
    const [prepared, raised, own, elsewhere, over, verifying] = await Promise.all(
      ['ready', 'ready', 'ready', 'ready', 'ready', 'verifying'].map((status) =>
        insertContent(db, tenantId, { status: status as 'ready' }),
      ),
    );
    await prepareAlert(prepared as number);
    await prepareAlert(prepared as number);
    await prepareAlert(verifying as number);
    await prepareAlert(await insertContent(db, stranger), stranger);
    const raise = (targets: object, contentId: number | undefined, columns: object = {}) =>
      insertDeployment(db, tenantId, targets, { content_id: contentId ?? null, expires_at: NOW + 1, ...columns });
    await raise({ groupIds: [site] }, raised);
    await raise({ groupIds: [lobby], deviceIds: [deviceId] }, own);
    await raise({ groupIds: [beside] }, elsewhere);
    await raise({ groupIds: [site] }, over, { expires_at: NOW });
    await raise({ groupIds: [site] }, over, { status: 'stopped' });
    const ids = async (now: number) => (await read(now)).prefetch.map(({ id }) => id);
    expect(await ids(NOW)).toEqual([prepared, raised, own].sort((a, b) => Number(a) - Number(b)));
    expect(await ids(NOW + 1)).toEqual([prepared]);
    const foreign = await store.manifest(stranger, [site], deviceId, NOW);
    expect(foreign.prefetch).toHaveLength(1);
    expect(foreign.prefetch).not.toContainEqual(expect.objectContaining({ id: raised }));
  });

  test('is the same for as long as its addresses are, and they are good for at least half an hour', async () => {
    await freshTenant();
    const contentId = await insertContent(db, tenantId, { storage_key: 'k/i' });
    await deploySchedule(db, tenantId, { groupIds: [site] }, { contentIds: [contentId] });
    const [first, last, next] = [WINDOW_START, WINDOW_START + WINDOW_MS - 1, WINDOW_START + WINDOW_MS];
    expect(await read(last)).toEqual(await read(first));
    expect(await read(next)).not.toEqual(await read(first));
    const { searchParams } = new URL((await read(last)).content[0]?.url ?? '', 'https://media.test');
    expect(Number(searchParams.get('expires')) * 1_000 - last).toBeGreaterThanOrEqual(WINDOW_MS);
  });
});
