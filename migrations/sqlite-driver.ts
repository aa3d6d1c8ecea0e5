/**
 * Kysely on the SQLite that ships inside Node. One connection, one writer: Kysely's own mutex lets one user at a time in.
 * Transactions begin IMMEDIATE, so that a lock is refused at the start and never half-way.
 * Another process may hold the file's write lock: we wait for it between turns of the event loop (bounded by
 * BUSY_WAIT_MS), never inside SQLite, which would stop the whole process.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompiledQuery,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';

/** Versions before this one may corrupt a database in WAL mode when it is reset (sqlite.org/wal.html#walresetbug). */
const SQLITE_VERSION_MIN = '3.51.3';
/** Longest wait for another process's write lock, in milliseconds. Past it: SQLITE_BUSY. */
const BUSY_WAIT_MS = 5_000;
/** Wait inside SQLite for locks held for microseconds (checkpoint, recovery), in milliseconds. */
const BUSY_SPIN_MS = 50;
const RETRY_EVERY_MS = 10;
/** Prepared statements kept. Past it: all are forgotten. */
const STATEMENTS_MAX = 500;

/** True when dotted version `a` is older than `b`. */
export function isOlderVersion(a: string, b: string): boolean {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' && (errcode & 0xff) === 5;
}

/** Opens the file, durable (WAL, synchronous=FULL), creating its folder. Throws on a SQLite that is too old. */
function openFile(file: string): DatabaseSync {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file, { timeout: BUSY_WAIT_MS, enableForeignKeyConstraints: true });
  try {
    const version = String(db.prepare('select sqlite_version() as version').get()?.['version']);
    if (isOlderVersion(version, SQLITE_VERSION_MIN)) {
      throw new Error(
        `SQLite ${version} is too old: ${SQLITE_VERSION_MIN} or newer is needed (use the Node version of package.json)`,
      );
    }
    enterWal(db);
    db.exec(`pragma synchronous = full; pragma busy_timeout = ${BUSY_SPIN_MS}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Several processes that open a new file together collide here, and SQLite does not wait for this lock by itself. */
function enterWal(db: DatabaseSync): void {
  const deadline = performance.now() + BUSY_WAIT_MS;
  for (;;) {
    try {
      db.exec('pragma journal_mode = wal');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_EVERY_MS);
    }
  }
}

function bind(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => (typeof value === 'boolean' ? Number(value) : (value as SQLInputValue)));
}

class SqliteConnection implements DatabaseConnection {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const deadline = performance.now() + BUSY_WAIT_MS;
    for (;;) {
      try {
        return this.#run<R>(query);
      } catch (error) {
        // Outside a transaction a statement that was refused has done nothing: it may be tried again.
        if (!isBusy(error) || this.#db.isTransaction || performance.now() > deadline) throw error;
      }
      await sleep(RETRY_EVERY_MS);
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    if (!SelectQueryNode.is(query.query)) throw new Error('SQLite streams the rows of a SELECT only');
    // Not from the cache: another query may use the same text while this one is being read.
    for (const row of this.#db.prepare(query.sql).iterate(...bind(query.parameters))) yield { rows: [row as R] };
  }

  #run<R>(query: CompiledQuery): QueryResult<R> {
    const statement = this.#prepare(query.sql);
    if (statement.columns().length > 0) return { rows: statement.all(...bind(query.parameters)) as R[] };
    const { changes, lastInsertRowid } = statement.run(...bind(query.parameters));
    const numAffectedRows = BigInt(changes);
    // SQLite keeps the last id of the connection; an insert that was ignored has none, as on MariaDB.
    return numAffectedRows === 0n
      ? { rows: [], numAffectedRows }
      : { rows: [], numAffectedRows, insertId: BigInt(lastInsertRowid) };
  }

  #prepare(sql: string): StatementSync {
    if (/^\s*(?:create|alter|drop|pragma)\b/i.test(sql)) {
      this.#statements.clear(); // a prepared statement keeps the columns it was prepared with
      return this.#db.prepare(sql);
    }
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

class SqliteDriver implements Driver {
  readonly #db: DatabaseSync;
  readonly #connection: SqliteConnection;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#connection = new SqliteConnection(db);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const text = settings.accessMode === 'read only' ? 'begin' : 'begin immediate';
    await connection.executeQuery(CompiledQuery.raw(text));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // SQLite itself rolls back on a full disk or an I/O error; a second rollback would hide that error.
    if (this.#db.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async releaseConnection(): Promise<void> {}

  /** Kysely calls this only if there was a query: SqliteHandle closes the file. */
  async destroy(): Promise<void> {}
}

/** SQLite can undo DDL, and one transaction around all migrations is what keeps two processes apart. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export interface SqliteHandle {
  readonly dialect: Dialect;
  /** Closes the file; harmless when it is closed. */
  close(): void;
}

/** Opens one file, or `:memory:`, for Kysely. Throws when it cannot be opened or SQLite is too old. */
export function openSqlite(file: string): SqliteHandle {
  const db = openFile(file);
  return {
    dialect: {
      createAdapter: () => new TransactionalSqliteAdapter(),
      createDriver: () => new SqliteDriver(db),
      createIntrospector: (kysely: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    close: () => {
      if (db.isOpen) db.close();
    },
  };
}
