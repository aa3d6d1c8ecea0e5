/**
 * The names behind the ids of a report, read as they are needed. What was deleted since has no name; what is another tenant's has
 * none either.
 */
import type { Kysely } from 'kysely';
import type { Database } from '../../migrations/tables.ts';

/** Names kept of one table. Past it: they are forgotten, and read again when they are needed. */
const NAMES_MAX = 50_000;
/** Ids of one query. */
const IDS_MAX = 1_000;

export type NamedTable = 'content' | 'devices' | 'groups' | 'schedules' | 'users';

export interface Named {
  readonly name: string;
  /** The group that it is in or belongs to; null for what has none. */
  readonly groupId: number | null;
}

/** Reads and keeps names of one tenant. Invariant: `known` holds, of each table, at least the ids of the last `load`. */
export class ReportNames {
  readonly #db: Kysely<Database>;
  readonly #tenantId: number;
  readonly #known: Readonly<Record<NamedTable, Map<number, Named | null>>> = {
    content: new Map(),
    devices: new Map(),
    groups: new Map(),
    schedules: new Map(),
    users: new Map(),
  };

  constructor(db: Kysely<Database>, tenantId: number) {
    this.#db = db;
    this.#tenantId = tenantId;
  }

  /** Makes sure that `of` knows these ids. */
  async load(table: NamedTable, ids: Iterable<number | null>): Promise<void> {
    const known = this.#known[table];
    if (known.size > NAMES_MAX) known.clear();
    const missing = [...new Set(ids)].filter((id): id is number => id !== null && !known.has(id));
    for (let at = 0; at < missing.length; at += IDS_MAX) {
      const some = missing.slice(at, at + IDS_MAX);
      const found = await this.#read(table, some);
      for (const id of some) known.set(id, found.get(id) ?? null);
    }
  }

  /** What the id stands for; null when it is gone, or null itself. */
  of(table: NamedTable, id: number | null): Named | null {
    if (id === null) return null;
    const known = this.#known[table].get(id);
    if (known === undefined) throw new Error(`the name of ${table} ${id} was not loaded`);
    return known;
  }

  async #read(table: NamedTable, ids: readonly number[]): Promise<Map<number, Named>> {
    const rows = await this.#rows(table, ids);
    return new Map(rows.map(({ id, name, group_id }) => [id, { name, groupId: group_id }]));
  }

  #rows(table: NamedTable, ids: readonly number[]): Promise<{ id: number; name: string; group_id: number | null }[]> {
    if (table === 'users') {
      return this.#db
        .selectFrom('users')
        .select((eb) => ['id', 'username as name', eb.lit(null).as('group_id')])
        .where('tenant_id', '=', this.#tenantId)
        .where('id', 'in', ids)
        .execute();
    }
    if (table === 'groups') {
      return this.#db
        .selectFrom('groups')
        .select(['id', 'name', 'parent_id as group_id'])
        .where('tenant_id', '=', this.#tenantId)
        .where('id', 'in', ids)
        .execute();
    }
    return this.#db
      .selectFrom(table)
      .select(['id', 'name', 'group_id'])
      .where('tenant_id', '=', this.#tenantId)
      .where('id', 'in', ids)
      .execute();
  }
}
