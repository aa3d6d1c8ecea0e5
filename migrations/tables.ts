/**
 * The shape of the database as Kysely types, one interface per table.
 * Instants are epoch milliseconds (UTC) in BIGINT columns: the same on both databases and free of time-zone traps.
 * JSON columns hold text (`JsonText`); booleans are 0 or 1. `rev` columns cite the change that last touched the row.
 */
import type { Generated } from 'kysely';
import type { EpochMs, Flag, JsonText, TargetKind } from './columns.ts';
import type {
  ContentTable,
  DeploymentContentTable,
  DeploymentsTable,
  ManifestRevsTable,
  ScheduleAssignmentsTable,
  ScheduleContentTable,
  SchedulesTable,
  UploadsTable,
  UsageLogsTable,
} from './content-tables.ts';
import type {
  AlertWatchesTable,
  NotificationDeadLettersTable,
  NotificationDeliveriesTable,
  NotificationsTable,
  WebhooksTable,
} from './notification-tables.ts';

export interface TenantsTable {
  id: Generated<number>;
  name: string;
  created_at: EpochMs;
}

export interface CountersTable {
  /** `rev`; `group_tree` and `user_accounts`, which count edits of group trees and of users and whose rows are their locks. */
  name: string;
  value: number;
}

export interface ChangesTable {
  rev: number;
  tenant_id: number;
  kind: string;
  payload: JsonText;
  created_at: EpochMs;
}

export interface ConsumersTable {
  name: string;
  rev: number;
  updated_at: EpochMs;
  /** The process that reads for this consumer now; another may take over once the lease ran out. */
  lease_owner: string | null;
  lease_until: EpochMs | null;
}

export interface SettingsTable {
  /** `epoch` is the identity of this database's history. */
  name: string;
  value: string;
}

export interface NodesTable {
  node_id: string;
  lease_until: EpochMs;
  started_at: EpochMs;
}

export type UserRole = 'admin' | 'manager' | 'user';

export interface UsersTable {
  id: Generated<number>;
  tenant_id: number;
  /** Unique over all tenants: login names no tenant. */
  username: string;
  display_name: string;
  password_hash: string;
  role: UserRole;
  status: 'active' | 'disabled';
  must_change_password: Flag;
  /** Tokens issued before this number was raised are refused. */
  token_version: number;
  last_login_at: EpochMs | null;
  version: number;
  created_at: EpochMs;
  updated_at: EpochMs;
}

export interface UserGroupsTable {
  tenant_id: number;
  user_id: number;
  group_id: number;
}

export interface RefreshTokensTable {
  id: Generated<number>;
  tenant_id: number;
  user_id: number;
  family_id: string;
  token_hash: string;
  issued_at: EpochMs;
  expires_at: EpochMs;
  used_at: EpochMs | null;
  /** The token that replaced this one, sealed with a key derived from this token, so that a lost answer can be given again. */
  successor: string | null;
  revoked_at: EpochMs | null;
}

export interface LoginFailuresTable {
  /** Lower-case username. */
  subject: string;
  failures: number;
  last_at: EpochMs;
}

export interface GroupsTable {
  id: Generated<number>;
  tenant_id: number;
  parent_id: number | null;
  name: string;
  config: JsonText;
  /** The change that last touched the group. */
  rev: number;
  /** The change that last moved it under another parent; 0 while it stands where it was created. */
  placement_rev: number;
  version: number;
  created_at: EpochMs;
  updated_at: EpochMs;
}

export interface DevicesTable {
  id: Generated<number>;
  tenant_id: number;
  group_id: number | null;
  /** Unique within the tenant. */
  player_id: string;
  name: string;
  model: string | null;
  os_version: string | null;
  app_version: string | null;
  capabilities: JsonText;
  config: JsonText;
  state: 'active' | 'revoked';
  /** SHA-256 of the credential, hex; null until one was issued. */
  credential_hash: string | null;
  /** Tokens carry it; raised when the credential dies. */
  credential_version: number;
  status: 'online' | 'offline';
  transport: 'websocket' | 'http' | null;
  /** Number of the newest connection: a writer with a lower one changes nothing. */
  conn_epoch: number;
  node_id: string | null;
  last_seen_at: EpochMs | null;
  /** Degrees of WGS 84; both or neither. */
  latitude: number | null;
  longitude: number | null;
  /** The change that last touched the device. */
  rev: number;
  /** The change that last put the device into its group (or took it out). */
  placement_rev: number;
  version: number;
  created_at: EpochMs;
  updated_at: EpochMs;
}

export interface PairingsTable {
  id: Generated<number>;
  player_id: string;
  /** Eight characters without the dash. */
  code: string;
  poll_secret_hash: string;
  name: string | null;
  model: string | null;
  os_version: string | null;
  app_version: string | null;
  capabilities: JsonText;
  state: 'pending' | 'paired' | 'consumed';
  tenant_id: number | null;
  device_id: number | null;
  created_at: EpochMs;
  expires_at: EpochMs;
}

export interface DeviceReportsTable {
  device_id: number;
  tenant_id: number;
  epoch: number | null;
  rev: number | null;
  /** The last `status`, as sent. */
  status: JsonText;
  /** Alert deployments on glass, ids. */
  displayed: JsonText;
  reported_at: EpochMs;
  /** The newest manifest that the device spoke of, and what became of it there. */
  schedule_version: number | null;
  schedule_state: 'received' | 'applied' | 'failed' | null;
  schedule_reason: string | null;
  schedule_at: EpochMs | null;
}

