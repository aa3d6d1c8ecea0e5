/** Reading deployments: the list, one with its ladder, and its devices. */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import { deploymentPhase, LADDER_STAGES } from '../../hub/core/alert-ladder.ts';
import type { Database } from '../../migrations/tables.ts';
import { Id, Severity } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { readTree } from '../groups/tree-rows.ts';
import { fromInstantQuery, InstantQuery } from '../iso-time.ts';
import { likePattern, listQuery, sortOf, type Call, type Page } from '../route.ts';
import {
  DEPLOYMENT_COLUMNS,
  deploymentJson,
  DeploymentStatus,
  TargetCounts,
  type DeploymentRow,
} from './deployment-json.ts';
import { LadderJson, LatencyJson, readLadder, readLatency } from './deployment-ladder.ts';
import { NamedDeploymentJson, withNames } from './deployment-names.ts';
import { noSuchDeployment, readReach, visibleDeployments, type DeploymentReach } from './deployment-reach.ts';
import { readReceipts, type ReceiptJson } from './deployment-receipts.ts';
import { readTimeline, type TimelineJson } from './deployment-timeline.ts';

export const DeploymentsQuery = listQuery(['startedAt', 'expiresAt', 'deploymentId'], {
  status: Type.Optional(DeploymentStatus),
  severity: Type.Optional(Severity),
  drill: Type.Optional(Type.Boolean()),
  startedBy: Type.Optional({ ...Id, description: 'Raised by this user' }),
  alertId: Type.Optional(Id),
  from: Type.Optional({ ...InstantQuery, description: 'Started at this instant or later' }),
  to: Type.Optional({ ...InstantQuery, description: 'Started before this instant' }),
});
const SORT_COLUMNS = { startedAt: 'd.started_at', expiresAt: 'd.expires_at', deploymentId: 'd.id' } as const;

export const DeploymentDetailJson = Type.Object({
  ...NamedDeploymentJson.properties,
  targets: Type.Object({
    ...TargetCounts.properties,
    groupIds: Type.Array(Id, { description: 'Groups as targeted, each with its subtree' }),
    deviceIds: Type.Array(Id),
  }),
  ladder: LadderJson,
  latency: LatencyJson,
});

export const ReceiptsQuery = listQuery(
  ['deviceId', 'name', 'sentAt', 'receivedAt', 'displayedAt', 'clearedAt', 'failedAt'],
  {
    stage: {
      ...Type.Enum([...LADDER_STAGES], { default: 'all' }),
      description: 'Those that have come this far; `unconfirmed`: neither displayed nor failed',
    },
  },
);

/** How each phase is told in SQL: the same as deploymentPhase. */
function phaseIs(phase: Static<typeof DeploymentStatus>, now: number): RawBuilder<SqlBool> {
  const stopped = sql<SqlBool>`(d.stopped_at is not null and d.stopped_at < d.expires_at)`;
  if (phase === 'stopped') return stopped;
  return phase === 'expired'
    ? sql<SqlBool>`(not ${stopped} and d.expires_at <= ${now})`
    : sql<SqlBool>`(d.status = 'active' and d.expires_at > ${now})`;
}

