/** A whole API over a test database: real tokens, real limits, a clock that only tests move, and users of every role. */
import { generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import {
  NotDeliveredError,
  type Bus,
  type Clock,
  type Hint,
  type Ids,
  type Notifier,
  type Tokens,
  type Webhooks,
} from '../../hub/core/ports.ts';
import { createMediaSigner } from '../../hub/media-signer.ts';
import { createTokens } from '../../hub/tokens.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database, UserRole } from '../../migrations/tables.ts';
import { buildApp, type Timeouts } from '../app.ts';
import { createApiContext, type ApiContext, type ApiSettings } from '../context.ts';
import { LOG_REDACTION } from '../log-redaction.ts';
import type { Route } from '../route.ts';
import type { ShedLimits } from '../shedding.ts';
import { memoryObjects } from './memory-objects.ts';

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  advance(ms: number): void;
}

export function testClock(startMs = Date.UTC(2026, 10, 20, 9, 0, 0)): TestClock {
  let elapsedMs = 0;
  return {
    now: () => startMs + elapsedMs,
    monotonicMs: () => 1_000_000 + elapsedMs,
    advance: (ms) => {
      elapsedMs += ms;
    },
  };
}

export const systemIds: Ids = {
  secret: (bytes) => randomBytes(bytes).toString('base64url'),
  below: (below) => randomInt(below),
  uuid: () => randomUUID(),
};

/** One RSA key for the whole test process: making one takes a tenth of a second. */
const testKeys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** Webhooks of which none answers; hub/notify has the real ones, with tests of their own. */
const silentWebhooks: Webhooks = {
  refusal: (url) => (URL.canParse(url) ? null : 'is no address'),
  open: () => ({
    publish: async () => {
      throw new NotDeliveredError('nobody answers here', true);
    },
  }),
};

