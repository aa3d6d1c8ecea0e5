/** Reading what expected time is computed from: deployments with their history, and devices with their chains and zones. */
import { sql, type Kysely } from 'kysely';
import { chainOf } from '../../hub/core/group-tree.ts';
import type { DeviceConfig } from '../../hub/core/model.ts';
import type { Database } from '../../migrations/tables.ts';
import type { Layout, Timing } from '../../protocol/schedule.ts';
import { apiError } from '../errors.ts';
import { treeOfRows } from '../groups/tree-rows.ts';
import {
  deployedSpans,
  targetKey,
  type DeployedSpan,
  type DeploymentAct,
  type Target,
  type WithdrawalAct,
} from './expected-spans.ts';

/** Deployments that one report looks at. Past it: VALIDATION_ERROR. */
const DEPLOYMENTS_MAX = 5_000;
/** Ids of one query. */
const IDS_MAX = 1_000;

/** What was deployed. */
export interface DeployedSchedule {
  readonly priority: number;
  /** Every zone shows something all the time, so that an hour of two zones is two hours of plays. */
  readonly zones: number;
  readonly timing: Timing;
}

export interface DeploymentHistory {
  /** Spans that reach into the time asked for, by `targetKey`. */
  readonly spansOf: ReadonlyMap<string, readonly DeployedSpan[]>;
  readonly deployed: ReadonlyMap<number, DeployedSchedule>;
}

interface TargetIds {
  readonly groupIds?: readonly number[];
  readonly deviceIds?: readonly number[];
}

function targetsOf({ groupIds = [], deviceIds = [] }: TargetIds): Target[] {
  return [
    ...groupIds.map((id): Target => ({ kind: 'group', id })),
    ...deviceIds.map((id): Target => ({ kind: 'device', id })),
  ];
}

/** What was deployed over the time, and where. VALIDATION_ERROR when it is too much. */
export async function readHistory(
  db: Kysely<Database>,
  tenantId: number,
  fromMs: number,
  toMs: number,
): Promise<DeploymentHistory> {
  const deployed = await readDeployed(db, tenantId, fromMs, toMs);
  const scheduleIds = [...new Set([...deployed.values()].map(({ scheduleId }) => scheduleId))];
  const acts = await readActs(db, tenantId, scheduleIds, toMs);
  const withdrawals = await readWithdrawals(db, tenantId, scheduleIds);
  const assigned = await readAssigned(db, tenantId, scheduleIds);
  const spans = deployedSpans(acts, withdrawals, (id, target) => assigned.has(`${id}:${targetKey(target)}`)).filter(
    ({ deploymentId, startMs, endMs }) => deployed.has(deploymentId) && startMs < toMs && endMs > fromMs,
  );
  return { spansOf: Map.groupBy(spans, ({ target }) => targetKey(target)), deployed };
}

async function readDeployed(
  db: Kysely<Database>,
  tenantId: number,
  fromMs: number,
  toMs: number,
): Promise<Map<number, DeployedSchedule & { scheduleId: number }>> {
  const rows = await db
    .selectFrom('deployments')
    .select(['id', 'schedule_id', 'snapshot'])
    .where('tenant_id', '=', tenantId)
    .where('created_at', '<', toMs)
    .where((eb) => eb.or([eb('withdrawn_at', 'is', null), eb('withdrawn_at', '>', fromMs)]))
    .limit(DEPLOYMENTS_MAX + 1)
    .execute();
  if (rows.length > DEPLOYMENTS_MAX) {
    throw apiError('VALIDATION_ERROR', 'Too much was deployed in this time: ask for less of it', [
      { field: 'from', message: `at most ${DEPLOYMENTS_MAX} deployments may reach into the time` },
    ]);
  }
  return new Map(
    rows.map((row) => {
      const { priority, layout, timing } = JSON.parse(row.snapshot) as {
        priority: number;
        layout: Partial<Layout>;
        timing: Timing;
      };
      return [row.id, { scheduleId: row.schedule_id, priority, zones: layout.zones?.length ?? 1, timing }];
    }),
  );
}

async function readActs(
  db: Kysely<Database>,
  tenantId: number,
  scheduleIds: readonly number[],
  toMs: number,
): Promise<DeploymentAct[]> {
  const acts: DeploymentAct[] = [];
  for (let at = 0; at < scheduleIds.length; at += IDS_MAX) {
    const rows = await db
      .selectFrom('deployments')
      .select(['id', 'schedule_id', 'created_at', 'withdrawn_at', 'targets'])
      .where('tenant_id', '=', tenantId)
      .where('schedule_id', 'in', scheduleIds.slice(at, at + IDS_MAX))
      .where('created_at', '<', toMs)
      .execute();
    for (const row of rows) {
      acts.push({
        id: row.id,
        scheduleId: row.schedule_id,
        createdAt: row.created_at,
        withdrawnAt: row.withdrawn_at,
        targets: row.targets === null ? [] : targetsOf(JSON.parse(row.targets) as TargetIds),
      });
    }
  }
  return acts;
}

