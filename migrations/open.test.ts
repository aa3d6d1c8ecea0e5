/** How an open database behaves when the server, the lock or the pool does not play along. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { databaseMaker, describeEachDatabase } from '../test/support/databases.ts';
import { startMariaDb, type MariaDbServer } from '../test/support/mariadb.ts';
import { describeWithMariaDb } from '../test/support/server-suites.ts';
import { checkDatabase } from './check-database.ts';
import { isDatabaseUnavailable, isDuplicateKey, type OpenDatabase } from './dialect.ts';
import type { PoolLimits } from './mariadb-pool.ts';
import { openDatabase } from './open.ts';
import { isOlderVersion } from './sqlite-driver.ts';
import type { Database } from './tables.ts';

type Handle = OpenDatabase<Database>;

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

async function one<T>(db: Handle | Kysely<Database>, text: string): Promise<T> {
  const kysely = 'dialect' in db ? db.sql : db;
  const { rows } = await sql.raw<Record<string, T>>(text).execute(kysely);
  return Object.values(rows[0] ?? {})[0] as T;
}

const connectionId = (db: Handle): Promise<number> => one<number>(db, 'select connection_id()');

/** A healed server may need a moment; that it never answers again is the test's time-out. */
async function answersAgain(db: Handle): Promise<void> {
  while (isDatabaseUnavailable(await failureOf(one(db, 'select 1')))) await sleep(50);
  expect(Number(await one(db, 'select 1'))).toBe(1);
}

describeEachDatabase('an open database', (open, engine) => {
  test('tells a taken key from other errors', async () => {
    const db = await open();
    const insert = (name: string): Promise<unknown> =>
      db.sql.insertInto('tenants').values({ name, created_at: 1 }).execute();
    await insert('a');
    const error = await failureOf(insert('a'));
    expect(isDuplicateKey(error)).toBe(true);
    expect(isDatabaseUnavailable(error)).toBe(false);
    expect(
      isDuplicateKey(await failureOf(sql`insert into counters (name, value) values ('rev', 1)`.execute(db.sql))),
    ).toBe(true);
    expect(isDuplicateKey(await failureOf(one(db, 'select nonsense')))).toBe(false);
  });

  test('compares text exactly and enforces foreign keys', async () => {
    const db = await open();
    await db.sql
      .insertInto('tenants')
      .values([
        { name: 'Ä', created_at: 1 },
        { name: 'ä', created_at: 1 },
        { name: 'a', created_at: 1 },
      ])
      .execute();
    expect(await db.sql.selectFrom('tenants').select('name').where('name', '=', 'ä').execute()).toEqual([
      { name: 'ä' },
    ]);
    const orphan = sql`insert into content (tenant_id, type, name, status, version, created_at, updated_at) values (99, 'image', 'x', 'ready', 1, 1, 1)`;
    expect(await failureOf(orphan.execute(db.sql))).toBeInstanceOf(Error);
  });

  test('rolls back what an error interrupts', async () => {
    const db = await open();
    const error = await failureOf(
      db.sql.transaction().execute(async (tx) => {
        await tx.insertInto('tenants').values({ name: 'gone', created_at: 1 }).execute();
        throw new Error('on purpose');
      }),
    );
    expect(String(error)).toMatch(/on purpose/);
    expect(await db.sql.selectFrom('tenants').selectAll().execute()).toEqual([]);
  });

  test('says the same of what a statement did', async () => {
    const db = await open();
    const first = await db.sql.insertInto('tenants').values({ name: 'a', created_at: 1 }).executeTakeFirstOrThrow();
    expect(first.insertId).toBe(1n);
    const ignored =
      await sql`${db.dialect.insertIgnore.prefix} into tenants (name, created_at) values ('a', 2)`.execute(db.sql);
    expect(ignored.insertId).toBeUndefined();
    expect(ignored.numAffectedRows).toBe(0n);
    // A row that matched counts, whether or not its values changed.
    const same = await db.sql
      .updateTable('tenants')
      .set({ created_at: 1 })
      .where('name', '=', 'a')
      .executeTakeFirstOrThrow();
    expect(same.numUpdatedRows).toBe(1n);
    const sum = await sql<{ sum: number }>`select sum(created_at) as sum from tenants`.execute(db.sql);
    expect(sum.rows[0]?.sum).toBe(1);
  });

  test('streams rows', async () => {
    const db = await open();
    await db.sql
      .insertInto('tenants')
      .values(Array.from({ length: 30 }, (_, n) => ({ name: `t${n}`, created_at: n })))
      .execute();
    const seen: number[] = [];
    for await (const row of db.sql.selectFrom('tenants').select('created_at').orderBy('created_at').stream())
      seen.push(row.created_at);
    expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(await one(db, 'select count(*) from tenants')).toBe(30);
  });

  test('a second handle waits for the first one’s write, without stopping the event loop', async () => {
    const db = await open();
    const other = db.reopen();
    const order: string[] = [];
    const locked = Promise.withResolvers<void>();
    const first = db.sql.transaction().execute(async (tx) => {
      await tx.updateTable('counters').set({ value: 1 }).where('name', '=', 'rev').execute();
      locked.resolve();
      await sleep(300);
      order.push('first');
    });
    await locked.promise;
    const second = other.sql.updateTable('counters').set({ value: 2 }).where('name', '=', 'rev').execute();
    await Promise.all([first, second.then(() => order.push('second'))]);
    expect(order).toEqual(['first', 'second']);
    expect(await one(db, 'select value from counters')).toBe(2);
  });

  test('closes twice without harm, and refuses queries after that', async () => {
    const db = await open();
    await db.close();
    await db.close();
    expect(await failureOf(one(db, 'select 1'))).toBeInstanceOf(Error);
  });

  test('passes the boot check', async () => {
    const db = await open();
    // The shared test server trades durability for speed, and the check says so.
    expect(await checkDatabase(db)).toHaveLength(engine === 'mariadb' ? 1 : 0);
  });
});

