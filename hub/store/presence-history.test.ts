/** The history of presence over both databases: a row for every transition, and none for what is none. */
import { beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertDevice, insertTenant } from '../../test/support/hub-rows.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';
import type { HubStore } from '../core/hub-store.ts';
import { createHubStore } from './sql-hub-store.ts';

const NOW = 1_700_000_000_000;

describeEachDatabase('the history of presence', (open) => {
  let db: TestDatabase;
  let store: HubStore;
  /** Another node's store: its own connections. */
  let other: HubStore;
  let tenantId: number;

  beforeAll(async () => {
    db = await open();
    store = createHubStore(db, TEST_MEDIA);
    other = createHubStore(db.reopen(), TEST_MEDIA);
    tenantId = await insertTenant(db);
  });

  async function connect(deviceId: number, at: number, by: HubStore = store, nodeId = 'node-a'): Promise<number> {
    const found = await by.connect([{ deviceId, credentialVersion: 1 }], nodeId, at);
    return found.get(deviceId)?.connEpoch ?? 0;
  }

  /** A device's rows in the order of what happened, as `online:websocket@12`, times counted from NOW. */
  async function history(deviceId: number): Promise<string[]> {
    const rows = await db.sql
      .selectFrom('device_presence')
      .select(['tenant_id', 'status', 'transport', 'at'])
      .where('device_id', '=', deviceId)
      .orderBy('id')
      .execute();
    expect(rows.every((row) => row.tenant_id === tenantId)).toBe(true);
    return rows.map(({ status, transport, at }) => `${status}${transport === null ? '' : `:${transport}`}@${at - NOW}`);
  }

  test('has every coming and going, and not that a connection took over from another', async () => {
    const deviceId = await insertDevice(db, tenantId);
    await connect(deviceId, NOW + 1);
    const second = await connect(deviceId, NOW + 2, other, 'node-b');
    await other.disconnect([{ deviceId, connEpoch: second }], NOW + 3);
    await other.disconnect([{ deviceId, connEpoch: second }], NOW + 4);
    await connect(deviceId, NOW + 5);
    expect(await history(deviceId)).toEqual(['online:websocket@1', 'offline@3', 'online:websocket@5']);
  });

  test('a late disconnect of an older connection leaves no row', async () => {
    const deviceId = await insertDevice(db, tenantId);
    const old = await connect(deviceId, NOW + 1);
    await connect(deviceId, NOW + 2, other, 'node-b');
    await store.disconnect([{ deviceId, connEpoch: old }], NOW + 3);
    expect(await history(deviceId)).toEqual(['online:websocket@1']);
  });

  test('[INV-9] who may not connect leaves no row', async () => {
    const rotated = await insertDevice(db, tenantId, { credential_version: 2 });
    const revoked = await insertDevice(db, tenantId, { state: 'revoked' });
    expect([await connect(rotated, NOW), await connect(revoked, NOW)]).toEqual([0, 0]);
    await store.seenOverHttp([revoked], NOW);
    expect([await history(rotated), await history(revoked)]).toEqual([[], []]);
  });

  test('has the change of transport, and one row for all polls', async () => {
    const deviceId = await insertDevice(db, tenantId);
    const beside = await insertDevice(db, tenantId);
    await store.seenOverHttp([deviceId], NOW + 1);
    await store.seenOverHttp([deviceId, beside], NOW + 2);
    await store.seenOverHttp([beside, deviceId], NOW + 3);
    const connEpoch = await connect(deviceId, NOW + 4);
    await store.seenOverHttp([deviceId], NOW + 5);
    await store.disconnect([{ deviceId, connEpoch }], NOW + 6);
    await store.seenOverHttp([deviceId], NOW + 7);
    const first = ['online:http@1', 'online:websocket@4', 'offline@6', 'online:http@7'];
    expect([await history(deviceId), await history(beside)]).toEqual([first, ['online:http@2']]);
  });

  test('has who was marked offline for want of a living node or a poll, at that moment and once', async () => {
    const [ofDead, ofLiving, silent, polling] = [
      await insertDevice(db, tenantId),
      await insertDevice(db, tenantId),
      await insertDevice(db, tenantId),
      await insertDevice(db, tenantId),
    ];
    await store.renewLease('living', NOW, NOW + 1_000);
    await connect(ofDead, NOW + 1, store, 'dead');
    await connect(ofLiving, NOW + 1, store, 'living');
    await store.seenOverHttp([silent], NOW + 1);
    await store.seenOverHttp([polling], NOW + 50);
    await Promise.all([store.reapAbsent(NOW + 100, NOW + 50), other.reapAbsent(NOW + 100, NOW + 50)]);
    await store.reapAbsent(NOW + 200, NOW + 50);
    expect(await history(ofDead)).toEqual(['online:websocket@1', 'offline@100']);
    expect(await history(ofLiving)).toEqual(['online:websocket@1']);
    expect(await history(silent)).toEqual(['online:http@1', 'offline@100']);
    expect(await history(polling)).toEqual(['online:http@50']);
  });

  test('has that a node took back what others had given up, and nothing for what nobody had', async () => {
    const [given, kept] = [await insertDevice(db, tenantId), await insertDevice(db, tenantId)];
    const held = [];
    for (const deviceId of [given, kept])
      held.push({ deviceId, connEpoch: await connect(deviceId, NOW + 1, store, 'n') });
    await store.renewLease('n', NOW, NOW + 5);
    await db.sql.updateTable('devices').set({ node_id: 'unheard-of' }).where('id', '=', given).execute();
    await other.reapAbsent(NOW + 2, 0);
    await store.reclaim(held, 'n', NOW + 3);
    expect(await history(given)).toEqual(['online:websocket@1', 'offline@2', 'online:websocket@3']);
    expect(await history(kept)).toEqual(['online:websocket@1']);
  });

  test('agrees with the device’s row whoever races, and comes and goes by turns', async () => {
    const deviceId = await insertDevice(db, tenantId);
    for (let round = 0; round < 12; round += 1) {
      const connEpoch = await connect(deviceId, NOW + round);
      const racing: Promise<unknown>[] = [
        store.disconnect([{ deviceId, connEpoch }], NOW + round),
        other.seenOverHttp([deviceId], NOW + round),
        other.disconnect([{ deviceId, connEpoch }], NOW + round),
        store.reapAbsent(NOW + round, NOW + round),
      ];
      if (round % 3 === 0) racing.push(connect(deviceId, NOW + round, other, 'node-b'));
      await Promise.all(racing);
    }
    const device = await db.sql
      .selectFrom('devices')
      .select(['status', 'transport'])
      .where('id', '=', deviceId)
      .executeTakeFirstOrThrow();
    const told = (await history(deviceId)).map((row) => row.split('@')[0]);
    expect(told.at(-1)).toBe(device.transport === null ? device.status : `${device.status}:${device.transport}`);
    expect(told.filter((row, at) => row === told[at - 1])).toEqual([]);
    expect(told.length).toBeGreaterThan(5);
  });
});
