/** Which devices a bulk action is about: some that are named, or all that match a filter. */
import type { Kysely, Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database, DevicesTable } from '../../migrations/tables.ts';
import { Id } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { isGroupInScope } from '../scope.ts';
import { DEVICE_FILTERS, matchingDevices } from './device-filter.ts';

/** Devices that a call may name. Past it: VALIDATION_ERROR. */
export const BULK_IDS_MAX = 1_000;
/** Devices that a filter may match. Past it: VALIDATION_ERROR, nothing done. */
export const BULK_DEVICES_MAX = 5_000;
/** Rows of one statement. */
const BULK_CHUNK = 500;

const NamedDevices = Type.Object(
  { deviceIds: Type.Array(Id, { minItems: 1, maxItems: BULK_IDS_MAX }) },
  { additionalProperties: false },
);

const MatchingDevices = Type.Object(
  {
    filter: Type.Object(
      {
        q: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Part of a name or a player id' })),
        ...DEVICE_FILTERS,
      },
      { additionalProperties: false, description: `As in the list of devices; at most ${BULK_DEVICES_MAX} may match` },
    ),
    expect: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: BULK_DEVICES_MAX,
        description: 'What the preview said of `matched`: another number now is 409 CONFLICT, and nothing is done',
      }),
    ),
  },
  { additionalProperties: false },
);

export const BulkSelect = Type.Union([NamedDevices, MatchingDevices]);
export type BulkSelect = Static<typeof BulkSelect>;

const COLUMNS = [
  'id',
  'player_id',
  'name',
  'group_id',
  'capabilities',
  'config',
  'state',
  'status',
  'credential_version',
] as const;

export interface SelectedDevice extends Pick<DevicesTable, Exclude<(typeof COLUMNS)[number], 'id'>> {
  readonly id: number;
}

export interface Selection {
  /** Devices that the selection stands for, there or not. */
  readonly matched: number;
  /** Those that are there for the actor, by ascending id. */
  readonly devices: readonly SelectedDevice[];
}

/**
 * Reads the devices that are meant and locks their rows until commit (`isPreview`: no lock), in ascending order of their ids. Take the
 * locks of groups before. NOT_FOUND when none of the named is there for the actor, or the group to look in is not; VALIDATION_ERROR
 * when more match than one action may touch; CONFLICT when other than the expected number does.
 */
export async function selectDevices(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Actor,
  select: BulkSelect,
  isPreview: boolean,
): Promise<Selection> {
  const ids = 'deviceIds' in select ? [...new Set(select.deviceIds)] : await matchingIds(tx, actor, select);
  const devices: SelectedDevice[] = [];
  for (const chunk of chunksOf(ids.toSorted((a, b) => a - b))) {
    const rows = await tx
      .selectFrom('devices')
      .select(COLUMNS)
      .where('id', 'in', chunk)
      .where('tenant_id', '=', actor.tenantId)
      .orderBy('id')
      .$if(!isPreview, (query) => query.modifyEnd(dialect.forUpdate))
      .execute();
    for (const row of rows) if (isGroupInScope(actor, row.group_id)) devices.push(row);
  }
  if ('deviceIds' in select && devices.length === 0)
    throw apiError('NOT_FOUND', 'None of these devices is there', [
      { field: 'select.deviceIds', message: 'names no device' },
    ]);
  return { matched: ids.length, devices };
}

async function matchingIds(
  db: Kysely<Database>,
  actor: Actor,
  { filter, expect }: Static<typeof MatchingDevices>,
): Promise<number[]> {
  const found = await matchingDevices(db, actor, filter, 'select.filter.groupId');
  const rows = await found
    .select('id')
    .orderBy('id')
    .limit(BULK_DEVICES_MAX + 1)
    .execute();
  if (rows.length > BULK_DEVICES_MAX)
    throw apiError('VALIDATION_ERROR', `More than ${BULK_DEVICES_MAX} devices match; act on a part of them at a time`, [
      { field: 'select.filter', message: `matches more than ${BULK_DEVICES_MAX} devices` },
    ]);
  if (expect !== undefined && rows.length !== expect)
    throw apiError('CONFLICT', `${rows.length} devices match now, not ${expect}; nothing was done`, [
      { field: 'select.expect', message: `${rows.length} match now` },
    ]);
  return rows.map(({ id }) => id);
}

/** The ids in parts for one statement each. */
export function chunksOf<T>(all: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < all.length; at += BULK_CHUNK) chunks.push(all.slice(at, at + BULK_CHUNK));
  return chunks;
}
