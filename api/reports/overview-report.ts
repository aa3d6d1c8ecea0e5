/**
 * What somebody on duty has to look at: screens that have been away for long, content and deployments that failed, notifications that
 * were given up; and how much there is at all, so that a new installation can be told from a quiet one.
 */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { toIso } from '../iso-time.ts';
import { ownedSql } from '../ownership.ts';
import type { Call } from '../route.ts';
import { scheduleProgress } from '../schedules/deployment-progress.ts';
import { inScopeSql } from '../scope.ts';
import { inReportTurn } from './report-turns.ts';

/** Offline for longer than this is worth a look, in milliseconds. */
const OFFLINE_MS = 3_600_000;
/** Things of one kind that are named. */
const NAMED_MAX = 5;
/** Deployments whose progress is counted, the newest. */
const DEPLOYMENTS_MAX = 30;

const Count = Type.Integer({ minimum: 0 });
const NullableId = Type.Union([Id, Type.Null()]);

function some<T extends Parameters<typeof Type.Array>[0]>(item: T, description: string) {
  return Type.Object({ total: Count, items: Type.Array(item, { maxItems: NAMED_MAX }) }, { description });
}

const Device = { deviceId: Id, name: Type.String(), groupId: NullableId };
const OfflineDevice = Type.Object({ ...Device, lastSeen: Timestamp });
const NewDevice = Type.Object({ ...Device, createdAt: Timestamp });
const FailedContent = Type.Object({
  contentId: Id,
  name: Type.String(),
  failure: Type.Union([Type.String(), Type.Null()], { description: 'Why verification refused it' }),
  updatedAt: Timestamp,
});
const FailedDeployment = Type.Object({
  deploymentId: Id,
  scheduleId: Id,
  schedule: Type.String(),
  createdAt: Timestamp,
  targeted: Count,
  failed: { ...Count, description: 'Devices that said that they cannot play it' },
});

export const OverviewJson = Type.Object({
  devices: { ...Count, description: 'Active devices' },
  content: Count,
  alerts: { ...Count, description: 'Alerts raised since the beginning, in the whole tenant' },
  scheduleDeployments: { ...Count, description: 'Schedules deployed since the beginning, in the whole tenant' },
  offline: some(
    OfflineDevice,
    'Active devices that were online once and have been away for an hour, the longest first',
  ),
  neverConnected: some(NewDevice, 'Active devices that were never online, the oldest first'),
  failedContent: some(FailedContent, 'The newest first'),
  failedDeployments: some(
    FailedDeployment,
    `Among the newest ${DEPLOYMENTS_MAX} active deployments of schedules, those that a device cannot play`,
  ),
  deadLetters: Type.Union([Count, Type.Null()], {
    description: 'Notifications that were given up; null for who is no administrator',
  }),
});
export type OverviewJson = Static<typeof OverviewJson>;

export async function reportOverview({ ctx, actor }: Call<unknown, unknown, unknown>): Promise<OverviewJson> {
  const db = ctx.db.sql;
  const now = ctx.clock.now();
  return {
    ...(await countAll(db, actor)),
    offline: await readOffline(db, actor, now - OFFLINE_MS),
    neverConnected: await readNeverConnected(db, actor),
    failedContent: await readFailedContent(db, actor),
    failedDeployments: await inReportTurn(ctx.db, () => readFailedDeployments(db, actor)),
    deadLetters: actor.role === 'admin' ? await countDeadLetters(db, actor) : null,
  };
}

async function countAll(
  db: Kysely<Database>,
  actor: Actor,
): Promise<Pick<OverviewJson, 'devices' | 'content' | 'alerts' | 'scheduleDeployments'>> {
  const devices = await activeDevices(db, actor)
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow();
  const content = await db
    .selectFrom('content')
    .where('tenant_id', '=', actor.tenantId)
    .where(ownedSql(actor, 'content.group_id'))
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow();
  const everOf = async (table: 'alert_deployments' | 'deployments'): Promise<number> => {
    const { total } = await db
      .selectFrom(table)
      .where('tenant_id', '=', actor.tenantId)
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow();
    return Number(total);
  };
  return {
    devices: Number(devices.total),
    content: Number(content.total),
    alerts: await everOf('alert_deployments'),
    scheduleDeployments: await everOf('deployments'),
  };
}

