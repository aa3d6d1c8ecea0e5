/**
 * What a device needs to play on its own: every schedule deployed along its chain as it was deployed, the content they use, and
 * the content of alerts, to be there before the network is saturated.
 */
import { sql } from 'kysely';
import { contentUrl, type MediaSigner } from '../core/content-url.ts';
import type { HubStore, ManifestContentRow, ManifestRow } from '../core/hub-store.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { ContentTable } from '../../migrations/content-tables.ts';
import type { Database } from '../../migrations/tables.ts';

/** Addresses in a manifest change together once in this, and live for one to two of it, in milliseconds. */
const MEDIA_WINDOW_MS = 30 * 60_000;

/** The same for all who ask in one window, so that a manifest that did not change has the same ETag. */
function mediaExpiry(now: number): number {
  return (Math.floor(now / MEDIA_WINDOW_MS) + 2) * MEDIA_WINDOW_MS;
}

/** A schedule as it was deployed. */
interface Snapshot {
  readonly name: string;
  readonly priority: number;
  readonly layout: unknown;
  readonly timing: unknown;
}

/** Whose manifest it is: the device, and its groups from its own up to the top. */
interface Whose {
  readonly tenantId: number;
  readonly groupIds: readonly number[];
  readonly deviceId: number;
}

/**
 * Three statements, whatever is deployed. Schedules come in the order in which they win: the nearest target, then the highest
 * priority, then the newest deployment. Content that is not ready is left out.
 */
export async function manifest(
  db: OpenDatabase<Database>,
  media: MediaSigner,
  tenantId: number,
  groupIds: readonly number[],
  deviceId: number,
  now: number,
): ReturnType<HubStore['manifest']> {
  const whose = { tenantId, groupIds, deviceId };
  const address = (row: ContentRow): string | null => contentUrl(media, row.storage_key, row.url, mediaExpiry(now));
  const schedules = await readSchedules(db, whose);
  const content = await readContent(
    db,
    tenantId,
    schedules.map((row) => row.deploymentId),
  );
  const prefetch = await readPrefetch(db, whose, now);
  return { schedules, content: manifestContent(content, address), prefetch: manifestContent(prefetch, address) };
}

async function readSchedules(
  db: OpenDatabase<Database>,
  { tenantId, groupIds, deviceId }: Whose,
): Promise<ManifestRow[]> {
  const assigned = await db.sql
    .selectFrom('schedule_assignments as a')
    .innerJoin('deployments as d', 'd.id', 'a.deployment_id')
    .select(['a.schedule_id', 'a.target_kind', 'a.target_id', 'd.snapshot', 'd.id as deployment_id'])
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
    .execute();
  const nearest = new Map<number, (typeof assigned)[number] & { distance: number }>();
  for (const row of assigned) {
    const distance = row.target_kind === 'device' ? 0 : 1 + groupIds.indexOf(row.target_id);
    const other = nearest.get(row.schedule_id);
    const wins = other === undefined || distance < other.distance;
    if (wins || (distance === other.distance && row.deployment_id > other.deployment_id))
      nearest.set(row.schedule_id, { ...row, distance });
  }
  const rows = [...nearest.values()].map(({ schedule_id, deployment_id, distance, snapshot }): ManifestRow => {
    const { name, priority, layout, timing } = JSON.parse(snapshot) as Snapshot;
    return { id: schedule_id, name, priority, layout, timing, deploymentId: deployment_id, distance };
  });
  return rows.sort(
    (a, b) => a.distance - b.distance || b.priority - a.priority || b.deploymentId - a.deploymentId || b.id - a.id,
  );
}

const CONTENT_COLUMNS = sql`c.id, c.type, c.url, c.storage_key, c.sha256, c.size_bytes, c.mime_type, c.duration_ms`;

interface ContentRow extends Pick<
  ContentTable,
  'type' | 'url' | 'storage_key' | 'sha256' | 'size_bytes' | 'mime_type' | 'duration_ms'
> {
  readonly id: number;
}

/** What exactly these deployments use: the schedule may have been edited since. */
async function readContent(
  db: OpenDatabase<Database>,
  tenantId: number,
  deploymentIds: readonly number[],
): Promise<ContentRow[]> {
  if (deploymentIds.length === 0) return [];
  const { rows } = await sql<ContentRow>`select distinct ${CONTENT_COLUMNS}
    from deployment_content u join content c on c.id = u.content_id
    where u.deployment_id in (${sql.join(deploymentIds)}) and c.tenant_id = ${tenantId} and c.status = 'ready'
    order by c.id`.execute(db.sql);
  return rows;
}

/** What prepared alerts show, and what the alerts show that are on for this device now. */
async function readPrefetch(
  db: OpenDatabase<Database>,
  { tenantId, groupIds, deviceId }: Whose,
  now: number,
): Promise<ContentRow[]> {
  // No id is 0: the list that matches nothing is a list all the same.
  const groups = sql.join(groupIds.length === 0 ? [0] : groupIds);
  const { rows } = await sql<ContentRow>`select ${CONTENT_COLUMNS}
    from alerts a join content c on c.id = a.content_id
    where a.tenant_id = ${tenantId} and c.tenant_id = ${tenantId} and c.status = 'ready'
    union
    select ${CONTENT_COLUMNS}
    from alert_deployments d join alert_targets t on t.deployment_id = d.id join content c on c.id = d.content_id
    where d.tenant_id = ${tenantId} and d.status = 'active' and d.expires_at > ${now}
      and ((t.target_kind = 'device' and t.target_id = ${deviceId}) or (t.target_kind = 'group' and t.target_id in (${groups})))
      and c.tenant_id = ${tenantId} and c.status = 'ready'
    order by 1`.execute(db.sql);
  return rows;
}

function manifestContent(
  rows: readonly ContentRow[],
  address: (row: ContentRow) => string | null,
): ManifestContentRow[] {
  return rows.flatMap((row) => {
    const url = address(row);
    if (url === null) return [];
    const { id, type, sha256 } = row;
    return [{ id, type, url, sha256, size: row.size_bytes, mimeType: row.mime_type, durationMs: row.duration_ms }];
  });
}
