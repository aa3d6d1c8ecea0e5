/** The one way in which a row of content comes to be. */
import type { Transaction } from 'kysely';
import type { Database } from '../../migrations/tables.ts';
import type { Actor } from '../context.ts';
import type { ContentRow } from './content-json.ts';

/** Columns of content whose bytes are not here, or not yet. */
const NOT_STORED = {
  failure: null,
  file_name: null,
  mime_type: null,
  size_bytes: null,
  sha256: null,
  width: null,
  height: null,
  duration_ms: null,
  probe: null,
  url: null,
  storage_key: null,
  thumbnail_key: null,
} as const;

type Given = Partial<ContentRow> & Pick<ContentRow, 'name' | 'type' | 'status' | 'group_id'>;

/** Inserts content of the actor's, with what is given of it and nothing else, and gives the row. `now` in epoch milliseconds. */
export async function insertContent(
  tx: Transaction<Database>,
  actor: Pick<Actor, 'tenantId' | 'userId'>,
  now: number,
  given: Omit<Given, 'id'>,
): Promise<ContentRow> {
  const row = { ...NOT_STORED, version: 1, created_by: actor.userId, created_at: now, updated_at: now, ...given };
  const { insertId } = await tx
    .insertInto('content')
    .values({ tenant_id: actor.tenantId, ...row })
    .executeTakeFirstOrThrow();
  return { id: Number(insertId), ...row };
}
