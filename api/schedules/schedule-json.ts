/** A schedule as the API shows it. */
import Type, { type Static } from 'typebox';
import type { SchedulesTable } from '../../migrations/content-tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import { Layout, Timing } from '../../protocol/schedule.ts';
import { toIso } from '../iso-time.ts';

const SCHEDULE_STATUSES = ['draft', 'published', 'archived'] as const;
export const ScheduleStatus = Type.Enum([...SCHEDULE_STATUSES], {
  description: '`draft` until it is deployed for the first time; `archived` ones cannot be deployed',
});
export const PRIORITY_MAX = 1_000;

const FACTS = {
  id: Id,
  name: Type.String(),
  groupId: Type.Union([Id, Type.Null()], { description: "Whose it is; null: the whole tenant's, which admins edit" }),
  priority: Type.Integer({ description: 'Among schedules of equally near targets the higher wins' }),
  timing: Timing,
  status: ScheduleStatus,
  version: Type.Integer({ description: 'Rises with every edit' }),
  deployedVersion: Type.Union([Type.Integer(), Type.Null()], { description: 'The version that was deployed last' }),
  deployed: Type.Boolean({ description: 'It is assigned to a group or a device now' }),
  hasUndeployedChanges: Type.Boolean({ description: 'It was edited since it was deployed last' }),
  createdBy: Type.Union([Id, Type.Null()]),
  createdAt: Timestamp,
  updatedAt: Timestamp,
} as const;

export const ScheduleJson = Type.Object({ ...FACTS, layout: Layout });
export type ScheduleJson = Static<typeof ScheduleJson>;

const DeployedTo = Type.Object(
  {
    groupIds: Type.Array(Id, { description: 'Groups as targeted, each with its subtree' }),
    devices: Type.Integer({ minimum: 0, description: 'Devices targeted one by one' }),
  },
  { description: 'Where it is deployed now, as far as you may see' },
);
export type DeployedTo = Static<typeof DeployedTo>;
export const NOWHERE: DeployedTo = { groupIds: [], devices: 0 };

/** In a list: without the layout. */
export const ScheduleListItem = Type.Object({
  ...FACTS,
  zones: Type.Integer({ minimum: 0, description: 'Zones of the layout' }),
  contents: Type.Integer({ minimum: 0, description: 'Different pieces of content that the layout shows' }),
  deployedTo: DeployedTo,
});
export type ScheduleListItem = Static<typeof ScheduleListItem>;

export const SCHEDULE_LIST_COLUMNS = [
  'id',
  'name',
  'group_id',
  'priority',
  'timing',
  'status',
  'version',
  'deployed_version',
  'zone_count',
  'created_by',
  'created_at',
  'updated_at',
] as const;

export interface ScheduleListRow extends Pick<
  SchedulesTable,
  Exclude<(typeof SCHEDULE_LIST_COLUMNS)[number], 'id' | 'zone_count'>
> {
  readonly id: number;
  readonly zone_count: number;
}

export interface ScheduleRow extends ScheduleListRow {
  readonly layout: string;
}

function facts(row: ScheduleListRow, deployed: boolean): Omit<ScheduleJson, 'layout'> {
  return {
    id: row.id,
    name: row.name,
    groupId: row.group_id,
    priority: row.priority,
    timing: JSON.parse(row.timing) as Timing,
    status: row.status,
    version: row.version,
    deployedVersion: row.deployed_version,
    deployed,
    hasUndeployedChanges: row.deployed_version !== null && row.deployed_version !== row.version,
    createdBy: row.created_by,
    createdAt: toIso(row.created_at),
    updatedAt: toIso(row.updated_at),
  };
}

export function scheduleJson(row: ScheduleRow, deployed: boolean): ScheduleJson {
  return { ...facts(row, deployed), layout: JSON.parse(row.layout) as Layout };
}

export function scheduleListItem(
  row: ScheduleListRow,
  deployed: boolean,
  more: Pick<ScheduleListItem, 'contents' | 'deployedTo'>,
): ScheduleListItem {
  return { ...facts(row, deployed), zones: row.zone_count, ...more };
}
