/**
 * A whole Podoh in this process, put together as the programs do it: one API and any number of hubs, on either adapter set.
 * Embedded: SQLite, in-process bus, one hub. Production: MariaDB, Redis, and hubs that share nothing but them.
 */
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { afterAll, describe, inject } from 'vitest';
import { composeApi, composeHub, composeParts, createLogger, type Parts } from '../../hub/compose.ts';
import { readConfig } from '../../hub/config.ts';
import type { Clock } from '../../hub/core/ports.ts';
import type { HubServer } from '../../hub/server/hub-server.ts';
import { startApi, type StartedApi } from '../../api/start-api.ts';
import { ApiClient } from './api-client.ts';
import { removeFolder, throwawayFolder } from './daemon.ts';
import { mariaDbAt } from './mariadb.ts';
import { WEB_ROOT } from './web-root.ts';

export type AdapterSet = 'embedded' | 'production';

export interface SystemOptions {
  /** Hub nodes; embedded has one. */
  readonly hubs?: number;
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

export interface System {
  readonly adapters: AdapterSet;
  readonly apiUrl: string;
  /** Address of each hub. */
  readonly hubUrls: readonly string[];
  readonly hubs: readonly HubServer[];
  /** The first admin, logged in. */
  readonly admin: ApiClient;
  readonly api: StartedApi;
  /** The parts of the API's process. */
  readonly parts: Parts;
  /** Starts one more hub, as after a restart or a scale-out; embedded it shares the process, so stop the one before first. */
  startHub(): Promise<{ readonly hub: HubServer; readonly url: string }>;
  stop(): Promise<void>;
}

export const ADMIN = { username: 'admin', password: 'correct horse battery' };

export type StartSystem = (options?: SystemOptions) => Promise<System>;

/** Declares the suite once per adapter set; what it starts is stopped after it. */
export function describeEachAdapterSet(
  name: string,
  declare: (start: StartSystem, adapters: AdapterSet) => void,
): void {
  for (const adapters of ['embedded', 'production'] as const) {
    const available = adapters === 'embedded' || (inject('mariadb') !== null && inject('redisUrl') !== null);
    describe.skipIf(!available)(`${name} (${adapters})`, () => declare(systemStarter(adapters), adapters));
  }
}

/** The starter of `describeEachAdapterSet` for one adapter set. Call it in a `describe`. */
export function systemStarter(adapters: AdapterSet): StartSystem {
  const started: System[] = [];
  afterAll(async () => {
    for (const system of started.reverse()) await system.stop();
  });
  return async (options = {}) => {
    const system = await startSystem(adapters, options);
    started.push(system);
    return system;
  };
}

async function startSystem(
  adapters: AdapterSet,
  { hubs: hubCount = 1, env = {}, clock }: SystemOptions,
): Promise<System> {
  const folder = throwawayFolder('system');
  const { variables, drop } =
    adapters === 'embedded' ? { variables: {}, drop: async () => undefined } : await productionPlace();
  const config = readConfig({
    API_HOST: '127.0.0.1',
    API_PORT: '0',
    HUB_HOST: '127.0.0.1',
    HUB_PORT: '0',
    PODOH_DATA_DIR: folder,
    PODOH_ADMIN_PASSWORD: ADMIN.password,
    PODOH_DRAIN_MS: '100',
    LOG_LEVEL: 'warn',
    RATE_LIMIT_USER_PER_MINUTE: '100000',
    ...variables,
    ...env,
  });
  const parts = await composeParts(config, createLogger(config, 'test'), clock);
  const hubParts: Parts[] = [];
  const hubs: HubServer[] = [];
  const hubUrls: string[] = [];
  let { publicApiUrl } = config;
  const startHub: System['startHub'] = async () => {
    // Every hub has its own numbers; embedded it shares the rest.
    const own =
      adapters === 'embedded'
        ? { ...parts, registry: hubs.length === 0 ? parts.registry : new Registry() }
        : await composeParts(config, createLogger(config, `test hub ${hubs.length}`), clock);
    if (adapters === 'production') hubParts.push(own);
    const { hub } = composeHub(own, null, () => publicApiUrl);
    hubs.push(hub);
    return { hub, url: `http://127.0.0.1:${await hub.start()}` };
  };
  for (let at = 0; at < (adapters === 'embedded' ? 1 : hubCount); at += 1) hubUrls.push((await startHub()).url);
  const api = await startApi(composeApi(parts), {
    host: config.apiHost,
    port: config.apiPort,
    adminUsername: config.adminUsername,
    adminPassword: config.adminPassword,
    webRoot: WEB_ROOT,
    publicHubUrl: hubUrls[0] ?? '',
    drainMs: 0,
  });
  publicApiUrl = `:${new URL(api.url).port}`;
  const admin = new ApiClient(api.url);
  await admin.login(ADMIN.username, ADMIN.password);
  return {
    adapters,
    apiUrl: api.url,
    hubUrls,
    hubs,
    admin,
    api,
    parts,
    startHub,
    async stop() {
      await Promise.all([...hubs.map((hub) => hub.stop()), api.stop()]);
      for (const own of new Set([parts, ...hubParts])) await own.close();
      await drop();
      removeFolder(folder);
    },
  };
}

async function productionPlace(): Promise<{ variables: Record<string, string>; drop: () => Promise<void> }> {
  const address = inject('mariadb');
  const redisUrl = inject('redisUrl');
  if (address === null || redisUrl === null) throw new Error('MariaDB and Redis are needed here');
  const server = mariaDbAt(address);
  const name = `system_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const url = await server.createDatabase(name);
  return {
    variables: { DATABASE_URL: url, REDIS_URL: redisUrl, REDIS_PREFIX: name },
    drop: () => server.dropDatabase(name),
  };
}