/** A bus that remembers what was announced. */
function rememberingBus(hints: Hint[]): Bus {
  const listeners = new Set<(hint: Hint) => void>();
  return {
    start: () => undefined,
    publish(hint) {
      hints.push(hint);
      for (const listener of listeners) listener(hint);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    state: () => 'up',
    dropped: () => 0,
    close: async () => undefined,
  };
}

export interface TestUser {
  readonly id: number;
  readonly tenantId: number;
  readonly username: string;
  readonly role: UserRole;
  /** An access token, valid for 15 minutes of the test clock. */
  readonly token: string;
}

export const TEST_PASSWORD = 'correct horse battery staple';

export interface ApiFixture {
  readonly ctx: ApiContext;
  readonly app: FastifyInstance;
  readonly clock: TestClock;
  readonly tokens: Tokens;
  /** What was announced on the bus, in order. */
  readonly hints: Hint[];
  /** Log lines so far, as JSON text. */
  readonly logLines: string[];
  newTenant(name: string): Promise<number>;
  /** A user with TEST_PASSWORD, and an access token. */
  newUser(tenantId: number, role: UserRole, groupIds?: readonly number[]): Promise<TestUser>;
  newGroup(tenantId: number, name: string, parentId?: number | null): Promise<number>;
  /** Sends a request, as a user when one is given. */
  send(
    method: NonNullable<InjectOptions['method']>,
    url: string,
    options?: SendOptions,
  ): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

export interface SendOptions {
  readonly as?: TestUser;
  readonly body?: unknown;
  /** Idempotency-Key */
  readonly key?: string;
  readonly headers?: Record<string, string>;
  readonly ip?: string;
}

export interface FixtureOptions {
  readonly settings?: Partial<ApiSettings>;
  readonly routes?: readonly Route[];
  readonly limiterRedis?: Redis | null;
  readonly clock?: TestClock;
  readonly timeouts?: Timeouts;
  readonly shedLimits?: ShedLimits;
  readonly notifier?: Notifier;
  readonly webhooks?: Webhooks;
}

const SETTINGS: ApiSettings = {
  allowedOrigins: [],
  trustProxy: false,
  rateLimitUserPerMinute: 100_000,
  rateLimitAddressPerMinute: 100_000,
  uploadFolder: join(tmpdir(), `podoh-uploads-${process.pid}`),
  contentBytesMax: 64 * 1024 * 1024,
  tenantBytesMax: 1024 * 1024 * 1024,
  unconfirmedSeconds: 30,
};

/** Opens an API over a migrated database. The database stays the caller's; `close` closes the rest. */
export async function openApi(db: OpenDatabase<Database>, options: FixtureOptions = {}): Promise<ApiFixture> {
  const clock = options.clock ?? testClock();
  const hints: Hint[] = [];
  const logLines: string[] = [];
  const tokens = await createTokens({ privateKeyPem: testKeys.privateKey, retiredPublicKeys: [], clock });
  const log = pino({ level: 'debug', redact: LOG_REDACTION }, { write: (line: string) => void logLines.push(line) });
  const ctx = createApiContext({
    db,
    clock,
    ids: systemIds,
    bus: rememberingBus(hints),
    tokens,
    log,
    settings: { ...SETTINGS, ...options.settings },
    objects: memoryObjects(),
    media: createMediaSigner(Buffer.alloc(32, 7)),
    notifier: options.notifier ?? null,
    webhooks: options.webhooks ?? silentWebhooks,
    secret: 'a secret of the tests',
    limiterRedis: options.limiterRedis ?? null,
    registry: new Registry(),
  });
  const app = buildApp(ctx, options.routes, options.timeouts, options.shedLimits);
  await app.ready();
  return { ctx, app, clock, tokens, hints, logLines, ...makers(ctx), ...sender(app), close: () => app.close() };
}

let passwordHash: Promise<string> | null = null;

function makers(ctx: ApiContext): Pick<ApiFixture, 'newTenant' | 'newUser' | 'newGroup'> {
  const { db, clock } = ctx;
  const now = (): { created_at: number; updated_at: number } => ({ created_at: clock.now(), updated_at: clock.now() });
  return {
    async newTenant(name) {
      const made = await db.sql
        .insertInto('tenants')
        .values({ name, created_at: clock.now() })
        .executeTakeFirstOrThrow();
      return Number(made.insertId);
    },
    async newUser(tenantId, role, groupIds = []) {
      passwordHash ??= ctx.passwords.hash(TEST_PASSWORD);
      const username = `${role}-${randomUUID()}`;
      const made = await db.sql
        .insertInto('users')
        .values({
          tenant_id: tenantId,
          username,
          display_name: username,
          password_hash: await passwordHash,
          role,
          status: 'active',
          must_change_password: 0,
          token_version: 0,
          last_login_at: null,
          version: 1,
          ...now(),
        })
        .executeTakeFirstOrThrow();
      const id = Number(made.insertId);
      for (const groupId of groupIds) {
        await db.sql
          .insertInto('user_groups')
          .values({ tenant_id: tenantId, user_id: id, group_id: groupId })
          .execute();
      }
      const { token } = await ctx.tokens.issueUser({ sub: id, role, tenant: tenantId, ver: 0 });
      return { id, tenantId, username, role, token };
    },
    async newGroup(tenantId, name, parentId = null) {
      const made = await db.sql
        .insertInto('groups')
        .values({
          tenant_id: tenantId,
          parent_id: parentId,
          name,
          config: '{}',
          rev: 0,
          placement_rev: 0,
          version: 1,
          ...now(),
        })
        .executeTakeFirstOrThrow();
      return Number(made.insertId);
    },
  };
}

function sender(app: FastifyInstance): Pick<ApiFixture, 'send'> {
  return {
    send(method, url, { as, body, key, headers, ip } = {}) {
      return app.inject({
        method,
        url,
        headers: {
          ...(as && { authorization: `Bearer ${as.token}` }),
          ...(key !== undefined && { 'idempotency-key': key }),
          ...headers,
        },
        ...(body !== undefined && { payload: body as NonNullable<InjectOptions['payload']> }),
        ...(ip !== undefined && { remoteAddress: ip }),
      });
    },
  };
}
