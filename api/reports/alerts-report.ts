/** The alerts of a time: who raised each, on what, and how far it came. One row for each deployment that reaches a screen of the actor's. */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import { deploymentPhase } from '../../hub/core/alert-ladder.ts';
import type { Database } from '../../migrations/tables.ts';
import { DEPLOYMENT_COLUMNS, deploymentJson, DeploymentJson, type DeploymentRow } from '../alerts/deployment-json.ts';
import { LadderJson, LatencyJson, readLadder, readLatency } from '../alerts/deployment-ladder.ts';
import { readReach, visibleDeployments, type DeploymentReach } from '../alerts/deployment-reach.ts';
import type { Actor } from '../context.ts';
import { readTree } from '../groups/tree-rows.ts';
import { toIso } from '../iso-time.ts';
import { listQuery, type Call, type RawAnswer } from '../route.ts';
import { Id, Severity, Timestamp } from '../../protocol/desired-state.ts';
import { answerJson, answerReport, ReportFormat } from './report-format.ts';
import type { ReportColumn, ReportRow } from './report-model.ts';
import { ReportNames } from './report-names.ts';
import { rangeLine, RANGE_QUERY, readRange, type ReportRange } from './report-range.ts';

/** Longest time of this report, in days. */
const ALERTS_DAYS_MAX = 366;
/** Deployments read at once while a file is written. */
const DEPLOYMENTS_PAGE = 50;
/** Names of targets that a cell of a file lists. */
const NAMED_TARGETS_MAX = 20;

const {
  q: _noSearch,
  sort: _noSort,
  ...alertsQuery
} = listQuery([], {
  ...RANGE_QUERY,
  severity: Type.Optional(Severity),
  drill: Type.Optional(Type.Boolean({ description: 'Only drills, or only the real ones' })),
  format: ReportFormat,
}).properties;
export const AlertsReportQuery = Type.Object(alertsQuery, { additionalProperties: false });
type AlertsReportQuery = Static<typeof AlertsReportQuery>;

const Name = Type.Union([Type.String(), Type.Null()]);

export const AlertReportJson = Type.Object({
  ...DeploymentJson.properties,
  startedByName: { ...Name, description: 'Username; null when nobody did, or the user was deleted' },
  stoppedByName: { ...Name, description: 'Username; null when nobody did, or the user was deleted' },
  groups: Type.Array(Type.Object({ id: Id, name: Name }), { description: 'Groups aimed at, each with its subtree' }),
  devices: Type.Array(Id, { description: 'Devices aimed at one by one' }),
  ladder: LadderJson,
  latency: LatencyJson,
});
export type AlertReportJson = Static<typeof AlertReportJson>;
export const AlertsReportJson = Type.Object({ from: Timestamp, to: Timestamp, rows: Type.Array(AlertReportJson) });

const COLUMNS: readonly ReportColumn[] = [
  { key: 'deploymentId', title: 'Id', kind: 'integer' },
  { key: 'startedAt', title: 'Raised', kind: 'timestamp' },
  { key: 'title', title: 'Title', kind: 'text' },
  { key: 'severity', title: 'Severity', kind: 'text' },
  { key: 'drill', title: 'Drill', kind: 'text' },
  { key: 'status', title: 'Status', kind: 'text' },
  { key: 'startedBy', title: 'By', kind: 'text' },
  { key: 'stoppedAt', title: 'Stopped', kind: 'timestamp' },
  { key: 'stoppedBy', title: 'By', kind: 'text' },
  { key: 'expiresAt', title: 'Expires', kind: 'timestamp' },
  { key: 'targets', title: 'On', kind: 'text' },
  { key: 'targeted', title: 'Targeted', kind: 'integer' },
  { key: 'sent', title: 'Sent', kind: 'integer' },
  { key: 'received', title: 'Received', kind: 'integer' },
  { key: 'displayed', title: 'Displayed', kind: 'integer' },
  { key: 'cleared', title: 'Cleared', kind: 'integer' },
  { key: 'failed', title: 'Failed', kind: 'integer' },
  { key: 'expired', title: 'Expired', kind: 'integer' },
  { key: 'unconfirmed', title: 'Unconfirmed', kind: 'integer' },
  { key: 'receivedP50Ms', title: 'Received p50 ms', kind: 'integer' },
  { key: 'receivedP99Ms', title: 'Received p99 ms', kind: 'integer' },
  { key: 'displayedP50Ms', title: 'Displayed p50 ms', kind: 'integer' },
  { key: 'displayedP99Ms', title: 'Displayed p99 ms', kind: 'integer' },
];
/** What fits the width of a page. */
const PDF_KEYS = new Set([
  'startedAt',
  'title',
  'severity',
  'drill',
  'status',
  'startedBy',
  'stoppedAt',
  'targets',
  'targeted',
  'received',
  'displayed',
  'failed',
  'unconfirmed',
  'displayedP50Ms',
  'displayedP99Ms',
]);

