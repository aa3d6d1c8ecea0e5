/** How much of a time each device was online. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql, type Kysely, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { DEVICE_STATES, DEVICE_STATUSES, findDevice } from '../devices/device-json.ts';
import { visibleSubtree } from '../groups/tree-rows.ts';
import { toIso, toIsoOrNull } from '../iso-time.ts';
import { API_BASE, likePattern, listQuery, route, sortOf, type Call, type RawAnswer, type Route } from '../route.ts';
import { inScopeSql } from '../scope.ts';
import { AvailabilityCount, type Availability } from './availability-count.ts';
import { readOnlineAt, readTransitions } from './presence-reading.ts';
import { answerJson, answerReport, ReportFormat } from './report-format.ts';
import type { ReportColumn, ReportRow } from './report-model.ts';
import { ReportNames } from './report-names.ts';
import { RANGE_QUERY, rangeLine, readRange, type ReportRange } from './report-range.ts';
import { inReportTurn } from './report-turns.ts';
import { reportEnvelope } from './routes.ts';

/** Longest time that the report is about, in days. */
const DAYS_MAX = 366;
/** Devices whose transitions are read together. */
const DEVICES_AT_ONCE = 200;

const SORT_COLUMNS = { name: 'd.name', deviceId: 'd.id', lastSeen: 'd.last_seen_at' } as const;

const AvailabilityQuery = listQuery(['name', 'deviceId', 'lastSeen'], {
  ...RANGE_QUERY,
  groupId: Type.Optional({ ...Id, description: 'Devices in this group and below it' }),
  deviceId: Type.Optional({ ...Id, description: 'This device alone' }),
  format: ReportFormat,
});
type AvailabilityQuery = Static<typeof AvailabilityQuery>;

const Seconds = (description: string) => Type.Number({ minimum: 0, description: `seconds; ${description}` });

const AvailabilityRow = Type.Object({
  deviceId: Id,
  name: Type.String(),
  groupId: Type.Union([Id, Type.Null()]),
  group: Type.Union([Type.String(), Type.Null()], { description: "The group's name" }),
  state: Type.Enum([...DEVICE_STATES]),
  status: Type.Enum([...DEVICE_STATUSES], { description: 'Now' }),
  onlineSeconds: Seconds('counted from its creation, for a device that was made within the time'),
  offlineSeconds: Seconds('as `onlineSeconds`'),
  availabilityPercent: Type.Union([Type.Number({ minimum: 0, maximum: 100 }), Type.Null()], {
    description: 'Of the time counted; null when there is none',
  }),
  outages: Type.Integer({ minimum: 0, description: 'Unbroken times offline' }),
  longestOutageSeconds: Seconds('as far as it lies within the time'),
  lastSeen: Type.Union([Timestamp, Type.Null()]),
});
type AvailabilityRow = Static<typeof AvailabilityRow>;

export const AvailabilityJson = Type.Object({
  from: Timestamp,
  to: { ...Timestamp, description: 'Until when it was counted: no later than now' },
  timezone: Type.String(),
  rows: Type.Array(AvailabilityRow, { description: 'A page of devices' }),
});

const COLUMNS: readonly ReportColumn[] = [
  { key: 'deviceId', title: 'Device', kind: 'integer' },
  { key: 'name', title: 'Name', kind: 'text' },
  { key: 'group', title: 'Group', kind: 'text' },
  { key: 'status', title: 'Now', kind: 'text' },
  { key: 'availabilityPercent', title: 'Available', kind: 'percent' },
  { key: 'onlineSeconds', title: 'Online', kind: 'seconds' },
  { key: 'offlineSeconds', title: 'Offline', kind: 'seconds' },
  { key: 'outages', title: 'Outages', kind: 'integer' },
  { key: 'longestOutageSeconds', title: 'Longest outage', kind: 'seconds' },
  { key: 'lastSeen', title: 'Last seen', kind: 'timestamp' },
];

interface DeviceFacts {
  readonly id: number;
  readonly name: string;
  readonly group_id: number | null;
  readonly state: AvailabilityRow['state'];
  readonly status: AvailabilityRow['status'];
  readonly last_seen_at: number | null;
  readonly created_at: number;
}

