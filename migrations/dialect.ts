/**
 * The few differences between SQLite and MariaDB, declared once. Everything else is one SQL text in the intersection:
 * explicit columns, no RETURNING, no transactional DDL.
 */
import { sql, type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, type RawBuilder } from 'kysely';

export type DialectName = 'sqlite' | 'mariadb';

export interface Dialect {
  readonly name: DialectName;
  /** Type of an id column: 64 bits on both (SQLite counts up only an `integer` key). */
  readonly idType: 'integer' | 'bigint';
  /** An auto-increment primary key. */
  idColumn(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  /** Text that may hold a megabyte. */
  readonly longText: RawBuilder<unknown>;
  /** Engine and collation of a new table: MariaDB's comparison is made exact (`utf8mb4_bin`), as SQLite's is. */
  tableOptions<T extends string, C extends string>(table: CreateTableBuilder<T, C>): CreateTableBuilder<T, C>;
  /** Adds a column unless it is there already: a step that a crash cut short is run again. `type` is SQL that both engines read. */
  addColumn(db: Kysely<unknown>, table: string, column: string, type: RawBuilder<unknown>): Promise<void>;
  /** Removes an index if it is there. */
  dropIndex(db: Kysely<unknown>, table: string, index: string): Promise<void>;
  /** The tail of a multi-row insert that overwrites `columns` where `keys` exist already. */
  upsert(keys: readonly string[], columns: Readonly<Record<string, RawBuilder<unknown>>>): RawBuilder<unknown>;
  /** In `upsert`, the value that the insert offered for a column. */
  offered(column: string): RawBuilder<unknown>;
  /** The tail of an insert that leaves existing rows alone. */
  insertIgnore: { prefix: RawBuilder<unknown>; suffix: RawBuilder<unknown> };
  /** `FOR UPDATE`, where the engine has row locks; SQLite has one writer and needs none. */
  readonly forUpdate: RawBuilder<unknown>;
  /** The greater of two values; NULL in either gives NULL on both engines. */
  greatest(a: RawBuilder<unknown>, b: RawBuilder<unknown>): RawBuilder<unknown>;
}

const assignments = (columns: Readonly<Record<string, RawBuilder<unknown>>>): RawBuilder<unknown> =>
  sql.join(Object.entries(columns).map(([name, value]) => sql`${sql.ref(name)} = ${value}`));

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  idType: 'integer',
  idColumn: (column) => column.primaryKey().autoIncrement(),
  longText: sql`text`,
  tableOptions: (table) => table,
  async addColumn(db, table, column, type) {
    const { rows } = await sql<{ name: string }>`select name from pragma_table_info(${table})`.execute(db);
    if (rows.some(({ name }) => name === column)) return;
    await sql`alter table ${sql.table(table)} add column ${sql.ref(column)} ${type}`.execute(db);
  },
  async dropIndex(db, _table, index) {
    await sql`drop index if exists ${sql.ref(index)}`.execute(db);
  },
  upsert: (keys, columns) =>
    sql`on conflict (${sql.join(keys.map((key) => sql.ref(key)))}) do update set ${assignments(columns)}`,
  offered: (column) => sql`excluded.${sql.ref(column)}`,
  insertIgnore: { prefix: sql`insert or ignore`, suffix: sql`` },
  forUpdate: sql``,
  greatest: (a, b) => sql`max(${a}, ${b})`,
};

export const mariadbDialect: Dialect = {
  name: 'mariadb',
  idType: 'bigint',
  idColumn: (column) => column.primaryKey().autoIncrement(),
  longText: sql`longtext`,
  tableOptions: (table) => table.modifyEnd(sql`engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin`),
  async addColumn(db, table, column, type) {
    await sql`alter table ${sql.table(table)} add column if not exists ${sql.ref(column)} ${type}`.execute(db);
  },
  async dropIndex(db, table, index) {
    await sql`drop index if exists ${sql.ref(index)} on ${sql.table(table)}`.execute(db);
  },
  upsert: (_keys, columns) => sql`on duplicate key update ${assignments(columns)}`,
  offered: (column) => sql`values(${sql.ref(column)})`,
  insertIgnore: { prefix: sql`insert ignore`, suffix: sql`` },
  forUpdate: sql`for update`,
  greatest: (a, b) => sql`greatest(${a}, ${b})`,
};

/** True when the error says that a unique key is taken, on either engine. */
export function isDuplicateKey(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ER_DUP_ENTRY' || (code === 'ERR_SQLITE_ERROR' && (errcode === 2067 || errcode === 1555));
}

/** MariaDB's own numbers that mysql2 has no name for: 1927 ER_CONNECTION_KILLED, 1969 ER_STATEMENT_TIMEOUT. */
const UNAVAILABLE_ERRNOS = new Set([1927, 1969]);

const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_LOCK_DEADLOCK',
  'ER_STATEMENT_TIMEOUT',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_READ_ONLY_MODE',
  'ER_QUERY_INTERRUPTED',
  'ER_CONNECTION_KILLED',
  'ER_DISK_FULL',
  'POOL_ACQUIRE_TIMEOUT',
  'POOL_QUEUE_FULL',
  'POOL_CLOSED',
]);

/** True when the database is away, busy past its deadline or read-only: the caller may try again, the request is not at fault. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, errno, errcode, fatal } = error as Record<'code' | 'errno' | 'errcode' | 'fatal', unknown>;
  if (typeof code === 'string' && UNAVAILABLE_CODES.has(code)) return true;
  if (typeof errno === 'number' && UNAVAILABLE_ERRNOS.has(errno)) return true;
  // SQLITE_BUSY 5, SQLITE_LOCKED 6, SQLITE_READONLY 8, SQLITE_IOERR 10, SQLITE_FULL 13 (low byte of the extended code)
  if (code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number') return [5, 6, 8, 10, 13].includes(errcode & 0xff);
  return fatal === true;
}

/** An open database: one Kysely for both engines, and its declared differences. */
export interface OpenDatabase<DB> {
  readonly sql: Kysely<DB>;
  readonly dialect: Dialect;
  /** Connections that the pool may hold; 1 for SQLite. */
  readonly poolSize: number;
  /**
   * Runs work with no limit on how long a statement may take, on a connection of its own where the engine has many:
   * for migrations. It still fails when the server stops answering.
   */
  unhurried<T>(work: (sql: Kysely<DB>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
