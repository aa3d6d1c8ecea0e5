/**
 * The one place where adapters are chosen: SQLite or MariaDB, in-process or Redis, disk or S3, SNS or not. Everything else takes ports.
 */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { LOG_REDACTION } from '../api/log-redaction.ts';
import { createApiContext, type ApiContext } from '../api/context.ts';
import { checkDatabase } from '../migrations/check-database.ts';
import { isDatabaseUnavailable, type OpenDatabase } from '../migrations/dialect.ts';
import { migrateToLatest } from '../migrations/migrate.ts';
import { openDatabase } from '../migrations/open.ts';
import type { Database } from '../migrations/tables.ts';
import { InProcessBus } from './bus/in-process-bus.ts';
import { RedisBus } from './bus/redis-bus.ts';
import { ConfigError, type Config } from './config.ts';
import { hkdfSync } from 'node:crypto';
import type { MediaSigner } from './core/content-url.ts';
import type { Bus, Clock, Ids, Notifier, ObjectStore, Tokens, Webhooks } from './core/ports.ts';
import { createMediaSigner } from './media-signer.ts';
import { createWebhooks } from './notify/webhook-notifier.ts';
import { DiskObjectStore } from './objects/disk-object-store.ts';
import { createHubMetrics } from './observe/hub-metrics.ts';
import { createLog } from './observe/log.ts';
import { createHub, type HubServer } from './server/hub-server.ts';
import { readSigningKeys, type SigningKeys } from './signing-keys.ts';
import { createHubStore } from './store/sql-hub-store.ts';
import { systemClock, systemIds } from './system-ports.ts';
import { createTokens } from './tokens.ts';

/** What every process has; closed in reverse order. */
export interface Parts {
  readonly config: Config;
  readonly log: Logger;
  readonly db: OpenDatabase<Database>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly tokens: Tokens;
  readonly objects: ObjectStore;
  readonly media: MediaSigner;
  readonly notifier: Notifier | null;
  readonly webhooks: Webhooks;
  /** From which keys for single purposes are derived; every process of an installation has the same. */
  readonly secret: string;
  readonly registry: Registry;
  readonly limiterRedis: Redis | null;
  close(): Promise<void>;
}

const POLL_MS = { min: 500, max: 1_000 };
/** A rate limit must never make a request wait longer than this for Redis, in milliseconds. */
const LIMITER_COMMAND_MS = 250;

export function createLogger(config: Config, name: string, fallbackLevel = 'info'): Logger {
  return createLog({ name, level: config.logLevel ?? fallbackLevel, redact: LOG_REDACTION });
}

function openConfiguredDatabase(config: Config, log: Logger): OpenDatabase<Database> {
  return openDatabase({
    ...(config.databaseUrl === undefined
      ? { sqliteFile: join(config.dataDir, 'podoh.sqlite') }
      : { url: config.databaseUrl }),
    poolSize: config.databasePoolSize,
    logWarn: (message) => log.warn(message),
  });
}

/** Opens, checks and migrates. A database that cannot be reached is a ConfigError: at start there is nothing to serve without it. */
export async function prepareDatabase(config: Config, log: Logger): Promise<OpenDatabase<Database>> {
  const variable = config.databaseUrl === undefined ? 'PODOH_DATA_DIR' : 'DATABASE_URL';
  let db: OpenDatabase<Database> | null = null;
  try {
    db = openConfiguredDatabase(config, log);
    for (const warning of await checkDatabase(db)) log.warn(warning);
    await migrateToLatest(db, (message) => log.info(message));
    return db;
  } catch (error) {
    await db?.close();
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const hint = isDatabaseUnavailable(error) ? 'cannot reach the database: ' : '';
    throw new ConfigError(`${variable}: ${hint}${message}`, { cause: error });
  }
}

/** `clock` is given by tests that bend time; programs take the system's. */
export async function composeParts(config: Config, log: Logger, clock: Clock = systemClock): Promise<Parts> {
  const ids = systemIds;
  const db = await prepareDatabase(config, log);
  const keys = await readSigningKeys(config, ids);
  const tokens = await makeTokens(keys, clock);
  const secret = derive(keys.privateKeyPem, 'secret').toString('base64url');
  const bus: Bus =
    config.redisUrl === undefined
      ? new InProcessBus(log)
      : new RedisBus({ url: config.redisUrl, prefix: config.redisPrefix, log, clock, ids });
  bus.start();
  const limiterRedis =
    config.redisUrl === undefined ? null : makeLimiterRedis(config.redisUrl, config.redisPrefix, log);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'podoh_' });
  const objects = await openObjects(config, ids);
  return {
    config,
    log,
    db,
    bus,
    clock,
    ids,
    tokens,
    objects,
    media: createMediaSigner(derive(keys.privateKeyPem, 'media')),
    notifier: openNotifier(config),
    webhooks: createWebhooks({ clock, allowPrivate: config.privateWebhooks }),
    secret,
    registry,
    limiterRedis,
    async close() {
      await bus.close();
      limiterRedis?.disconnect();
      await db.close();
    },
  };
}

