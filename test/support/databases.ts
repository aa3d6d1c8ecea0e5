/** Suites that run on every database: SQLite in a file and the run's MariaDB. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, describe, inject } from 'vitest';
import type { DialectName, OpenDatabase } from '../../migrations/dialect.ts';
import { migrateToLatest } from '../../migrations/migrate.ts';
import { openDatabase } from '../../migrations/open.ts';
import type { Database } from '../../migrations/tables.ts';
import { removeFolder, throwawayFolder } from './daemon.ts';
import { mariaDbAt } from './mariadb.ts';

/** Where a test database is, as `openDatabase` takes it. */
export type DatabasePlace = { readonly url: string } | { readonly sqliteFile: string };

export interface TestDatabase extends OpenDatabase<Database> {
  readonly place: DatabasePlace;
  /** Another handle on the same database, as another process would have; closed after the suite. */
  reopen(): OpenDatabase<Database>;
}

export interface NewDatabase {
  /** Leave the new database without a schema. */
  readonly empty?: boolean;
}

/** Creates a database with the latest schema; it is closed and dropped after the suite. */
export type OpenTestDatabase = (options?: NewDatabase) => Promise<TestDatabase>;

const ENGINES: readonly DialectName[] = ['sqlite', 'mariadb'];
const POOL_SIZE = 8;

/**
 * Declares the suite once per database. `open` makes a fresh database at every call (about 20 ms and 200 ms): call it in
 * `beforeAll`, `beforeEach` or a test. Where MariaDB is missing its suite is reported as skipped; in CI the run has failed before.
 */
export function describeEachDatabase(
  name: string,
  declare: (open: OpenTestDatabase, engine: DialectName) => void,
): void {
  for (const engine of ENGINES) {
    const available = engine === 'sqlite' || inject('mariadb') !== null;
    describe.skipIf(!available)(`${name} (${engine})`, () => {
      declare(databaseMaker(engine), engine);
    });
  }
}

/** The maker of `describeEachDatabase` for one engine, for a suite that concerns that engine alone. Call it in a `describe`. */
export function databaseMaker(engine: DialectName): OpenTestDatabase {
  const undo: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });
  return async (options = {}) => {
    const place = engine === 'sqlite' ? sqlitePlace(undo) : await mariadbPlace(undo);
    const open = (): OpenDatabase<Database> => {
      const database = openDatabase({ ...place, poolSize: POOL_SIZE, logWarn: (message) => console.warn(message) });
      undo.push(() => database.close());
      return database;
    };
    const database = open();
    if (options.empty !== true) await migrateToLatest(database, () => undefined);
    return { ...database, place, reopen: open };
  };
}

function sqlitePlace(undo: (() => Promise<void>)[]): DatabasePlace {
  const folder = throwawayFolder('sqlite');
  undo.push(async () => removeFolder(folder));
  return { sqliteFile: join(folder, 'podoh.db') };
}

async function mariadbPlace(undo: (() => Promise<void>)[]): Promise<DatabasePlace> {
  const address = inject('mariadb');
  if (address === null) throw new Error('MariaDB is not installed');
  const server = mariaDbAt(address);
  const database = `podoh_${randomUUID().replaceAll('-', '')}`;
  const url = await server.createDatabase(database);
  undo.push(() => server.dropDatabase(database));
  return { url };
}
