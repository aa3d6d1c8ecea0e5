/** How an alert names the content that goes with it: what a device needs to fetch and check it. */
import { sql, type Transaction } from 'kysely';
import { ALERT_MEDIA_GRACE_MS, contentUrl, type MediaSigner } from '../hub/core/content-url.ts';
import type { AlertContent } from '../hub/core/model.ts';
import type { Dialect } from '../migrations/dialect.ts';
import type { ContentTable } from '../migrations/content-tables.ts';
import type { Database } from '../migrations/tables.ts';
import type { Actor } from './context.ts';
import { apiError } from './errors.ts';
import { ownedSql } from './ownership.ts';

/** The columns that contentReference reads. */
const CONTENT_REFERENCE_COLUMNS = ['id', 'type', 'url', 'storage_key', 'sha256'] as const;

export interface ContentReferenceRow extends Pick<ContentTable, 'type' | 'url' | 'storage_key' | 'sha256'> {
  readonly id: number;
}

/** The reference as it goes into an alert that runs out at `expiresAt`. */
export function contentReference(media: MediaSigner, row: ContentReferenceRow, expiresAt: number): AlertContent {
  const url = contentUrl(media, row.storage_key, row.url, expiresAt + ALERT_MEDIA_GRACE_MS);
  if (url === null) throw new Error(`content ${row.id} is neither stored nor elsewhere`);
  return { id: row.id, type: row.type, url, sha256: row.sha256 };
}

/**
 * The content with this id, fit to be shown. NOT_FOUND when the actor can see none, CONFLICT while it is not ready; both name the
 * field that asked for it. With `lockBy` nobody deletes it before it is used; raising an alert goes without, because an emergency waits
 * for nobody who edits content: at worst its text is shown alone.
 */
export async function readyContent(
  tx: Transaction<Database>,
  actor: Pick<Actor, 'tenantId' | 'scope'>,
  contentId: number,
  field: string,
  lockBy?: Dialect,
): Promise<ContentReferenceRow> {
  const row = await tx
    .selectFrom('content')
    .select([...CONTENT_REFERENCE_COLUMNS, 'status'])
    .where('id', '=', contentId)
    .where('tenant_id', '=', actor.tenantId)
    .where(ownedSql(actor, 'content.group_id'))
    .modifyEnd(lockBy?.forUpdate ?? sql``)
    .executeTakeFirst();
  if (row === undefined)
    throw apiError('NOT_FOUND', 'No such content', [{ field, message: `there is no content ${contentId}` }]);
  if (row.status !== 'ready') {
    throw apiError('CONFLICT', 'The content is not ready', [
      { field, message: `content ${contentId} is ${row.status}` },
    ]);
  }
  return row;
}