describe('SQLite', () => {
  const open = databaseMaker('sqlite');

  test('is opened durable', async () => {
    const db = await open();
    expect(await one(db, 'pragma journal_mode')).toBe('wal');
    expect(await one(db, 'pragma synchronous')).toBe(2);
    expect(await one(db, 'pragma foreign_keys')).toBe(1);
  });

  test('versions are compared by number', () => {
    expect(isOlderVersion('3.51.2', '3.51.3')).toBe(true);
    expect(isOlderVersion('3.9.9', '3.51.3')).toBe(true);
    expect(isOlderVersion('3.51.3', '3.51.3')).toBe(false);
    expect(isOlderVersion('3.51.10', '3.51.3')).toBe(false);
    expect(isOlderVersion('10.6', '10.11')).toBe(true);
  });

  test('lives in memory too', async () => {
    const db = openDatabase({ sqliteFile: ':memory:', poolSize: 1, logWarn: () => undefined });
    expect(await one(db, 'select 1')).toBe(1);
    await db.close();
  });

  test('a place that is no database is an error at once', () => {
    expect(() => openDatabase({ sqliteFile: '/dev/null/podoh.db', poolSize: 1, logWarn: () => undefined })).toThrow();
    expect(() => openDatabase({ poolSize: 1, logWarn: () => undefined })).toThrow(/url or an sqliteFile/);
  });
});

