/** The follower over a real log that holds what this version cannot read. */
import { afterEach, expect, test } from 'vitest';
import { databaseMaker, type TestDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { insertDevice, insertGroup, insertTenant } from '../support/hub-rows.ts';
import { recordingLog } from '../support/recording-log.ts';
import { HubModel } from '../../hub/core/hub-model.ts';
import { createHubStore } from '../../hub/store/sql-hub-store.ts';
import { TEST_MEDIA } from '../support/test-media.ts';
import { systemClock, systemIds } from '../../hub/system-ports.ts';
import { LogFollower } from '../../hub/server/log-follower.ts';

const open = databaseMaker('sqlite');
const followers: LogFollower[] = [];

afterEach(() => {
  for (const follower of followers.splice(0)) follower.stop();
});

async function follow(db: TestDatabase) {
  const model = new HubModel();
  const effects: unknown[] = [];
  const reloads: number[] = [];
  const follower = new LogFollower({
    store: createHubStore(db, TEST_MEDIA),
    model,
    clock: systemClock,
    ids: systemIds,
    log: { ...recordingLog(), debug: () => undefined },
    onChange: (change) => effects.push(model.apply(change)),
    onLoaded: () => undefined,
    onReload: ({ rev }) => reloads.push(rev),
    pollMinMs: 5,
    pollMaxMs: 10,
  });
  followers.push(follower);
  await follower.start();
  return { follower, model, effects, reloads };
}

/** Appends a row as it is. */
async function append(db: TestDatabase, tenantId: number, kind: string, payload: string): Promise<void> {
  await db.sql.transaction().execute(async (tx) => {
    await tx
      .updateTable('counters')
      .set((eb) => ({ value: eb('value', '+', 1) }))
      .where('name', '=', 'rev')
      .execute();
    const { value: rev } = await tx
      .selectFrom('counters')
      .select('value')
      .where('name', '=', 'rev')
      .executeTakeFirstOrThrow();
    await tx.insertInto('changes').values({ rev, tenant_id: tenantId, kind, payload, created_at: 1 }).execute();
  });
}

test('a kind of change that only a newer API writes is passed over like any other', async () => {
  const db = await open();
  const { model, effects, reloads } = await follow(db);
  await append(db, 1, 'invented.later', '{"groupId":1}');
  await append(db, 1, 'user.changed', '{"userId":1}');
  await eventually(() => model.rev === 2);
  expect(effects).toEqual([null, null]);
  expect(reloads).toEqual([]);
});

test('a row that cannot be read does not stop the log: everything is loaded anew past it', async () => {
  const db = await open();
  const tenantId = await insertTenant(db);
  const { model, reloads } = await follow(db);
  const groupId = await insertGroup(db, tenantId, { rev: 1 });
  await append(db, tenantId, 'group.saved', '{"groupId":');
  await append(db, tenantId, 'user.changed', '{"userId":1}');
  await eventually(() => model.rev === 2);
  expect(reloads).toEqual([2]);
  expect(model.tenant(tenantId).groups.has(groupId)).toBe(true);
});

test('[INV-1] a database that is suddenly another one without any device is not believed until it has some', async () => {
  const db = await open();
  const tenantId = await insertTenant(db);
  const deviceId = await insertDevice(db, tenantId);
  const groupId = await insertGroup(db, tenantId);
  const { follower, model, reloads } = await follow(db);
  const { epoch } = model;
  await db.sql.deleteFrom('devices').where('id', '=', deviceId).execute();
  await db.sql.deleteFrom('groups').where('id', '=', groupId).execute();
  await db.sql
    .updateTable('settings')
    .set({ value: String(epoch + 1) })
    .where('name', '=', 'epoch')
    .execute();
  await eventually(() => !follower.available);
  expect(model.epoch).toBe(epoch);
  expect(model.tenant(tenantId).groups.has(groupId)).toBe(true);
  expect(reloads).toEqual([]);
  await insertDevice(db, tenantId);
  await eventually(() => follower.available);
  expect(model.epoch).toBe(epoch + 1);
  expect(reloads).toEqual([0]);
});

test('[INV-1] nor is one that is empty while somebody restores it', async () => {
  const db = await open();
  const tenantId = await insertTenant(db);
  await insertDevice(db, tenantId);
  for (let at = 0; at < 3; at += 1) await append(db, tenantId, 'user.changed', '{"userId":1}');
  const { follower, model, reloads } = await follow(db);
  const rewind = (value: number) => db.sql.updateTable('counters').set({ value }).where('name', '=', 'rev').execute();
  await db.sql.deleteFrom('devices').execute();
  await rewind(0);
  await eventually(() => !follower.available);
  expect(model.rev).toBe(3);
  // It is where it was: there is nothing to load.
  await rewind(3);
  await eventually(() => follower.available);
  expect(reloads).toEqual([]);
});