/** Who and what stands behind a deployment, and how far it came, counted over the actor's own screens. */
export async function readAlertReport(
  db: Kysely<Database>,
  actor: Actor,
  names: ReportNames,
  row: DeploymentRow,
  now: number,
): Promise<{ json: AlertReportJson; reach: DeploymentReach }> {
  const reach = await readReach(db, actor, row.id);
  const phase = deploymentPhase({ expiresAt: row.expires_at, stoppedAt: row.stopped_at }, now);
  await names.load('users', [row.created_by, row.stopped_by]);
  await names.load('groups', reach.groupIds);
  const json = {
    ...deploymentJson(row, now),
    startedByName: names.of('users', row.created_by)?.name ?? null,
    stoppedByName: names.of('users', row.stopped_by)?.name ?? null,
    groups: reach.groupIds.map((id) => ({ id, name: names.of('groups', id)?.name ?? null })),
    devices: [...reach.deviceIds],
    ladder: await readLadder(db, actor, reach, phase),
    latency: await readLatency(db, actor, row.id, row.started_at),
  };
  return { json, reach };
}

function fileRow(json: AlertReportJson): ReportRow {
  const { ladder, latency, groups, devices } = json;
  const named = groups.slice(0, NAMED_TARGETS_MAX).map(({ id, name }) => name ?? `group ${id}`);
  if (groups.length > named.length) named.push(`${groups.length - named.length} more groups`);
  if (devices.length > 0) named.push(devices.length === 1 ? '1 device' : `${devices.length} devices`);
  return {
    deploymentId: json.deploymentId,
    startedAt: json.startedAt,
    title: json.title,
    severity: json.severity,
    drill: json.drill ? 'drill' : '',
    status: json.status,
    startedBy: json.startedByName,
    stoppedAt: json.stoppedAt,
    stoppedBy: json.stoppedByName,
    expiresAt: json.expiresAt,
    targets: named.join(', '),
    ...ladder,
    ...latency,
  };
}

/** The deployments of the time that reach anything the actor may see, as a query. */
async function chooseDeployments(db: Kysely<Database>, actor: Actor, range: ReportRange, query: AlertsReportQuery) {
  let chosen = db
    .selectFrom('alert_deployments as d')
    .where('d.tenant_id', '=', actor.tenantId)
    .where('d.started_at', '>=', range.fromMs)
    .where('d.started_at', '<', range.toMs);
  if (actor.scope !== null) chosen = chosen.where(visibleDeployments(actor, await readTree(db, actor.tenantId)));
  if (query.severity !== undefined) chosen = chosen.where('d.severity', '=', query.severity);
  if (query.drill !== undefined) chosen = chosen.where('d.drill', '=', query.drill ? 1 : 0);
  return chosen;
}
type Chosen = Awaited<ReturnType<typeof chooseDeployments>>;

const COLUMN_NAMES = DEPLOYMENT_COLUMNS.map((name) => `d.${name}` as const);

async function* fileRows(
  db: Kysely<Database>,
  actor: Actor,
  names: ReportNames,
  chosen: Chosen,
  now: number,
): AsyncGenerator<ReportRow> {
  for (let before = Number.MAX_SAFE_INTEGER; ;) {
    const rows = await chosen
      .select(COLUMN_NAMES)
      .where('d.id', '<', before)
      .orderBy('d.id', 'desc')
      .limit(DEPLOYMENTS_PAGE)
      .execute();
    for (const row of rows) yield fileRow((await readAlertReport(db, actor, names, row, now)).json);
    before = rows.at(-1)?.id ?? before;
    if (rows.length < DEPLOYMENTS_PAGE) return;
  }
}

/** The report of alerts, the newest first. VALIDATION_ERROR for a range that is none or too long. */
export async function reportAlerts(call: Call<unknown, AlertsReportQuery, unknown>): Promise<RawAnswer> {
  const { ctx, actor, query } = call;
  const { format, page, limit } = query;
  const db = ctx.db.sql;
  const now = ctx.clock.now();
  const range = readRange(query, now, ALERTS_DAYS_MAX);
  const chosen = await chooseDeployments(db, actor, range, query);
  const { total } = await chosen.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const names = new ReportNames(db, actor.tenantId);
  if (format !== 'json') {
    return answerReport(call, format, {
      name: 'alerts',
      title: 'Alerts',
      columns: format === 'pdf' ? COLUMNS.filter(({ key }) => PDF_KEYS.has(key)) : COLUMNS,
      rows: fileRows(db, actor, names, chosen, now),
      total: Number(total),
      generatedAt: now,
      criteria: [
        rangeLine(range),
        ...(query.severity === undefined ? [] : [`Severity: ${query.severity}`]),
        ...(query.drill === undefined ? [] : [query.drill ? 'Drills only' : 'Without drills']),
      ],
    });
  }
  const rows = await chosen
    .select(COLUMN_NAMES)
    .orderBy('d.id', 'desc')
    .limit(limit)
    .offset((page - 1) * limit)
    .execute();
  const reports: AlertReportJson[] = [];
  for (const row of rows) reports.push((await readAlertReport(db, actor, names, row, now)).json);
  const data: Static<typeof AlertsReportJson> = { from: toIso(range.fromMs), to: toIso(range.toMs), rows: reports };
  return answerJson(data, { page, limit, total: Number(total) });
}