describeWithMariaDb('MariaDB in trouble', () => {
  let server: MariaDbServer;
  let url: string;
  const handles: Handle[] = [];
  let warnings: string[] = [];

  const open = (poolSize: number, limits: Partial<PoolLimits> = {}): Handle => {
    const handle = openDatabase({ url, poolSize, limits, logWarn: (message) => warnings.push(message) });
    handles.push(handle);
    return handle;
  };

  beforeAll(async () => {
    server = await startMariaDb({ args: ['--max-connections=30'] });
    url = await server.createDatabase('podoh');
    const db = openDatabase({ url, poolSize: 1, logWarn: () => undefined });
    await sql`create table t (id bigint primary key, v varchar(4)) engine=InnoDB`.execute(db.sql);
    await db.close();
  });
  beforeEach(async () => {
    warnings = [];
    await server.admin('delete from podoh.t; insert into podoh.t values (1, "a")');
  });
  afterEach(async () => {
    for (const handle of handles.splice(0)) await handle.close();
  });
  afterAll(() => server.stop());

  test('a caller waits for a connection no longer than the deadline', async () => {
    const db = open(1, { acquireMs: 100 });
    await db.sql.connection().execute(async () => {
      const error = await failureOf(one(db, 'select 1'));
      expect(codeOf(error)).toBe('POOL_ACQUIRE_TIMEOUT');
      expect(isDatabaseUnavailable(error)).toBe(true);
    });
    expect(await one(db, 'select 1')).toBe(1);
  });

  test('callers beyond the queue are refused at once; those in it are served', async () => {
    const db = open(1, { queueMax: 2 });
    const answers = await db.sql.connection().execute(async () => {
      const queued = [failureOf(one(db, 'select 1')), failureOf(one(db, 'select 1'))];
      await sleep(20);
      const error = await failureOf(one(db, 'select 1'));
      expect(codeOf(error)).toBe('POOL_QUEUE_FULL');
      expect(isDatabaseUnavailable(error)).toBe(true);
      return queued;
    });
    expect(await Promise.all(answers)).toEqual(['it succeeded', 'it succeeded']);
  });

  test('a frozen server fails queries, open transactions and new connections, and is used again when it thaws', async () => {
    const db = open(3);
    await one(db, 'select 1');
    const begun = Promise.withResolvers<void>();
    const frozen = Promise.withResolvers<void>();
    const transaction = failureOf(
      db.sql.transaction().execute(async (tx) => {
        await sql`update t set v = 'b'`.execute(tx);
        begun.resolve();
        await frozen.promise;
        await one(tx, 'select 1');
      }),
    );
    await begun.promise;
    server.freeze();
    try {
      frozen.resolve();
      const failures = await Promise.all([transaction, ...[1, 2, 3, 4].map(() => failureOf(one(db, 'select 1')))]);
      expect(failures.map(isDatabaseUnavailable)).toEqual(failures.map(() => true));
    } finally {
      server.thaw();
    }
    await answersAgain(db);
    expect(await one(db, 'select v from t')).toBe('a');
    expect(warnings.join('\n')).toMatch(/does not answer/);
  });

  test('control: a query that is only slow is not given up', async () => {
    const db = open(1, { suspectMs: 50, greetingMs: 2_000 });
    expect(await one(db, 'select sleep(1.2)')).toBe(0);
    expect(warnings).toEqual([]);
  });

  test('a killed server fails queries and is used again when it is back', async () => {
    const db = open(2);
    await one(db, 'select 1');
    await server.kill9();
    const error = await failureOf(one(db, 'select 1'));
    expect(isDatabaseUnavailable(error)).toBe(true);
    await server.restart();
    await answersAgain(db);
  });

  test('a connection that met a read-only server is not lent again', async () => {
    const db = open(1);
    const before = await connectionId(db);
    await server.admin('set global read_only = 1');
    const error = await failureOf(sql`update t set v = 'b'`.execute(db.sql));
    await server.admin('set global read_only = 0');
    expect(codeOf(error)).toBe('ER_OPTION_PREVENTS_STATEMENT');
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(await connectionId(db)).not.toBe(before);
  });

  test('control: a connection that met an ordinary error is lent again', async () => {
    const db = open(1);
    const before = await connectionId(db);
    expect(isDuplicateKey(await failureOf(sql`insert into t values (1, 'x')`.execute(db.sql)))).toBe(true);
    expect(await connectionId(db)).toBe(before);
  });

  test('a connection killed by the server while idle is replaced before anybody gets it', async () => {
    const db = open(1);
    const before = await connectionId(db);
    await server.admin(`kill ${before}`);
    await answersAgain(db);
    expect(await connectionId(db)).not.toBe(before);
  });

  test('a connection is replaced when it is old', async () => {
    const db = open(1, { ageMsMax: 20 });
    const before = await connectionId(db);
    await sleep(50);
    expect(await connectionId(db)).not.toBe(before);
  });

  test('a client that freezes inside a transaction loses its locks, and its transaction fails', async () => {
    const db = open(2, { sessionSql: 'set session idle_transaction_timeout = 1, innodb_lock_wait_timeout = 10' });
    const locked = Promise.withResolvers<void>();
    const waited = Promise.withResolvers<void>();
    const first = failureOf(
      db.sql.transaction().execute(async (tx) => {
        await sql`update t set v = 'lost'`.execute(tx);
        locked.resolve();
        await waited.promise;
        await sql`update t set v = 'late'`.execute(tx);
      }),
    );
    await locked.promise;
    await sql`update t set v = 'kept'`.execute(db.sql);
    waited.resolve();
    expect(isDatabaseUnavailable(await first)).toBe(true);
    expect(await one(db, 'select v from t')).toBe('kept');
  });

  test('a lock is waited for, but not long; a statement may not run for ever', async () => {
    const settings =
      'select concat_ws(" ", @@innodb_lock_wait_timeout, @@max_statement_time, @@idle_transaction_timeout, @@time_zone)';
    expect(await one(open(1), settings)).toBe('2 5.000000 5 +00:00');
    const db = open(2, { sessionSql: 'set session innodb_lock_wait_timeout = 1, max_statement_time = 0.3' });
    const error = await failureOf(one(db, 'select count(*) from seq_1_to_100000 a, seq_1_to_100000 b'));
    expect((error as { errno?: unknown }).errno).toBe(1969);
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  test('migrations have no statement limit', async () => {
    const db = open(1);
    expect(await db.unhurried((kysely) => one(kysely, 'select @@max_statement_time'))).toBe(0);
  });

  test('a value that does not fit is refused, not cut', async () => {
    expect(codeOf(await failureOf(sql`insert into t values (2, 'too long')`.execute(open(1).sql)))).toBe(
      'ER_DATA_TOO_LONG',
    );
  });

  test('a pool too large for the server stops the boot with one line', async () => {
    await expect(checkDatabase(open(25))).rejects.toThrow(
      /^the database pool of 25 connections is more than 24,.*max_connections \(30\)/,
    );
    await expect(checkDatabase(open(24))).resolves.toHaveLength(1);
  });

  test('a wrong password is said and is nobody’s time-out', async () => {
    const db = openDatabase({
      url: url.replace('podoh:podoh@', 'podoh:wrong@'),
      poolSize: 1,
      logWarn: (message) => warnings.push(message),
    });
    handles.push(db);
    expect(codeOf(await failureOf(one(db, 'select 1')))).toBe('ER_ACCESS_DENIED_ERROR');
    expect(warnings.join('\n')).toMatch(/Access denied/);
    expect(warnings.join('\n')).not.toContain('wrong');
  });

  test('closing ends in good time, though the server is frozen and a query waits', async () => {
    const db = open(2);
    await one(db, 'select 1');
    server.freeze();
    try {
      const query = failureOf(one(db, 'select 1'));
      await db.close();
      expect(await query).not.toBe('it succeeded');
    } finally {
      server.thaw();
    }
  });
});
