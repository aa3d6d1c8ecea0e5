/** Reading from the database what a hub keeps in memory, as far as it concerns one device. */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import type { MediaSigner } from '../../hub/core/content-url.ts';
import { chainOf } from '../../hub/core/group-tree.ts';
import type { DeviceConfig, DeviceRecord, PendingCommand } from '../../hub/core/model.ts';
import { TenantModel, type TargetedAlert } from '../../hub/core/tenant-model.ts';
import type { ContentTable } from '../../migrations/content-tables.ts';
import type { Database } from '../../migrations/tables.ts';
import { contentReference } from '../content-reference.ts';
import { readTree } from '../groups/tree-rows.ts';

/** The identity of the history and how far it goes. */
export async function readPosition(db: Kysely<Database>): Promise<{ epoch: number; rev: number }> {
  const { value: rev } = await db
    .selectFrom('counters')
    .select('value')
    .where('name', '=', 'rev')
    .executeTakeFirstOrThrow();
  const { value: epoch } = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', 'epoch')
    .executeTakeFirstOrThrow();
  return { epoch: Number(epoch), rev };
}

/** The device's row and its open commands. */
export async function readRecord(db: Kysely<Database>, deviceId: number): Promise<DeviceRecord> {
  const row = await db
    .selectFrom('devices')
    .select(['tenant_id', 'group_id', 'config', 'state', 'credential_version', 'rev', 'placement_rev'])
    .where('id', '=', deviceId)
    .executeTakeFirstOrThrow();
  const commands = await db
    .selectFrom('commands')
    .select(['id', 'name', 'args', 'issued_at', 'expires_at'])
    .where('device_id', '=', deviceId)
    .where('state', 'in', ['pending', 'acknowledged'])
    .orderBy('id')
    .execute();
  return {
    deviceId,
    tenantId: row.tenant_id,
    groupId: row.group_id,
    config: JSON.parse(row.config) as DeviceConfig,
    active: row.state === 'active',
    credentialVersion: row.credential_version,
    rev: row.rev,
    placementRev: row.placement_rev,
    commands: commands.map((command) => ({
      commandId: command.id,
      name: command.name,
      args: JSON.parse(command.args) as PendingCommand['args'],
      issuedAt: command.issued_at,
      expiresAt: command.expires_at,
    })),
  };
}

/** The device's chain of groups, and what targets the chain or the device itself. */
export async function readModel(
  db: Kysely<Database>,
  media: MediaSigner,
  device: DeviceRecord,
  now: number,
): Promise<TenantModel> {
  const chain = chainOf(await readTree(db, device.tenantId), device.groupId);
  const groups = await db
    .selectFrom('groups')
    .select(['id', 'parent_id', 'config', 'rev', 'placement_rev'])
    .where('tenant_id', '=', device.tenantId)
    .where('id', 'in', idList(chain))
    .execute();
  const aimed = aimedAt(device.deviceId, chain);
  const schedules = await db
    .selectFrom('manifest_revs')
    .select(['target_kind', 'target_id', 'rev'])
    .where('tenant_id', '=', device.tenantId)
    .where((eb) => eb.or([aimed, eb('target_kind', '=', 'tenant')]))
    .execute();
  const { alerts, stopRev } = await readAlerts(db, media, device.tenantId, aimed, now);
  return new TenantModel(
    {
      tenantId: device.tenantId,
      groups: groups.map((row) => ({
        groupId: row.id,
        parentId: row.parent_id,
        config: JSON.parse(row.config) as DeviceConfig,
        rev: row.rev,
        placementRev: row.placement_rev,
      })),
      alerts,
      schedules: schedules.map((row) => ({ kind: row.target_kind, targetId: row.target_id, rev: row.rev })),
    },
    // The model remembers no stops: a device that claims an older rev may still show what was stopped.
    stopRev,
  );
}

/** No id is 0, so the list that matches nothing is a list all the same. */
function idList(ids: readonly number[]): readonly number[] {
  return ids.length === 0 ? [0] : ids;
}

function aimedAt(deviceId: number, chain: readonly number[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`((target_kind = 'device' and target_id = ${deviceId}) or (target_kind = 'group' and target_id in (${sql.join(idList(chain))})))`;
}

/** Alerts that are on, and the rev of the newest stop of one that would be on still. */
async function readAlerts(
  db: Kysely<Database>,
  media: MediaSigner,
  tenantId: number,
  aimed: RawBuilder<SqlBool>,
  now: number,
): Promise<{ alerts: TargetedAlert[]; stopRev: number }> {
  const rows = await db
    .selectFrom('alert_deployments as d')
    .innerJoin('alert_targets as t', 't.deployment_id', 'd.id')
    .leftJoin('content as c', 'c.id', 'd.content_id')
    .select(['d.id', 'd.alert_id', 'd.rev', 'd.stop_rev', 'd.status', 'd.severity', 'd.title', 'd.message', 'd.drill'])
    .select(['d.started_at', 'd.expires_at', 't.target_kind', 't.target_id'])
    .select(['c.id as content_id', 'c.type as content_type', 'c.url', 'c.storage_key', 'c.sha256'])
    .where('d.tenant_id', '=', tenantId)
    .where('d.status', 'in', ['active', 'stopped'])
    .where('d.expires_at', '>', now)
    .where(aimed)
    .execute();
  const alerts = rows
    .filter((row) => row.status === 'active')
    .map((row) => ({
      alert: {
        deploymentId: row.id,
        alertId: row.alert_id,
        rev: row.rev,
        severity: row.severity,
        title: row.title,
        message: row.message,
        content:
          row.content_id === null
            ? null
            : contentReference(
                media,
                {
                  id: row.content_id,
                  type: row.content_type as ContentTable['type'],
                  url: row.url,
                  storage_key: row.storage_key,
                  sha256: row.sha256,
                },
                row.expires_at,
              ),
        startedAt: row.started_at,
        expiresAt: row.expires_at,
        drill: row.drill === 1,
      },
      targets: {
        groupIds: row.target_kind === 'group' ? [row.target_id] : [],
        deviceIds: row.target_kind === 'device' ? [row.target_id] : [],
      },
    }));
  return { alerts, stopRev: Math.max(0, ...rows.map((row) => row.stop_rev ?? 0)) };
}