/** The routes of this report. */
export function availabilityRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${API_BASE}/reports/availability`,
      policy: 'user',
      operationId: 'reportAvailability',
      summary: 'How much of a time each device was online',
      query: AvailabilityQuery,
      data: reportEnvelope(AvailabilityJson),
      raw: true,
      download: true,
      handler: reportAvailability,
    }),
  ];
}

/** VALIDATION_ERROR for a time that is none or too long; NOT_FOUND for a group or device that is not there for the actor. */
async function reportAvailability(call: Call<unknown, AvailabilityQuery, unknown>): Promise<RawAnswer> {
  const { ctx, actor, query } = call;
  const now = ctx.clock.now();
  const range = readRange(query, now, DAYS_MAX);
  // What is still to come is neither online nor offline.
  const past = { ...range, toMs: Math.min(range.toMs, now) };
  const chosen = await chooseDevices(ctx.db.sql, actor, query);
  const { total } = await chosen.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const names = new ReportNames(ctx.db.sql, actor.tenantId);
  if (query.format === 'json') {
    const { page, limit } = query;
    const devices = await readDevices(chosen, query, limit, (page - 1) * limit);
    const rows = await inReportTurn(ctx.db, () => countDevices(ctx.db.sql, names, devices, past));
    const { fromMs, toMs, timezone } = past;
    const data: Static<typeof AvailabilityJson> = { from: toIso(fromMs), to: toIso(toMs), timezone, rows };
    return answerJson(data, { page, limit, total: Number(total) });
  }
  return answerReport(call, query.format, {
    name: 'availability',
    title: 'Availability of devices',
    columns: COLUMNS,
    rows: allRows(call, names, chosen, past),
    total: Number(total),
    generatedAt: now,
    criteria: [rangeLine(range), ...(await criteriaOf(call, names))],
  });
}

type Chosen = Awaited<ReturnType<typeof chooseDevices>>;

/** The devices that the report is about, as a query. */
async function chooseDevices(db: Kysely<Database>, actor: Actor, { groupId, deviceId, q }: AvailabilityQuery) {
  let chosen = db.selectFrom('devices as d').where('d.tenant_id', '=', actor.tenantId);
  if (deviceId !== undefined) chosen = chosen.where('d.id', '=', (await findDevice(db, actor, deviceId)).id);
  if (groupId === undefined) chosen = chosen.where(inScopeSql(actor, 'd.group_id'));
  else chosen = chosen.where('d.group_id', 'in', await visibleSubtree(db, actor, groupId, 'groupId'));
  if (q !== undefined) {
    chosen = chosen.where(sql<SqlBool>`lower(d.name) like lower(${likePattern(q)}) escape '!'`);
  }
  return chosen;
}

async function readDevices(
  chosen: Chosen,
  query: AvailabilityQuery,
  limit: number,
  offset: number,
): Promise<DeviceFacts[]> {
  const { column, direction } = sortOf(query.sort, 'name');
  return chosen
    .select(['d.id', 'd.name', 'd.group_id', 'd.state', 'd.status', 'd.last_seen_at', 'd.created_at'])
    .orderBy(SORT_COLUMNS[column], direction)
    .orderBy('d.id', direction)
    .limit(limit)
    .offset(offset)
    .execute();
}

async function criteriaOf(call: Call<unknown, AvailabilityQuery, unknown>, names: ReportNames): Promise<string[]> {
  const { groupId, deviceId, q } = call.query;
  await names.load('groups', [groupId ?? null]);
  await names.load('devices', [deviceId ?? null]);
  return [
    ...(groupId === undefined ? [] : [`Group: ${names.of('groups', groupId)?.name ?? groupId}`]),
    ...(deviceId === undefined ? [] : [`Device: ${names.of('devices', deviceId)?.name ?? deviceId}`]),
    ...(q === undefined ? [] : [`Name has: ${q}`]),
  ];
}

/** The rows of all devices, read no further than the reader has come. */
async function* allRows(
  { ctx: { db }, query }: Call<unknown, AvailabilityQuery, unknown>,
  names: ReportNames,
  chosen: Chosen,
  range: ReportRange,
): AsyncGenerator<ReportRow> {
  for (let offset = 0; ; offset += DEVICES_AT_ONCE) {
    const devices = await readDevices(chosen, query, DEVICES_AT_ONCE, offset);
    yield* await inReportTurn(db, () => countDevices(db.sql, names, devices, range));
    if (devices.length < DEVICES_AT_ONCE) return;
    await nextTurn();
  }
}

/** One row per device, in the order given. */
async function countDevices(
  db: Kysely<Database>,
  names: ReportNames,
  devices: readonly DeviceFacts[],
  range: ReportRange,
): Promise<AvailabilityRow[]> {
  if (devices.length === 0) return [];
  await names.load(
    'groups',
    devices.map((device) => device.group_id),
  );
  const ids = devices.map((device) => device.id);
  const wasOnline = await readOnlineAt(db, ids, range.fromMs);
  const counts = new Map(
    devices.map((device) => {
      const isOnline = wasOnline.get(device.id) ?? device.status === 'online';
      const from = Math.max(range.fromMs, device.created_at);
      return [device.id, new AvailabilityCount(from, range.toMs, isOnline)];
    }),
  );
  for await (const transitions of readTransitions(db, ids, range.fromMs, range.toMs)) {
    for (const transition of transitions) counts.get(transition.deviceId)?.take(transition);
  }
  return devices.flatMap((device) => {
    const count = counts.get(device.id);
    return count === undefined
      ? []
      : [rowOf(device, names.of('groups', device.group_id)?.name ?? null, count.finish())];
  });
}

function rowOf(device: DeviceFacts, group: string | null, counted: Availability): AvailabilityRow {
  const { onlineMs, offlineMs, outages, longestOutageMs } = counted;
  const allMs = onlineMs + offlineMs;
  return {
    deviceId: device.id,
    name: device.name,
    groupId: device.group_id,
    group,
    state: device.state,
    status: device.status,
    onlineSeconds: onlineMs / 1000,
    offlineSeconds: offlineMs / 1000,
    availabilityPercent: allMs === 0 ? null : percentOf(onlineMs, allMs),
    outages,
    longestOutageSeconds: longestOutageMs / 1000,
    lastSeen: toIsoOrNull(device.last_seen_at),
  };
}

/** Rounded down to a thousandth: 100 is said of a device that was never offline, and of no other. */
function percentOf(partMs: number, allMs: number): number {
  return Math.floor((partMs / allMs) * 100_000) / 1000;
}
