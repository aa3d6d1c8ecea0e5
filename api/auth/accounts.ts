/**
 * What this process remembers of users and group trees, for at most FRESH_MS: every request asks whether its user is still
 * active, and a disabled user is out within two seconds everywhere [INV-9].
 *
 * States of an entry: loading (a promise that all who ask share), loaded, and gone after FRESH_MS or when forgotten.
 * Invariant: a user's row is never handed out when its query began more than FRESH_MS ago. Its scope is worked out from a
 * tree that may have been as old again, so that a moved group bites within two seconds too.
 */
import type { Clock } from '../../hub/core/ports.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database, UserRole } from '../../migrations/tables.ts';

/** How long an answer is believed, in milliseconds. */
const FRESH_MS = 1_000;
/** Entries kept per cache; past it the oldest goes. */
const ENTRIES_MAX = 10_000;

/** A user as requests see it. */
export interface Account {
  readonly userId: number;
  readonly tenantId: number;
  readonly username: string;
  readonly role: UserRole;
  readonly active: boolean;
  /** The password was set by somebody else: nothing may be done before the user has chosen one. */
  readonly mustChangePassword: boolean;
  readonly tokenVersion: number;
  readonly scope: ReadonlySet<number> | null;
}

export interface Accounts {
  /** The user with its scope, or null when there is none. Rejects when the database is away. */
  find(userId: number): Promise<Account | null>;
  forgetUser(userId: number): void;
  /** After a change to the tenant's group tree. */
  forgetGroups(tenantId: number): void;
}

interface GroupRow {
  readonly id: number;
  readonly parent_id: number | null;
}

/** Every group in the subtrees of `roots`, the roots included; ids that are in no row are left out. */
export function expandSubtrees(rows: readonly GroupRow[], roots: Iterable<number>): Set<number> {
  const children = new Map<number | null, number[]>();
  const known = new Set<number>();
  for (const { id, parent_id: parentId } of rows) {
    known.add(id);
    const siblings = children.get(parentId);
    if (siblings) siblings.push(id);
    else children.set(parentId, [id]);
  }
  const found = new Set<number>();
  const open = [...roots].filter((id) => known.has(id));
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(children.get(id) ?? []));
  }
  return found;
}

/** A map of promises that live for FRESH_MS; one load at a time per key, failures are not kept. */
function freshCache<V>(clock: Clock, load: (key: number) => Promise<V>) {
  const entries = new Map<number, { readonly value: Promise<V>; readonly at: number }>();
  return {
    get(key: number): Promise<V> {
      const now = clock.monotonicMs();
      const hit = entries.get(key);
      if (hit && now - hit.at < FRESH_MS) return hit.value;
      entries.delete(key);
      const oldest = entries.size >= ENTRIES_MAX ? entries.keys().next() : undefined;
      if (oldest && !oldest.done) entries.delete(oldest.value);
      const entry = { value: load(key), at: now };
      entries.set(key, entry);
      entry.value.catch(() => {
        // Whoever asked gets the rejection; the next one asks anew.
        if (entries.get(key) === entry) entries.delete(key);
      });
      return entry.value;
    },
    delete: (key: number): boolean => entries.delete(key),
    clear: (): void => entries.clear(),
  };
}

/** Makes the memory of one process. */
export function createAccounts(db: OpenDatabase<Database>, clock: Clock): Accounts {
  const trees = freshCache<GroupRow[]>(clock, (tenantId) =>
    db.sql.selectFrom('groups').select(['id', 'parent_id']).where('tenant_id', '=', tenantId).execute(),
  );

  async function scopeOf(userId: number, tenantId: number, role: UserRole): Promise<ReadonlySet<number> | null> {
    if (role === 'admin') return null;
    const [assigned, rows] = await Promise.all([
      db.sql
        .selectFrom('user_groups')
        .select('group_id')
        .where('user_id', '=', userId)
        .where('tenant_id', '=', tenantId)
        .execute(),
      trees.get(tenantId),
    ]);
    return expandSubtrees(
      rows,
      assigned.map((row) => row.group_id),
    );
  }

  async function load(userId: number): Promise<Account | null> {
    const row = await db.sql
      .selectFrom('users')
      .select(['tenant_id', 'username', 'role', 'status', 'must_change_password', 'token_version'])
      .where('id', '=', userId)
      .executeTakeFirst();
    if (!row) return null;
    return {
      userId,
      tenantId: row.tenant_id,
      username: row.username,
      role: row.role,
      active: row.status === 'active',
      mustChangePassword: row.must_change_password === 1,
      tokenVersion: row.token_version,
      scope: await scopeOf(userId, row.tenant_id, row.role),
    };
  }

  const users = freshCache<Account | null>(clock, load);
  return {
    find: (userId) => users.get(userId),
    forgetUser: (userId) => void users.delete(userId),
    forgetGroups(tenantId) {
      trees.delete(tenantId);
      // Scopes are kept with the users, and which users a tree concerns is not worth an index.
      users.clear();
    },
  };
}
