/** A wrong variable is one line on stderr that begins with its name, and exit code 1: of every program that reads it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../hub/config.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { runToEnd, type Entry } from '../support/processes.ts';

type Variables = Readonly<Record<string, string>>;

/** Stand for what is known only when the test runs. */
const A_FILE = '<a file>';
const A_DEAD_PORT = '<a port nobody listens on>';
const DEAD_DATABASE = `mysql://podoh:very-secret@127.0.0.1:${A_DEAD_PORT}/podoh`;

/** Found out while reading the environment; asked of the reader itself, and one of them of the program. */
const MALFORMED: readonly [variable: string, given: Variables][] = [
  ['API_PORT', { API_PORT: '-1' }],
  ['API_PORT', { API_PORT: '80.5' }],
  ['HUB_PORT', { HUB_PORT: 'abc' }],
  ['HUB_PROCESSES', { HUB_PROCESSES: '0' }],
  ['DATABASE_URL', { DATABASE_URL: 'postgres://127.0.0.1/podoh' }],
  ['DATABASE_URL', { DATABASE_URL: 'mysql://podoh:very-secret@127.0.0.1' }],
  ['REDIS_URL', { REDIS_URL: 'http://127.0.0.1:6379' }],
  ['REDIS_PREFIX', { REDIS_PREFIX: 'a b' }],
  ['JWT_PRIVATE_KEY_FILE', { JWT_PRIVATE_KEY_FILE: 'key.pem', JWT_PRIVATE_KEY: 'garbage' }],
  ['PODOH_ALLOWED_ORIGINS', { PODOH_ALLOWED_ORIGINS: 'https://cms.example.com/path' }],
  ['PODOH_DRAIN_MS', { PODOH_DRAIN_MS: 'soon' }],
  ['PODOH_PUBLIC_HUB_URL', { PODOH_PUBLIC_HUB_URL: 'hub.example.com' }],
  ['S3_ENDPOINT', { S3_BUCKET: 'podoh', S3_ENDPOINT: 'foo' }],
  ['RATE_LIMIT_USER_PER_MINUTE', { RATE_LIMIT_USER_PER_MINUTE: '0' }],
];

const WRONG: readonly [variable: string, given: Variables][] = [
  ['API_PORT', { API_PORT: 'abc' }],
  ['API_PORT', { API_PORT: '70000' }],
  ['API_HOST', { API_HOST: '192.0.2.1' }],
  ['HUB_HOST', { HUB_HOST: '192.0.2.1' }],
  ['HUB_PROCESSES', { HUB_PROCESSES: '2' }],
  ['HUB_PROCESSES', { HUB_PROCESSES: '2', HUB_PORT: A_DEAD_PORT, DATABASE_URL: DEAD_DATABASE }],
  ['DATABASE_URL', { DATABASE_URL: 'foo' }],
  ['DATABASE_URL', { DATABASE_URL: DEAD_DATABASE }],
  ['REDIS_URL', { REDIS_URL: 'foo' }],
  ['JWT_PRIVATE_KEY', { JWT_PRIVATE_KEY: 'garbage' }],
  ['JWT_PRIVATE_KEY_FILE', { JWT_PRIVATE_KEY_FILE: 'missing.pem' }],
  ['JWT_PRIVATE_KEY_FILE', { JWT_PRIVATE_KEY_FILE: A_FILE }],
  ['PODOH_ALLOWED_ORIGINS', { PODOH_ALLOWED_ORIGINS: 'foo' }],
  ['PODOH_DATA_DIR', { PODOH_DATA_DIR: A_FILE }],
  ['PODOH_DATA_DIR', { PODOH_DATA_DIR: `${A_FILE}/below` }],
  ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
  ['S3_BUCKET', { S3_ENDPOINT: 'http://127.0.0.1:9000' }],
];

/** The other programs, for what is found out late: by them, or by their children. */
const ELSEWHERE: readonly [entry: Entry, variable: string, given: Variables][] = [
  ['hub/main.ts', 'DATABASE_URL', { DATABASE_URL: DEAD_DATABASE }],
  ['hub/main.ts', 'DATABASE_URL', { DATABASE_URL: DEAD_DATABASE, HUB_PROCESSES: '2', HUB_PORT: A_DEAD_PORT }],
  ['hub/main.ts', 'HUB_PROCESSES', { HUB_PROCESSES: '2' }],
  ['hub/main.ts', 'HUB_PORT', { HUB_PROCESSES: '2', DATABASE_URL: DEAD_DATABASE, HUB_PORT: '0' }],
  ['hub/main.ts', 'PODOH_DATA_DIR', { PODOH_DATA_DIR: A_FILE }],
  ['api/main.ts', 'DATABASE_URL', { DATABASE_URL: DEAD_DATABASE }],
  ['api/main.ts', 'API_PORT', { API_PORT: 'abc' }],
  ['migrations/main.ts', 'DATABASE_URL', { DATABASE_URL: DEAD_DATABASE }],
];

describe('a wrong variable', () => {
  let folder: string;
  let file: string;
  let deadPort: number;

  beforeAll(async () => {
    folder = throwawayFolder('variables');
    file = join(folder, 'file');
    writeFileSync(file, 'not what you look for');
    deadPort = await freePort();
  });
  afterAll(() => removeFolder(folder));

  function filled(given: Variables): Record<string, string> {
    return Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        value.replace(A_FILE, file).replace(A_DEAD_PORT, String(deadPort)),
      ]),
    );
  }

  async function expectRefusal(entry: Entry, variable: string, given: Variables): Promise<void> {
    const ports = { API_HOST: '127.0.0.1', HUB_HOST: '127.0.0.1', API_PORT: '0', HUB_PORT: '0' };
    const end = await runToEnd({ entry, env: { ...ports, ...filled(given) }, cwd: folder });
    expect(end.stderr).toMatch(new RegExp(`^${variable}: [^\n]+\n$`));
    expect(end).toMatchObject({ code: 1, signal: null });
    expect(end.stdout + end.stderr).not.toContain('very-secret');
    expect(end.stdout).not.toContain('Podoh is ready');
  }

  it.each(MALFORMED)('%s is not read from %j', (variable, given) => {
    const reading = (): unknown => readConfig(given);
    expect(reading).toThrow(ConfigError);
    expect(reading).toThrow(new RegExp(`^${variable}: [^\n]+$`));
    expect(reading).not.toThrow(/very-secret/);
  });

  it.each(WRONG)('%s: npm start with %j', async (variable, given) => {
    await expectRefusal('api/main-embedded.ts', variable, given);
  });

  it.each(ELSEWHERE)('%s says %s with %j', async (entry, variable, given) => {
    await expectRefusal(entry, variable, given);
  });
});
