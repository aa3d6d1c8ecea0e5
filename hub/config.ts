/**
 * The one reader of the environment. Every variable has a schema with its unit and default; a bad one is a ConfigError whose
 * message is one line that begins with the variable's name.
 */
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';

export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** Text of many lines, as a path or an address may be, becomes one. */
  constructor(message: string, options?: ErrorOptions) {
    super(message.replace(/\s*[\r\n]+\s*/g, ' '), options);
  }
}

const Port = (fallback: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: fallback, description });
const Count = (fallback: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, default: fallback, description });
const Text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

/** Every variable that Podoh reads. The README's table is made from it. */
export const ENVIRONMENT = Type.Object({
  API_HOST: Type.String({
    minLength: 1,
    default: '0.0.0.0',
    description: 'Address that the API and console listen on',
  }),
  API_PORT: Port(8080, 'Port of the API, console and player page; 0 takes a free one'),
  HUB_HOST: Type.String({ minLength: 1, default: '0.0.0.0', description: 'Address that the hub listens on' }),
  HUB_PORT: Port(8081, 'Port of the hub: WebSocket and device HTTP; 0 takes a free one'),
  HUB_PROCESSES: Count(1, 1, 64, 'Hub processes that share HUB_PORT (`start:hub`); more than one needs DATABASE_URL'),
  PODOH_DATA_DIR: Type.String({
    minLength: 1,
    default: './data',
    description: 'Where SQLite, keys and stored files live',
  }),
  PODOH_ADMIN_USERNAME: Type.String({
    minLength: 1,
    maxLength: 64,
    default: 'admin',
    description: 'First admin, made at the first start',
  }),
  PODOH_ADMIN_PASSWORD: Text("First admin's password; absent, one is generated and printed once"),
  PODOH_ALLOWED_ORIGINS: Text(
    'Origins that browsers may come from, comma-separated; default: the addresses of this machine at API_PORT',
  ),
  PODOH_PUBLIC_HUB_URL: Text(
    'Address of the hub as players see it; default: the host they loaded the page from, at HUB_PORT',
  ),
  PODOH_TRUST_PROXY: Text(
    '`true`, or the addresses and CIDRs of proxies whose X-Forwarded-For is believed, comma-separated',
  ),
  PODOH_DRAIN_MS: Count(3_000, 0, 120_000, 'How long a stopping hub spreads its goodbyes, in milliseconds'),
  PODOH_STATUS_SECONDS: Count(60, 5, 3_600, 'How often devices report their status over the socket, in seconds'),
  PODOH_HEARTBEAT_SECONDS: Count(30, 1, 3_600, 'How often devices without a socket ask, in seconds'),
  DATABASE_URL: Text('`mysql://user:password@host:port/database` selects MariaDB; absent: SQLite in PODOH_DATA_DIR'),
  DATABASE_POOL_SIZE: Count(10, 2, 200, 'MariaDB connections of each process'),
  REDIS_URL: Text('`redis://host:port` selects Redis for hints and rate limits; absent: in-process'),
  REDIS_PREFIX: Type.String({
    pattern: '^[\\w:-]{1,32}$',
    default: 'podoh',
    description: 'Names this installation where several share one Redis',
  }),
  S3_BUCKET: Text('Bucket for stored files; absent: PODOH_DATA_DIR'),
  S3_ENDPOINT: Text("Address of an S3-compatible store; absent: AWS's own"),
  S3_REGION: Text('Region of the bucket; default us-east-1'),
  SNS_TOPIC_ARN: Text('Topic that is told when alerts start, stop or stay unconfirmed; absent: webhooks only'),
  SNS_ENDPOINT: Text("Address of an SNS-compatible service; absent: AWS's own"),
  PODOH_UNCONFIRMED_SECONDS: Count(
    30,
    1,
    86_400,
    'The outside is told of an alert that is not confirmed on every screen after so many seconds',
  ),
  PODOH_PRIVATE_WEBHOOKS: Type.Enum(['refuse', 'allow'], {
    default: 'refuse',
    description: 'Whether webhooks may go to loopback and private addresses',
  }),
  PODOH_CONTENT_BYTES_MAX: Count(2_147_483_648, 1_024, 51_539_607_552, 'Largest file of content, in bytes'),
  PODOH_TENANT_BYTES_MAX: Count(
    107_374_182_400,
    1_024,
    Number.MAX_SAFE_INTEGER,
    'Content that one tenant may keep, in bytes',
  ),
  PODOH_PUBLIC_API_URL: Text(
    'Address of the API as players see it, to which the hub sends requests for media; default: the host they asked, at API_PORT',
  ),
  JWT_PRIVATE_KEY: Text('PKCS #8 PEM of the RSA key that signs tokens; absent: made once under PODOH_DATA_DIR/keys'),
  JWT_PRIVATE_KEY_FILE: Text('File with that PEM'),
  RATE_LIMIT_USER_PER_MINUTE: Count(100, 1, 1_000_000, 'Requests of one user per minute'),
  RATE_LIMIT_ADDRESS_PER_MINUTE: Count(
    1_000,
    1,
    1_000_000,
    'Unauthenticated or failed requests of one address per minute',
  ),
  HUB_SESSIONS_MAX: Count(100_000, 1, 1_000_000, 'Sockets that one hub process holds; more are answered 503'),
  HUB_PENDING_MAX: Count(5_000, 1, 100_000, 'Sockets of one hub process that may wait for authentication at once'),
  LOG_LEVEL: Type.Optional(
    Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      description: 'Least level that is logged; default: `info`, and `warn` for `npm start`',
    }),
  ),
});
type Environment = Static<typeof ENVIRONMENT>;

