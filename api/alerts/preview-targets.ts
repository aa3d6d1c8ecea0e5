/** How many screens an alert would reach, before anybody raises it. */
import Type, { type Static } from 'typebox';
import { findAudience } from '../audience.ts';
import type { Call } from '../route.ts';
import { targetCounts, TargetCounts } from './deployment-json.ts';

/** Length of a list of ids, in characters: it has to fit into an address. */
const IDS_CHARS_MAX = 6_000;
const IdList = Type.String({ pattern: '^[1-9]\\d{0,14}(,[1-9]\\d{0,14})*$', maxLength: IDS_CHARS_MAX });

export const TargetsQuery = Type.Object(
  {
    groupIds: Type.Optional({ ...IdList, description: 'Groups, each with its whole subtree, with commas between' }),
    deviceIds: Type.Optional({ ...IdList, description: 'Devices, with commas between' }),
  },
  { additionalProperties: false },
);

export const TargetsPreview = Type.Object({
  ...TargetCounts.properties,
  http: Type.Integer({ minimum: 0, description: 'Of the online, over HTTP: they show it at their next heartbeat' }),
});

/** Counts the devices that raising an alert on these targets would reach now. NOT_FOUND naming the field, as raising it would say. */
export async function previewTargets({
  ctx,
  actor,
  query,
}: Call<unknown, Static<typeof TargetsQuery>, unknown>): Promise<Static<typeof TargetsPreview>> {
  const { total, online, http } = await findAudience(ctx.db.sql, actor, {
    groupIds: idsOf(query.groupIds),
    deviceIds: idsOf(query.deviceIds),
  });
  return { ...targetCounts(total, online), http };
}

function idsOf(list: string | undefined): number[] {
  return list === undefined ? [] : list.split(',').map(Number);
}
