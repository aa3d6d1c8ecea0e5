/** Presence over both databases: connEpochs, fences, leases. */
import { beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertCommand, insertDevice, insertTenant } from '../../test/support/hub-rows.ts';
import type { HubStore } from '../core/hub-store.ts';
import { createHubStore } from './sql-hub-store.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';

const NOW = 1_700_000_000_000;

describeEachDatabase('presence in the database', (open) => {
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

  async function presence(deviceId: number) {
    return db.sql
      .selectFrom('devices')
      .select(['status', 'transport', 'node_id', 'conn_epoch', 'last_seen_at'])
      .where('id', '=', deviceId)
      .executeTakeFirstOrThrow();
  }

  async function connect(deviceId: number, by: HubStore = store, nodeId = 'node-a', at = NOW): Promise<number> {
    const found = await by.connect([{ deviceId, credentialVersion: 1 }], nodeId, at);
    return found.get(deviceId)?.connEpoch ?? 0;
  }

  test('connecting marks online, gives the record and a higher connEpoch each time', async () => {
    const deviceId = await insertDevice(db, tenantId, { config: '{"volume":7}', rev: 4, placement_rev: 3 });
    const commandId = await insertCommand(db, tenantId, deviceId, { rev: 5, args: '{"volume":1}', name: 'set_volume' });
    await insertCommand(db, tenantId, deviceId, { state: 'succeeded', rev: 9 });
    await insertCommand(db, tenantId, deviceId, { expires_at: NOW, rev: 9 });
    const found = await store.connect([{ deviceId, credentialVersion: 1 }], 'node-a', NOW);
    expect(found.get(deviceId)).toEqual({
      connEpoch: 1,
      record: {
        deviceId,
        tenantId,
        groupId: null,
        config: { volume: 7 },
        active: true,
        credentialVersion: 1,
        rev: 5,
        placementRev: 3,
        commands: [
          { commandId, name: 'set_volume', args: { volume: 1 }, issuedAt: 1_000, expiresAt: 9_000_000_000_000 },
        ],
      },
    });
    expect(await presence(deviceId)).toEqual({
      status: 'online',
      transport: 'websocket',
      node_id: 'node-a',
      conn_epoch: 1,
      last_seen_at: NOW,
    });
    expect(await connect(deviceId)).toBe(2);
  });

  test('devices that are unknown are missing, and nothing but what was asked for is touched', async () => {
    const [first, second] = [await insertDevice(db, tenantId), await insertDevice(db, tenantId)];
    const tokens = [first, 999_999].map((deviceId) => ({ deviceId, credentialVersion: 1 }));
    expect([...(await store.connect(tokens, 'node-a', NOW)).keys()]).toEqual([first]);
    expect(await presence(second)).toMatchObject({ status: 'offline', conn_epoch: 0 });
  });

  test('two nodes at once never give the same connEpoch', async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, () => insertDevice(db, tenantId)));
    const tokens = (list: readonly number[]) => list.map((deviceId) => ({ deviceId, credentialVersion: 1 }));
    const rounds = await Promise.all(
      Array.from({ length: 12 }, (_, round) =>
        (round % 2 === 0 ? store : other).connect(tokens(round % 3 === 0 ? ids.toReversed() : ids), 'node', NOW),
      ),
    );
    for (const deviceId of ids) {
      const epochs = rounds.map((found) => found.get(deviceId)?.connEpoch ?? 0).sort((a, b) => a - b);
      expect(epochs).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    }
  });

  test('[INV-9] an old token and a revoked device are read and connect nothing', async () => {
    const rotated = await insertDevice(db, tenantId, { credential_version: 2 });
    const revoked = await insertDevice(db, tenantId, { state: 'revoked' });
    await store.connect([{ deviceId: rotated, credentialVersion: 2 }], 'node-a', NOW);
    const tokens = [rotated, revoked].map((deviceId) => ({ deviceId, credentialVersion: 1 }));
    const found = await other.connect(tokens, 'node-b', NOW + 5);
    expect(found.get(rotated)).toMatchObject({ connEpoch: 0, record: { credentialVersion: 2, active: true } });
    expect(found.get(revoked)).toMatchObject({ connEpoch: 0, record: { active: false } });
    expect(await presence(rotated)).toMatchObject({ conn_epoch: 1, node_id: 'node-a', last_seen_at: NOW });
    expect(await presence(revoked)).toMatchObject({ status: 'offline', conn_epoch: 0 });
  });

  test('a late disconnect of an older connection changes nothing', async () => {
    const deviceId = await insertDevice(db, tenantId);
    const old = await connect(deviceId);
    const newest = await connect(deviceId, other, 'node-b');
    await store.disconnect([{ deviceId, connEpoch: old }], NOW + 10);
    expect(await presence(deviceId)).toMatchObject({ status: 'online', node_id: 'node-b', last_seen_at: NOW });
    await other.disconnect([{ deviceId, connEpoch: newest }], NOW + 20);
    const gone = { status: 'offline', transport: null, node_id: null, conn_epoch: 2, last_seen_at: NOW + 20 };
    expect(await presence(deviceId)).toEqual(gone);
  });

  test('of several disconnects of one device in a batch the newest counts', async () => {
    const deviceId = await insertDevice(db, tenantId);
    const epochs = [await connect(deviceId), await connect(deviceId)];
    const batch = epochs.toReversed().map((connEpoch) => ({ deviceId, connEpoch }));
    await store.disconnect(batch, NOW + 10);
    expect(await presence(deviceId)).toMatchObject({ status: 'offline' });
  });

  test('whatever the order of connects and disconnects, the newest connection decides', async () => {
    const deviceId = await insertDevice(db, tenantId);
    for (let round = 0; round < 8; round += 1) {
      const old = await connect(deviceId);
      const racing = [
        store.disconnect([{ deviceId, connEpoch: old }], NOW),
        connect(deviceId, other, 'node-b'),
        store.disconnect([{ deviceId, connEpoch: old }], NOW),
      ];
      await Promise.all(racing);
      expect(await presence(deviceId)).toMatchObject({ status: 'online', node_id: 'node-b', conn_epoch: old + 1 });
    }
  });

  test('a node takes back what others gave up, unless the device has gone on meanwhile', async () => {
    const [kept, moved] = [await insertDevice(db, tenantId), await insertDevice(db, tenantId)];
    const held = [];
    for (const deviceId of [kept, moved]) held.push({ deviceId, connEpoch: await connect(deviceId) });
    await db.sql.updateTable('devices').set({ status: 'offline', transport: null, node_id: null }).execute();
    await connect(moved, other, 'node-b');
    await store.reclaim(held, 'node-a', NOW + 9);
    expect(await presence(kept)).toMatchObject({ status: 'online', transport: 'websocket', node_id: 'node-a' });
    expect(await presence(moved)).toMatchObject({ status: 'online', node_id: 'node-b' });
  });

  test('a device that polls is online over HTTP, unless it has a socket or is revoked', async () => {
    const [polling, connected] = [await insertDevice(db, tenantId), await insertDevice(db, tenantId)];
    const revoked = await insertDevice(db, tenantId, { state: 'revoked' });
    await connect(connected);
    await store.seenOverHttp([polling, connected, revoked], NOW + 30);
    const http = { status: 'online', transport: 'http', node_id: null, last_seen_at: NOW + 30 };
    expect(await presence(polling)).toMatchObject(http);
    expect(await presence(connected)).toMatchObject({ transport: 'websocket', last_seen_at: NOW });
    expect(await presence(revoked)).toMatchObject({ status: 'offline', last_seen_at: null });
    await connect(polling);
    expect(await presence(polling)).toMatchObject({ transport: 'websocket' });
    await store.seenOverHttp([], NOW);
  });

  test('a node without a lease loses its devices, one with a lease keeps them', async () => {
    await db.sql.updateTable('devices').set({ status: 'offline', transport: null, node_id: null }).execute();
    const ids = await Promise.all(['living', 'dead', 'unheard-of'].map(() => insertDevice(db, tenantId)));
    const [ofLiving = 0, ofDead = 0, ofNobody = 0] = ids;
    await store.renewLease('living', NOW, NOW + 5_000);
    await store.renewLease('living', NOW, NOW + 15_000);
    await store.renewLease('dead', NOW, NOW + 10_000);
    await connect(ofLiving, store, 'living');
    await connect(ofDead, store, 'dead');
    await connect(ofNobody, store, 'unheard-of');
    expect(await store.reapAbsent(NOW + 9_999, 0)).toBe(1);
    expect(await presence(ofNobody)).toMatchObject({ status: 'offline', transport: null, node_id: null });
    expect(await store.reapAbsent(NOW + 10_000, 0)).toBe(1);
    expect(await presence(ofDead)).toMatchObject({ status: 'offline', last_seen_at: NOW });
    expect(await presence(ofLiving)).toMatchObject({ status: 'online' });
    expect(await store.reapAbsent(NOW + 10_000, 0)).toBe(0);
    await store.dropLease('living');
    expect(await store.reapAbsent(NOW + 10_000, 0)).toBe(1);
    expect(await db.sql.selectFrom('nodes').select('node_id').execute()).toEqual([]);
  });

  test('a device that polled and fell silent goes offline', async () => {
    const [silent, polling] = [await insertDevice(db, tenantId), await insertDevice(db, tenantId)];
    await store.seenOverHttp([silent], NOW);
    await store.seenOverHttp([polling], NOW + 1);
    expect(await store.reapAbsent(NOW + 100, NOW + 1)).toBe(1);
    expect(await presence(silent)).toMatchObject({ status: 'offline', transport: null });
    expect(await presence(polling)).toMatchObject({ status: 'online', transport: 'http' });
  });

  test('reading a device does not connect it', async () => {
    const deviceId = await insertDevice(db, tenantId, { credential_version: 4 });
    const found = await store.loadDevices([deviceId, 999_999], NOW);
    expect([...found]).toMatchObject([[deviceId, { deviceId, credentialVersion: 4, commands: [] }]]);
    expect(await presence(deviceId)).toMatchObject({ status: 'offline', conn_epoch: 0 });
    expect(await store.loadDevices([], NOW)).toEqual(new Map());
  });
});
