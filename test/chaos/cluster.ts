/**
 * A whole production Podoh for tests that break it: a MariaDB (every commit on disk) and a Redis of its own, one API process
 * and hub processes, and a fleet of players that reconnect as players do.
 */
import { afterAll } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { startMariaDb, type MariaDbServer } from '../support/mariadb.ts';
import { Program, runToEnd, type Entry } from '../support/processes.ts';
import { ReconnectingDevice } from '../support/reconnecting-device.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { importDevices, type Credentials } from '../support/test-device.ts';

const PASSWORD = 'correct horse battery';
const DATABASE = 'podoh';

export interface ClusterOptions {
  /** Hub programs; default two. */
  readonly hubs?: number;
  /** More environment variables of every program. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Cluster {
  readonly mariadb: MariaDbServer;
  readonly redis: RedisServer;
  readonly api: Program;
  readonly apiUrl: string;
  readonly hubs: readonly Program[];
  readonly hubUrls: readonly string[];
  readonly admin: ApiClient;
  /** What `admin` signed in with. */
  readonly login: { readonly username: string; readonly password: string };
  /** The root of the group tree; devices stand below it. */
  readonly siteId: number;
  readonly lobbyId: number;
  /** Runs a program that ends by itself, in the cluster's environment. */
  run(entry: Entry, args?: readonly string[]): ReturnType<typeof runToEnd>;
  /** New credentials in the lobby. */
  credentials(count: number): Promise<Credentials[]>;
  /**
   * Players in the lobby, spread over the hubs and both codecs, all welcomed. `stubborn`: each tries the hub it was on once
   * more before the next, as behind a balancer that is slow to notice.
   */
  fleet(count: number, balancer?: 'quick' | 'stubborn'): Promise<ReconnectingDevice[]>;
}

/** The starter of clusters for one suite; everything is gone after it. Call it in a `describe`. */
export function clusterStarter(): (options?: ClusterOptions) => Promise<Cluster> {
  const undo: (() => Promise<void> | void)[] = [];
  afterAll(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });
  return (options = {}) => startCluster(options, (step) => undo.push(step));
}

async function startCluster(
  { hubs: hubCount = 2, env: more = {} }: ClusterOptions,
  later: (step: () => Promise<void> | void) => void,
): Promise<Cluster> {
  const folder = throwawayFolder('cluster');
  later(() => removeFolder(folder));
  const [mariadb, redis] = await Promise.all([startMariaDb({ durable: true }), startRedis()]);
  later(() => mariadb.stop());
  later(() => redis.stop());
  const env = {
    DATABASE_URL: await mariadb.createDatabase(DATABASE),
    REDIS_URL: redis.url,
    API_HOST: '127.0.0.1',
    HUB_HOST: '127.0.0.1',
    PODOH_DATA_DIR: folder,
    PODOH_ADMIN_PASSWORD: PASSWORD,
    PODOH_DRAIN_MS: '1000',
    RATE_LIMIT_USER_PER_MINUTE: '1000000',
    LOG_LEVEL: 'info',
    ...more,
  };
  const program = async (
    entry: Entry,
    variable: 'API_PORT' | 'HUB_PORT',
  ): Promise<{ program: Program; url: string }> => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const made = new Program({ entry, env: { ...env, [variable]: String(port) }, urls: [url] });
    later(() => made.stop());
    return { program: made, url };
  };
  const api = await program('api/main.ts', 'API_PORT');
  await api.program.start();
  const hubs = await Promise.all(Array.from({ length: hubCount }, () => program('hub/main.ts', 'HUB_PORT')));
  await Promise.all(hubs.map((hub) => hub.program.start()));
  const hubUrls = hubs.map(({ url }) => url);

  const admin = new ApiClient(api.url);
  await admin.login('admin', PASSWORD);
  const site = await admin.must('POST', '/groups', { name: 'Site' });
  const lobby = await admin.must('POST', '/groups', { name: 'Lobby', parentId: site.id });
  const credentials = (count: number): Promise<Credentials[]> => importDevices(admin, count, lobby.id);
  return {
    mariadb,
    redis,
    api: api.program,
    apiUrl: api.url,
    hubs: hubs.map((hub) => hub.program),
    hubUrls,
    admin,
    login: { username: 'admin', password: PASSWORD },
    siteId: site.id,
    lobbyId: lobby.id,
    run: (entry, args = []) => runToEnd({ entry, args, env }),
    credentials,
    async fleet(count, balancer = 'quick') {
      const devices = (await credentials(count)).map((own, at) => {
        const first = at % hubUrls.length;
        const inTurn = [...hubUrls.slice(first), ...hubUrls.slice(0, first)];
        const addresses = balancer === 'quick' ? inTurn : inTurn.flatMap((url) => [url, url]);
        return new ReconnectingDevice(addresses, own, Math.floor(at / hubUrls.length) % 2 === 0 ? 'json' : 'msgpack');
      });
      later(async () => {
        await Promise.all(devices.map((device) => device.stop()));
      });
      await Promise.all(devices.map((device) => device.start()));
      return devices;
    },
  };
}
