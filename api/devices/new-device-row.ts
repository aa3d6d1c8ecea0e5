/** The row of a device that comes to be: paired by its code, or imported before it is ever switched on. */
import type { Insertable } from 'kysely';
import type { DevicesTable } from '../../migrations/tables.ts';

type Given = Pick<
  DevicesTable,
  | 'tenant_id'
  | 'group_id'
  | 'player_id'
  | 'name'
  | 'model'
  | 'os_version'
  | 'app_version'
  | 'capabilities'
  | 'credential_hash'
  | 'latitude'
  | 'longitude'
>;

export function newDeviceRow(given: Given, now: number): Insertable<DevicesTable> {
  return {
    ...given,
    config: '{}',
    state: 'active',
    credential_version: 1,
    status: 'offline',
    transport: null,
    conn_epoch: 0,
    node_id: null,
    last_seen_at: null,
    rev: 0,
    placement_rev: 0,
    version: 1,
    created_at: now,
    updated_at: now,
  };
}
