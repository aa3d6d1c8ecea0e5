/** What a process asks of its database before it starts. */
import { sql } from 'kysely';
import type { OpenDatabase } from './dialect.ts';
import { isOlderVersion } from './sqlite-driver.ts';
import type { Database } from './tables.ts';

const MARIADB_VERSION_MIN = '10.11';
/** Share of the server's connections that one process's pool may take. */
const POOL_SHARE_MAX = 0.8;

interface ServerFacts {
  readonly version: string;
  readonly connectionsMax: number;
  readonly flushAtCommit: number;
}

/**
 * Returns warnings, one line each. Throws an Error of one clear line when the process must not start. SQLite's version was
 * checked when it was opened.
 */
export async function checkDatabase(db: OpenDatabase<Database>): Promise<string[]> {
  if (db.dialect.name === 'sqlite') return [];
  const facts = await sql<ServerFacts>`
    select version() as version, @@global.max_connections as connectionsMax,
      @@global.innodb_flush_log_at_trx_commit as flushAtCommit`.execute(db.sql);
  const server = facts.rows[0];
  if (server === undefined) throw new Error('MariaDB did not tell its version');
  const allowed = Math.floor(server.connectionsMax * POOL_SHARE_MAX);
  if (db.poolSize > allowed) {
    throw new Error(
      `the database pool of ${db.poolSize} connections is more than ${allowed}, which is 80 % of MariaDB's max_connections ` +
        `(${server.connectionsMax}): lower the pool size or raise max_connections`,
    );
  }
  return warningsOf(server);
}

function warningsOf(server: ServerFacts): string[] {
  const warnings: string[] = [];
  if (!/mariadb/i.test(server.version)) {
    warnings.push(`the database calls itself ${server.version}: only MariaDB is tested`);
  } else if (isOlderVersion(server.version.replace(/[^\d.].*$/, ''), MARIADB_VERSION_MIN)) {
    warnings.push(`MariaDB ${server.version} is older than ${MARIADB_VERSION_MIN}, the oldest that is tested`);
  }
  if (server.flushAtCommit !== 1) {
    warnings.push(
      `innodb_flush_log_at_trx_commit is ${server.flushAtCommit}: a power loss of the database can undo what was answered with 2xx`,
    );
  }
  return warnings;
}
