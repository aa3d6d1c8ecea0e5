/**
 * What was changed since the last look, for every tenant at once: the change log by its rev, which is gapless, and the audit by its
 * ids. Each mutation of the API leaves a line in the audit; what hubs do (a command that finished) is in the log alone.
 */
import { sql } from 'kysely';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';
import { IdCursor, START_OVERLAP } from './id-cursor.ts';
import type { LiveEntity } from './live-messages.ts';

/** Rows read in one look. Past it, or behind by more: everybody is told to look again at everything. */
const PAGE_ROWS = 2_000;

/** Something that changed. */
export interface NewsItem {
  readonly entity: LiveEntity;
  readonly id: number;
  /** Whose it was, for what is gone; absent where that is not known. */
  readonly groupId?: number | null;
}

/** What changed in one tenant. */
export interface TenantNews {
  readonly items: NewsItem[];
  /** Groups were made, moved or removed: scopes may be others. */
  isTreeChanged: boolean;
  /** Devices were made, moved, revoked or removed. */
  areDevicesChanged: boolean;
  areAlertsChanged: boolean;
  areSchedulesChanged: boolean;
}

/** What a look found; `isLost`: there was more than is listed, in any tenant. */
export interface News {
  readonly byTenant: ReadonlyMap<number, TenantNews>;
  readonly isLost: boolean;
  /** The log went backwards: the database was restored from a backup. */
  readonly isReset: boolean;
}

const AUDITED: Readonly<Record<string, LiveEntity>> = {
  group: 'group',
  device: 'device',
  content: 'content',
  schedule: 'schedule',
  alert: 'alert',
  user: 'user',
  webhook: 'webhook',
  dead_letter: 'deadLetter',
};
/** Lines that change nothing a console shows. */
const UNREMARKABLE: ReadonlySet<string> = new Set(['session.started', 'session.ended']);

function noNews(): TenantNews {
  return {
    items: [],
    isTreeChanged: false,
    areDevicesChanged: false,
    areAlertsChanged: false,
    areSchedulesChanged: false,
  };
}

class Collected {
  readonly byTenant = new Map<number, TenantNews>();

  of(tenantId: number): TenantNews {
    let news = this.byTenant.get(tenantId);
    if (news === undefined) {
      news = noNews();
      this.byTenant.set(tenantId, news);
    }
    return news;
  }
}

interface ChangeRow {
  readonly tenant_id: number;
  readonly kind: string;
  readonly payload: string;
}

/** Ids that changes carry in their payload. */
interface Payload {
  readonly groupId?: number | null;
  readonly deviceId?: number;
  readonly deploymentId?: number;
}

function takeChange(collected: Collected, { tenant_id: tenantId, kind, payload }: ChangeRow): void {
  const news = collected.of(tenantId);
  if (kind.startsWith('alert.')) {
    news.areAlertsChanged = true;
    return;
  }
  if (kind === 'schedule.assigned') {
    news.areSchedulesChanged = true;
    return;
  }
  const { groupId, deviceId } = JSON.parse(payload) as Payload;
  if (kind.startsWith('group.')) {
    news.isTreeChanged = true;
    news.areDevicesChanged = true;
    if (typeof groupId === 'number') news.items.push({ entity: 'group', id: groupId });
  } else if (deviceId !== undefined) {
    if (kind.startsWith('device.')) news.areDevicesChanged = true;
    news.items.push({ entity: 'device', id: deviceId });
  }
}

interface AuditRow {
  readonly id: number;
  readonly tenant_id: number;
  readonly action: string;
  readonly entity: string;
  readonly entity_id: number | null;
  /** Of removals alone. */
  readonly detail: string | null;
}

function takeAudit(collected: Collected, row: AuditRow): void {
  const entity = AUDITED[row.entity];
  if (entity === undefined || row.entity_id === null || UNREMARKABLE.has(row.action)) return;
  const detail = row.detail === null ? null : (JSON.parse(row.detail) as { groupId?: number | null } | null);
  const whose = detail?.groupId === undefined ? {} : { groupId: detail.groupId };
  collected.of(row.tenant_id).items.push({ entity, id: row.entity_id, ...whose });
}

export class NewsReader {
  readonly #db: OpenDatabase<Database>;
  #rev = 0;
  #audit = new IdCursor(0);

  constructor(db: OpenDatabase<Database>) {
    this.#db = db;
  }

  /** Begins at what is there now. */
  async start(nowMs: number): Promise<void> {
    this.#rev = await this.#head();
    this.#audit = await this.#newAuditCursor(nowMs);
  }

  async read(nowMs: number): Promise<News> {
    const collected = new Collected();
    const log = await this.#readLog(collected);
    if (log === 'reset') this.#audit = await this.#newAuditCursor(nowMs);
    const isAuditLost = await this.#readAudit(collected, nowMs);
    return { byTenant: collected.byTenant, isLost: log !== 'read' || isAuditLost, isReset: log === 'reset' };
  }

  async #head(): Promise<number> {
    const row = await this.#db.sql
      .selectFrom('counters')
      .select('value')
      .where('name', '=', 'rev')
      .executeTakeFirstOrThrow();
    return Number(row.value);
  }

  async #readLog(collected: Collected): Promise<'read' | 'lost' | 'reset'> {
    const head = await this.#head();
    const behind = head - this.#rev;
    if (behind === 0) return 'read';
    if (behind < 0 || behind > PAGE_ROWS) {
      this.#rev = head;
      return behind < 0 ? 'reset' : 'lost';
    }
    const rows = await this.#db.sql
      .selectFrom('changes')
      .select(['rev', 'tenant_id', 'kind', 'payload'])
      .where('rev', '>', this.#rev)
      .where('rev', '<=', head)
      .orderBy('rev')
      .execute();
    this.#rev = head;
    for (const row of rows) takeChange(collected, row);
    return rows.length < behind ? 'lost' : 'read';
  }

  async #newAuditCursor(nowMs: number): Promise<IdCursor> {
    const newest = await this.#db.sql
      .selectFrom('audit_logs')
      .select((eb) => eb.fn.max('id').as('id'))
      .executeTakeFirst();
    const cursor = new IdCursor(Math.max(0, Number(newest?.id ?? 0) - START_OVERLAP));
    const seen = await this.#db.sql
      .selectFrom('audit_logs')
      .select('id')
      .where('id', '>', cursor.last)
      .orderBy('id')
      .execute();
    cursor.take(seen, nowMs);
    return cursor;
  }

  async #readAudit(collected: Collected, nowMs: number): Promise<boolean> {
    const { gaps, last } = this.#audit;
    const rows: AuditRow[] = await this.#db.sql
      .selectFrom('audit_logs')
      .select(['id', 'tenant_id', 'action', 'entity', 'entity_id'])
      .select(sql<string | null>`case when action like '%.removed' then detail end`.as('detail'))
      .where((eb) => eb.or([eb('id', '>', last), ...(gaps.length === 0 ? [] : [eb('id', 'in', gaps)])]))
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute();
    if (rows.length === PAGE_ROWS) {
      this.#audit = await this.#newAuditCursor(nowMs);
      return true;
    }
    for (const row of this.#audit.take(rows, nowMs)) takeAudit(collected, row);
    return false;
  }
}
