/** What every handler of the API may reach. The composer gives the parts; createApiContext adds what this process keeps in memory. */
import type { Redis } from 'ioredis';
import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { MediaSigner } from '../hub/core/content-url.ts';
import type { Bus, Clock, Ids, Notifier, ObjectStore, Tokens, Webhooks } from '../hub/core/ports.ts';
import type { OpenDatabase } from '../migrations/dialect.ts';
import type { Database, UserRole } from '../migrations/tables.ts';
import { createContentDesk, type ContentDesk } from './content/content-desk.ts';
import { createAccounts, type Accounts } from './auth/accounts.ts';
import { createPasswordHasher, type PasswordHasher } from './auth/passwords.ts';
import { createLimiter, type Limiter } from './limits/limiter.ts';

export interface ApiSettings {
  /** Origins that browsers may call from, e.g. `https://cms.example.com`; the API's own origin needs no entry. */
  readonly allowedOrigins: readonly string[];
  /** Proxies whose X-Forwarded-For is believed: addresses or CIDRs, or false for none. */
  readonly trustProxy: boolean | string[];
  /** Requests per minute of one user; the alert bucket has the same size of its own. */
  readonly rateLimitUserPerMinute: number;
  /** Unauthenticated or failed requests per minute of one address. */
  readonly rateLimitAddressPerMinute: number;
  /** Where uploads wait for verification, a folder of this process; made when needed. */
  readonly uploadFolder: string;
  /** Largest file of content, in bytes. */
  readonly contentBytesMax: number;
  /** Bytes of content that one tenant may keep. */
  readonly tenantBytesMax: number;
  /** Where ffprobe and ffmpeg are looked for; default: the system's usual folders. */
  readonly toolFolders?: readonly string[];
  /** An alert that is not confirmed everywhere this long after its start is told to the outside, in seconds. */
  readonly unconfirmedSeconds: number;
}

export interface ApiParts {
  readonly db: OpenDatabase<Database>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly bus: Bus;
  readonly tokens: Tokens;
  /** Made with LOG_REDACTION of log-redaction.ts. */
  readonly log: FastifyBaseLogger;
  readonly settings: ApiSettings;
  /** Where content and command result files are. */
  readonly objects: ObjectStore;
  /** Makes and checks the addresses of content. */
  readonly media: MediaSigner;
  /** Topic of the outside world, when one is configured; webhooks are the tenants' own. */
  readonly notifier: Notifier | null;
  /** Channels to the tenants' webhooks. */
  readonly webhooks: Webhooks;
  /** Secret of this installation from which keys for single purposes are derived (sealing.ts). */
  readonly secret: string;
  /** Shares rate-limit counters between processes; without it, or while it is away, each process counts for itself. */
  readonly limiterRedis?: Redis | null;
  readonly registry: Registry;
}

export interface ApiContext extends ApiParts {
  readonly accounts: Accounts;
  readonly passwords: PasswordHasher;
  readonly limiter: Limiter;
  /** Uploads and verifications of this process. */
  readonly content: ContentDesk;
  /** Idempotency keys being worked on in this process, with the fingerprint of their request. */
  readonly inFlight: Map<string, string>;
}

/** Who is calling, as of at most a second ago. */
export interface Actor {
  readonly userId: number;
  readonly tenantId: number;
  readonly username: string;
  readonly role: UserRole;
  /** null: whole tenant; else every group id inside the assigned groups' subtrees */
  readonly scope: ReadonlySet<number> | null;
  readonly ip: string;
  readonly requestId: string;
}

/** Completes the composer's parts with this process's caches and limits. */
export function createApiContext(parts: ApiParts): ApiContext {
  return {
    ...parts,
    accounts: createAccounts(parts.db, parts.clock),
    passwords: createPasswordHasher(),
    limiter: createLimiter({
      clock: parts.clock,
      redis: parts.limiterRedis ?? null,
      log: parts.log,
      registry: parts.registry,
    }),
    content: createContentDesk(parts),
    inFlight: new Map(),
  };
}
