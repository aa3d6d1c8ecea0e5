/** One alert, screen by screen: how far each came, how fast, and first of all those that never confirmed. */
import { sql, type Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { AlertReceiptsTable, Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { DEPLOYMENT_COLUMNS } from '../alerts/deployment-json.ts';
import { receiptRows, silentDevices } from '../alerts/deployment-ladder.ts';
import { noSuchDeployment, type DeploymentReach } from '../alerts/deployment-reach.ts';
import type { Actor } from '../context.ts';
import { toIso, toIsoOrNull } from '../iso-time.ts';
import { listQuery, type Call, type RawAnswer } from '../route.ts';
import { AlertReportJson, readAlertReport } from './alerts-report.ts';
import { answerJson, answerReport, ReportFormat } from './report-format.ts';
import type { ReportColumn, ReportRow } from './report-model.ts';
import { ReportNames } from './report-names.ts';

/** Devices read at once. */
const DEVICES_PAGE = 500;

const { q: _noSearch, sort: _noSort, ...deviceQuery } = listQuery([], { format: ReportFormat }).properties;
export const AlertDevicesQuery = Type.Object(deviceQuery, { additionalProperties: false });

const STATES = ['unconfirmed', 'failed', 'displayed', 'cleared'] as const;
const When = Type.Union([Timestamp, Type.Null()]);
const Latency = Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
  description: 'milliseconds from the raising, by the clock of the hub',
});

const AlertDeviceJson = Type.Object({
  deviceId: Id,
  device: Type.Union([Type.String(), Type.Null()], { description: 'null when it was deleted since' }),
  groupId: Type.Union([Id, Type.Null()]),
  group: Type.Union([Type.String(), Type.Null()]),
  state: Type.Enum([...STATES], { description: 'unconfirmed: neither displayed nor failed' }),
  sentAt: When,
  receivedAt: When,
  displayedAt: When,
  clearedAt: When,
  failedAt: When,
  receivedMs: Latency,
  displayedMs: Latency,
  reason: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed, in the words of the device' }),
});
type AlertDeviceJson = Static<typeof AlertDeviceJson>;
export const AlertDevicesJson = Type.Object({ alert: AlertReportJson, rows: Type.Array(AlertDeviceJson) });

const COLUMNS: readonly ReportColumn[] = [
  { key: 'deviceId', title: 'Device id', kind: 'integer' },
  { key: 'device', title: 'Device', kind: 'text' },
  { key: 'group', title: 'Group', kind: 'text' },
  { key: 'state', title: 'State', kind: 'text' },
  { key: 'sentAt', title: 'Sent', kind: 'timestamp' },
  { key: 'receivedAt', title: 'Received', kind: 'timestamp' },
  { key: 'displayedAt', title: 'Displayed', kind: 'timestamp' },
  { key: 'clearedAt', title: 'Cleared', kind: 'timestamp' },
  { key: 'failedAt', title: 'Failed', kind: 'timestamp' },
  { key: 'receivedMs', title: 'Received ms', kind: 'integer' },
  { key: 'displayedMs', title: 'Displayed ms', kind: 'integer' },
  { key: 'reason', title: 'Reason', kind: 'text' },
];

/** Devices of the deployment that the actor may see: the unconfirmed, the failed, then the others as they displayed it. */
async function readOrder(db: Kysely<Database>, actor: Actor, reach: DeploymentReach): Promise<Float64Array> {
  const { rows } = await sql<{ device_id: number }>`
    select x.device_id from (
      select r.device_id, r.displayed_at, r.failed_at ${receiptRows(actor, reach.deploymentId)}
      union all
      select silent.id as device_id, null as displayed_at, null as failed_at from ${silentDevices(actor, reach)} silent
    ) x
    order by case when x.displayed_at is not null then 2 when x.failed_at is not null then 1 else 0 end,
      x.displayed_at, x.device_id`.execute(db);
  return Float64Array.from(rows, (row) => row.device_id);
}

type Stage = Pick<
  AlertReceiptsTable,
  'sent_at' | 'received_at' | 'displayed_at' | 'cleared_at' | 'failed_at' | 'reason'
>;

