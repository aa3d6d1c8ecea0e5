/**
 * Suites that need a program beside Node. Without it they are reported as skipped, by name; global-setup.ts has then said why,
 * and in CI it has failed the run.
 */
import { describe, inject } from 'vitest';

/** A suite that needs MariaDB. */
export function describeWithMariaDb(name: string, declare: () => void): void {
  describe.skipIf(inject('mariadb') === null)(name, declare);
}

/** A suite that needs Redis; gets the URL of the run's own, which all suites share: use a prefix of your own. */
export function describeWithRedis(name: string, declare: (redisUrl: string) => void): void {
  const redisUrl = inject('redisUrl');
  describe.skipIf(redisUrl === null)(name, () => declare(redisUrl ?? ''));
}

/** A suite that needs a browser; gets the path of Chromium. */
export function describeWithChromium(name: string, declare: (executablePath: string) => void): void {
  const executablePath = inject('chromium');
  describe.skipIf(executablePath === null)(name, () => declare(executablePath ?? ''));
}

/** A suite that starts a MariaDB and a Redis of its own. */
export function describeWithServers(name: string, declare: () => void): void {
  describe.skipIf(inject('mariadb') === null || inject('redisUrl') === null)(name, declare);
}
