/** The read model's snapshot and the change log over both databases. */
import { setImmediate as breath } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Transaction } from 'kysely';
import { beforeAll, describe, expect, test } from 'vitest';
import { databaseMaker, describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { describeWithMariaDb } from '../../test/support/server-suites.ts';
import {
  append,
  deploySchedule,
  insertContent,
  insertDeployment,
  insertDevice,
  insertGroup,
  insertTenant,
  raiseManifestRev,
} from '../../test/support/hub-rows.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { NewChange } from '../core/changes.ts';
import { HubModel, type ModelSnapshot } from '../core/hub-model.ts';
import type { HubStore } from '../core/hub-store.ts';
import type { DeviceRecord } from '../core/model.ts';
import { createHubStore } from './sql-hub-store.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';

const NOW = 1_700_000_000_000;
const ENDLESS = 9_000_000_000_000;

describeEachDatabase('the read model in the database', (open) => {
  let db: TestDatabase;
  let store: HubStore;

  beforeAll(async () => {
    db = await open();
    store = createHubStore(db, TEST_MEDIA);
  });

  function tenantOf(snapshot: ModelSnapshot, tenantId: number) {
    const found = snapshot.tenants.find((tenant) => tenant.tenantId === tenantId);
    if (found === undefined) throw new Error(`no tenant ${tenantId} in the snapshot`);
    return found;
  }

  test('a snapshot has each tenant’s groups, active alerts with their targets and content, and schedules', async () => {
    const tenantId = await insertTenant(db);
    const stranger = await insertTenant(db);
    const site = await insertGroup(db, tenantId, { config: '{"volume":5}', rev: 3 });
    const lobby = await insertGroup(db, tenantId, { parent_id: site, rev: 4, placement_rev: 4 });
    const deviceId = await insertDevice(db, tenantId);
    const contentId = await insertContent(db, tenantId, { storage_key: 'a/b', sha256: 'f'.repeat(64), type: 'video' });
    const life = { expires_at: NOW + 1, started_at: NOW - 5, rev: 6, drill: 1, content_id: contentId } as const;
    const shown = await insertDeployment(db, tenantId, { groupIds: [site], deviceIds: [deviceId] }, life);
    await insertDeployment(db, tenantId, { groupIds: [site] }, { ...life, expires_at: NOW });
    await insertDeployment(db, tenantId, { groupIds: [site] }, { ...life, status: 'stopped' });
    await insertDeployment(db, stranger, {}, { rev: 7 });
    const { scheduleId } = await deploySchedule(db, tenantId, { groupIds: [site], deviceIds: [deviceId] });
    const { rev } = await deploySchedule(db, tenantId, { groupIds: [site] });
    // The version outlives what it was raised for.
    await db.sql.deleteFrom('schedule_assignments').where('schedule_id', '=', scheduleId).execute();
    const everybody = { tenant_id: tenantId, target_kind: 'tenant', target_id: 0 } as const;
    await db.sql.transaction().execute((tx) => raiseManifestRev(tx, everybody, rev - 2));
    const snapshot = await store.loadModel(NOW);
    const { groups, alerts, schedules } = tenantOf(snapshot, tenantId);
    expect(snapshot.rev).toBe(rev);
    expect(groups).toEqual([
      { groupId: site, parentId: null, config: { volume: 5 }, rev: 3, placementRev: 0 },
      { groupId: lobby, parentId: site, config: {}, rev: 4, placementRev: 4 },
    ]);
    expect(alerts).toEqual([
      {
        targets: { groupIds: [site], deviceIds: [deviceId] },
        alert: {
          deploymentId: shown,
          alertId: null,
          rev: 6,
          severity: 'critical',
          title: 'Fire',
          message: 'Leave by the stairs',
          content: {
            id: contentId,
            type: 'video',
            url: TEST_MEDIA.sign('a/b', NOW + 1 + 3_600_000),
            sha256: 'f'.repeat(64),
          },
          startedAt: NOW - 5,
          expiresAt: NOW + 1,
          drill: true,
        },
      },
    ]);
    expect(schedules).toHaveLength(3);
    expect(schedules).toContainEqual({ kind: 'group', targetId: site, rev });
    expect(schedules).toContainEqual({ kind: 'device', targetId: deviceId, rev: rev - 1 });
    expect(schedules).toContainEqual({ kind: 'tenant', targetId: 0, rev: rev - 2 });
    expect(tenantOf(snapshot, stranger)).toMatchObject({ groups: [], schedules: [] });
  });

  test('[INV-9] a snapshot names the devices that were revoked while tokens of theirs may live', async () => {
    const tenantId = await insertTenant(db);
    const hourMs = 3_600_000;
    const lately = await insertDevice(db, tenantId, { state: 'revoked', updated_at: NOW - hourMs });
    const longAgo = await insertDevice(db, tenantId, { state: 'revoked', updated_at: NOW - 3 * hourMs });
    const active = await insertDevice(db, tenantId, { updated_at: NOW });
    const { revokedDeviceIds } = await store.loadModel(NOW);
    expect(revokedDeviceIds).toContain(lately);
    expect(revokedDeviceIds).not.toContain(longAgo);
    expect(revokedDeviceIds).not.toContain(active);
  });

  describe('the log', () => {
    test('is read from a cursor, in pages, and says where it ends and whose history it is', async () => {
      const fresh = await open();
      const log = createHubStore(fresh, TEST_MEDIA);
      const { value } = await fresh.sql
        .selectFrom('settings')
        .select('value')
        .where('name', '=', 'epoch')
        .executeTakeFirstOrThrow();
      expect(await log.readLog(0, 5)).toEqual({ epoch: Number(value), headRev: 0, changes: [] });
      const changes: NewChange[] = [1, 2, 3].map((userId) => ({ kind: 'user.changed', userId }));
      await fresh.sql.transaction().execute((tx) => append(tx, 8, changes));
      const page = await log.readLog(1, 1);
      expect(page).toMatchObject({ headRev: 3, changes: [{ rev: 2, tenantId: 8, change: { userId: 2 } }] });
      expect((await log.readLog(3, 5)).changes).toEqual([]);
      await fresh.sql.updateTable('settings').set({ value: '77' }).where('name', '=', 'epoch').execute();
      expect(await log.readLog(3, 5)).toMatchObject({ epoch: 77, headRev: 3 });
      expect(await log.loadModel(NOW)).toMatchObject({ epoch: 77, rev: 3 });
    });

    test('is pruned by age, but keeps the newest and what a consumer has yet to read', async () => {
      const fresh = await open();
      const log = createHubStore(fresh, TEST_MEDIA);
      const changes: NewChange[] = Array.from({ length: 10 }, (_, userId) => ({ kind: 'user.changed', userId }));
      await fresh.sql.transaction().execute((tx) => append(tx, 1, changes));
      const left = async () => (await log.readLog(0, 100)).changes.map(({ rev }) => rev);
      expect(await log.pruneLog(1_000, 0, 1)).toBe(0);
      expect(await log.pruneLog(1_001, 10, 1)).toBe(0);
      await fresh.sql.insertInto('consumers').values({ name: 'slow', rev: 2, updated_at: 1 }).execute();
      await fresh.sql.insertInto('consumers').values({ name: 'fast', rev: 9, updated_at: 1 }).execute();
      expect(await log.pruneLog(1_001, 0, 1)).toBe(2);
      await fresh.sql.updateTable('consumers').set({ rev: 10 }).execute();
      expect(await log.pruneLog(1_001, 3, 1)).toBe(5);
      expect(await left()).toEqual([8, 9, 10]);
      expect(await log.readLog(0, 100)).toMatchObject({ headRev: 10 });
    });

    test('is held back by a consumer that lives, and not by one that was not heard of for long', async () => {
      const fresh = await open();
      const log = createHubStore(fresh, TEST_MEDIA);
      const changes: NewChange[] = Array.from({ length: 10 }, (_, userId) => ({ kind: 'user.changed', userId }));
      await fresh.sql.transaction().execute((tx) => append(tx, 1, changes));
      await fresh.sql.insertInto('consumers').values({ name: 'dead', rev: 2, updated_at: 499 }).execute();
      await fresh.sql.insertInto('consumers').values({ name: 'alive', rev: 6, updated_at: 500 }).execute();
      expect(await log.pruneLog(1_001, 0, 499)).toBe(2);
      expect(await log.pruneLog(1_001, 0, 500)).toBe(4);
      expect(await log.pruneLog(1_001, 0, 501)).toBe(4);
    });
  });

  test('[INV-5] snapshots taken while others write are the truth at their rev, as the log tells it', async () => {
    const { snapshots, wrong } = await snapshotsUnderWrites(await open(), (handle) => handle);
    expect(new Set(snapshots.map(({ rev }) => rev)).size).toBeGreaterThan(5);
    expect(wrong).toEqual([]);
  });
});

/** Reads snapshots while three writers write; names the revs of those that are not what the log leads to. */
async function snapshotsUnderWrites(
  db: TestDatabase,
  through: (handle: OpenDatabase<Database>) => OpenDatabase<Database>,
): Promise<{ snapshots: ModelSnapshot[]; wrong: number[] }> {
  const tenants = [await insertTenant(db), await insertTenant(db)];
  const log = createHubStore(db, TEST_MEDIA);
  const start = await log.loadModel(NOW);
  const stop = new AbortController();
  const snapshots: ModelSnapshot[] = [];
  const reading = [db, db.reopen()].map(async (handle) => {
    const reader = createHubStore(through(handle), TEST_MEDIA);
    while (!stop.signal.aborted) {
      snapshots.push(await reader.loadModel(NOW));
      await breath();
    }
  });
  const handles = [db.reopen(), db.reopen(), db.reopen()];
  await Promise.all(handles.map((handle, at) => write(handle, tenants[at % 2] ?? 0, at)));
  stop.abort();
  await Promise.all(reading);
  const { changes } = await log.readLog(0, 10_000);
  const wrong = snapshots.filter((snapshot) => {
    const followed = new HubModel();
    followed.load(start);
    for (const change of changes.slice(0, snapshot.rev)) followed.apply(change);
    const loaded = new HubModel();
    loaded.load(snapshot);
    return tenants.some((tenantId) => !isDeepStrictEqual(contentOf(loaded, tenantId), contentOf(followed, tenantId)));
  });
  return { snapshots, wrong: wrong.map(({ rev }) => rev) };
}

/** SQLite answers within one turn of the loop, so nobody can write in between: only MariaDB can tear a snapshot here. */
describeWithMariaDb('a torn snapshot (mariadb)', () => {
  const open = databaseMaker('mariadb');

  test('[INV-5] control: read without one transaction around it, a snapshot is of no rev at all', async () => {
    const torn = (handle: OpenDatabase<Database>) => {
      const transaction = () => ({ execute: (work: (tx: unknown) => Promise<unknown>) => work(handle.sql) });
      return { ...handle, sql: { transaction } } as unknown as OpenDatabase<Database>;
    };
    let wrong: readonly number[] = [];
    while (wrong.length === 0) ({ wrong } = await snapshotsUnderWrites(await open(), torn));
    expect(wrong.length).toBeGreaterThan(0);
  });
});

/** What a tenant's screens would be told, without revs that only a follower remembers. */
function contentOf(model: HubModel, tenantId: number) {
  const tenant = model.tenant(tenantId);
  const life = { active: true, credentialVersion: 1, rev: 0, placementRev: 0, commands: [], config: {} };
  const ids = [...tenant.groups.keys()].sort((a, b) => a - b);
  return ids.map((groupId) => {
    const device: DeviceRecord = { deviceId: 1, tenantId, groupId, ...life };
    return {
      groupId,
      chain: tenant.chain(groupId).map((node) => node.groupId),
      config: tenant.configFor(device),
      scheduleVersion: tenant.scheduleVersion(device),
      alerts: tenant.alertsFor(device, NOW),
    };
  });
}

/** Makes, moves and configures groups, raises and stops alerts and deploys schedules, as the API does it: change last. */
async function write(db: Pick<TestDatabase, 'sql'>, tenantId: number, seed: number): Promise<void> {
  const groups: number[] = [];
  const alerts: number[] = [];
  for (let round = 0; round < 24; round += 1) {
    await db.sql.transaction().execute(async (tx) => {
      const step = (round + seed) % 6;
      const groupId = groups[(round * 7 + seed) % Math.max(1, groups.length)];
      if (step === 0 || groupId === undefined) groups.push(await makeGroup(tx, tenantId, groupId ?? null, round));
      else if (step === 1) await moveGroup(tx, tenantId, groupId, round);
      else if (step === 2 || step === 4) alerts.push(await raise(tx, tenantId, groupId));
      else if (step === 3) await assign(tx, tenantId, groupId, round);
      else {
        const deploymentId = alerts.shift();
        if (deploymentId === undefined) return;
        await tx.updateTable('alert_deployments').set({ status: 'stopped' }).where('id', '=', deploymentId).execute();
        await append(tx, tenantId, [{ kind: 'alert.stopped', deploymentId }]);
      }
    });
    await breath();
  }
}

type Tx = Transaction<Database>;

async function makeGroup(tx: Tx, tenantId: number, parentId: number | null, volume: number): Promise<number> {
  const row = { tenant_id: tenantId, parent_id: parentId, name: `group ${volume}`, rev: 0, placement_rev: 0 };
  const rest = { config: JSON.stringify({ volume }), version: 1, created_at: 1, updated_at: 1 };
  const groupId = Number(
    (
      await tx
        .insertInto('groups')
        .values({ ...row, ...rest })
        .executeTakeFirstOrThrow()
    ).insertId,
  );
  const [rev = 0] = await append(tx, tenantId, [{ kind: 'group.saved', groupId, parentId, config: { volume } }]);
  await tx.updateTable('groups').set({ rev }).where('id', '=', groupId).execute();
  return groupId;
}

async function moveGroup(tx: Tx, tenantId: number, groupId: number, volume: number): Promise<void> {
  const config = JSON.stringify({ volume });
  const old = await tx.selectFrom('groups').select(['parent_id']).where('id', '=', groupId).executeTakeFirstOrThrow();
  await tx.updateTable('groups').set({ parent_id: null, config }).where('id', '=', groupId).execute();
  const [rev = 0] = await append(tx, tenantId, [{ kind: 'group.saved', groupId, parentId: null, config: { volume } }]);
  const placed = old.parent_id === null ? {} : { placement_rev: rev };
  await tx
    .updateTable('groups')
    .set({ rev, ...placed })
    .where('id', '=', groupId)
    .execute();
}

async function raise(tx: Tx, tenantId: number, groupId: number): Promise<number> {
  const text = { alert_id: null, severity: 'info', title: 'T', message: '', content_id: null, drill: 0 } as const;
  const life = { status: 'active', started_at: NOW, expires_at: ENDLESS, stopped_at: null, stopped_by: null } as const;
  const rest = { created_by: null, targeted_total: 0, targeted_online: 0, rev: 0, stop_rev: null };
  const row = { tenant_id: tenantId, ...text, ...life, ...rest };
  const deploymentId = Number(
    (await tx.insertInto('alert_deployments').values(row).executeTakeFirstOrThrow()).insertId,
  );
  const target = {
    tenant_id: tenantId,
    deployment_id: deploymentId,
    target_kind: 'group' as const,
    target_id: groupId,
  };
  await tx.insertInto('alert_targets').values(target).execute();
  const said = { alertId: null, severity: 'info', title: 'T', message: '', content: null, drill: false } as const;
  const alert = { deploymentId, ...said, startedAt: NOW, expiresAt: ENDLESS };
  const [rev = 0] = await append(tx, tenantId, [{ kind: 'alert.started', alert, groupIds: [groupId], deviceIds: [] }]);
  await tx.updateTable('alert_deployments').set({ rev }).where('id', '=', deploymentId).execute();
  return deploymentId;
}

/** Now and then for all devices of the tenant. */
async function assign(tx: Tx, tenantId: number, groupId: number, round: number): Promise<void> {
  const everywhere = round % 4 === 3;
  const [rev = 0] = await append(tx, tenantId, [
    {
      kind: 'schedule.assigned',
      groupIds: everywhere ? [] : [groupId],
      deviceIds: [],
      ...(everywhere && { everywhere }),
    },
  ]);
  const target = everywhere
    ? { target_kind: 'tenant' as const, target_id: 0 }
    : { target_kind: 'group' as const, target_id: groupId };
  await raiseManifestRev(tx, { tenant_id: tenantId, ...target }, rev);
}
