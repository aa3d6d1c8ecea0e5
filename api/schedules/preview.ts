/**
 * What is on a screen at an instant, and why: the alerts that are on, the schedules that compete below them, and who wins. The
 * players' own code decides (protocol/schedule-choice.ts), over the deployments that make up the device's manifest.
 */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import { composeState } from '../../hub/core/desired-state.ts';
import { chainOf } from '../../hub/core/group-tree.ts';
import type { ActiveAlert } from '../../hub/core/model.ts';
import type { Database } from '../../migrations/tables.ts';
import { Alert, Id, Timestamp } from '../../protocol/desired-state.ts';
import { createChooser } from '../../protocol/schedule-choice.ts';
import { compileTiming, HORIZON_MS } from '../../protocol/schedule-timing.ts';
import { Layout } from '../../protocol/schedule.ts';
import type { Actor } from '../context.ts';
import { findDevice } from '../devices/device-json.ts';
import { readModel, readPosition, readRecord } from '../devices/device-model.ts';
import { apiError } from '../errors.ts';
import { readTree } from '../groups/tree-rows.ts';
import { fromInstantQuery, InstantQuery, toIso, toIsoOrNull } from '../iso-time.ts';
import { API_BASE, IdParams, route, type Call, type Route } from '../route.ts';
import { isGroupInScope } from '../scope.ts';
import { ConflictsJson, ConflictsQuery, findConflicts } from './conflicts.ts';
import { byTarget, readDeployed, reaching, type Reaching } from './preview-deployed.ts';
import { ZoneOnJson, zonesAt } from './preview-zones.ts';

export const TargetJson = Type.Object(
  {
    kind: Type.Enum(['device', 'group']),
    targetId: Id,
    name: Type.Union([Type.String(), Type.Null()], { description: 'null: a group above those that you may see' }),
  },
  { description: 'The target that it was deployed to' },
);
const Distance = Type.Integer({
  minimum: 0,
  description: "0: deployed to the device itself, 1: to its group, 2: to that group's parent, and so on",
});
const NextInstant = Type.Union([Timestamp, Type.Null()]);

const PreviewQuery = Type.Object(
  {
    at: Type.Optional({
      ...InstantQuery,
      description:
        'ISO 8601 UTC, up to five years ahead; default now. What is deployed and raised now is what counts, at any instant',
    }),
  },
  { additionalProperties: false },
);

const PreviewJson = Type.Object({
  at: Timestamp,
  timezone: Type.String({ description: "The device's own zone: `config.timezone`, or UTC" }),
  alerts: Type.Array(Alert, {
    description:
      'Those that are on now and at that instant, unless they are stopped before; in the order in which they are shown',
  }),
  shows: Type.Enum(['alert', 'schedule', 'nothing'], { description: 'Alerts go over the schedule' }),
  schedule: Type.Union(
    [
      Type.Object({
        id: Id,
        name: Type.String(),
        deploymentId: Id,
        distance: Distance,
        via: TargetJson,
        layout: Layout,
      }),
      Type.Null(),
    ],
    { description: 'The schedule that wins, be it below an alert; as it was deployed' },
  ),
  zones: Type.Array(ZoneOnJson, {
    description:
      'What each zone of that schedule shows at that instant, by the same rules as players; empty without one',
  }),
  candidates: Type.Array(
    Type.Object({
      scheduleId: Id,
      name: Type.String(),
      deploymentId: Id,
      via: TargetJson,
      distance: Distance,
      priority: Type.Integer(),
      active: Type.Boolean({ description: 'It is its time' }),
      outcome: Type.Enum(['wins', 'inactive', 'farther', 'lower-priority', 'older-deployment'], {
        description: 'Why it loses: it is not its time, or the winner is nearer, more important or deployed later',
      }),
      nextChangeAt: {
        ...NextInstant,
        description: 'When its time begins or ends next, or five years ahead where that is farther; null: never',
      },
    }),
    {
      description: 'Every schedule in the manifest of the device: the nearest first, then by priority, then the newest',
    },
  ),
  changesAt: {
    ...NextInstant,
    description:
      'The next instant at which alerts or the schedule may be others; null: none is known. Zones go on by themselves',
  },
});
export type PreviewJson = Static<typeof PreviewJson>;

