/** The schema's life: fresh and incremental agree, repeats and races are harmless, a newer schema is refused. */
import { readFileSync } from 'node:fs';
import { sql, type Kysely } from 'kysely';
import { expect, test } from 'vitest';
import { describeEachDatabase } from '../test/support/databases.ts';
import { runScript } from '../test/support/run-script.ts';
import { schemaOf } from '../test/support/schema.ts';
import { appliedSteps, migrateToLatest, STEPS } from './migrate.ts';

const NAMES = Object.keys(STEPS);
const silent = (): void => undefined;

const DECLARATIONS = ['tables.ts', 'content-tables.ts', 'notification-tables.ts'];

/** Tables and columns as tables.ts and its neighbours declare them, read from their text: `column: nullable`. */
function declaredTables(): Map<string, Map<string, boolean>> {
  const text = DECLARATIONS.map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
    .join('\n')
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
  const bodies = new Map<string, string>();
  for (const [, name = '', body = ''] of text.matchAll(/interface (\w+) \{([\s\S]*?)\n\}/g)) bodies.set(name, body);
  const fields = (body: string): [string, string][] =>
    [...body.matchAll(/^\s*(\w+): ([^;]+);/gm)].map(([, name = '', type = '']) => [name, type]);
  return new Map(
    fields(bodies.get('Database') ?? '').map(([table, type]) => [
      table,
      new Map(fields(bodies.get(type) ?? '').map(([column, columnType]) => [column, columnType.includes('null')])),
    ]),
  );
}

test('steps are numbered without a gap', () => {
  expect(NAMES.map((name) => Number(name.slice(0, 4)))).toEqual(NAMES.map((_, index) => index + 1));
});

describeEachDatabase('migrations', (open, engine) => {
  test('the schema has exactly the tables and columns that tables.ts declares', async () => {
    const db = await open();
    const declared = declaredTables();
    expect(declared.size).toBeGreaterThan(25);
    const actual = new Map(
      (await db.sql.introspection.getTables()).map((table) => [
        table.name,
        new Map(table.columns.map((column) => [column.name, column.isNullable])),
      ]),
    );
    expect(actual).toEqual(declared);
  });

  test('a schema that grew step by step is the fresh one', async () => {
    const fresh = await open();
    const grown = await open({ empty: true });
    for (const count of NAMES.keys()) {
      await migrateToLatest(grown, silent, Object.fromEntries(Object.entries(STEPS).slice(0, count + 1)));
    }
    expect(await schemaOf(grown)).toEqual(await schemaOf(fresh));
  });

  test('a second run applies nothing and keeps the rows', async () => {
    const db = await open({ empty: true });
    const lines: string[] = [];
    await migrateToLatest(
      db,
      (line) => lines.push(line),
      STEPS,
      () => 1_700_000_000_000,
    );
    expect(lines).toHaveLength(NAMES.length);
    await db.sql.updateTable('counters').set({ value: 7 }).where('name', '=', 'rev').execute();
    await migrateToLatest(
      db,
      (line) => lines.push(line),
      STEPS,
      () => 1_800_000_000_000,
    );
    expect(lines).toHaveLength(NAMES.length);
    expect(await db.sql.selectFrom('settings').selectAll().execute()).toEqual([
      { name: 'epoch', value: '1700000000000' },
    ]);
    expect(await db.sql.selectFrom('counters').selectAll().execute()).toEqual([{ name: 'rev', value: 7 }]);
  });

  test('a step that a crash cut short can be run once more', async () => {
    const db = await open();
    const before = await schemaOf(db);
    for (const step of Object.values(STEPS)) await step(db.sql as Kysely<unknown>, db.dialect, 1);
    expect(await schemaOf(db)).toEqual(before);
    expect((await db.sql.selectFrom('settings').select('value').executeTakeFirstOrThrow()).value).not.toBe('1');
  });

  test('several processes at once apply every step once', async () => {
    const db = await open({ empty: true });
    const here = new URL('.', import.meta.url).href;
    const source = `
      import { openDatabase } from '${here}open.ts';
      import { migrateToLatest } from '${here}migrate.ts';
      const db = openDatabase({ ...${JSON.stringify(db.place)}, poolSize: 2, logWarn: (line) => console.error(line) });
      await migrateToLatest(db, (line) => console.log(line));
      await db.close();`;
    const results = await Promise.all([1, 2, 3, 4].map(() => runScript(source)));
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      results.map(() => ({ exitCode: 0, stderr: '' })),
    );
    const applied = results.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''));
    expect(applied.sort()).toEqual(NAMES.map((name) => `migration ${name} applied`));
    expect(await appliedSteps(db.sql)).toEqual(NAMES);
  });

  test('a schema newer than the program is refused and left as it is', async () => {
    const db = await open();
    await sql`insert into kysely_migration (name, timestamp) values ('9999-from-the-future', '2100-01-01T00:00:00.000Z')`.execute(
      db.sql,
    );
    const before = await schemaOf(db);
    const allButLast = Object.fromEntries(Object.entries(STEPS).slice(0, -1));
    await expect(migrateToLatest(db, silent)).rejects.toThrow(
      /schema is newer than this program.*9999-from-the-future/,
    );
    await expect(migrateToLatest(db, silent, allButLast)).rejects.toThrow(/newer/);
    expect(await schemaOf(db)).toEqual(before);
    expect(await appliedSteps(db.sql)).toEqual([...NAMES, '9999-from-the-future']);
  });

  test('a failing step says its name and its cause, and is not recorded', async () => {
    const db = await open({ empty: true });
    const steps = {
      ...STEPS,
      '9998-broken': async (kysely: Kysely<unknown>) => {
        await sql`select * from no_such_table`.execute(kysely);
      },
    };
    const error: unknown = await migrateToLatest(db, silent, steps).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/9998-broken/);
    expect((error as Error).cause).toBeInstanceOf(Error);
    // MariaDB keeps the steps before it; on SQLite all of them are one transaction.
    expect(await appliedSteps(db.sql)).toEqual(engine === 'mariadb' ? NAMES : []);
  });
});
