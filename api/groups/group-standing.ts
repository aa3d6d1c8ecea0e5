/**
 * What holds in a group: settings, schedules and active alerts, its own and those of the groups above. It is what a screen gets that
 * is put into the group, and what a group gets that is moved below it.
 */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import { chainOf } from '../../hub/core/group-tree.ts';
import type { DeviceConfig } from '../../hub/core/model.ts';
import type { Database } from '../../migrations/tables.ts';
import { Config, Id, Severity, Timestamp } from '../../protocol/desired-state.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { toIso } from '../iso-time.ts';
import type { Call } from '../route.ts';
import { byTarget, readDeployed, reaching } from '../schedules/preview-deployed.ts';
import { isGroupInScope, requireGroupInScope } from '../scope.ts';
import { readTree } from './tree-rows.ts';

const Distance = Type.Integer({ minimum: 0, description: '0: of the group itself, 1: of its parent, and so on' });
const GroupName = Type.Union([Type.String(), Type.Null()], {
  description: 'null: a group above those that you may see',
});
const From = { groupId: Id, groupName: GroupName, distance: Distance };

/** The settings of one place in the chain; `config` as it is set there. */
export const SettingsStep = Type.Object({
  kind: Type.Enum(['device', 'group']),
  targetId: Id,
  name: GroupName,
  // Without its name: an answer may have a schema of one name once only, and it stands in the desired state already.
  config: Type.Object(Config.properties, { additionalProperties: false }),
});
export type SettingsStep = Static<typeof SettingsStep>;

export const GroupStandingJson = Type.Object({
  settings: Type.Array(SettingsStep, {
    description: 'The group itself and those above it, the nearest first: per key the first that has it wins',
  }),
  schedules: Type.Array(
    Type.Object({ scheduleId: Id, deploymentId: Id, name: Type.String(), priority: Type.Integer(), ...From }),
    {
      description:
        'Deployed to the group or above it; of one schedule the nearest. The nearest first, then by priority',
    },
  ),
  alerts: Type.Array(
    Type.Object({
      deploymentId: Id,
      severity: Severity,
      title: Type.String(),
      drill: Type.Boolean(),
      expiresAt: Timestamp,
      ...From,
    }),
    { description: 'Active and raised to the group or above it; the newest first' },
  ),
});
export type GroupStandingJson = Static<typeof GroupStandingJson>;

/** NOT_FOUND when the actor has no such group. */
export async function getGroupStanding({
  ctx,
  actor,
  params,
}: Call<{ id: number }, unknown, unknown>): Promise<GroupStandingJson> {
  requireGroupInScope(actor, params.id);
  const now = ctx.clock.now();
  return ctx.db.sql
    .transaction()
    .setAccessMode('read only')
    .execute(async (db) => {
      const chain = chainOf(await readTree(db, actor.tenantId), params.id);
      if (chain.length === 0) throw apiError('NOT_FOUND', 'No such group');
      const settings = await readSettingsChain(db, actor, chain);
      const from = (groupId: number) => {
        const distance = chain.indexOf(groupId);
        return { groupId, groupName: settings[distance]?.name ?? null, distance };
      };
      const deployed = await readDeployed(db, actor.tenantId, { groupIds: chain, deviceIds: [] });
      const schedules = [...reaching(byTarget(deployed), null, chain).values()]
        .map(({ scheduleId, deploymentId, name, priority, targetId }) => ({
          ...{ scheduleId, deploymentId, name, priority },
          ...from(targetId),
        }))
        .sort((one, other) => one.distance - other.distance || other.priority - one.priority);
      const alerts = await readAlerts(db, actor.tenantId, chain, now);
      return { settings, schedules, alerts: alerts.map(({ groupId, ...alert }) => ({ ...alert, ...from(groupId) })) };
    });
}

/** Settings of groups in the order of the chain. A group out of the actor's scope has no name. */
export async function readSettingsChain(
  db: Kysely<Database>,
  actor: Actor,
  chain: readonly number[],
): Promise<SettingsStep[]> {
  if (chain.length === 0) return [];
  const rows = await db.selectFrom('groups').select(['id', 'name', 'config']).where('id', 'in', chain).execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return chain.flatMap((id): SettingsStep[] => {
    const row = byId.get(id);
    if (row === undefined) return [];
    const name = isGroupInScope(actor, id) ? row.name : null;
    return [{ kind: 'group', targetId: id, name, config: JSON.parse(row.config) as DeviceConfig }];
  });
}

type AlertHere = Pick<
  GroupStandingJson['alerts'][number],
  'deploymentId' | 'severity' | 'title' | 'drill' | 'expiresAt' | 'groupId'
>;

/** Active alerts on any group of the chain; of one that is on several the nearest counts. */
async function readAlerts(
  db: Kysely<Database>,
  tenantId: number,
  chain: readonly number[],
  now: number,
): Promise<AlertHere[]> {
  const rows = await db
    .selectFrom('alert_deployments as d')
    .innerJoin('alert_targets as t', 't.deployment_id', 'd.id')
    .select(['d.id', 'd.severity', 'd.title', 'd.drill', 'd.expires_at', 't.target_id'])
    .where('d.tenant_id', '=', tenantId)
    .where('d.status', '=', 'active')
    .where('d.expires_at', '>', now)
    .where('t.target_kind', '=', 'group')
    .where('t.target_id', 'in', chain)
    .orderBy('d.id', 'desc')
    .execute();
  const nearest = new Map<number, (typeof rows)[number]>();
  for (const row of rows) {
    const known = nearest.get(row.id);
    if (known === undefined || chain.indexOf(row.target_id) < chain.indexOf(known.target_id)) nearest.set(row.id, row);
  }
  return [...nearest.values()].map((row) => ({
    deploymentId: row.id,
    severity: row.severity,
    title: row.title,
    drill: row.drill === 1,
    expiresAt: toIso(row.expires_at),
    groupId: row.target_id,
  }));
}
