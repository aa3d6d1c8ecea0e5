/** [INV-5] A reader that moves a cursor over `rev` sees every change; over an auto-increment id it would not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql, type Transaction } from 'kysely';
import { expect, test } from 'vitest';
import { databaseMaker, describeEachDatabase, type TestDatabase } from '../test/support/databases.ts';
import { describeWithMariaDb } from '../test/support/server-suites.ts';
import { appendChanges } from './change-log.ts';
import type { OpenDatabase } from './dialect.ts';
import type { Database } from './tables.ts';

const WRITERS = 6;
const TRANSACTIONS_EACH = 40;

/** Reads the log from a cursor, the way every hub does, until told to stop and the log is read to its end. */
async function poll(db: OpenDatabase<Database>, stopped: () => boolean): Promise<number[]> {
  const seen: number[] = [];
  let cursor = 0;
  for (;;) {
    const last = stopped();
    const rows = await db.sql
      .selectFrom('changes')
      .select('rev')
      .where('rev', '>', cursor)
      .orderBy('rev')
      .limit(50)
      .execute();
    seen.push(...rows.map((row) => row.rev));
    cursor = seen.at(-1) ?? 0;
    if (last && rows.length === 0) return seen;
    await sleep(1);
  }
}

/** Transactions of differing length, every seventh rolled back, from two handles. Returns the revs that were committed. */
async function write(handle: OpenDatabase<Database>, writer: number): Promise<number[]> {
  const committed: number[] = [];
  for (let round = 0; round < TRANSACTIONS_EACH; round += 1) {
    const rollback = (writer + round) % 7 === 0;
    const changes = Array.from({ length: 1 + ((writer + round) % 3) }, () => ({ kind: 'test', writer, round }));
    try {
      committed.push(
        ...(await handle.sql.transaction().execute(async (tx) => {
          if (round % 2 === 0) await sleep((writer * 3 + round) % 5);
          const revs = await appendChanges(tx, 1, changes, 1_700_000_000_000);
          if (round % 5 === 0) await sleep((writer + round) % 4);
          if (rollback) throw new Error('rolled back on purpose');
          return revs;
        })),
      );
    } catch (error) {
      if (!rollback) throw error;
    }
  }
  return committed;
}

describeEachDatabase('the change log', (open) => {
  test('a poller sees every change of concurrent transactions, without a gap', async () => {
    const db = await open();
    const handles = [db, db.reopen()];
    let done = false;
    const poller = poll(db.reopen(), () => done);
    const committed = await Promise.all(
      Array.from({ length: WRITERS }, (_, writer) => write(handles[writer % 2] ?? db, writer)),
    );
    done = true;
    const seen = await poller;
    const total = committed.flat().length;
    expect(total).toBeGreaterThan(WRITERS * TRANSACTIONS_EACH);
    expect(seen).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    expect(committed.flat().sort((a, b) => a - b)).toEqual(seen);
  });

  test('a change keeps its kind and its payload', async () => {
    const db = await open();
    const revs = await db.sql
      .transaction()
      .execute((tx) =>
        appendChanges(tx, 3, [{ kind: 'group.removed', groupId: 5 } as { kind: string }], 1_700_000_000_000),
      );
    expect(revs).toEqual([1]);
    expect(await db.sql.selectFrom('changes').selectAll().execute()).toEqual([
      { rev: 1, tenant_id: 3, kind: 'group.removed', payload: '{"groupId":5}', created_at: 1_700_000_000_000 },
    ]);
  });
});

type Work = (tx: Transaction<Database>) => Promise<unknown>;

/**
 * A slow transaction writes first and commits last; between, a fast one commits (if it can) and the reader moves its cursor.
 * Returns what the reader saw.
 */
async function slowThenFast(
  db: TestDatabase,
  work: Work,
  fastWaits: boolean,
  read: (cursor: number) => Promise<number[]>,
): Promise<number[]> {
  const written = Promise.withResolvers<void>();
  const hold = Promise.withResolvers<void>();
  const slow = db.sql.transaction().execute(async (tx) => {
    await work(tx);
    written.resolve();
    await hold.promise;
  });
  await written.promise;
  const fast = db.reopen().sql.transaction().execute(work);
  await (fastWaits ? sleep(200) : fast);
  const first = await read(0);
  hold.resolve();
  await Promise.all([slow, fast]);
  return [...first, ...(await read(first.at(-1) ?? 0))];
}

describeWithMariaDb('a slow transaction under a fast one (mariadb)', () => {
  const open = databaseMaker('mariadb');

  test('with the counter the fast one waits, and both changes are seen', async () => {
    const db = await open();
    const seen = await slowThenFast(
      db,
      (tx) => appendChanges(tx, 1, [{ kind: 'test' }], 1),
      true,
      async (cursor) =>
        (await db.sql.selectFrom('changes').select('rev').where('rev', '>', cursor).orderBy('rev').execute()).map(
          (row) => row.rev,
        ),
    );
    expect(seen).toEqual([1, 2]);
  });

  test('control: with an auto-increment cursor the slow one is never seen', async () => {
    const db = await open();
    await sql`create table naive (id bigint auto_increment primary key) engine=InnoDB`.execute(db.sql);
    const seen = await slowThenFast(
      db,
      (tx) => sql`insert into naive () values ()`.execute(tx),
      false,
      async (cursor) =>
        (await sql<{ id: number }>`select id from naive where id > ${cursor} order by id`.execute(db.sql)).rows.map(
          (row) => row.id,
        ),
    );
    expect(seen).toEqual([2]);
    expect((await sql`select id from naive`.execute(db.sql)).rows).toHaveLength(2);
  });
});
