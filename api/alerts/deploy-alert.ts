/**
 * Raising an alert. This path is on the clock: few round trips, everything that can be decided is decided before the change
 * counter's lock is taken, and nothing is written per device.
 */
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import { reduceTargets, subtreesOf, treeOf } from '../../hub/core/group-tree.ts';
import type { AlertContent, Severity, Targets } from '../../hub/core/model.ts';
import type { Database, TargetKind } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { ErrorDetail } from '../../protocol/errors.ts';
import type { Actor } from '../context.ts';
import { contentReference, readyContent } from '../content-reference.ts';
import { apiError } from '../errors.ts';
import { readTree } from '../groups/tree-rows.ts';
import { toIso } from '../iso-time.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { isGroupInScope } from '../scope.ts';
import { ALERT_TEXT } from './alert-json.ts';
import { TargetCounts, targetCounts } from './deployment-json.ts';

/** Devices named in one call. Past it: VALIDATION_ERROR; target their group instead. */
export const DEVICE_TARGETS_MAX = 5_000;
/** Groups named in one call. Past it: VALIDATION_ERROR. */
export const GROUP_TARGETS_MAX = 500;
const EXPIRES_SECONDS_MAX = 2_592_000;
const EXPIRES_SECONDS_DEFAULT = 3_600;
/** Rows of targets in one statement. */
const CHUNK = 1_000;

export const DeployRequest = Type.Object(
  {
    alertId: Type.Optional({ ...Id, description: 'A prepared alert; or else `alert`' }),
    alert: Type.Optional(Type.Object(ALERT_TEXT, { additionalProperties: false })),
    groupIds: Type.Optional(
      Type.Array(Id, { maxItems: GROUP_TARGETS_MAX, description: 'Each with its whole subtree' }),
    ),
    deviceIds: Type.Optional(Type.Array(Id, { maxItems: DEVICE_TARGETS_MAX })),
    expiresInSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: EXPIRES_SECONDS_MAX, default: EXPIRES_SECONDS_DEFAULT }),
    ),
    drill: Type.Optional(Type.Boolean({ description: 'An exercise: screens say so' })),
  },
  { additionalProperties: false },
);
type DeployBody = Static<typeof DeployRequest>;

export const DeployedAlert = Type.Object({
  deploymentId: Id,
  status: Type.Enum(['active']),
  targets: TargetCounts,
  startedAt: Timestamp,
  expiresAt: Timestamp,
});
type DeployedAlert = Static<typeof DeployedAlert>;

interface AlertText {
  readonly alertId: number | null;
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  readonly content: AlertContent | null;
}

interface Audience extends Targets {
  readonly total: number;
  readonly online: number;
}

/**
 * Raises an alert on groups and devices until it is stopped or runs out. VALIDATION_ERROR without a text or a target;
 * NOT_FOUND naming the field for an alert, content, group or device that is not there for the actor; CONFLICT for content
 * that is not ready.
 */
export async function deployAlert(call: Call<unknown, unknown, DeployBody>): Promise<DeployedAlert> {
  checkRequest(call.body);
  return mutate(call, (tx, now) => deploy(tx, call.actor, call.body, now));
}

function checkRequest({ alertId, alert, groupIds = [], deviceIds = [] }: DeployBody): void {
  const details: ErrorDetail[] = [];
  if ((alertId === undefined) === (alert === undefined)) {
    details.push({ field: 'alert', message: 'give either alertId or alert' });
  }
  if (groupIds.length + deviceIds.length === 0)
    details.push({ field: 'groupIds', message: 'name at least one group or device' });
  if (details.length > 0) throw apiError('VALIDATION_ERROR', 'The request is not valid', details);
}

async function deploy(
  tx: Transaction<Database>,
  actor: Actor,
  body: DeployBody,
  now: number,
): Promise<Mutation<DeployedAlert>> {
  const text = await readText(tx, actor.tenantId, body);
  const audience = await findAudience(tx, actor, body);
  const expiresAt = now + (body.expiresInSeconds ?? EXPIRES_SECONDS_DEFAULT) * 1000;
  const drill = body.drill ?? false;
  const { insertId } = await tx
    .insertInto('alert_deployments')
    .values({
      tenant_id: actor.tenantId,
      alert_id: text.alertId,
      severity: text.severity,
      title: text.title,
      message: text.message,
      content_id: text.content?.id ?? null,
      drill: drill ? 1 : 0,
      status: 'active',
      started_at: now,
      expires_at: expiresAt,
      stopped_at: null,
      stopped_by: null,
      created_by: actor.userId,
      targeted_total: audience.total,
      targeted_online: audience.online,
      rev: 0,
      stop_rev: null,
    })
    .executeTakeFirstOrThrow();
  const deploymentId = Number(insertId);
  await insertTargets(tx, actor.tenantId, deploymentId, audience);
  const { groupIds, deviceIds } = audience;
  return {
    data: {
      deploymentId,
      status: 'active',
      targets: targetCounts(audience.total, audience.online),
      startedAt: toIso(now),
      expiresAt: toIso(expiresAt),
    },
    changes: [
      {
        kind: 'alert.started',
        alert: { deploymentId, ...text, startedAt: now, expiresAt, drill },
        groupIds,
        deviceIds,
      },
    ],
    audit: {
      action: 'alert.deployed',
      entity: 'alert_deployment',
      entityId: deploymentId,
      detail: {
        alertId: text.alertId,
        severity: text.severity,
        title: text.title,
        drill,
        groupIds,
        deviceIds,
        total: audience.total,
      },
    },
    stamp: async (locked, [rev = 0]) => {
      await locked.updateTable('alert_deployments').set({ rev }).where('id', '=', deploymentId).execute();
    },
  };
}