/** A device came online, went offline, or changed its transport. */
export interface DevicePresenceTable {
  id: Generated<number>;
  tenant_id: number;
  device_id: number;
  status: 'online' | 'offline';
  transport: 'websocket' | 'http' | null;
  at: EpochMs;
}

export type CommandState = 'pending' | 'acknowledged' | 'succeeded' | 'failed' | 'rejected' | 'expired';

export interface CommandsTable {
  id: Generated<number>;
  tenant_id: number;
  device_id: number;
  name: string;
  args: JsonText;
  state: CommandState;
  result: JsonText | null;
  reason: string | null;
  /** Storage key of the result file, if one came. */
  file_key: string | null;
  file_type: string | null;
  issued_by: number | null;
  issued_at: EpochMs;
  expires_at: EpochMs;
  acknowledged_at: EpochMs | null;
  finished_at: EpochMs | null;
  rev: number;
}

/**
 * Who needs a stored object besides the rows that name it. `hold`: somebody is about to name it, until `until_at` at the latest.
 * `removal`: it is to be deleted, unless somebody names or holds it; not before `until_at`, up to which somebody may be at it.
 */
export interface ObjectClaimsTable {
  id: Generated<number>;
  tenant_id: number;
  object_key: string;
  kind: 'hold' | 'removal';
  until_at: EpochMs;
  /** Parts that go with the object. */
  parts_id: string | null;
}

export type SeverityColumn = 'info' | 'warning' | 'critical';

/** A prepared alert. */
export interface AlertsTable {
  id: Generated<number>;
  tenant_id: number;
  name: string;
  severity: SeverityColumn;
  title: string;
  message: string;
  content_id: number | null;
  /** What the console proposes when it is raised; null for nothing. */
  defaults: JsonText | null;
  version: number;
  created_by: number | null;
  created_at: EpochMs;
  updated_at: EpochMs;
}

/** One act of raising an alert; carries the text as it was raised. */
export interface AlertDeploymentsTable {
  id: Generated<number>;
  tenant_id: number;
  alert_id: number | null;
  severity: SeverityColumn;
  title: string;
  message: string;
  content_id: number | null;
  drill: Flag;
  /** A stop is terminal. That it expired is said by `expires_at` alone. */
  status: 'active' | 'stopped';
  started_at: EpochMs;
  expires_at: EpochMs;
  stopped_at: EpochMs | null;
  stopped_by: number | null;
  created_by: number | null;
  targeted_total: number;
  targeted_online: number;
  /** The change that started it. */
  rev: number;
  stop_rev: number | null;
}

export interface AlertTargetsTable {
  tenant_id: number;
  deployment_id: number;
  target_kind: TargetKind;
  target_id: number;
}

/** The ladder of one device on one deployment; a row appears with the first stage. Instants are the hub's own clock. */
export interface AlertReceiptsTable {
  deployment_id: number;
  device_id: number;
  tenant_id: number;
  sent_at: EpochMs | null;
  received_at: EpochMs | null;
  displayed_at: EpochMs | null;
  cleared_at: EpochMs | null;
  failed_at: EpochMs | null;
  /** What the device's own clock said at `displayed`. */
  device_displayed_at: EpochMs | null;
  reason: string | null;
  conn_epoch: number;
}

export interface AuditLogsTable {
  id: Generated<number>;
  tenant_id: number;
  user_id: number | null;
  username: string | null;
  action: string;
  entity: string;
  entity_id: number | null;
  detail: JsonText;
  ip: string | null;
  request_id: string | null;
  created_at: EpochMs;
}

export interface IdempotencyKeysTable {
  tenant_id: number;
  user_id: number;
  idempotency_key: string;
  route: string;
  /** SHA-256 of the body, hex. */
  body_hash: string;
  state: 'in_flight' | 'done';
  status_code: number | null;
  response: JsonText | null;
  created_at: EpochMs;
}

export interface Database {
  tenants: TenantsTable;
  counters: CountersTable;
  changes: ChangesTable;
  consumers: ConsumersTable;
  settings: SettingsTable;
  nodes: NodesTable;
  users: UsersTable;
  user_groups: UserGroupsTable;
  refresh_tokens: RefreshTokensTable;
  login_failures: LoginFailuresTable;
  groups: GroupsTable;
  devices: DevicesTable;
  pairings: PairingsTable;
  device_reports: DeviceReportsTable;
  device_presence: DevicePresenceTable;
  commands: CommandsTable;
  content: ContentTable;
  uploads: UploadsTable;
  object_claims: ObjectClaimsTable;
  schedules: SchedulesTable;
  schedule_content: ScheduleContentTable;
  deployments: DeploymentsTable;
  deployment_content: DeploymentContentTable;
  manifest_revs: ManifestRevsTable;
  schedule_assignments: ScheduleAssignmentsTable;
  usage_logs: UsageLogsTable;
  alerts: AlertsTable;
  alert_deployments: AlertDeploymentsTable;
  alert_targets: AlertTargetsTable;
  alert_receipts: AlertReceiptsTable;
  webhooks: WebhooksTable;
  notifications: NotificationsTable;
  notification_deliveries: NotificationDeliveriesTable;
  notification_dead_letters: NotificationDeadLettersTable;
  alert_watches: AlertWatchesTable;
  audit_logs: AuditLogsTable;
  idempotency_keys: IdempotencyKeysTable;
}