/** Deployments that reach anything the actor may see, the newest first. */
export async function listDeployments(
  call: Call<unknown, Static<typeof DeploymentsQuery>, unknown>,
): Promise<{ data: NamedDeploymentJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { status, severity, drill, startedBy, alertId, q, page, limit } = query;
  const now = ctx.clock.now();
  let found = ctx.db.sql.selectFrom('alert_deployments as d').where('d.tenant_id', '=', actor.tenantId);
  if (actor.scope !== null) found = found.where(visibleDeployments(actor, await readTree(ctx.db.sql, actor.tenantId)));
  if (status !== undefined) found = found.where(phaseIs(status, now));
  if (severity !== undefined) found = found.where('d.severity', '=', severity);
  if (startedBy !== undefined) found = found.where('d.created_by', '=', startedBy);
  if (drill !== undefined) found = found.where('d.drill', '=', drill ? 1 : 0);
  if (alertId !== undefined) found = found.where('d.alert_id', '=', alertId);
  if (query.from !== undefined) found = found.where('d.started_at', '>=', fromInstantQuery('from', query.from));
  if (query.to !== undefined) found = found.where('d.started_at', '<', fromInstantQuery('to', query.to));
  if (q !== undefined) {
    const pattern = likePattern(q);
    found = found.where(
      sql<SqlBool>`(lower(d.title) like lower(${pattern}) escape '!' or lower(d.message) like lower(${pattern}) escape '!')`,
    );
  }
  const { column, direction } = sortOf(query.sort, '-deploymentId');
  const { total } = await found.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(DEPLOYMENT_COLUMNS.map((name) => `d.${name}` as const))
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('d.id', direction)
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  const data = await withNames(
    ctx.db.sql,
    actor.tenantId,
    rows.map((row) => deploymentJson(row, now)),
  );
  return { data, page: { page, limit, total: Number(total) } };
}

async function findDeployment(
  call: Call<{ id: number }, unknown, unknown>,
): Promise<{ row: DeploymentRow; reach: DeploymentReach }> {
  const { ctx, actor, params } = call;
  const row = await ctx.db.sql
    .selectFrom('alert_deployments')
    .select(DEPLOYMENT_COLUMNS)
    .where('id', '=', params.id)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw noSuchDeployment();
  return { row, reach: await readReach(ctx.db.sql, actor, row.id) };
}

/** Of the devices named, those that were not deleted since: nobody can aim at the others again. */
async function stillThere(db: Kysely<Database>, actor: Actor, deviceIds: readonly number[]): Promise<number[]> {
  if (deviceIds.length === 0) return [];
  const rows = await db
    .selectFrom('devices')
    .select('id')
    .where('tenant_id', '=', actor.tenantId)
    .where('id', 'in', deviceIds)
    .orderBy('id')
    .execute();
  return rows.map((row) => row.id);
}

/** One deployment with its ladder and latencies, counted over the devices the actor may see. NOT_FOUND when there are none. */
export async function getDeployment(
  call: Call<{ id: number }, unknown, unknown>,
): Promise<Static<typeof DeploymentDetailJson>> {
  const { ctx, actor } = call;
  const now = ctx.clock.now();
  const { row, reach } = await findDeployment(call);
  const phase = deploymentPhase({ expiresAt: row.expires_at, stoppedAt: row.stopped_at }, now);
  const [facts] = await withNames(ctx.db.sql, actor.tenantId, [deploymentJson(row, now)]);
  if (facts === undefined) throw new Error('one deployment was named as none');
  return {
    ...facts,
    targets: {
      ...facts.targets,
      groupIds: [...reach.groupIds],
      deviceIds: await stillThere(ctx.db.sql, actor, reach.deviceIds),
    },
    ladder: await readLadder(ctx.db.sql, actor, reach, phase),
    latency: await readLatency(ctx.db.sql, actor, row.id, row.started_at),
  };
}

/** How a deployment came to the devices the actor may see, over time. NOT_FOUND when there are none. */
export async function getTimeline(call: Call<{ id: number }, unknown, unknown>): Promise<Static<typeof TimelineJson>> {
  const { row } = await findDeployment(call);
  return { points: await readTimeline(call.ctx.db.sql, call.actor, row.id, row.started_at) };
}

/** The devices of a deployment that have come as far as `stage`, with their times. */
export async function listReceipts(
  call: Call<{ id: number }, Static<typeof ReceiptsQuery>, unknown>,
): Promise<{ data: ReceiptJson[]; page: Page }> {
  const { ctx, actor, query } = call;
  const { stage, q, page, limit } = query;
  const { reach } = await findDeployment(call);
  const sort = sortOf(query.sort, 'deviceId');
  const { receipts, total } = await readReceipts(ctx.db.sql, actor, reach, {
    stage,
    q,
    sort,
    limit,
    offset: (page - 1) * limit,
  });
  return { data: receipts, page: { page, limit, total } };
}
