/** How an alert names the content that goes with it: what a device needs to fetch and check it. */
import type { Kysely } from 'kysely';
import { contentUrl } from '../hub/core/content-url.ts';
import type { AlertContent } from '../hub/core/model.ts';
import type { ContentTable, Database } from '../migrations/tables.ts';
import { apiError } from './errors.ts';

/** The columns that contentReference reads. */
const CONTENT_REFERENCE_COLUMNS = ['id', 'type', 'url', 'storage_key', 'sha256'] as const;

export interface ContentReferenceRow extends Pick<ContentTable, 'type' | 'url' | 'storage_key' | 'sha256'> {
  readonly id: number;
}

/** The reference as it goes into alerts. */
export function contentReference(row: ContentReferenceRow): AlertContent {
  const url = contentUrl(row.storage_key, row.url);
  if (url === null) throw new Error(`content ${row.id} is neither stored nor elsewhere`);
  return { id: row.id, type: row.type, url, sha256: row.sha256 };
}

/**
 * The content with this id, fit to be shown. NOT_FOUND when the tenant has none, CONFLICT while it is not ready; both name
 * the field that asked for it.
 */
export async function readyContent(
  db: Kysely<Database>,
  tenantId: number,
  contentId: number,
  field: string,
): Promise<AlertContent> {
  const row = await db
    .selectFrom('content')
    .select([...CONTENT_REFERENCE_COLUMNS, 'status'])
    .where('id', '=', contentId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  if (row === undefined)
    throw apiError('NOT_FOUND', 'No such content', [{ field, message: `there is no content ${contentId}` }]);
  if (row.status !== 'ready') {
    throw apiError('CONFLICT', 'The content is not ready', [
      { field, message: `content ${contentId} is ${row.status}` },
    ]);
  }
  return contentReference(row);
}
