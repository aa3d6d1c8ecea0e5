/** What a device needs to play on its own: every schedule deployed along its chain, and the content they use. */
import type { Kysely } from 'kysely';
import { contentUrl } from '../core/content-url.ts';
import type { HubStore, ManifestContentRow, ManifestRow } from '../core/hub-store.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

interface Snapshot {
  readonly name: string;
  readonly priority: number;
  readonly layout: unknown;
  readonly timing: unknown;
}

export async function manifest(
  db: OpenDatabase<Database>,
  tenantId: number,
  groupIds: readonly number[],
  deviceId: number,
): ReturnType<HubStore['manifest']> {
  const assigned = await db.sql
    .selectFrom('schedule_assignments as a')
    .innerJoin('deployments as d', 'd.id', 'a.deployment_id')
    .select(['a.schedule_id', 'd.snapshot', 'd.id as deployment_id'])
    .where('a.tenant_id', '=', tenantId)
    .where('d.status', '=', 'active')
    .where((eb) =>
      eb.or([
        eb.and([eb('a.target_kind', '=', 'device'), eb('a.target_id', '=', deviceId)]),
        ...(groupIds.length > 0
          ? [eb.and([eb('a.target_kind', '=', 'group'), eb('a.target_id', 'in', groupIds)])]
          : []),
      ]),
    )
    .orderBy('a.schedule_id')
    .orderBy('d.id')
    .execute();
  // Of one schedule the newest deployment along the chain counts.
  const newest = new Map<number, ManifestRow>();
  for (const row of assigned) {
    const { name, priority, layout, timing } = JSON.parse(row.snapshot) as Snapshot;
    newest.set(row.schedule_id, { id: row.schedule_id, name, priority, layout, timing });
  }
  const scheduleIds = [...newest.keys()];
  const content =
    scheduleIds.length === 0
      ? []
      : await readContent(db.sql, tenantId, (eb) =>
          eb.selectFrom('schedule_content').select('content_id').where('schedule_id', 'in', scheduleIds),
        );
  const prefetch = await readContent(db.sql, tenantId, (eb) =>
    eb.selectFrom('alerts').select('content_id').where('tenant_id', '=', tenantId).where('content_id', 'is not', null),
  );
  return { schedules: [...newest.values()], content, prefetch };
}

async function readContent(
  db: Kysely<Database>,
  tenantId: number,
  ids: (db: Kysely<Database>) => { execute(): Promise<{ content_id: number | null }[]> },
): Promise<ManifestContentRow[]> {
  const wanted = (await ids(db).execute()).flatMap((row) => (row.content_id === null ? [] : [row.content_id]));
  if (wanted.length === 0) return [];
  const rows = await db
    .selectFrom('content')
    .select(['id', 'type', 'url', 'storage_key', 'sha256', 'size_bytes', 'mime_type', 'duration_ms'])
    .where('tenant_id', '=', tenantId)
    .where('status', '=', 'ready')
    .where('id', 'in', wanted)
    .orderBy('id')
    .execute();
  return rows.flatMap((row) => {
    const url = contentUrl(row.storage_key, row.url);
    if (url === null) return [];
    const { id, type, sha256 } = row;
    return [{ id, type, url, sha256, size: row.size_bytes, mimeType: row.mime_type, durationMs: row.duration_ms }];
  });
}