/** The routes that tell what would be shown; they change nothing. */
export function previewRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${API_BASE}/devices/:id/preview`,
      policy: 'user',
      operationId: 'previewDevice',
      summary: 'What is on a screen at an instant, and why',
      params: IdParams,
      query: PreviewQuery,
      data: PreviewJson,
      handler: previewDevice,
    }),
    route({
      method: 'GET',
      url: `${API_BASE}/schedules/:id/conflicts`,
      policy: 'user',
      operationId: 'listScheduleConflicts',
      summary: 'Which deployed schedules a schedule would compete with on the same devices, and who wins',
      params: IdParams,
      query: ConflictsQuery,
      data: ConflictsJson,
      handler: findConflicts,
    }),
  ];
}

type PreviewCall = Call<{ id: number }, Static<typeof PreviewQuery>, unknown>;

/** NOT_FOUND when the actor has no such device; VALIDATION_ERROR for an instant past the horizon. */
async function previewDevice({ ctx, actor, params, query }: PreviewCall): Promise<PreviewJson> {
  const now = ctx.clock.now();
  const at = query.at === undefined ? now : fromInstantQuery('at', query.at);
  if (at > now + HORIZON_MS) {
    throw apiError('VALIDATION_ERROR', 'The request is not valid', [
      { field: 'at', message: 'is more than five years ahead' },
    ]);
  }
  return ctx.db.sql
    .transaction()
    .setAccessMode('read only')
    .execute(async (db) => {
      const device = await findDevice(db, actor, params.id);
      const record = await readRecord(db, device.id);
      // What was over before now is history, and the history of alerts is long.
      const since = Math.max(at, now);
      const model = await readModel(db, ctx.media, record, since);
      const { alerts, config } = composeState(model, record, await readPosition(db), since);
      const zone = config.timezone ?? 'UTC';
      const chain = chainOf(await readTree(db, actor.tenantId), device.group_id);
      const deployed = await readDeployed(db, actor.tenantId, { groupIds: chain, deviceIds: [device.id] });
      const names = await namesOf(db, actor, { id: device.id, name: device.name }, chain);
      const reached = [...reaching(byTarget(deployed), device.id, chain).values()];
      const schedules = await judge(db, reached, at, zone, names);
      const shown = alerts.filter((alert) => alert.startedAt <= at);
      const changes = alerts.map((alert) => (alert.startedAt > at ? alert.startedAt : alert.expiresAt));
      if (schedules.changesAt !== null) changes.push(schedules.changesAt);
      const below = schedules.winner === null ? 'nothing' : 'schedule';
      return {
        at: toIso(at),
        timezone: zone,
        alerts: shown.map(alertJson),
        shows: shown.length > 0 ? 'alert' : below,
        schedule: schedules.winner,
        zones: schedules.zones,
        candidates: schedules.candidates,
        changesAt: changes.length === 0 ? null : toIso(Math.min(...changes)),
      };
    });
}

type Named = (one: Reaching) => Static<typeof TargetJson>;

/** Names of the chain's targets; a group out of the actor's scope has none. */
async function namesOf(
  db: Kysely<Database>,
  actor: Actor,
  device: { readonly id: number; readonly name: string },
  chain: readonly number[],
): Promise<Named> {
  const visible = chain.filter((id) => isGroupInScope(actor, id));
  const rows =
    visible.length === 0
      ? []
      : await db.selectFrom('groups').select(['id', 'name']).where('id', 'in', visible).execute();
  const groups = new Map(rows.map((row) => [row.id, row.name]));
  return ({ kind, targetId }) => ({
    kind,
    targetId,
    name: kind === 'device' ? device.name : (groups.get(targetId) ?? null),
  });
}

interface Judged {
  readonly winner: PreviewJson['schedule'];
  readonly zones: PreviewJson['zones'];
  readonly candidates: PreviewJson['candidates'];
  readonly changesAt: number | null;
}

async function judge(
  db: Kysely<Database>,
  reached: readonly Reaching[],
  at: number,
  zone: string,
  via: Named,
): Promise<Judged> {
  const chooser = createChooser(
    reached.map((one) => ({ ...one, id: one.scheduleId })),
    zone,
  );
  const { winner, losers, changesAt } = chooser.at(at);
  const outcomes = new Map<number, PreviewJson['candidates'][number]['outcome']>(
    losers.map(({ id, why }) => [id, why]),
  );
  const candidates = chooser.ranked.map((one) => {
    const { active, until } = compileTiming(one.timing, zone).activeAt(at);
    const { scheduleId, name, deploymentId, distance, priority } = one;
    const outcome = outcomes.get(scheduleId) ?? 'wins';
    return {
      ...{ scheduleId, name, deploymentId, via: via(one), distance, priority },
      ...{ active, outcome, nextChangeAt: toIsoOrNull(until) },
    };
  });
  if (winner === null) return { winner, zones: [], candidates, changesAt };
  const { scheduleId: id, name, deploymentId, distance } = winner;
  const layout = await readLayout(db, deploymentId);
  const zones = await zonesAt(db, deploymentId, layout, at);
  return { winner: { id, name, deploymentId, distance, via: via(winner), layout }, zones, candidates, changesAt };
}

async function readLayout(db: Kysely<Database>, deploymentId: number): Promise<Layout> {
  const { snapshot } = await db
    .selectFrom('deployments')
    .select('snapshot')
    .where('id', '=', deploymentId)
    .executeTakeFirstOrThrow();
  return (JSON.parse(snapshot) as { layout: Layout }).layout;
}

function alertJson({ content, startedAt, expiresAt, ...alert }: ActiveAlert): Static<typeof Alert> {
  return {
    ...alert,
    ...(content && { content }),
    startedAt: toIso(startedAt),
    expiresAt: toIso(expiresAt),
  };
}