/** What the screens will say: of the prepared alert, or as given. */
async function readText(
  tx: Transaction<Database>,
  tenantId: number,
  { alertId, alert }: DeployBody,
): Promise<AlertText> {
  if (alert !== undefined) {
    const content =
      alert.contentId == null ? null : await readyContent(tx, tenantId, alert.contentId, 'alert.contentId');
    return { alertId: null, severity: alert.severity, title: alert.title.trim(), message: alert.message, content };
  }
  const row = await tx
    .selectFrom('alerts as a')
    .leftJoin('content as c', 'c.id', 'a.content_id')
    .select(['a.severity', 'a.title', 'a.message', 'a.content_id'])
    .select(['c.type', 'c.url', 'c.storage_key', 'c.sha256', 'c.status'])
    .where('a.id', '=', alertId as number)
    .where('a.tenant_id', '=', tenantId)
    .executeTakeFirst();
  if (row === undefined) throw noneOf('alertId', 'alert', [alertId as number]);
  const { severity, title, message, content_id: contentId, type, url, storage_key, sha256, status } = row;
  if (contentId !== null && status !== 'ready') {
    throw apiError('CONFLICT', "The alert's content is not ready", [
      { field: 'alertId', message: `content ${contentId} is ${status ?? 'gone'}` },
    ]);
  }
  const content =
    contentId === null || type === null ? null : contentReference({ id: contentId, type, url, storage_key, sha256 });
  return { alertId: alertId as number, severity, title, message, content };
}

function noneOf(field: string, what: string, ids: readonly number[]): Error {
  return apiError('NOT_FOUND', `No such ${what}`, [
    { field, message: `there is no ${what} ${ids.slice(0, 20).join(', ')}` },
  ]);
}

/** The smallest set of targets, and how many active devices stand in it. Every target must be there for the actor. */
async function findAudience(tx: Transaction<Database>, actor: Actor, body: DeployBody): Promise<Audience> {
  const groupIds = [...new Set(body.groupIds)];
  const tree = groupIds.length === 0 ? treeOf([]) : await readTree(tx, actor.tenantId);
  const noGroups = groupIds.filter((id) => !tree.parentOf.has(id) || !isGroupInScope(actor, id));
  if (noGroups.length > 0) throw noneOf('groupIds', 'group', noGroups);

  const deviceIds = [...new Set(body.deviceIds)];
  const devices = new Map<number, { group_id: number | null; state: string; status: string }>();
  if (deviceIds.length > 0) {
    const rows = await tx
      .selectFrom('devices')
      .select(['id', 'group_id', 'state', 'status'])
      .where('tenant_id', '=', actor.tenantId)
      .where('id', 'in', deviceIds)
      .execute();
    for (const row of rows) if (isGroupInScope(actor, row.group_id)) devices.set(row.id, row);
  }
  const noDevices = deviceIds.filter((id) => !devices.has(id));
  if (noDevices.length > 0) throw noneOf('deviceIds', 'device', noDevices);

  const groupOfDevice = new Map([...devices].map(([id, row]) => [id, row.group_id]));
  const targets = reduceTargets(tree, groupOfDevice, { groupIds, deviceIds });
  const inGroups = await countActive(tx, actor.tenantId, [...subtreesOf(tree, targets.groupIds)]);
  const named = targets.deviceIds.map((id) => devices.get(id)).filter((row) => row?.state === 'active');
  return {
    ...targets,
    total: inGroups.total + named.length,
    online: inGroups.online + named.filter((row) => row?.status === 'online').length,
  };
}

async function countActive(
  tx: Transaction<Database>,
  tenantId: number,
  groupIds: readonly number[],
): Promise<{ total: number; online: number }> {
  if (groupIds.length === 0) return { total: 0, online: 0 };
  const row = await tx
    .selectFrom('devices')
    .select((eb) => [
      eb.fn.countAll<number>().as('total'),
      eb.fn.count<number>(eb.case().when('status', '=', 'online').then(1).end()).as('online'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('group_id', 'in', groupIds)
    .where('state', '=', 'active')
    .executeTakeFirstOrThrow();
  return { total: Number(row.total), online: Number(row.online) };
}

async function insertTargets(
  tx: Transaction<Database>,
  tenantId: number,
  deploymentId: number,
  targets: Targets,
): Promise<void> {
  const row = (kind: TargetKind, id: number) => ({
    tenant_id: tenantId,
    deployment_id: deploymentId,
    target_kind: kind,
    target_id: id,
  });
  const rows = [...targets.groupIds.map((id) => row('group', id)), ...targets.deviceIds.map((id) => row('device', id))];
  for (let at = 0; at < rows.length; at += CHUNK) {
    await tx
      .insertInto('alert_targets')
      .values(rows.slice(at, at + CHUNK))
      .execute();
  }
}
