/** A deployment of an alert as the API shows it. */
import Type, { type Static } from 'typebox';
import { deploymentPhase } from '../../hub/core/alert-ladder.ts';
import type { AlertDeploymentsTable } from '../../migrations/tables.ts';
import { Id, Severity, Timestamp } from '../../protocol/desired-state.ts';
import { toIso, toIsoOrNull } from '../iso-time.ts';

/** Longest life of a deployment, in seconds: 30 days. */
export const EXPIRES_SECONDS_MAX = 2_592_000;

const DEPLOYMENT_PHASES = ['active', 'stopped', 'expired'] as const;
export const DeploymentStatus = Type.Enum([...DEPLOYMENT_PHASES]);

/** Devices at the moment of deploying. */
export const TargetCounts = Type.Object({
  total: Type.Integer({ description: 'Active devices targeted' }),
  online: Type.Integer(),
  offline: Type.Integer(),
});

const NullableId = Type.Union([Id, Type.Null()]);

export const DeploymentJson = Type.Object({
  deploymentId: Id,
  alertId: Type.Union([Id, Type.Null()], { description: 'The prepared alert; null when written on the spot' }),
  severity: Severity,
  title: Type.String(),
  message: Type.String(),
  contentId: NullableId,
  drill: Type.Boolean(),
  status: DeploymentStatus,
  startedAt: Timestamp,
  expiresAt: Timestamp,
  stoppedAt: Type.Union([Timestamp, Type.Null()]),
  startedBy: NullableId,
  stoppedBy: NullableId,
  targets: TargetCounts,
});
export type DeploymentJson = Static<typeof DeploymentJson>;

export const DEPLOYMENT_COLUMNS = [
  'id',
  'alert_id',
  'severity',
  'title',
  'message',
  'content_id',
  'drill',
  'status',
  'started_at',
  'expires_at',
  'stopped_at',
  'stopped_by',
  'created_by',
  'targeted_total',
  'targeted_online',
] as const;

export interface DeploymentRow extends Pick<AlertDeploymentsTable, Exclude<(typeof DEPLOYMENT_COLUMNS)[number], 'id'>> {
  readonly id: number;
}

export function targetCounts(total: number, online: number): Static<typeof TargetCounts> {
  return { total, online, offline: total - online };
}

export function deploymentJson(row: DeploymentRow, now: number): DeploymentJson {
  return {
    deploymentId: row.id,
    alertId: row.alert_id,
    severity: row.severity,
    title: row.title,
    message: row.message,
    contentId: row.content_id,
    drill: row.drill === 1,
    status: deploymentPhase({ expiresAt: row.expires_at, stoppedAt: row.stopped_at }, now),
    startedAt: toIso(row.started_at),
    expiresAt: toIso(row.expires_at),
    stoppedAt: toIsoOrNull(row.stopped_at),
    startedBy: row.created_by,
    stoppedBy: row.stopped_by,
    targets: targetCounts(row.targeted_total, row.targeted_online),
  };
}
