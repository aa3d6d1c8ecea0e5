/** Media, schedules, their deployments, and what was played. The rules of tables.ts hold here. */
import type { Generated } from 'kysely';
import type { EpochMs, Flag, JsonText, TargetKind } from './columns.ts';

export type ContentTypeColumn = 'video' | 'image' | 'html' | 'stream';

export interface ContentTable {
  id: Generated<number>;
  tenant_id: number;
  type: ContentTypeColumn;
  name: string;
  /** Where it plays from when it is not ours to store (streams, web pages). */
  url: string | null;
  storage_key: string | null;
  sha256: string | null;
  size_bytes: number | null;
  mime_type: string | null;
  duration_ms: number | null;
  /** Whose it is: null is the whole tenant's. */
  group_id: number | null;
  /** What the uploader called the file. */
  file_name: string | null;
  width: number | null;
  height: number | null;
  thumbnail_key: string | null;
  /** Why verification refused it. */
  failure: string | null;
  /** What was found in a video, or that nobody could look. */
  probe: JsonText | null;
  /** `pending`: no bytes yet; `verifying`: in quarantine. Only `ready` content has an address. */
  status: 'pending' | 'verifying' | 'ready' | 'failed';
  version: number;
  created_by: number | null;
  created_at: EpochMs;
  updated_at: EpochMs;
}

/** A direct upload: its bytes are in quarantine under `object_key` until they are verified. */
export interface UploadsTable {
  id: Generated<number>;
  tenant_id: number;
  content_id: number;
  object_key: string;
  declared_bytes: number;
  /** `waiting` for bytes; `complete`: said to be there, to be verified. The row goes when the content is ready or failed. */
  state: 'waiting' | 'complete';
  attempts: number;
  /** Somebody verifies until then. */
  lease_until: EpochMs | null;
  created_at: EpochMs;
  expires_at: EpochMs;
  /** What the store calls the parts that it comes in; null: it comes whole. */
  parts_id: string | null;
  /** Length of each part but the last. */
  part_bytes: number | null;
}

export interface SchedulesTable {
  id: Generated<number>;
  tenant_id: number;
  name: string;
  priority: number;
  layout: JsonText;
  timing: JsonText;
  /** Whose it is: null is the whole tenant's. */
  group_id: number | null;
  /** `draft` until it was first deployed. */
  status: 'draft' | 'published' | 'archived';
  version: number;
  /** The version deployed last. */
  deployed_version: number | null;
  /** Zones of the layout, for lists. */
  zone_count: Generated<number>;
  created_by: number | null;
  created_at: EpochMs;
  updated_at: EpochMs;
}

export interface ScheduleContentTable {
  tenant_id: number;
  schedule_id: number;
  content_id: number;
}

/** One act of deploying a schedule. */
export interface DeploymentsTable {
  id: Generated<number>;
  tenant_id: number;
  schedule_id: number;
  schedule_version: number;
  /** The schedule as it was deployed. */
  snapshot: JsonText;
  /** `withdrawn` once no target is assigned to it any more, be it by a withdrawal or by a later deployment. */
  status: 'active' | 'withdrawn';
  /** What it was aimed at: `{groupIds, deviceIds}`. */
  targets: JsonText | null;
  /** Active devices at the time. */
  targeted_total: Generated<number>;
  created_by: number | null;
  created_at: EpochMs;
  withdrawn_at: EpochMs | null;
  withdrawn_by: number | null;
  rev: number;
}

/** Content that a deployment's snapshot uses. */
export interface DeploymentContentTable {
  tenant_id: number;
  deployment_id: number;
  content_id: number;
}

/** The change that last touched the manifest of a target; of kind `tenant` (id 0) it concerns every device. */
export interface ManifestRevsTable {
  tenant_id: number;
  target_kind: TargetKind | 'tenant';
  target_id: number;
  rev: number;
}

export interface ScheduleAssignmentsTable {
  id: Generated<number>;
  tenant_id: number;
  schedule_id: number;
  deployment_id: number;
  target_kind: TargetKind;
  target_id: number;
  /** The change that assigned it: the source of the manifest's version. */
  rev: number;
}

export interface UsageLogsTable {
  id: Generated<number>;
  tenant_id: number;
  device_id: number;
  /** The device's own id: a repeat is a duplicate. */
  entry_id: string;
  content_id: number;
  schedule_id: number | null;
  started_at: EpochMs;
  play_ms: number;
  received_at: EpochMs;
  /** The alert that was on the screen meanwhile. */
  alert_deployment_id: number | null;
  /** The device's clock cannot have been right. */
  clock_suspect: Generated<Flag>;
}
