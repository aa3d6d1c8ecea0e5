/** The one reader of the environment: what is given, what is not, and what a person is told of what is wrong. */
import { hostname, networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ConfigError, ENVIRONMENT, ownOrigins, readConfig, type Config } from './config.ts';

type Variables = Record<string, string>;

/** The message of the ConfigError that reading must give. */
function refusal(variables: Variables): string {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(variables)} was taken`);
}

const MARIADB = 'mysql://podoh:canary@db.example.com:3306/podoh';

describe('defaults', () => {
  test('nothing given is the embedded Podoh', () => {
    const { allowedOrigins, ...config } = readConfig({});
    expect(config).toEqual({
      apiHost: '0.0.0.0',
      apiPort: 8080,
      hubHost: '0.0.0.0',
      hubPort: 8081,
      hubProcesses: 1,
      dataDir: './data',
      adminUsername: 'admin',
      adminPassword: undefined,
      publicHubUrl: ':8081',
      trustProxy: false,
      drainMs: 3_000,
      statusSeconds: 60,
      heartbeatSeconds: 30,
      databaseUrl: undefined,
      databasePoolSize: 10,
      redisUrl: undefined,
      redisPrefix: 'podoh',
      s3: null,
      sns: null,
      unconfirmedSeconds: 30,
      privateWebhooks: false,
      contentBytesMax: 2_147_483_648,
      tenantBytesMax: 107_374_182_400,
      publicApiUrl: ':8080',
      jwtPrivateKey: undefined,
      jwtPrivateKeyFile: undefined,
      userPerMinute: 100,
      addressPerMinute: 1_000,
      sessionsMax: 100_000,
      pendingSessionsMax: 5_000,
      logLevel: undefined,
    } satisfies Omit<Config, 'allowedOrigins'>);
    expect(allowedOrigins).toContain('http://localhost:8080');
  });

  test('an empty variable, or one of spaces, is one that is not given', () => {
    const names = Object.keys(ENVIRONMENT.properties).filter((name) => name !== 'PODOH_ADMIN_PASSWORD');
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(readConfig({}));
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ' '])))).toEqual({
      ...readConfig({}),
      jwtPrivateKey: ' ',
    });
  });

  test('what is not ours is not read, and what we read is described', () => {
    expect(readConfig({ PATH: 'x', API_PORTS: 'x', api_port: 'x', HOME: 'x' })).toEqual(readConfig({}));
    for (const [name, { description }] of Object.entries(
      ENVIRONMENT.properties as Record<string, { description?: string }>,
    )) {
      expect([name, description ?? '']).toEqual([name, expect.stringMatching(/^\S.{5,}/)]);
    }
  });
});

describe('values', () => {
  test.each([
    [
      { API_PORT: '0', HUB_PORT: '65535' },
      { apiPort: 0, hubPort: 65_535, publicHubUrl: ':65535' },
    ],
    [{ API_PORT: ' 9000 ' }, { apiPort: 9_000 }],
    [
      { API_HOST: '127.0.0.1', HUB_HOST: '::1' },
      { apiHost: '127.0.0.1', hubHost: '::1' },
    ],
    [{ PODOH_ADMIN_PASSWORD: ' kept as it is ' }, { adminPassword: ' kept as it is ' }],
    [{ DATABASE_URL: MARIADB }, { databaseUrl: MARIADB }],
    [{ DATABASE_URL: MARIADB.replace('mysql', 'mariadb') }, { databaseUrl: MARIADB }],
    [{ DATABASE_URL: MARIADB, HUB_PROCESSES: '6' }, { hubProcesses: 6 }],
    [
      { REDIS_URL: 'rediss://user:canary@cache:6380/1', REDIS_PREFIX: 'site-a:1' },
      { redisUrl: 'rediss://user:canary@cache:6380/1', redisPrefix: 'site-a:1' },
    ],
    [{ S3_BUCKET: 'media' }, { s3: { bucket: 'media', endpoint: undefined, region: 'us-east-1' } }],
    [
      { S3_BUCKET: 'media.example', S3_ENDPOINT: 'http://minio:9000', S3_REGION: 'eu-central-1' },
      { s3: { bucket: 'media.example', endpoint: 'http://minio:9000', region: 'eu-central-1' } },
    ],
    [
      { SNS_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:alerts.fifo', SNS_ENDPOINT: 'http://sns:4566' },
      {
        sns: {
          topicArn: 'arn:aws:sns:eu-central-1:123456789012:alerts.fifo',
          endpoint: 'http://sns:4566',
          region: 'eu-central-1',
        },
      },
    ],
    [
      { PODOH_PRIVATE_WEBHOOKS: 'allow', PODOH_UNCONFIRMED_SECONDS: '5' },
      { privateWebhooks: true, unconfirmedSeconds: 5 },
    ],
    [
      { PODOH_CONTENT_BYTES_MAX: '1024', PODOH_TENANT_BYTES_MAX: String(Number.MAX_SAFE_INTEGER) },
      { contentBytesMax: 1_024, tenantBytesMax: Number.MAX_SAFE_INTEGER },
    ],
    [{ PODOH_PUBLIC_API_URL: 'https://cms.example.com' }, { publicApiUrl: 'https://cms.example.com' }],
    [{ PODOH_PUBLIC_HUB_URL: 'https://hub.example.com' }, { publicHubUrl: 'https://hub.example.com' }],
    [{ PODOH_PUBLIC_HUB_URL: 'http://10.0.0.7:8081/' }, { publicHubUrl: 'http://10.0.0.7:8081/' }],
    [{ PODOH_TRUST_PROXY: 'true' }, { trustProxy: true }],
    [{ PODOH_TRUST_PROXY: 'false' }, { trustProxy: false }],
    [{ PODOH_TRUST_PROXY: '10.0.0.0/8, ::1,192.0.2.7' }, { trustProxy: ['10.0.0.0/8', '::1', '192.0.2.7'] }],
    [{ JWT_PRIVATE_KEY: '-----BEGIN\\nabc\\n-----END' }, { jwtPrivateKey: '-----BEGIN\nabc\n-----END' }],
    [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
    [
      { PODOH_DRAIN_MS: '0', RATE_LIMIT_USER_PER_MINUTE: '7' },
      { drainMs: 0, userPerMinute: 7 },
    ],
  ] as [Variables, Partial<Config>][])('%j', (variables, expected) => {
    expect(readConfig(variables)).toMatchObject(expected);
  });
});

const PORT = 'must be a whole number from 0 to 65535';

describe('a bad variable is one line that begins with its name, and repeats no secret', () => {
  test.each([
    ...[
      '80abc',
      '8080.5',
      '-1',
      '65536',
      '0x50',
      '1e3',
      '1_000',
      '+80',
      'true',
      'null',
      'Infinity',
      'NaN',
      '１２',
      '9'.repeat(20),
    ].map((value): [Variables, string] => [{ API_PORT: value }, `API_PORT: ${PORT}`]),
    [{ HUB_PORT: 'x' }, `HUB_PORT: ${PORT}`],
    [{ SNS_TOPIC_ARN: 'podoh' }, 'SNS_TOPIC_ARN: must be the ARN of a topic'],
    [{ SNS_TOPIC_ARN: 'arn:aws:sqs:eu-central-1:123456789012:alerts' }, 'SNS_TOPIC_ARN: must be the ARN of a topic'],
    [{ SNS_ENDPOINT: 'http://sns:4566' }, 'SNS_TOPIC_ARN: is missing'],
    [{ PODOH_PRIVATE_WEBHOOKS: 'true' }, 'PODOH_PRIVATE_WEBHOOKS: must be one of refuse, allow'],
    [{ PODOH_PUBLIC_API_URL: 'https://cms.example.com/api' }, 'PODOH_PUBLIC_API_URL: must be a host and a port only'],
    [{ HUB_PROCESSES: '0' }, 'HUB_PROCESSES: must be a whole number from 1 to 64'],
    [{ HUB_PROCESSES: '2' }, 'HUB_PROCESSES: more than one needs DATABASE_URL'],
    [{ HUB_PROCESSES: '2', HUB_PORT: '0', DATABASE_URL: MARIADB }, 'HUB_PORT: several HUB_PROCESSES share one port'],
    [{ PODOH_ADMIN_USERNAME: 'x'.repeat(65) }, 'PODOH_ADMIN_USERNAME: '],
    [{ PODOH_DRAIN_MS: '120001' }, 'PODOH_DRAIN_MS: must be a whole number from 0 to 120000'],
    [{ PODOH_STATUS_SECONDS: '4' }, 'PODOH_STATUS_SECONDS: must be a whole number from 5 to 3600'],
    [{ PODOH_HEARTBEAT_SECONDS: '0' }, 'PODOH_HEARTBEAT_SECONDS: must be a whole number from 1 to 3600'],
    [{ DATABASE_POOL_SIZE: '1' }, 'DATABASE_POOL_SIZE: must be a whole number from 2 to 200'],
    [{ RATE_LIMIT_USER_PER_MINUTE: '0' }, 'RATE_LIMIT_USER_PER_MINUTE: must be a whole number from 1 to 1000000'],
    [
      { RATE_LIMIT_ADDRESS_PER_MINUTE: 'many' },
      'RATE_LIMIT_ADDRESS_PER_MINUTE: must be a whole number from 1 to 1000000',
    ],
    [{ HUB_SESSIONS_MAX: '1000001' }, 'HUB_SESSIONS_MAX: must be a whole number from 1 to 1000000'],
    [{ HUB_PENDING_MAX: '0' }, 'HUB_PENDING_MAX: must be a whole number from 1 to 100000'],
    [{ LOG_LEVEL: 'INFO' }, 'LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent'],
    [{ REDIS_PREFIX: 'a b' }, 'REDIS_PREFIX: must match pattern'],
    ...[
      'db.example.com',
      'postgres://u:canary@db/podoh',
      'mysql://u:canary@/podoh',
      'mysql:///podoh',
      'mysql://u:canary@db:99999/podoh',
    ].map((value): [Variables, string] => [
      { DATABASE_URL: value },
      'DATABASE_URL: must be an address that begins with mysql:// or mariadb://',
    ]),
    [{ DATABASE_URL: 'mysql://u:canary@db' }, 'DATABASE_URL: must name a database'],
    [{ DATABASE_URL: 'mysql://u:canary@db/' }, 'DATABASE_URL: must name a database'],
    ...['cache:6379', 'http://u:canary@cache', 'redis://', 'redis://:canary@'].map((value): [Variables, string] => [
      { REDIS_URL: value },
      'REDIS_URL: must be an address that begins with redis:// or rediss://',
    ]),
    [{ S3_ENDPOINT: 'http://minio:9000' }, 'S3_BUCKET: is missing although S3_ENDPOINT is set'],
    [
      { S3_BUCKET: 'media', S3_ENDPOINT: 'minio:9000' },
      'S3_ENDPOINT: must be an address that begins with http:// or https://',
    ],
    [{ S3_BUCKET: 'media', S3_ENDPOINT: 'http://key:canary@minio' }, 'S3_ENDPOINT: holds credentials'],
    [{ S3_BUCKET: 'media', S3_ENDPOINT: 'http://minio/?a=canary' }, 'S3_ENDPOINT: must be an address without a query'],
    ...['s3://media', 'media/podoh', '../media', 'a', 'm edia', '-media'].map((value): [Variables, string] => [
      { S3_BUCKET: value },
      "S3_BUCKET: must be a bucket's name",
    ]),
    [{ S3_BUCKET: 'media', S3_REGION: 'eu central' }, 'S3_REGION: must be the name of a region'],
    [
      { JWT_PRIVATE_KEY: 'canary', JWT_PRIVATE_KEY_FILE: 'key.pem' },
      'JWT_PRIVATE_KEY_FILE: give this or JWT_PRIVATE_KEY, not both',
    ],
    ...['hub.example.com', 'ws://hub.example.com', ':8081'].map((value): [Variables, string] => [
      { PODOH_PUBLIC_HUB_URL: value },
      'PODOH_PUBLIC_HUB_URL: must be an address that begins with http:// or https://',
    ]),
    ...['https://hub.example.com/podoh', 'https://hub.example.com/?a', 'https://u:canary@hub.example.com'].map(
      (value): [Variables, string] => [
        { PODOH_PUBLIC_HUB_URL: value },
        'PODOH_PUBLIC_HUB_URL: must be a host and a port only',
      ],
    ),
    ...['yes', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', '10.0.0/8', '10.0.0.1,proxy', 'fe80::1%eth0', '10.0.0.0/'].map(
      (value): [Variables, string] => [{ PODOH_TRUST_PROXY: value }, 'PODOH_TRUST_PROXY: '],
    ),
    ...[
      '*',
      'null',
      'cms.example.com',
      'https://cms.example.com/',
      'https://cms.example.com/a',
      'HTTPS://CMS.example.com',
      'ftp://cms',
      'https://a.example,https://b.example/',
      'https://a.example\nhttps://b.example',
    ].map((value): [Variables, string] => [{ PODOH_ALLOWED_ORIGINS: value }, 'PODOH_ALLOWED_ORIGINS: ']),
  ] as [Variables, string][])('%j', (variables, expected) => {
    const message = refusal(variables);
    expect(message.startsWith(expected)).toBe(true);
    expect(message).not.toMatch(/[\r\n]|canary/);
  });

  test('control: with what is wrong put right, it is taken', () => {
    const right = { DATABASE_URL: MARIADB, HUB_PROCESSES: '2', S3_BUCKET: 'media', S3_ENDPOINT: 'http://minio:9000' };
    expect(readConfig(right)).toMatchObject({ hubProcesses: 2, s3: { bucket: 'media' } });
  });
});

describe('origins', () => {
  test('those that are named, and no other', () => {
    const named = ' https://cms.example.com, http://10.0.0.7:8080 ,https://[2001:db8::1]:8443';
    const expected = ['https://cms.example.com', 'http://10.0.0.7:8080', 'https://[2001:db8::1]:8443'];
    expect(readConfig({ PODOH_ALLOWED_ORIGINS: named }).allowedOrigins).toEqual(expected);
  });

  test('by default those under which this machine is reached, at the port of the API', () => {
    const own = ownOrigins(9_000);
    expect(readConfig({ API_PORT: '9000' }).allowedOrigins).toEqual(own);
    expect(own).toEqual(
      expect.arrayContaining(['http://localhost:9000', 'http://127.0.0.1:9000', 'http://[::1]:9000']),
    );
    expect(own).toContain(`http://${hostname().toLowerCase()}:9000`);
    for (const { address, family } of Object.values(networkInterfaces()).flatMap((each) => each ?? [])) {
      if (family === 'IPv4') expect(own).toContain(`http://${address}:9000`);
    }
    for (const origin of own) expect(new URL(origin).origin).toBe(origin);
    expect(new Set(own).size).toBe(own.length);
  });

  test('a browser leaves out the port that its scheme has anyway', () => {
    expect(ownOrigins(80)).toContain('http://localhost');
  });
});
