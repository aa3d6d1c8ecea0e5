/** Which item each zone of a deployed layout shows at an instant, by the players' own code (protocol/zone-playlist.ts). */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id, Timestamp } from '../../protocol/desired-state.ts';
import type { Layout } from '../../protocol/schedule.ts';
import { zoneItemAt } from '../../protocol/zone-playlist.ts';
import { toIso } from '../iso-time.ts';

export const ZoneOnJson = Type.Object({
  zoneId: Type.String({ description: 'As in the layout of the schedule' }),
  itemIndex: Type.Integer({ minimum: 0, description: "Place in the zone's items, from 0; shuffled or not" }),
  contentId: Id,
  startedAt: { ...Timestamp, description: 'When its slot began' },
  endsAt: { ...Timestamp, description: 'When its slot ends, unless another schedule takes over before' },
});
export type ZoneOnJson = Static<typeof ZoneOnJson>;

/**
 * What the zones show, in the order of the layout. Content that devices are not given counts as they count it: as if it did not
 * say how long it lasts.
 */
export async function zonesAt(
  db: Kysely<Database>,
  deploymentId: number,
  layout: Layout,
  at: number,
): Promise<ZoneOnJson[]> {
  const rows = await db
    .selectFrom('deployment_content as u')
    .innerJoin('content as c', 'c.id', 'u.content_id')
    .select(['c.id', 'c.duration_ms'])
    .where('u.deployment_id', '=', deploymentId)
    .where('c.status', '=', 'ready')
    .execute();
  const durations = new Map(rows.map((row) => [row.id, row.duration_ms]));
  return layout.zones.flatMap((zone) => {
    const slot = zoneItemAt(zone, (contentId) => durations.get(contentId) ?? null, at);
    if (slot === null) return [];
    const { index: itemIndex, item, startedAt, endsAt } = slot;
    return [
      { zoneId: zone.id, itemIndex, contentId: item.contentId, startedAt: toIso(startedAt), endsAt: toIso(endsAt) },
    ];
  });
}
