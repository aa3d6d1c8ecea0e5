/** The devices of a deployment, one by one, with what each has said and when. */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import Type, { type Static } from 'typebox';
import type { LadderStage } from '../../hub/core/alert-ladder.ts';
import type { AlertReceiptsTable, Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { DEVICE_STATUSES } from '../devices/device-json.ts';
import { toIsoOrNull } from '../iso-time.ts';
import { likePattern } from '../route.ts';
import { receiptRows, silentDevices, STAGE_SQL } from './deployment-ladder.ts';
import type { DeploymentReach } from './deployment-reach.ts';

const When = Type.Union([Timestamp, Type.Null()]);

/** Why a device has not confirmed; the first that holds. */
const WHYS = {
  gone: 'it was deleted or revoked since',
  received_not_displayed: 'it has stored the alert and has not said that it shows it',
  never_connected: 'it has never been connected',
  offline: 'it is not connected: it gets the alert when it is back, until that runs out',
  sent_not_received: 'it was sent the alert and has not answered; it is sent again',
  not_sent: 'it is online and was not sent the alert yet, e.g. because it asks over HTTP at its next heartbeat',
} as const;
type Why = keyof typeof WHYS;
const WHY_WORDS = Object.entries(WHYS).map(([why, words]) => `\`${why}\`: ${words}`);

export const ReceiptJson = Type.Object({
  deviceId: Id,
  name: Type.Union([Type.String(), Type.Null()], { description: 'null when the device was deleted since' }),
  playerId: Type.Union([Type.String(), Type.Null()]),
  groupId: Type.Union([Id, Type.Null()]),
  status: Type.Enum([...DEVICE_STATUSES]),
  sentAt: When,
  receivedAt: When,
  displayedAt: When,
  clearedAt: When,
  failedAt: When,
  reason: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed, in the words of the device' }),
  lastSeen: When,
  transport: Type.Union([Type.Enum(['websocket', 'http']), Type.Null()], { description: 'Of its latest connection' }),
  why: Type.Union([Type.Enum(Object.keys(WHYS) as Why[]), Type.Null()], {
    description: `Why it is unconfirmed; null when it displayed or failed. ${WHY_WORDS.join('; ')}`,
  }),
});
export type ReceiptJson = Static<typeof ReceiptJson>;

const SORT_COLUMNS = {
  deviceId: 'x.device_id',
  name: 'd.name',
  sentAt: 'r.sent_at',
  receivedAt: 'r.received_at',
  displayedAt: 'r.displayed_at',
  clearedAt: 'r.cleared_at',
  failedAt: 'r.failed_at',
} as const;

export interface ReceiptsAsked {
  readonly stage: LadderStage;
  readonly q: string | undefined;
  readonly sort: { readonly column: keyof typeof SORT_COLUMNS; readonly direction: 'asc' | 'desc' };
  readonly limit: number;
  readonly offset: number;
}

interface Row extends Pick<
  AlertReceiptsTable,
  'sent_at' | 'received_at' | 'displayed_at' | 'cleared_at' | 'failed_at' | 'reason'
> {
  readonly device_id: number;
  readonly name: string | null;
  readonly player_id: string | null;
  readonly group_id: number | null;
  readonly status: 'online' | 'offline' | null;
  readonly state: 'active' | 'revoked' | null;
  readonly transport: 'websocket' | 'http' | null;
  readonly last_seen_at: number | null;
}

/** One page of the devices at a stage, and how many there are in all. */
export async function readReceipts(
  db: Kysely<Database>,
  actor: Actor,
  reach: DeploymentReach,
  asked: ReceiptsAsked,
): Promise<{ receipts: ReceiptJson[]; total: number }> {
  const { stage, q, sort, limit, offset } = asked;
  const rest = sql`${everybody(actor, reach, stage)} x
    left join alert_receipts r on r.deployment_id = ${reach.deploymentId} and r.device_id = x.device_id
    left join devices d on d.id = x.device_id
    where ${STAGE_SQL[stage]} and ${matches(q)}`;
  const counted = await sql<{ total: number }>`select count(*) as total from ${rest}`.execute(db);
  const direction = sort.direction === 'desc' ? sql`desc` : sql`asc`;
  // Sorted as bare ids, so that the database sorts narrow rows; what they say is read for the page alone.
  const page = sql`(select x.device_id from ${rest}
    order by ${sql.ref(SORT_COLUMNS[sort.column])} ${direction}, x.device_id limit ${limit} offset ${offset})`;
  const { rows } = await sql<Row>`
    select x.device_id, d.name, d.player_id, d.group_id, d.status, d.state, d.transport, d.last_seen_at,
      r.sent_at, r.received_at, r.displayed_at, r.cleared_at, r.failed_at, r.reason
    from ${page} x
    left join alert_receipts r on r.deployment_id = ${reach.deploymentId} and r.device_id = x.device_id
    left join devices d on d.id = x.device_id
    order by ${sql.ref(SORT_COLUMNS[sort.column])} ${direction}, x.device_id`.execute(db);
  return { receipts: rows.map(receiptJson), total: Number(counted.rows[0]?.total ?? 0) };
}

/** Derived table (device_id): devices with a receipt, and where the stage may hold others, those without. */
function everybody(actor: Actor, reach: DeploymentReach, stage: LadderStage): RawBuilder<unknown> {
  const heard = sql`select r.device_id ${receiptRows(actor, reach.deploymentId)}`;
  if (stage !== 'all' && stage !== 'unconfirmed') return sql`(${heard})`;
  return sql`(${heard} union all select silent.id as device_id from ${silentDevices(actor, reach)} silent)`;
}

function matches(q: string | undefined): RawBuilder<SqlBool> {
  if (q === undefined) return sql<SqlBool>`1 = 1`;
  const pattern = likePattern(q);
  return sql<SqlBool>`(lower(d.name) like lower(${pattern}) escape '!' or lower(d.player_id) like lower(${pattern}) escape '!')`;
}

function receiptJson(row: Row): ReceiptJson {
  return {
    deviceId: row.device_id,
    name: row.name,
    playerId: row.player_id,
    groupId: row.group_id,
    status: row.status ?? 'offline',
    sentAt: toIsoOrNull(row.sent_at),
    receivedAt: toIsoOrNull(row.received_at),
    displayedAt: toIsoOrNull(row.displayed_at),
    clearedAt: toIsoOrNull(row.cleared_at),
    failedAt: toIsoOrNull(row.failed_at),
    reason: row.reason,
    lastSeen: toIsoOrNull(row.last_seen_at),
    transport: row.transport,
    why: whyUnconfirmed(row),
  };
}

function whyUnconfirmed(row: Row): Why | null {
  if (row.displayed_at !== null || row.failed_at !== null) return null;
  if (row.state !== 'active') return 'gone';
  if (row.received_at !== null || row.cleared_at !== null) return 'received_not_displayed';
  if (row.last_seen_at === null) return 'never_connected';
  if (row.status !== 'online') return 'offline';
  return row.sent_at === null ? 'not_sent' : 'sent_not_received';
}