/** As a query. */
function activeDevices(db: Kysely<Database>, actor: Actor) {
  return db
    .selectFrom('devices')
    .where('devices.tenant_id', '=', actor.tenantId)
    .where('devices.state', '=', 'active')
    .where(inScopeSql(actor, 'devices.group_id'));
}

async function readOffline(db: Kysely<Database>, actor: Actor, before: number): Promise<OverviewJson['offline']> {
  const found = activeDevices(db, actor).where('status', '=', 'offline').where('last_seen_at', '<', before);
  const { total } = await found.select((eb) => eb.fn.countAll<number | string>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(['id', 'name', 'group_id', 'last_seen_at'])
    .orderBy('last_seen_at')
    .orderBy('id')
    .limit(NAMED_MAX)
    .execute();
  return {
    total: Number(total),
    items: rows.map(({ id, name, group_id, last_seen_at }) => ({
      ...{ deviceId: id, name, groupId: group_id },
      lastSeen: toIso(last_seen_at ?? before),
    })),
  };
}

async function readNeverConnected(db: Kysely<Database>, actor: Actor): Promise<OverviewJson['neverConnected']> {
  const found = activeDevices(db, actor).where('status', '=', 'offline').where('last_seen_at', 'is', null);
  const { total } = await found.select((eb) => eb.fn.countAll<number | string>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(['id', 'name', 'group_id', 'created_at'])
    .orderBy('created_at')
    .orderBy('id')
    .limit(NAMED_MAX)
    .execute();
  return {
    total: Number(total),
    items: rows.map(({ id, name, group_id, created_at }) => ({
      ...{ deviceId: id, name, groupId: group_id },
      createdAt: toIso(created_at),
    })),
  };
}

async function readFailedContent(db: Kysely<Database>, actor: Actor): Promise<OverviewJson['failedContent']> {
  const found = db
    .selectFrom('content')
    .where('tenant_id', '=', actor.tenantId)
    .where('status', '=', 'failed')
    .where(ownedSql(actor, 'content.group_id'));
  const { total } = await found.select((eb) => eb.fn.countAll<number | string>().as('total')).executeTakeFirstOrThrow();
  const rows = await found
    .select(['id', 'name', 'failure', 'updated_at'])
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .limit(NAMED_MAX)
    .execute();
  return {
    total: Number(total),
    items: rows.map(({ id, name, failure, updated_at }) => ({
      ...{ contentId: id, name, failure },
      updatedAt: toIso(updated_at),
    })),
  };
}

async function readFailedDeployments(db: Kysely<Database>, actor: Actor): Promise<OverviewJson['failedDeployments']> {
  const nothing = { total: 0, items: [] };
  // Where no device complains, nothing has to be counted.
  const complaint = await activeDevices(db, actor)
    .innerJoin('device_reports as r', 'r.device_id', 'devices.id')
    .where('r.schedule_state', '=', 'failed')
    .select('devices.id')
    .limit(1)
    .executeTakeFirst();
  if (complaint === undefined) return nothing;
  const deployments = await db
    .selectFrom('deployments as d')
    .innerJoin('schedules as s', 's.id', 'd.schedule_id')
    .where('d.tenant_id', '=', actor.tenantId)
    .where('d.status', '=', 'active')
    .where(ownedSql(actor, 's.group_id'))
    .select(['d.id', 'd.schedule_id', 'd.created_at', 's.name'])
    .orderBy('d.id', 'desc')
    .limit(DEPLOYMENTS_MAX)
    .execute();
  const progress = await scheduleProgress(
    db,
    actor,
    deployments.map(({ id }) => id),
  );
  const items = deployments.flatMap(({ id, schedule_id, created_at, name }) => {
    const { targeted = 0, failed = 0 } = progress.get(id) ?? {};
    if (failed === 0) return [];
    return [
      {
        ...{ deploymentId: id, scheduleId: schedule_id, schedule: name },
        ...{ createdAt: toIso(created_at), targeted, failed },
      },
    ];
  });
  return { total: items.length, items: items.slice(0, NAMED_MAX) };
}

async function countDeadLetters(db: Kysely<Database>, actor: Actor): Promise<number> {
  const { total } = await db
    .selectFrom('notification_dead_letters')
    .where('tenant_id', '=', actor.tenantId)
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(total);
}
