/** What devices say of their manifest, over both databases: the store keeps the law of laterReport, whoever writes. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { describeEachDatabase, type TestDatabase } from '../../test/support/databases.ts';
import { insertDevice, insertTenant } from '../../test/support/hub-rows.ts';
import { TEST_MEDIA } from '../../test/support/test-media.ts';
import type { HubStore, ReportRow } from '../core/hub-store.ts';
import { laterReport, type ScheduleReport } from '../core/schedule-report.ts';
import { createHubStore } from './sql-hub-store.ts';

const NOW = 1_700_000_000_000;
/** How far the log has come. */
const HEAD = 50;

describeEachDatabase('what devices say of their manifest', (open) => {
  let db: TestDatabase;
  let store: HubStore;
  let other: HubStore;
  let tenantId: number;

  beforeAll(async () => {
    db = await open();
    store = createHubStore(db, TEST_MEDIA);
    other = createHubStore(db.reopen(), TEST_MEDIA);
    tenantId = await insertTenant(db);
    await db.sql.updateTable('counters').set({ value: HEAD }).where('name', '=', 'rev').execute();
  });

  function report(deviceId: number, schedule: ScheduleReport | null, at = NOW): ReportRow {
    const silent = { status: null, displayed: null, appVersion: null, osVersion: null, capabilities: null };
    return { tenantId, deviceId, connEpoch: null, at, epoch: null, rev: null, ...silent, schedule };
  }

  async function stored(deviceId: number) {
    const row = await db.sql
      .selectFrom('device_reports')
      .select([
        'schedule_version as version',
        'schedule_state as state',
        'schedule_reason as reason',
        'schedule_at as at',
      ])
      .where('device_id', '=', deviceId)
      .executeTakeFirstOrThrow();
    return { ...row };
  }

  test('is kept with the instant it was first said, and stays when a later report does not speak of it', async () => {
    const deviceId = await insertDevice(db, tenantId);
    await store.saveReports([report(deviceId, null)]);
    expect(await stored(deviceId)).toEqual({ version: null, state: null, reason: null, at: null });
    const failed = { version: 7, state: 'failed', reason: 'disk full' } as const;
    await store.saveReports([report(deviceId, failed, NOW + 1)]);
    await store.saveReports([report(deviceId, { ...failed, reason: 'again' }, NOW + 2)]);
    await store.saveReports([report(deviceId, null, NOW + 3)]);
    expect(await stored(deviceId)).toEqual({ ...failed, at: NOW + 1 });
    await store.saveReports([report(deviceId, { version: 7, state: 'applied', reason: null }, NOW + 4)]);
    expect(await stored(deviceId)).toEqual({ version: 7, state: 'applied', reason: null, at: NOW + 4 });
  });

  test('[INV-7] ends as laterReport says for any order of words, written by two nodes', async () => {
    const states = ['received', 'applied', 'failed'] as const;
    const word = fc.record({
      version: fc.integer({ min: 1, max: 3 }),
      state: fc.constantFrom(...states),
      reason: fc.constantFrom(null, 'disk full', 'no codec'),
    });
    const law = fc.asyncProperty(fc.array(fc.option(word), { minLength: 1, maxLength: 8 }), async (words) => {
      const deviceId = await insertDevice(db, tenantId);
      let expected: ScheduleReport | null = null;
      for (const [index, said] of words.entries()) {
        await (index % 2 === 0 ? store : other).saveReports([report(deviceId, said)]);
        expected = laterReport(expected, said);
      }
      const { version, state, reason } = await stored(deviceId);
      expect({ version, state, reason }).toEqual(expected ?? { version: null, state: null, reason: null });
    });
    await fc.assert(law, { numRuns: 60 });
  });

  test('is not believed of a manifest that this history has not reached: it would stand above all to come', async () => {
    const deviceId = await insertDevice(db, tenantId);
    await store.saveReports([report(deviceId, { version: HEAD + 1, state: 'applied', reason: null })]);
    expect(await stored(deviceId)).toMatchObject({ version: null, state: null });
    await store.saveReports([report(deviceId, { version: HEAD, state: 'received', reason: null })]);
    expect(await stored(deviceId)).toMatchObject({ version: HEAD, state: 'received' });
  });
});
