/** Deployments of alerts as events tell of them. */
import type { Kysely } from 'kysely';
import type { Database } from '../../migrations/tables.ts';
import { toIso } from '../iso-time.ts';
import type { EventDeployment } from './event-json.ts';

/** A deployment's facts, and what decides whether there is anything to tell. Instants are epoch milliseconds. */
export interface DeploymentFacts {
  readonly tenantId: number;
  readonly startedAt: number;
  readonly expiresAt: number;
  readonly stoppedAt: number | null;
  /** As events carry it; `stoppedAt` is for the teller to add. */
  readonly deployment: Omit<EventDeployment, 'stoppedAt'>;
}

/** Reads deployments with their targets; ids of none are left out. */
export async function readDeploymentFacts(
  db: Kysely<Database>,
  deploymentIds: readonly number[],
): Promise<Map<number, DeploymentFacts>> {
  const found = new Map<number, DeploymentFacts>();
  if (deploymentIds.length === 0) return found;
  const rows = await db
    .selectFrom('alert_deployments')
    .select(['id', 'tenant_id', 'alert_id', 'severity', 'title', 'message', 'drill'])
    .select(['started_at', 'expires_at', 'stopped_at', 'targeted_total', 'targeted_online'])
    .where('id', 'in', [...deploymentIds])
    .execute();
  const targets = await db
    .selectFrom('alert_targets')
    .select(['deployment_id', 'target_kind', 'target_id'])
    .where('deployment_id', 'in', [...deploymentIds])
    .orderBy('target_id')
    .execute();
  const aims = new Map<number, { groupIds: number[]; deviceIds: number[] }>();
  for (const target of targets) {
    const aim = aims.get(target.deployment_id) ?? { groupIds: [], deviceIds: [] };
    (target.target_kind === 'group' ? aim.groupIds : aim.deviceIds).push(target.target_id);
    aims.set(target.deployment_id, aim);
  }
  for (const row of rows) {
    const { groupIds, deviceIds } = aims.get(row.id) ?? { groupIds: [], deviceIds: [] };
    found.set(row.id, {
      tenantId: row.tenant_id,
      startedAt: row.started_at,
      expiresAt: row.expires_at,
      stoppedAt: row.stopped_at,
      deployment: {
        deploymentId: row.id,
        alertId: row.alert_id,
        severity: row.severity,
        title: row.title,
        message: row.message,
        drill: row.drill === 1,
        startedAt: toIso(row.started_at),
        expiresAt: toIso(row.expires_at),
        targets: { groupIds, deviceIds, total: row.targeted_total, online: row.targeted_online },
      },
    });
  }
  return found;
}
