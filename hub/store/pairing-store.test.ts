/** Pairings and credentials over both databases. */
import { beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertDevice, insertPairing, insertTenant } from '../../test/support/hub-rows.ts';
import type { HubStore, NewPairing } from '../core/hub-store.ts';
import { createHubStore } from './sql-hub-store.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';

const NOW = 1_700_000_000_000;

describeEachDatabase('pairings in the database', (open) => {
  let db: TestDatabase;
  let store: HubStore;
  let other: HubStore;
  let tenantId: number;

  beforeAll(async () => {
    db = await open();
    store = createHubStore(db, TEST_MEDIA);
    other = createHubStore(db.reopen(), TEST_MEDIA);
    tenantId = await insertTenant(db);
  });

  function pairing(code: string, more: Partial<NewPairing> = {}): NewPairing {
    const hardware = { name: 'Lobby', model: 'X1', osVersion: '14', appVersion: '2', capabilities: ['reboot'] };
    const life = { now: NOW, expiresAt: NOW + 600_000 };
    return { playerId: `player-${code}`, code, pollSecretHash: `hash-${code}`, ...hardware, ...life, ...more };
  }

  test('only the poll secret finds a pairing, and of several the newest', async () => {
    expect(await store.createPairing(pairing('AAAA1111'))).toBe(true);
    const found = await store.findPairing('player-AAAA1111', 'hash-AAAA1111');
    expect(found).toMatchObject({ code: 'AAAA1111', state: 'pending', deviceId: null, expiresAt: NOW + 600_000 });
    expect(await store.findPairing('player-AAAA1111', 'hash-other')).toBeNull();
    expect(await store.findPairing('player-other', 'hash-AAAA1111')).toBeNull();
    const again = { playerId: 'player-AAAA1111', pollSecretHash: 'hash-AAAA1111' };
    await store.createPairing(pairing('AAAA2222', again));
    expect(await store.findPairing('player-AAAA1111', 'hash-AAAA1111')).toMatchObject({ code: 'AAAA2222' });
  });

  test('a code is given once while it lives, and again when it has run out', async () => {
    expect(await store.createPairing(pairing('BBBB1111'))).toBe(true);
    expect(await store.createPairing(pairing('BBBB1111', { playerId: 'other' }))).toBe(false);
    const later = { now: NOW + 600_000, expiresAt: NOW + 1_200_000 };
    expect(await store.createPairing(pairing('BBBB1111', later))).toBe(true);
  });

  test('counts those that wait', async () => {
    const before = await store.countPendingPairings(NOW);
    await insertPairing(db, { player_id: 'player-CC', expires_at: NOW + 1 });
    await insertPairing(db, { player_id: 'player-CC', expires_at: NOW });
    await insertPairing(db, { player_id: 'player-CC', expires_at: NOW + 1, state: 'paired' });
    await insertPairing(db, { expires_at: NOW + 1 });
    expect(await store.countPendingPairings(NOW)).toBe(before + 2);
  });

  async function paired(columns: Parameters<typeof insertDevice>[2] = {}): Promise<{ deviceId: number; id: number }> {
    const deviceId = await insertDevice(db, tenantId, columns);
    const where = { state: 'paired', tenant_id: tenantId, device_id: deviceId, expires_at: NOW + 1 } as const;
    return { deviceId, id: await insertPairing(db, where) };
  }

  test('a credential is collected once, however many ask at the same moment', async () => {
    const { deviceId, id } = await paired();
    const asked = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        (at % 2 === 0 ? store : other).collectCredential(id, `credential-${at}`, NOW),
      ),
    );
    expect(asked.filter(Boolean)).toHaveLength(1);
    expect(await store.credentialFacts(deviceId)).toEqual({
      tenantId,
      credentialHash: `credential-${asked.indexOf(true)}`,
      credentialVersion: 1,
      active: true,
    });
    expect(await store.collectCredential(id, 'late', NOW)).toBe(false);
  });

  test('[INV-9] nothing is collected for a device that was revoked, that is gone, or that has a credential', async () => {
    const revoked = await paired({ state: 'revoked' });
    const equipped = await paired({ credential_hash: 'its own' });
    const gone = await paired();
    await db.sql.deleteFrom('devices').where('id', '=', gone.deviceId).execute();
    const waiting = await insertPairing(db, { expires_at: NOW + 1 });
    // Collected once already; the device waits for its next pairing to be collected.
    const used = await paired();
    await db.sql.updateTable('pairings').set({ state: 'consumed' }).where('id', '=', used.id).execute();
    for (const id of [revoked.id, equipped.id, gone.id, waiting, used.id]) {
      expect(await store.collectCredential(id, 'stolen', NOW)).toBe(false);
    }
    expect(await store.credentialFacts(revoked.deviceId)).toMatchObject({ credentialHash: null, active: false });
    expect(await store.credentialFacts(equipped.deviceId)).toMatchObject({ credentialHash: 'its own' });
    expect(await store.credentialFacts(gone.deviceId)).toBeNull();
  });

  test('what ran out before an instant is deleted, the rest stays', async () => {
    const [old, young] = [
      await insertPairing(db, { expires_at: NOW - 1, code: 'DDDD1111' }),
      await insertPairing(db, { expires_at: NOW, code: 'DDDD2222' }),
    ];
    await store.deleteExpiredPairings(NOW);
    const rows = await db.sql.selectFrom('pairings').select('id').where('id', 'in', [old, young]).execute();
    expect(rows).toEqual([{ id: young }]);
  });
});
