/** The audit's one writer: in the transaction of what it tells of, or not at all. */
import type { Transaction } from 'kysely';
import type { Database } from '../../migrations/tables.ts';

/** Who did it; a user that is null is the system itself (first start, command line). */
export interface AuditAuthor {
  readonly tenantId: number;
  readonly userId: number | null;
  readonly username: string | null;
  readonly ip: string | null;
  readonly requestId: string | null;
}

/** What was done. */
export interface AuditEntry {
  /** `<entity>.<past participle>`, e.g. `group.created`. */
  readonly action: string;
  readonly entity: string;
  readonly entityId: number | null;
  /** What was done, without secrets. */
  readonly detail: unknown;
}

/** Appends one line to the audit of the author's tenant. */
export async function writeAudit(
  tx: Transaction<Database>,
  author: AuditAuthor,
  entry: AuditEntry,
  now: number,
): Promise<void> {
  await tx
    .insertInto('audit_logs')
    .values({
      tenant_id: author.tenantId,
      user_id: author.userId,
      username: author.username,
      action: entry.action,
      entity: entry.entity,
      entity_id: entry.entityId,
      detail: JSON.stringify(entry.detail ?? null),
      ip: author.ip,
      request_id: author.requestId,
      created_at: now,
    })
    .execute();
}
