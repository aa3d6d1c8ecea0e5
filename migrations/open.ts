/** Opens the database: SQLite in one file, or MariaDB behind a URL. The rest of the program sees no difference. */
import { Kysely, MysqlDialect } from 'kysely';
import { mariadbDialect, sqliteDialect, type OpenDatabase } from './dialect.ts';
import { MariadbPool, type PoolLimits } from './mariadb-pool.ts';
import { connectTo, type Connect } from './mariadb-pulse.ts';
import { openSqlite } from './sqlite-driver.ts';
import type { Database } from './tables.ts';

export interface OpenOptions {
  /** `mysql://user:password@host:port/database` selects MariaDB. */
  readonly url?: string | undefined;
  /** A path, or `:memory:`; used when there is no `url`. */
  readonly sqliteFile?: string | undefined;
  /** MariaDB connections of this process. */
  readonly poolSize: number;
  readonly logWarn: (message: string) => void;
  /** Overrides for tests. */
  readonly limits?: Partial<PoolLimits> | undefined;
}

/** Text is compared by bytes, values that do not fit are refused, and instants are UTC, whatever the server's settings say. */
const SESSION_BASE = [
  "sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  "time_zone = '+00:00'",
];
/**
 * Seconds. A lock is waited for 2, a statement runs 5. A client that dies or freezes inside a transaction holds its locks
 * (the change counter's among them, which stops everybody) for 5 at most, instead of the server's eight hours.
 */
const SESSION_LIMITS = [
  'innodb_lock_wait_timeout = 2',
  'max_statement_time = 5',
  'idle_transaction_timeout = 5',
  'wait_timeout = 900',
];

/** The same warning is repeated after this, in milliseconds. */
const WARN_EVERY_MS = 10_000;

const DEFAULT_LIMITS: Omit<PoolLimits, 'size'> = {
  queueMax: 100,
  acquireMs: 1_000,
  connectMs: 2_000,
  ageMsMax: 300_000,
  queryMsMax: 6_000,
  suspectMs: 300,
  greetingMs: 600,
  sessionSql: `set session ${[...SESSION_BASE, ...SESSION_LIMITS].join(', ')}`,
};

/**
 * Opens without touching the network: MariaDB is connected to when it is first needed. Errors of queries are told apart by
 * `isDuplicateKey` and `isDatabaseUnavailable`. Throws when SQLite's file cannot be opened or SQLite is too old.
 */
export function openDatabase(options: OpenOptions): OpenDatabase<Database> {
  if (options.url !== undefined) return openMariadb(options.url, options);
  if (options.sqliteFile === undefined) throw new Error('openDatabase needs a url or an sqliteFile');
  const handle = openSqlite(options.sqliteFile);
  const sql = new Kysely<Database>({ dialect: handle.dialect });
  return {
    sql,
    dialect: sqliteDialect,
    poolSize: 1,
    unhurried: (work) => work(sql),
    close: async () => {
      await sql.destroy();
      handle.close();
    },
  };
}

function openMariadb(url: string, options: OpenOptions): OpenDatabase<Database> {
  const connect = connectTo(url);
  const warn = withoutRepeats(options.logWarn);
  const { sql, close } = openPool(connect, warn, { ...DEFAULT_LIMITS, size: options.poolSize, ...options.limits });
  return {
    sql,
    dialect: mariadbDialect,
    poolSize: options.poolSize,
    unhurried: async (work) => {
      const slow = openPool(connect, warn, {
        ...DEFAULT_LIMITS,
        size: 2,
        acquireMs: DEFAULT_LIMITS.connectMs,
        queryMsMax: Number.POSITIVE_INFINITY,
        sessionSql: `set session ${SESSION_BASE.join(', ')}, max_statement_time = 0, innodb_lock_wait_timeout = 60`,
      });
      try {
        return await work(slow.sql);
      } finally {
        await slow.close();
      }
    },
    close,
  };
}

function openPool(
  connect: Connect,
  warn: (message: string) => void,
  limits: PoolLimits,
): Pick<OpenDatabase<Database>, 'sql' | 'close'> {
  const pool = new MariadbPool(connect, limits, warn);
  const sql = new Kysely<Database>({ dialect: new MysqlDialect({ pool }) });
  return {
    sql,
    // Not Kysely's `destroy` alone: it leaves a pool open that had no query yet.
    close: () => new Promise((resolve) => pool.end(() => resolve())),
  };
}

/** A database that is away is said once in a while, not once per query. */
function withoutRepeats(logWarn: (message: string) => void): (message: string) => void {
  let last = '';
  let saidAt = Number.NEGATIVE_INFINITY;
  return (message) => {
    const now = performance.now();
    if (message === last && now - saidAt < WARN_EVERY_MS) return;
    last = message;
    saidAt = now;
    logWarn(message);
  };
}
