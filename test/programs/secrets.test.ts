/** What the programs write never holds a secret, at the most talkative level and while everything goes wrong. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { startMariaDb, type MariaDbServer } from '../support/mariadb.ts';
import { Program, type Entry } from '../support/processes.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { describeWithServers } from '../support/server-suites.ts';
import { SecretsInUse } from './secrets.ts';

const PASSWORD = 'correct-horse-battery';
const DATABASE_PASSWORD = 'database-staple-42';
const REDIS_PASSWORD = 'redis-staple-43';

/** The private key's lines, the armour left out. */
function keyLines(dataDir: string): string[] {
  const keys = join(dataDir, 'keys');
  const texts = readdirSync(keys).map((name) => readFileSync(join(keys, name), 'utf8'));
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '' && !line.startsWith('-----'));
}

describe('what npm start writes', () => {
  const folder = throwawayFolder('secrets');
  let program: Program | null = null;
  afterAll(async () => {
    await program?.stop();
    removeFolder(folder);
  });

  it('holds no secret', async () => {
    const [apiPort, hubPort] = [await freePort(), await freePort()];
    const [apiUrl, hubUrl] = [`http://127.0.0.1:${apiPort}`, `http://127.0.0.1:${hubPort}`];
    const env = {
      API_PORT: String(apiPort),
      HUB_PORT: String(hubPort),
      PODOH_DATA_DIR: folder,
      PODOH_ADMIN_PASSWORD: PASSWORD,
      LOG_LEVEL: 'trace',
    };
    program = new Program({ entry: 'api/main-embedded.ts', env, urls: [apiUrl, hubUrl] });
    await program.start();
    const secrets = new SecretsInUse(apiUrl, hubUrl, PASSWORD);
    await secrets.users();
    await secrets.devices();
    for (const line of keyLines(folder)) secrets.note('private key', line);
    expect(await program.sigterm()).toMatchObject({ code: 0 });
    expect(secrets.count).toBeGreaterThan(40);
    expect(secrets.foundIn(program.output)).toEqual([]);
    // It was talkative, and a secret would have been found.
    expect(program.output).toContain('/api/v1/auth/login');
    expect(secrets.foundIn(`${program.output} ${PASSWORD}`)).toEqual(['password 0']);
  });
});

describeWithServers('what the programs write', () => {
  const folder = throwawayFolder('secrets');
  const programs: Program[] = [];
  const servers: (MariaDbServer | RedisServer)[] = [];
  let mariadb: MariaDbServer;
  let redis: RedisServer;
  beforeAll(async () => {
    mariadb = await startMariaDb();
    servers.push(mariadb);
    redis = await startRedis({ args: ['--requirepass', REDIS_PASSWORD] });
    servers.push(redis);
    await mariadb.admin(
      `create database podoh; create user keeper@'%' identified by '${DATABASE_PASSWORD}'; grant all on podoh.* to keeper@'%'`,
    );
  });
  afterAll(async () => {
    for (const program of programs) await program.stop();
    for (const server of servers) await server.stop();
    removeFolder(folder);
  });

  async function started(entry: Entry, variable: string, more: Record<string, string> = {}): Promise<string> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = {
      API_HOST: '127.0.0.1',
      HUB_HOST: '127.0.0.1',
      PODOH_DATA_DIR: folder,
      PODOH_ADMIN_PASSWORD: PASSWORD,
      PODOH_DRAIN_MS: '0',
      DATABASE_URL: `mysql://keeper:${DATABASE_PASSWORD}@127.0.0.1:${mariadb.port}/podoh`,
      REDIS_URL: `redis://:${REDIS_PASSWORD}@127.0.0.1:${redis.port}`,
      LOG_LEVEL: 'trace',
      [variable]: String(port),
      ...more,
    };
    const program = new Program({ entry, env, urls: [url] });
    programs.push(program);
    await program.start();
    return url;
  }

  it('holds no secret either, those of the database and of Redis included, while these are killed and refuse them', async () => {
    const apiUrl = await started('api/main.ts', 'API_PORT');
    const hubUrl = await started('hub/main.ts', 'HUB_PORT');
    const secrets = new SecretsInUse(apiUrl, hubUrl, PASSWORD);
    secrets.note('password of the database', DATABASE_PASSWORD);
    secrets.note('password of Redis', REDIS_PASSWORD);
    await secrets.users();
    await secrets.devices();
    await redis.kill9();
    await mariadb.kill9();
    await secrets.whileDatabaseIsAway();
    await redis.restart();
    await mariadb.restart();
    // And now the server is there and takes the password for a wrong one.
    await mariadb.admin("alter user keeper@'%' identified by 'another'");
    await mariadb.restart();
    await secrets.whileDatabaseIsAway();
    for (const line of keyLines(folder)) secrets.note('private key', line);
    for (const program of programs) expect(await program.sigterm()).toMatchObject({ code: 0 });
    const output = programs.map((program) => program.output).join('\n');
    expect(secrets.foundIn(output)).toEqual([]);
    expect(output).toContain('/api/v1/auth/login');
    expect(output).toContain("Access denied for user 'keeper'");
  });
});
