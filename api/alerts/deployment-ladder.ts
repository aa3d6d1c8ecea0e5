/**
 * The ladder of a deployment, counted in the database. The arithmetic is that of hub/core/alert-ladder.ts; a test holds the
 * two together.
 *
 * Targeted are the active devices that the targets stand for now, and every device that has a receipt: one that was moved
 * away since has been reached all the same.
 */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import {
  completeLadder,
  percentileIndex,
  type DeploymentPhase,
  type Ladder,
  type LadderCounts,
  type LadderStage,
} from '../../hub/core/alert-ladder.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import { inScopeSql } from '../scope.ts';
import type { DeploymentReach } from './deployment-reach.ts';

const Count = Type.Integer({ minimum: 0 });
export const LadderJson = Type.Object({
  targeted: Count,
  online: Type.Integer({ minimum: 0, description: 'Of the targeted, online now' }),
  sent: Count,
  received: Count,
  displayed: Count,
  cleared: Count,
  failed: Type.Integer({ minimum: 0, description: 'Said that they cannot show it' }),
  expired: Type.Integer({ minimum: 0, description: 'Never displayed it before it ran out' }),
  unconfirmed: Type.Integer({ minimum: 0, description: 'Neither displayed nor failed' }),
});

const Latency = Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
  description: 'milliseconds; null while there is none',
});
export const LatencyJson = Type.Object({
  receivedP50Ms: Latency,
  receivedP99Ms: Latency,
  displayedP50Ms: Latency,
  displayedP99Ms: Latency,
});
export type LatencyJson = Static<typeof LatencyJson>;

/** Whether a device belongs to a stage, over `alert_receipts as r`, whose columns may all be null. */
export const STAGE_SQL: Readonly<Record<LadderStage, RawBuilder<SqlBool>>> = {
  all: sql<SqlBool>`1 = 1`,
  sent: sql<SqlBool>`coalesce(r.sent_at, r.received_at, r.displayed_at, r.cleared_at, r.failed_at) is not null`,
  received: sql<SqlBool>`coalesce(r.received_at, r.displayed_at, r.cleared_at, r.failed_at) is not null`,
  displayed: sql<SqlBool>`r.displayed_at is not null`,
  cleared: sql<SqlBool>`r.cleared_at is not null`,
  failed: sql<SqlBool>`(r.failed_at is not null and r.displayed_at is null)`,
  unconfirmed: sql<SqlBool>`(r.failed_at is null and r.displayed_at is null)`,
};

/** Derived table (id, status): targeted devices that have no receipt yet. */
export function silentDevices(actor: Actor, reach: DeploymentReach): RawBuilder<{ id: number; status: string }> {
  const { deploymentId, visibleGroupIds } = reach;
  const groups = sql.join(visibleGroupIds.length === 0 ? [0] : visibleGroupIds);
  return sql`(
    select s.id, s.status from (
      select id, status from devices
      where tenant_id = ${actor.tenantId} and group_id in (${groups}) and state = 'active'
      union
      select devices.id, devices.status from alert_targets t join devices on devices.id = t.target_id
      where t.deployment_id = ${deploymentId} and t.target_kind = 'device'
        and devices.tenant_id = ${actor.tenantId} and devices.state = 'active' and ${inScopeSql(actor, 'devices.group_id')}
    ) s
    where not exists (select 1 from alert_receipts r where r.deployment_id = ${deploymentId} and r.device_id = s.id)
  )`;
}

/** FROM and WHERE of the deployment's receipts: `alert_receipts as r`, and `devices`, null for one that was deleted. */
export function receiptRows(actor: Actor, deploymentId: number): RawBuilder<unknown> {
  return sql`from alert_receipts r left join devices on devices.id = r.device_id
    where r.deployment_id = ${deploymentId} and ${inScopeSql(actor, 'devices.group_id')}`;
}

type CountRow = Record<keyof LadderCounts, number | string>;

/** Counts the ladder of the devices that the actor may see. */
export async function readLadder(
  db: Kysely<Database>,
  actor: Actor,
  reach: DeploymentReach,
  phase: DeploymentPhase,
): Promise<Ladder> {
  const count = (condition: RawBuilder<SqlBool>) => sql`count(case when ${condition} then 1 end)`;
  const heard = await sql<CountRow>`
    select count(*) as targeted, count(case when devices.status = 'online' then 1 end) as online,
      ${count(STAGE_SQL.sent)} as sent, ${count(STAGE_SQL.received)} as received, ${count(STAGE_SQL.displayed)} as displayed,
      ${count(STAGE_SQL.cleared)} as cleared, ${count(STAGE_SQL.failed)} as failed
    ${receiptRows(actor, reach.deploymentId)}`.execute(db);
  const silent = await sql<Pick<CountRow, 'targeted' | 'online'>>`
    select count(*) as targeted, count(case when x.status = 'online' then 1 end) as online
    from ${silentDevices(actor, reach)} x`.execute(db);
  const [receipts, others] = [heard.rows[0], silent.rows[0]];
  if (receipts === undefined || others === undefined) throw new Error('a count gave no row');
  return completeLadder(
    {
      targeted: Number(receipts.targeted) + Number(others.targeted),
      online: Number(receipts.online) + Number(others.online),
      sent: Number(receipts.sent),
      received: Number(receipts.received),
      displayed: Number(receipts.displayed),
      cleared: Number(receipts.cleared),
      failed: Number(receipts.failed),
    },
    phase,
  );
}

/** Nearest-rank percentiles of accepted to received and accepted to displayed. The instants are all the hub's own clock. */
export async function readLatency(
  db: Kysely<Database>,
  actor: Actor,
  deploymentId: number,
  startedAt: number,
): Promise<LatencyJson> {
  const received = sql`coalesce(r.received_at, r.displayed_at)`;
  const displayed = sql`r.displayed_at`;
  const counted = await sql<{ received: number; displayed: number }>`
    select count(${received}) as received, count(${displayed}) as displayed ${receiptRows(actor, deploymentId)}`.execute(
    db,
  );
  const counts = {
    received: Number(counted.rows[0]?.received ?? 0),
    displayed: Number(counted.rows[0]?.displayed ?? 0),
  };
  const nth = async (instant: RawBuilder<unknown>, count: number, percent: number): Promise<number | null> => {
    const index = percentileIndex(count, percent);
    if (index === null) return null;
    const { rows } = await sql<{ at: number }>`
      select ${instant} as at ${receiptRows(actor, deploymentId)} and ${instant} is not null
      order by ${instant} limit 1 offset ${index}`.execute(db);
    const at = rows[0]?.at;
    // A clock set back between two hubs must not show a negative latency.
    return at === undefined ? null : Math.max(0, at - startedAt);
  };
  return {
    receivedP50Ms: await nth(received, counts.received, 50),
    receivedP99Ms: await nth(received, counts.received, 99),
    displayedP50Ms: await nth(displayed, counts.displayed, 50),
    displayedP99Ms: await nth(displayed, counts.displayed, 99),
  };
}
