/** Which devices a list or a bulk action is about: the same words mean the same devices in both. */
import { sql, type Kysely, type SelectQueryBuilder, type SqlBool } from 'kysely';
import Type from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { visibleSubtree } from '../groups/tree-rows.ts';
import { likePattern } from '../route.ts';
import { inScopeSql } from '../scope.ts';
import { DEVICE_STATES, DEVICE_STATUSES, DEVICE_TRANSPORTS } from './device-json.ts';

/** Properties of a filter, for a list's query and for a bulk selection's body. */
export const DEVICE_FILTERS = {
  groupId: Type.Optional({ ...Id, description: 'Devices in this group and below it' }),
  status: Type.Optional(Type.Enum([...DEVICE_STATUSES])),
  state: Type.Optional(Type.Enum([...DEVICE_STATES])),
  transport: Type.Optional(Type.Enum([...DEVICE_TRANSPORTS])),
};

export interface DeviceFilter {
  /** Part of a name or a player id; case does not matter. */
  readonly q?: string;
  readonly groupId?: number;
  readonly status?: (typeof DEVICE_STATUSES)[number];
  readonly state?: (typeof DEVICE_STATES)[number];
  readonly transport?: (typeof DEVICE_TRANSPORTS)[number];
}

/**
 * The devices of the actor's scope that match. NOT_FOUND, naming `groupField`, when the group to look in is not there for the actor.
 */
export async function matchingDevices(
  db: Kysely<Database>,
  actor: Actor,
  { q, groupId, status, state, transport }: DeviceFilter,
  groupField = 'groupId',
): Promise<SelectQueryBuilder<Database, 'devices', object>> {
  let found = db.selectFrom('devices').where('tenant_id', '=', actor.tenantId);
  if (groupId === undefined) found = found.where(inScopeSql(actor, 'devices.group_id'));
  else found = found.where('group_id', 'in', await visibleSubtree(db, actor, groupId, groupField));
  if (status !== undefined) found = found.where('status', '=', status);
  if (state !== undefined) found = found.where('state', '=', state);
  if (transport !== undefined) found = found.where('transport', '=', transport);
  if (q === undefined) return found;
  const pattern = likePattern(q);
  const like = (column: 'name' | 'player_id') =>
    sql<SqlBool>`lower(${sql.ref(column)}) like lower(${pattern}) escape '!'`;
  return found.where((eb) => eb.or([like('name'), like('player_id')]));
}
