/**
 * What the schemas of a layout and a timing cannot say. Fields of errors are named as the schemas' own are, with dots:
 * `layout.zones.0.items.2.contentId`.
 */
import type { Transaction } from 'kysely';
import type { Dialect } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import type { ErrorDetail } from '../../protocol/errors.ts';
import type { Layout, Timing } from '../../protocol/schedule.ts';
import { timingProblems } from '../../protocol/schedule-timing.ts';
import type { Actor } from '../context.ts';
import { apiError } from '../errors.ts';
import { isGroupInScope } from '../scope.ts';

/** Details of one refusal; what is wrong beyond them shows once these are mended. */
const DETAILS_MAX = 20;
/** Ids in one statement. */
const CHUNK = 1_000;

/** Throws VALIDATION_ERROR naming every field that is wrong: zones of one name or outside the canvas, days that never come. */
export function checkSchedule({ layout, timing }: { layout?: Layout | undefined; timing?: Timing | undefined }): void {
  const details = [
    ...(layout === undefined ? [] : layoutProblems(layout)),
    ...(timing === undefined
      ? []
      : timingProblems(timing).map(({ field, message }) => ({ field: dotted(field), message }))),
  ];
  if (details.length > 0) throw apiError('VALIDATION_ERROR', 'The request is not valid', details.slice(0, DETAILS_MAX));
}

function dotted(field: string): string {
  return field.replaceAll(/\[(\d+)\]/g, '.$1');
}

function layoutProblems({ width, height, zones }: Layout): ErrorDetail[] {
  const seen = new Set<string>();
  return zones.flatMap((zone, index) => {
    const at = `layout.zones.${index}`;
    const isTwin = seen.has(zone.id);
    seen.add(zone.id);
    return [
      ...(isTwin ? [{ field: `${at}.id`, message: 'is the id of another zone' }] : []),
      ...(zone.x + zone.width > width
        ? [{ field: `${at}.width`, message: `the zone ends outside the canvas, which is ${width} pixels wide` }]
        : []),
      ...(zone.y + zone.height > height
        ? [{ field: `${at}.height`, message: `the zone ends outside the canvas, which is ${height} pixels high` }]
        : []),
    ];
  });
}

/** Ids of the content that a layout shows, each once and in order, with the fields that name it. */
function contentOf({ zones }: Layout): Map<number, string[]> {
  const fields = new Map<number, string[]>();
  zones.forEach((zone, zoneIndex) => {
    zone.items.forEach(({ contentId }, itemIndex) => {
      const field = `layout.zones.${zoneIndex}.items.${itemIndex}.contentId`;
      const others = fields.get(contentId);
      if (others === undefined) fields.set(contentId, [field]);
      else others.push(field);
    });
  });
  return new Map([...fields].sort(([a], [b]) => a - b));
}

/**
 * Makes sure that all content of a layout is ready and stays there until commit. NOT_FOUND for what the actor cannot see, unless
 * it is `inUse` by this schedule already; CONFLICT for what is not ready. Both name the fields.
 *
 * The rows are locked in id order, as whoever deletes content locks them before looking for uses: one of the two sees the other.
 */
export async function holdContent(
  tx: Transaction<Database>,
  dialect: Dialect,
  actor: Pick<Actor, 'tenantId' | 'scope'>,
  layout: Layout,
  inUse: ReadonlySet<number> | 'all',
): Promise<number[]> {
  const fields = contentOf(layout);
  const ids = [...fields.keys()];
  const found = new Map<number, string>();
  for (let at = 0; at < ids.length; at += CHUNK) {
    for (const row of await lockContent(tx, dialect, actor.tenantId, ids.slice(at, at + CHUNK))) {
      const known = inUse === 'all' || inUse.has(row.id);
      if (known || row.group_id === null || isGroupInScope(actor, row.group_id)) found.set(row.id, row.status);
    }
  }
  const named = (wrong: readonly number[], message: (id: number) => string): ErrorDetail[] =>
    wrong
      .flatMap((id) => (fields.get(id) ?? []).map((field) => ({ field, message: message(id) })))
      .slice(0, DETAILS_MAX);
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) {
    throw apiError(
      'NOT_FOUND',
      'No such content',
      named(missing, (id) => `there is no content ${id}`),
    );
  }
  const unready = ids.filter((id) => found.get(id) !== 'ready');
  if (unready.length > 0) {
    throw apiError(
      'CONFLICT',
      'Content of the schedule is not ready',
      named(unready, (id) => `content ${id} is ${found.get(id)}`),
    );
  }
  return ids;
}

interface HeldContent {
  readonly id: number;
  readonly group_id: number | null;
  readonly status: string;
}

async function lockContent(
  tx: Transaction<Database>,
  dialect: Dialect,
  tenantId: number,
  ids: readonly number[],
): Promise<HeldContent[]> {
  // Looked up first: whoever names another tenant's content must not lock it. [INV-10]
  const own = await tx
    .selectFrom('content')
    .select('id')
    .where('id', 'in', ids)
    .where('tenant_id', '=', tenantId)
    .execute();
  if (own.length === 0) return [];
  const ownIds = own.map((row) => row.id).sort((a, b) => a - b);
  return tx
    .selectFrom('content')
    .select(['id', 'group_id', 'status'])
    .where('id', 'in', ownIds)
    .orderBy('id')
    .modifyEnd(dialect.forUpdate)
    .execute();
}