/** Withdrawals are not kept with the deployments; the audit tells of them. */
async function readWithdrawals(
  db: Kysely<Database>,
  tenantId: number,
  scheduleIds: readonly number[],
): Promise<WithdrawalAct[]> {
  const acts: WithdrawalAct[] = [];
  for (let at = 0; at < scheduleIds.length; at += IDS_MAX) {
    const rows = await db
      .selectFrom('audit_logs')
      .select(['entity_id', 'detail', 'created_at'])
      .where('tenant_id', '=', tenantId)
      .where('entity', '=', 'schedule')
      .where('entity_id', 'in', scheduleIds.slice(at, at + IDS_MAX))
      .where('action', '=', 'schedule.withdrawn')
      .execute();
    for (const row of rows) {
      if (row.entity_id === null) continue;
      const targets = targetsOf(JSON.parse(row.detail) as TargetIds);
      acts.push({ scheduleId: row.entity_id, at: row.created_at, targets });
    }
  }
  return acts;
}

async function readAssigned(
  db: Kysely<Database>,
  tenantId: number,
  scheduleIds: readonly number[],
): Promise<Set<string>> {
  const assigned = new Set<string>();
  for (let at = 0; at < scheduleIds.length; at += IDS_MAX) {
    const rows = await db
      .selectFrom('schedule_assignments')
      .select(['deployment_id', 'target_kind', 'target_id'])
      .where('tenant_id', '=', tenantId)
      .where('schedule_id', 'in', scheduleIds.slice(at, at + IDS_MAX))
      .execute();
    for (const row of rows) {
      assigned.add(`${row.deployment_id}:${targetKey({ kind: row.target_kind, id: row.target_id })}`);
    }
  }
  return assigned;
}

/** A device as far as expected time depends on it. */
export interface ExpectedDevice {
  readonly id: number;
  readonly name: string;
  readonly groupId: number | null;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Groups from its own to the top, as they stand now. */
  readonly chain: readonly number[];
  /** Time zone of schedules that name none. */
  readonly zone: string;
}

export interface DeviceReader {
  count(): Promise<number>;
  /** Devices by id, after the one given. */
  after(id: number, limit: number): Promise<ExpectedDevice[]>;
  /** Devices by id, after so many. */
  from(offset: number, limit: number): Promise<ExpectedDevice[]>;
}

/** Reads the tenant's active devices: all, or those in some groups, or one. */
export async function deviceReader(
  db: Kysely<Database>,
  tenantId: number,
  groupIds: readonly number[] | null,
  deviceId: number | undefined,
): Promise<DeviceReader> {
  const groups = await db
    .selectFrom('groups')
    .select(['id', 'parent_id', 'config'])
    .where('tenant_id', '=', tenantId)
    .execute();
  const tree = treeOfRows(groups);
  const zones = new Map(groups.map((row) => [row.id, (JSON.parse(row.config) as DeviceConfig).timezone]));
  let chosen = db.selectFrom('devices').where('tenant_id', '=', tenantId).where('state', '=', 'active');
  if (groupIds !== null) {
    chosen = chosen.where(
      groupIds.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`group_id in (${sql.join(groupIds)})`,
    );
  }
  if (deviceId !== undefined) chosen = chosen.where('id', '=', deviceId);
  const ordered = chosen.select(['id', 'name', 'group_id', 'config', 'created_at']).orderBy('id');
  const deviceOf = (row: Awaited<ReturnType<typeof ordered.execute>>[number]): ExpectedDevice => {
    const chain = chainOf(tree, row.group_id);
    const own = (JSON.parse(row.config) as DeviceConfig).timezone;
    const zone = own ?? chain.map((id) => zones.get(id)).find((found) => found !== undefined) ?? 'UTC';
    return { id: row.id, name: row.name, groupId: row.group_id, createdAt: row.created_at, chain, zone };
  };
  return {
    async count() {
      const row = await chosen.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
      return Number(row.total);
    },
    after: async (id, limit) => (await ordered.where('id', '>', id).limit(limit).execute()).map(deviceOf),
    from: async (offset, limit) => (await ordered.limit(limit).offset(offset).execute()).map(deviceOf),
  };
}