export interface Config {
  readonly apiHost: string;
  readonly apiPort: number;
  readonly hubHost: string;
  readonly hubPort: number;
  readonly hubProcesses: number;
  readonly dataDir: string;
  readonly adminUsername: string;
  readonly adminPassword: string | undefined;
  readonly allowedOrigins: readonly string[];
  /** What the player page is told: an address, or `:port` on the host the page came from. */
  readonly publicHubUrl: string;
  readonly trustProxy: boolean | string[];
  readonly drainMs: number;
  readonly statusSeconds: number;
  readonly heartbeatSeconds: number;
  readonly databaseUrl: string | undefined;
  readonly databasePoolSize: number;
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
  readonly s3: { readonly bucket: string; readonly endpoint: string | undefined; readonly region: string } | null;
  readonly sns: { readonly topicArn: string; readonly endpoint: string | undefined; readonly region: string } | null;
  readonly unconfirmedSeconds: number;
  readonly privateWebhooks: boolean;
  readonly contentBytesMax: number;
  readonly tenantBytesMax: number;
  /** Where the hub sends requests for media: an address, or `:port` on the host that was asked. */
  readonly publicApiUrl: string;
  readonly jwtPrivateKey: string | undefined;
  readonly jwtPrivateKeyFile: string | undefined;
  readonly userPerMinute: number;
  readonly addressPerMinute: number;
  readonly sessionsMax: number;
  readonly pendingSessionsMax: number;
  /** Undefined leaves the choice to the program. */
  readonly logLevel: string | undefined;
}

/** What these hold is taken to the letter; the rest is trimmed, because spaces around it are never meant. */
const UNTRIMMED = new Set(['PODOH_ADMIN_PASSWORD', 'JWT_PRIVATE_KEY']);

/** The parts of a variable's schema that a person can be told. */
interface Rule {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
}

function ruleOf(name: string): Rule {
  return (ENVIRONMENT.properties as Readonly<Record<string, Rule>>)[name] ?? {};
}

function given(variables: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(ENVIRONMENT.properties)) {
    const text = UNTRIMMED.has(name) ? variables[name] : variables[name]?.trim();
    // `NAME=` is how shells and compose files say "not set".
    if (text === undefined || text === '') continue;
    // Only what a person would call a whole number: no `1e3`, `0x10` or `true`.
    values[name] = ruleOf(name).type === 'integer' && /^-?\d{1,16}$/.test(text) ? Number(text) : text;
  }
  return values;
}

function read(variables: Readonly<Record<string, string | undefined>>): Environment {
  const candidate = Value.Default(ENVIRONMENT, given(variables));
  if (Value.Check(ENVIRONMENT, candidate)) return candidate;
  const [first] = Value.Errors(ENVIRONMENT, candidate);
  const name = first?.instancePath.split('/')[1] ?? 'environment';
  const { type, minimum, maximum, enum: allowed } = ruleOf(name);
  if (type === 'integer') throw new ConfigError(`${name}: must be a whole number from ${minimum} to ${maximum}`);
  if (allowed !== undefined) throw new ConfigError(`${name}: must be one of ${allowed.join(', ')}`);
  throw new ConfigError(`${name}: ${first?.message ?? 'is not valid'}`);
}

