/**
 * One act on many devices, with a preview that says what it would touch.
 *
 * It is one transaction, so that it is done as a whole or not at all. The change log's counter, which an emergency alert needs as
 * well, is held for the last part of it alone: the changes are written and the rows get their revs with a few statements each.
 */
import type { Transaction } from 'kysely';
import Type, { type Static } from 'typebox';
import type { Database } from '../../migrations/tables.ts';
import { Id } from '../../protocol/desired-state.ts';
import { holdGroup } from '../groups/tree-rows.ts';
import { mutate, type Mutation } from '../mutation.ts';
import type { Call } from '../route.ts';
import { inTransaction } from '../transaction.ts';
import { BulkAction, checkAction, performAction, SKIP_REASONS, skipReason, type SkipReason } from './bulk-actions.ts';
import { BulkSelect, selectDevices, type SelectedDevice } from './bulk-selection.ts';
import { removeFiles } from './edit-device.ts';

/** Devices that an answer names. */
const SAMPLE_MAX = 20;

export const BulkRequest = Type.Object(
  {
    select: BulkSelect,
    action: BulkAction,
    dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Says what it would do, and does nothing' })),
  },
  { additionalProperties: false },
);

const Count = Type.Integer({ minimum: 0 });
export const BulkResult = Type.Object({
  matched: { ...Count, description: 'Devices that the selection stands for: `affected` and all that are skipped' },
  affected: { ...Count, description: 'Devices that it is done to' },
  skipped: Type.Array(Type.Object({ reason: Type.Enum([...SKIP_REASONS]), count: Count }), {
    description: 'Why the others are passed over',
  }),
  sample: Type.Array(Type.Object({ deviceId: Id, name: Type.String() }), {
    maxItems: SAMPLE_MAX,
    description: 'Some of the affected, by name',
  }),
});
export type BulkResult = Static<typeof BulkResult>;
type BulkCall = Call<unknown, unknown, Static<typeof BulkRequest>>;

/** Lines of the audit, in the words that the same act on one device has. */
const AUDITED: Readonly<Record<BulkAction['kind'], string>> = {
  move: 'device.updated',
  configure: 'device.updated',
  command: 'command.issued',
  revoke: 'device.revoked',
  remove: 'device.removed',
};

interface Plan {
  readonly affected: readonly SelectedDevice[];
  readonly result: BulkResult;
}

/**
 * Does it to all that are selected and can have it done. NOT_FOUND for the group, or when none of the named devices is there;
 * CONFLICT when other than the expected number match; VALIDATION_ERROR when too many do.
 */
export async function bulkDevices(call: BulkCall): Promise<BulkResult> {
  const { ctx, body } = call;
  checkAction(body.action);
  if (body.dryRun === true) return (await inTransaction(ctx.db, (tx) => plan(tx, call))).result;
  let fileKeys: readonly string[] = [];
  const result = await mutate(call, async (tx, now): Promise<Mutation<BulkResult>> => {
    const planned = await plan(tx, call);
    const written = await performAction(tx, body.action, planned.affected, { actor: call.actor, now });
    fileKeys = written.fileKeys;
    const { matched, affected, skipped } = planned.result;
    return {
      data: planned.result,
      changes: written.changes,
      audit: {
        action: AUDITED[body.action.kind],
        entity: 'device',
        entityId: null,
        detail: {
          ...{ ...body.action, ...('filter' in body.select ? { filter: body.select.filter } : {}) },
          ...{ matched, affected, skipped, deviceIds: planned.affected.map(({ id }) => id) },
        },
      },
      stamp: (locked, revs) => written.stamp(locked, revs.at(-1) ?? 0),
    };
  });
  await removeFiles(call, fileKeys);
  return result;
}

/** What would be done, and to whom; takes the locks that doing it needs, unless it is a preview. */
async function plan(tx: Transaction<Database>, { ctx, actor, body }: BulkCall): Promise<Plan> {
  const { select, action, dryRun = false } = body;
  const { dialect } = ctx.db;
  if (action.kind === 'move') await holdGroup(tx, dialect, actor, action.groupId, 'action.groupId');
  const { matched, devices } = await selectDevices(tx, dialect, actor, select, dryRun);
  const counts = new Map<SkipReason, number>();
  const skip = (reason: SkipReason, count: number): void => {
    if (count > 0) counts.set(reason, (counts.get(reason) ?? 0) + count);
  };
  skip('not_found', matched - devices.length);
  const affected = devices.filter((device) => {
    const reason = skipReason(action, device);
    if (reason !== null) skip(reason, 1);
    return reason === null;
  });
  return {
    affected,
    result: {
      matched,
      affected: affected.length,
      skipped: SKIP_REASONS.flatMap((reason) => {
        const count = counts.get(reason);
        return count === undefined ? [] : [{ reason, count }];
      }),
      sample: affected
        .toSorted((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }))
        .slice(0, SAMPLE_MAX)
        .map(({ id, name }) => ({ deviceId: id, name })),
    },
  };
}
