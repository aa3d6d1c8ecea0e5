/**
 * Raising an alert. This path is on the clock: few round trips, everything that can be decided is decided before the change
 * counter's lock is taken, and nothing is written per device.
 */
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { AlertContent, Severity, Targets } from '../../hub/core/model.ts';
import type { TargetKind } from '../../migrations/columns.ts';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { ErrorDetail } from '../../protocol/errors.ts';
import type { Actor } from '../context.ts';
import { DEVICE_TARGETS_MAX, findAudience, GROUP_TARGETS_MAX, noneOf } from '../audience.ts';
import { contentReference, readyContent, type ContentReferenceRow } from '../content-reference.ts';
import { apiError } from '../errors.ts';
import { toIso } from '../iso-time.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { ALERT_TEXT } from './alert-json.ts';
import { EXPIRES_SECONDS_MAX, TargetCounts, targetCounts } from './deployment-json.ts';

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

/**
 * Raises an alert on groups and devices until it is stopped or runs out. VALIDATION_ERROR without a text or a target;
 * NOT_FOUND naming the field for an alert, content, group or device that is not there for the actor; CONFLICT for content
 * that is not ready.
 */
export async function deployAlert(call: Call<unknown, unknown, DeployBody>): Promise<DeployedAlert> {
  checkRequest(call.body);
  return mutate(call, (tx, now) => deploy(tx, call, now));
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
  { ctx, actor, body }: Call<unknown, unknown, DeployBody>,
  now: number,
): Promise<Mutation<DeployedAlert>> {
  const expiresAt = now + (body.expiresInSeconds ?? EXPIRES_SECONDS_DEFAULT) * 1000;
  const reference = (row: ContentReferenceRow): AlertContent => contentReference(ctx.media, row, expiresAt);
  const text = await readText(tx, actor, body, reference);
  const audience = await findAudience(tx, actor, body);
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
  actor: Actor,
  { alertId, alert }: DeployBody,
  reference: (row: ContentReferenceRow) => AlertContent,
): Promise<AlertText> {
  if (alert !== undefined) {
    const content =
      alert.contentId == null ? null : reference(await readyContent(tx, actor, alert.contentId, 'alert.contentId'));
    return { alertId: null, severity: alert.severity, title: alert.title.trim(), message: alert.message, content };
  }
  const row = await tx
    .selectFrom('alerts as a')
    .leftJoin('content as c', 'c.id', 'a.content_id')
    .select(['a.severity', 'a.title', 'a.message', 'a.content_id'])
    .select(['c.type', 'c.url', 'c.storage_key', 'c.sha256', 'c.status'])
    .where('a.id', '=', alertId as number)
    .where('a.tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw noneOf('alertId', 'alert', [alertId as number]);
  const { severity, title, message, content_id: contentId, type, url, storage_key, sha256, status } = row;
  if (contentId !== null && status !== 'ready') {
    throw apiError('CONFLICT', "The alert's content is not ready", [
      { field: 'alertId', message: `content ${contentId} is ${status ?? 'gone'}` },
    ]);
  }
  const content =
    contentId === null || type === null ? null : reference({ id: contentId, type, url, storage_key, sha256 });
  return { alertId: alertId as number, severity, title, message, content };
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