function url(name: string, value: string | undefined, protocols: readonly string[]): string | undefined {
  if (value === undefined) return undefined;
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (parsed === null || !protocols.includes(parsed.protocol) || parsed.hostname === '') {
    // The value itself may hold a password: it is not repeated.
    throw new ConfigError(
      `${name}: must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    );
  }
  return value;
}

/** A bucket's name, or the ARN of an access point. */
const BUCKET = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]|arn:[A-Za-z0-9:/_-]{1,200})$/;
const REGION = /^[a-z0-9-]{1,64}$/;

function s3({ S3_BUCKET: bucket, S3_ENDPOINT, S3_REGION: region = 'us-east-1' }: Environment): Config['s3'] {
  const endpoint = url('S3_ENDPOINT', S3_ENDPOINT, ['http:', 'https:']);
  if (endpoint !== undefined) {
    const { username, password, search, hash } = new URL(endpoint);
    if (username + password !== '') {
      throw new ConfigError('S3_ENDPOINT: holds credentials; they go in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
    }
    if (search + hash !== '') throw new ConfigError('S3_ENDPOINT: must be an address without a query');
    if (bucket === undefined) throw new ConfigError('S3_BUCKET: is missing although S3_ENDPOINT is set');
  }
  if (bucket === undefined) return null;
  if (!BUCKET.test(bucket)) throw new ConfigError("S3_BUCKET: must be a bucket's name, without s3:// or a folder");
  if (!REGION.test(region)) throw new ConfigError('S3_REGION: must be the name of a region, as eu-central-1');
  return { bucket, endpoint, region };
}

/** `arn:aws:sns:<region>:<account>:<topic>`, with the partitions' names. */
const TOPIC_ARN = /^arn:aws[a-z-]*:sns:([a-z0-9-]{1,64}):\d{12}:[\w-]{1,256}(?:\.fifo)?$/;

function sns({ SNS_TOPIC_ARN: topicArn, SNS_ENDPOINT }: Environment): Config['sns'] {
  const endpoint = url('SNS_ENDPOINT', SNS_ENDPOINT, ['http:', 'https:']);
  if (topicArn === undefined) {
    if (endpoint !== undefined) throw new ConfigError('SNS_TOPIC_ARN: is missing although SNS_ENDPOINT is set');
    return null;
  }
  const region = TOPIC_ARN.exec(topicArn)?.[1];
  if (region === undefined) {
    throw new ConfigError('SNS_TOPIC_ARN: must be the ARN of a topic, as arn:aws:sns:eu-central-1:123456789012:podoh');
  }
  return { topicArn, endpoint, region };
}

/** Players append their own paths to it, so that it is a host and a port and nothing more. */
function publicUrl(
  name: 'PODOH_PUBLIC_HUB_URL' | 'PODOH_PUBLIC_API_URL',
  value: string | undefined,
): string | undefined {
  const address = url(name, value, ['http:', 'https:']);
  if (address !== undefined && new URL(address).href !== `${new URL(address).origin}/`) {
    throw new ConfigError(`${name}: must be a host and a port only, as in https://signage.example.com`);
  }
  return address;
}

function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function origins(environment: Environment): string[] {
  const named = list(environment.PODOH_ALLOWED_ORIGINS);
  for (const origin of named) {
    if (!/^https?:/.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new ConfigError(`PODOH_ALLOWED_ORIGINS: ${origin} is not an origin such as https://cms.example.com`);
    }
  }
  return named.length > 0 ? named : ownOrigins(environment.API_PORT);
}

/** The API's own origin under every name this machine answers to: what a browser on its network would use. */
export function ownOrigins(apiPort: number): string[] {
  const hosts = new Set(['localhost', '127.0.0.1', '[::1]', hostname()]);
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, family } of addresses ?? []) {
      if (!address.includes('%')) hosts.add(family === 'IPv6' ? `[${address}]` : address);
    }
  }
  return [...hosts]
    .filter((host) => URL.canParse(`http://${host}:${apiPort}`))
    .map((host) => new URL(`http://${host}:${apiPort}`).origin);
}

