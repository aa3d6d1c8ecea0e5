/** Runs once before all tests: the programs they need, one MariaDB and one Redis for the whole run. */
import type { TestProject } from 'vitest/node';
import { ensurePrograms, findProgram } from './install-servers.ts';
import { startMariaDb, type MariaDbAddress } from './mariadb.ts';
import { startRedis } from './redis.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The run's MariaDB; null where it is not installed. */
    mariadb: MariaDbAddress | null;
    /** The run's Redis, shared by all: use a prefix of your own. Null where it is not installed. */
    redisUrl: string | null;
    /** Path of Chromium; null where it is not installed. */
    chromium: string | null;
  }
}

/** Vitest's hook. Returns the way to stop what it started. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = new Set(ensurePrograms().map(({ program }) => program));
  const [mariadb, redis] = await Promise.all([
    missing.has('mariadbd') ? null : startMariaDb({ args: ['--max-connections=500'] }),
    missing.has('redis-server') ? null : startRedis(),
  ]);
  project.provide('mariadb', mariadb === null ? null : { port: mariadb.port, socketPath: mariadb.socketPath });
  project.provide('redisUrl', redis?.url ?? null);
  project.provide('chromium', findProgram('chromium'));
  return async () => {
    await Promise.all([mariadb?.stop(), redis?.stop()]);
  };
}