async function readDevices(
  db: Kysely<Database>,
  names: ReportNames,
  deploymentId: number,
  startedAt: number,
  ids: readonly number[],
): Promise<AlertDeviceJson[]> {
  if (ids.length === 0) return [];
  const receipts = await db
    .selectFrom('alert_receipts')
    .select(['device_id', 'sent_at', 'received_at', 'displayed_at', 'cleared_at', 'failed_at', 'reason'])
    .where('deployment_id', '=', deploymentId)
    .where('device_id', 'in', ids)
    .execute();
  const stages = new Map<number, Stage>(receipts.map((row) => [row.device_id, row]));
  await names.load('devices', ids);
  await names.load(
    'groups',
    ids.map((id) => names.of('devices', id)?.groupId ?? null),
  );
  return ids.map((id) => {
    const device = names.of('devices', id);
    const group = names.of('groups', device?.groupId ?? null);
    return deviceJson(
      id,
      device?.name ?? null,
      device?.groupId ?? null,
      group?.name ?? null,
      stages.get(id),
      startedAt,
    );
  });
}

function deviceJson(
  deviceId: number,
  device: string | null,
  groupId: number | null,
  group: string | null,
  stage: Stage | undefined,
  startedAt: number,
): AlertDeviceJson {
  const at = (name: Exclude<keyof Stage, 'reason'>): number | null => stage?.[name] ?? null;
  const after = (instant: number | null): number | null => (instant === null ? null : Math.max(0, instant - startedAt));
  return {
    deviceId,
    device,
    groupId,
    group,
    state: stateOf(stage),
    sentAt: toIsoOrNull(at('sent_at')),
    receivedAt: toIsoOrNull(at('received_at')),
    displayedAt: toIsoOrNull(at('displayed_at')),
    clearedAt: toIsoOrNull(at('cleared_at')),
    failedAt: toIsoOrNull(at('failed_at')),
    receivedMs: after(at('received_at') ?? at('displayed_at')),
    displayedMs: after(at('displayed_at')),
    reason: stage?.reason ?? null,
  };
}

/** As the ladder counts: who displayed it after a failure has displayed it. */
function stateOf(stage: Stage | undefined): AlertDeviceJson['state'] {
  if (stage === undefined || (stage.displayed_at === null && stage.failed_at === null)) return 'unconfirmed';
  if (stage.displayed_at === null) return 'failed';
  return stage.cleared_at === null ? 'displayed' : 'cleared';
}

/** The report of one alert. NOT_FOUND when it reaches no screen of the actor's. */
export async function reportAlertDevices(
  call: Call<{ deploymentId: number }, Static<typeof AlertDevicesQuery>, unknown>,
): Promise<RawAnswer> {
  const { ctx, actor, params, query } = call;
  const { format, page, limit } = query;
  const db = ctx.db.sql;
  const now = ctx.clock.now();
  const row = await db
    .selectFrom('alert_deployments')
    .select(DEPLOYMENT_COLUMNS)
    .where('id', '=', params.deploymentId)
    .where('tenant_id', '=', actor.tenantId)
    .executeTakeFirst();
  if (row === undefined) throw noSuchDeployment();
  const names = new ReportNames(db, actor.tenantId);
  const { json: alert, reach } = await readAlertReport(db, actor, names, row, now);
  // The order is taken once, so that a device that confirms meanwhile is neither missed nor told twice.
  const order = await readOrder(db, actor, reach);
  const read = (from: number, to: number): Promise<AlertDeviceJson[]> =>
    readDevices(db, names, row.id, row.started_at, [...order.subarray(from, to)]);
  if (format === 'json') {
    const from = Math.min((page - 1) * limit, order.length);
    const data: Static<typeof AlertDevicesJson> = { alert, rows: await read(from, from + limit) };
    return answerJson(data, { page, limit, total: order.length });
  }
  async function* rows(): AsyncGenerator<ReportRow> {
    for (let at = 0; at < order.length; at += DEVICES_PAGE) {
      for (const device of await read(at, at + DEVICES_PAGE)) yield { ...device, device: device.device ?? '(deleted)' };
    }
  }
  const { ladder } = alert;
  return answerReport(call, format, {
    name: `alert-${row.id}`,
    title: `Alert: ${row.title}`,
    columns: COLUMNS,
    rows: rows(),
    total: order.length,
    generatedAt: now,
    criteria: [
      `Raised: ${toIso(row.started_at)} by ${alert.startedByName ?? '-'}; ${alert.status}${alert.drill ? '; drill' : ''}`,
      `Targeted ${ladder.targeted}, received ${ladder.received}, displayed ${ladder.displayed}, failed ${ladder.failed}, unconfirmed ${ladder.unconfirmed}`,
    ],
  });
}