async function openObjects(config: Config, ids: Ids): Promise<ObjectStore> {
  if (config.s3 === null) return new DiskObjectStore(join(config.dataDir, 'objects'), ids);
  // The SDK takes 50 MB and a quarter of a second: only those who use it pay.
  const { S3ObjectStore } = await import('./objects/s3-object-store.ts');
  return new S3ObjectStore(config.s3);
}

/** The topic, if there is one. Its SDK is loaded with the first event: a hub publishes none and never pays for it. */
function openNotifier({ sns }: Config): Notifier | null {
  if (sns === null) return null;
  let opened: Promise<Notifier> | null = null;
  return {
    async publish(event) {
      opened ??= import('./notify/sns-notifier.ts').then(({ SnsNotifier }) => new SnsNotifier(sns));
      await (await opened).publish(event);
    },
  };
}

/** A key of its own for a purpose (RFC 5869), from the one secret that all processes share. */
function derive(privateKeyPem: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', privateKeyPem.trim(), 'podoh', purpose, 32));
}

async function makeTokens(keys: SigningKeys, clock: Clock): Promise<Tokens> {
  try {
    return await createTokens({ ...keys, clock });
  } catch (error) {
    throw new ConfigError(`${keys.source} is no PKCS #8 PEM of an RSA key of 2048 bits or more`, { cause: error });
  }
}

function makeLimiterRedis(url: string, prefix: string, log: Logger): Redis {
  const redis = new Redis(url, {
    keyPrefix: `${prefix}:`,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: LIMITER_COMMAND_MS,
    connectTimeout: 1_000,
    retryStrategy: (times) => Math.min(2_000, 100 * times),
    autoResendUnfulfilledCommands: false,
  });
  // Without a listener ioredis writes to the console; the limiter falls back to its own counters meanwhile.
  redis.on('error', (error: Error) => log.debug({ err: error }, 'redis for rate limits'));
  return redis;
}

export function composeApi(parts: Parts): ApiContext {
  const { config, db, clock, ids, bus, tokens, log, objects, media, secret, limiterRedis, registry } = parts;
  const { notifier, webhooks } = parts;
  return createApiContext({
    db,
    clock,
    ids,
    bus,
    tokens,
    log,
    objects,
    media,
    notifier,
    webhooks,
    secret,
    limiterRedis,
    registry,
    settings: {
      allowedOrigins: config.allowedOrigins,
      trustProxy: config.trustProxy,
      rateLimitUserPerMinute: config.userPerMinute,
      rateLimitAddressPerMinute: config.addressPerMinute,
      uploadFolder: join(config.dataDir, 'uploads'),
      contentBytesMax: config.contentBytesMax,
      tenantBytesMax: config.tenantBytesMax,
      unconfirmedSeconds: config.unconfirmedSeconds,
    },
  });
}

/**
 * One hub node, and its own numbers. Where several processes share a port, `exposeAll` gives the numbers of all of them to
 * whoever asks one; `publicApiUrl` tells where the API is when that is not as it is set, because its port was free to choose.
 */
export function composeHub(
  parts: Parts,
  exposeAll: (() => Promise<string>) | null = null,
  publicApiUrl = (): string => parts.config.publicApiUrl,
): { hub: HubServer; ownMetrics: () => Promise<MetricObjectWithValues<MetricValue<string>>[]> } {
  const { config, db, clock, ids, bus, tokens, log, objects, media, registry } = parts;
  const { metrics, setGauges } = createHubMetrics(registry);
  const hub: HubServer = createHub({
    store: createHubStore(db, media),
    bus,
    clock,
    ids,
    tokens,
    objects,
    log,
    metrics,
    exposeMetrics: async (gauges) => {
      if (exposeAll !== null) return exposeAll();
      setGauges(gauges);
      return registry.metrics();
    },
    settings: {
      host: config.hubHost,
      port: config.hubPort,
      sharePort: config.hubProcesses > 1,
      allowedOrigins: config.allowedOrigins,
      trustProxy: config.trustProxy,
      pendingSessionsMax: config.pendingSessionsMax,
      sessionsMax: config.sessionsMax,
      addressPerMinute: config.addressPerMinute,
      pollMinMs: POLL_MS.min,
      pollMaxMs: POLL_MS.max,
      drainMs: config.drainMs,
      statusSeconds: config.statusSeconds,
      heartbeatSeconds: config.heartbeatSeconds,
      publicApiUrl,
    },
  });
  const ownMetrics = async (): Promise<MetricObjectWithValues<MetricValue<string>>[]> => {
    setGauges(hub.gauges());
    return registry.getMetricsAsJSON();
  };
  return { hub, ownMetrics };
}
