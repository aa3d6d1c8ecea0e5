/**
 * What uses content: a draft, a deployed schedule, a prepared alert, an alert on screens. Used content is not deleted.
 *
 * Whoever begins to use content and whoever deletes it lock its row first (FOR UPDATE; several rows in the order of their ids), and
 * read only then: so each sees what the other did.
 */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import type { ErrorDetail } from '../../protocol/errors.ts';
import { Id } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import type { Call } from '../route.ts';
import { isGroupInScope } from '../scope.ts';
import { findContent } from './find-content.ts';

/** Uses that one answer lists of each kind; there may be more. */
const LISTED_MAX = 200;

export const UsageJson = Type.Object({
  schedules: Type.Array(Type.Object({ id: Id, name: Type.String() }), {
    description: 'Schedules as they are written now',
  }),
  deployments: Type.Array(Type.Object({ id: Id, scheduleId: Id }), {
    description: 'Schedules as they are on screens now',
  }),
  alerts: Type.Array(Type.Object({ id: Id, title: Type.String() }), { description: 'Prepared alerts' }),
  activeAlerts: Type.Array(Id, { description: 'Deployments of alerts that are on screens now' }),
  hidden: Type.Integer({ description: 'Schedules and their deployments that you may not see' }),
});
export type Usage = Static<typeof UsageJson>;

/** What uses the content now, as the actor may see it; of each kind at most LISTED_MAX. */
export async function usageOf(
  db: Kysely<Database>,
  actor: Pick<Actor, 'tenantId' | 'scope'>,
  contentId: number,
  now: number,
): Promise<Usage> {
  const schedules = await db
    .selectFrom('schedule_content')
    .innerJoin('schedules', 'schedules.id', 'schedule_content.schedule_id')
    .select(['schedules.id', 'schedules.name', 'schedules.group_id'])
    .where('schedule_content.content_id', '=', contentId)
    .where('schedules.tenant_id', '=', actor.tenantId)
    .orderBy('schedules.id')
    .limit(LISTED_MAX)
    .execute();
  const deployments = await db
    .selectFrom('deployment_content')
    .innerJoin('deployments', 'deployments.id', 'deployment_content.deployment_id')
    .leftJoin('schedules', 'schedules.id', 'deployments.schedule_id')
    .select(['deployments.id', 'deployments.schedule_id', 'schedules.group_id'])
    .where('deployment_content.content_id', '=', contentId)
    .where('deployments.tenant_id', '=', actor.tenantId)
    .where('deployments.status', '=', 'active')
    .orderBy('deployments.id')
    .limit(LISTED_MAX)
    .execute();
  const alerts = await db
    .selectFrom('alerts')
    .select(['id', 'title'])
    .where('content_id', '=', contentId)
    .where('tenant_id', '=', actor.tenantId)
    .orderBy('id')
    .limit(LISTED_MAX)
    .execute();
  const active = await db
    .selectFrom('alert_deployments')
    .select('id')
    .where('content_id', '=', contentId)
    .where('tenant_id', '=', actor.tenantId)
    .where('status', '=', 'active')
    .where('expires_at', '>', now)
    .orderBy('id')
    .limit(LISTED_MAX)
    .execute();
  // What belongs to no group is everybody's to see (ownership.ts).
  const isSeen = (row: { group_id: number | null }): boolean =>
    row.group_id === null || isGroupInScope(actor, row.group_id);
  const seen = { schedules: schedules.filter(isSeen), deployments: deployments.filter(isSeen) };
  return {
    schedules: seen.schedules.map(({ id, name }) => ({ id, name })),
    deployments: seen.deployments.map((row) => ({ id: row.id, scheduleId: row.schedule_id })),
    alerts: alerts.map(({ id, title }) => ({ id, title })),
    activeAlerts: active.map(({ id }) => id),
    hidden: schedules.length + deployments.length - seen.schedules.length - seen.deployments.length,
  };
}

const NAMED_MAX = 20;

/** The uses as details of a refusal; empty when there are none. */
export function usageDetails(usage: Usage): ErrorDetail[] {
  const listed = (field: string, what: string, ids: readonly number[]): ErrorDetail[] =>
    ids.length === 0 ? [] : [{ field, message: `used by ${what} ${ids.slice(0, NAMED_MAX).join(', ')}` }];
  const ids = (rows: readonly { id: number }[]): number[] => rows.map(({ id }) => id);
  return [
    ...listed('schedules', 'schedule', ids(usage.schedules)),
    ...listed('deployments', 'schedule deployment', ids(usage.deployments)),
    ...listed('alerts', 'prepared alert', ids(usage.alerts)),
    ...listed('activeAlerts', 'alert deployment', usage.activeAlerts),
    ...(usage.hidden === 0 ? [] : [{ field: 'hidden', message: `used ${usage.hidden} times where you may not look` }]),
  ];
}

/** GET /content/:id/usage */
export async function getUsage({ ctx, actor, params }: Call<{ id: number }>): Promise<Usage> {
  const { id } = await findContent(ctx.db.sql, actor, params.id);
  return usageOf(ctx.db.sql, actor, id, ctx.clock.now());
}
