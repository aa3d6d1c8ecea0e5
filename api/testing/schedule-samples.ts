/** Schedules for tests: layouts that are valid, and what a device says of its manifest. */
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database, DeviceReportsTable } from '../../migrations/tables.ts';
import type { Layout } from '../../protocol/schedule.ts';

/** A full-HD canvas with one zone over all of it. */
export function layoutOf(...contentIds: readonly number[]): Layout {
  const items = contentIds.map((contentId) => ({ contentId, durationMs: 5_000 }));
  return { width: 1920, height: 1080, zones: [{ id: 'main', x: 0, y: 0, width: 1920, height: 1080, items }] };
}

/** Writes what a device said of its manifest, as the hub would. */
export async function insertScheduleReport(
  db: OpenDatabase<Database>,
  tenantId: number,
  deviceId: number,
  said: Pick<DeviceReportsTable, 'schedule_version' | 'schedule_state' | 'schedule_reason' | 'schedule_at'>,
): Promise<void> {
  await db.sql.deleteFrom('device_reports').where('device_id', '=', deviceId).execute();
  const nothing = { epoch: null, rev: null, status: '{}', displayed: '[]', reported_at: 1_000 };
  await db.sql
    .insertInto('device_reports')
    .values({ device_id: deviceId, tenant_id: tenantId, ...nothing, ...said })
    .execute();
}
