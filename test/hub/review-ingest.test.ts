/** Reports through a database that refuses them for a while: for a reason that passes, and for one that does not. */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { databaseMaker, type TestDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { insertDevice, insertTenant } from '../support/hub-rows.ts';
import { recordingLog } from '../support/recording-log.ts';
import type { HubStore, ReportRow } from '../../hub/core/hub-store.ts';
import { createHubStore } from '../../hub/store/sql-hub-store.ts';
import { TEST_MEDIA } from '../support/test-media.ts';
import { systemClock } from '../../hub/system-ports.ts';
import { Ingest } from '../../hub/server/ingest.ts';

const open = databaseMaker('sqlite');
const SILENT: Omit<ReportRow, 'tenantId' | 'deviceId'> = {
  connEpoch: null,
  at: 1_000,
  epoch: null,
  rev: null,
  status: null,
  displayed: null,
  appVersion: null,
  osVersion: null,
  capabilities: null,
  schedule: null,
};

function ingestOver(store: HubStore) {
  const log = recordingLog();
  const ingest = new Ingest({
    store,
    clock: systemClock,
    log: { ...log, debug: () => undefined },
    onReplaced: () => undefined,
    onAppended: () => undefined,
    onReceipt: () => undefined,
  });
  return { ingest, log };
}

async function reported(db: TestDatabase, deviceId: number) {
  return db.sql
    .selectFrom('device_reports')
    .select(['rev', 'status'])
    .where('device_id', '=', deviceId)
    .executeTakeFirst();
}

test('a report that can never be written costs itself, and not every later report of its device', async () => {
  const db = await open();
  const tenantId = await insertTenant(db);
  const deviceId = await insertDevice(db, tenantId);
  const { ingest, log } = ingestOver(createHubStore(db, TEST_MEDIA));
  await sql`create trigger refuse before insert on device_reports begin select raise(abort, 'refused'); end`.execute(
    db.sql,
  );
  ingest.report({ ...SILENT, tenantId, deviceId, rev: 1 });
  await eventually(() => log.lines.some(({ level }) => level === 'error'));
  await sql`drop trigger refuse`.execute(db.sql);
  ingest.report({ ...SILENT, tenantId, deviceId, rev: 2 });
  await eventually(async () => (await reported(db, deviceId))?.rev === 2);
  expect(ingest.length).toBe(0);
});

test('a report that waits for the database keeps what it alone said when a newer one comes meanwhile', async () => {
  const db = await open();
  const tenantId = await insertTenant(db);
  const deviceId = await insertDevice(db, tenantId);
  const store = createHubStore(db, TEST_MEDIA);
  let refusals = 1;
  const { ingest } = ingestOver({
    ...store,
    saveReports: async (rows) => {
      if (refusals === 0) return store.saveReports(rows);
      refusals -= 1;
      // While this write is under way the device says something else.
      ingest.report({ ...SILENT, tenantId, deviceId, at: 2_000, rev: 7 });
      throw Object.assign(new Error('away'), { code: 'ECONNRESET' });
    },
  });
  ingest.report({ ...SILENT, tenantId, deviceId, status: '{"volume":5}' });
  await eventually(async () => (await reported(db, deviceId))?.rev === 7);
  expect(await reported(db, deviceId)).toEqual({ rev: 7, status: '{"volume":5}' });
});