function isAddressOrCidr(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

function trustProxy(value: string | undefined): boolean | string[] {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  const proxies = list(value);
  for (const proxy of proxies) {
    if (!isAddressOrCidr(proxy)) {
      throw new ConfigError(`PODOH_TRUST_PROXY: ${proxy} is neither an address nor a CIDR such as 10.0.0.0/8`);
    }
  }
  return proxies;
}

/** Reads and checks the environment. Throws ConfigError. */
export function readConfig(variables: Readonly<Record<string, string | undefined>> = process.env): Config {
  const environment = read(variables);
  const databaseUrl = url('DATABASE_URL', environment.DATABASE_URL, ['mysql:', 'mariadb:']);
  if (databaseUrl !== undefined && new URL(databaseUrl).pathname.length < 2) {
    throw new ConfigError('DATABASE_URL: must name a database, as in mysql://user:password@host:3306/podoh');
  }
  if (environment.HUB_PROCESSES > 1 && databaseUrl === undefined) {
    throw new ConfigError(
      'HUB_PROCESSES: more than one needs DATABASE_URL, because SQLite and the in-process bus serve one process',
    );
  }
  if (environment.HUB_PROCESSES > 1 && environment.HUB_PORT === 0) {
    throw new ConfigError('HUB_PORT: several HUB_PROCESSES share one port, so it must be named');
  }
  if (environment.JWT_PRIVATE_KEY !== undefined && environment.JWT_PRIVATE_KEY_FILE !== undefined) {
    throw new ConfigError('JWT_PRIVATE_KEY_FILE: give this or JWT_PRIVATE_KEY, not both');
  }
  return {
    apiHost: environment.API_HOST,
    apiPort: environment.API_PORT,
    hubHost: environment.HUB_HOST,
    hubPort: environment.HUB_PORT,
    hubProcesses: environment.HUB_PROCESSES,
    dataDir: environment.PODOH_DATA_DIR,
    adminUsername: environment.PODOH_ADMIN_USERNAME,
    adminPassword: environment.PODOH_ADMIN_PASSWORD,
    allowedOrigins: origins(environment),
    publicHubUrl: publicUrl('PODOH_PUBLIC_HUB_URL', environment.PODOH_PUBLIC_HUB_URL) ?? `:${environment.HUB_PORT}`,
    trustProxy: trustProxy(environment.PODOH_TRUST_PROXY),
    drainMs: environment.PODOH_DRAIN_MS,
    statusSeconds: environment.PODOH_STATUS_SECONDS,
    heartbeatSeconds: environment.PODOH_HEARTBEAT_SECONDS,
    databaseUrl: databaseUrl?.replace(/^mariadb:/, 'mysql:'),
    databasePoolSize: environment.DATABASE_POOL_SIZE,
    redisUrl: url('REDIS_URL', environment.REDIS_URL, ['redis:', 'rediss:']),
    redisPrefix: environment.REDIS_PREFIX,
    s3: s3(environment),
    sns: sns(environment),
    unconfirmedSeconds: environment.PODOH_UNCONFIRMED_SECONDS,
    privateWebhooks: environment.PODOH_PRIVATE_WEBHOOKS === 'allow',
    contentBytesMax: environment.PODOH_CONTENT_BYTES_MAX,
    tenantBytesMax: environment.PODOH_TENANT_BYTES_MAX,
    publicApiUrl: publicUrl('PODOH_PUBLIC_API_URL', environment.PODOH_PUBLIC_API_URL) ?? `:${environment.API_PORT}`,
    jwtPrivateKey: environment.JWT_PRIVATE_KEY?.replaceAll('\\n', '\n'),
    jwtPrivateKeyFile: environment.JWT_PRIVATE_KEY_FILE,
    userPerMinute: environment.RATE_LIMIT_USER_PER_MINUTE,
    addressPerMinute: environment.RATE_LIMIT_ADDRESS_PER_MINUTE,
    sessionsMax: environment.HUB_SESSIONS_MAX,
    pendingSessionsMax: environment.HUB_PENDING_MAX,
    logLevel: environment.LOG_LEVEL,
  };
}
