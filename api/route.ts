/**
 * Routes as data. A route names the least role that may call it, its schemas and its handler; registerRoutes turns it into
 * a Fastify route whose answer is serialised by schema, so that nothing can leak that the schema does not name.
 * Deny by default: a route without a policy makes the boot fail (guardPolicies).
 */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static, type TEnum, type TObject, type TProperties, type TSchema } from 'typebox';
import { ERROR_STATUS, type ErrorCode } from '../protocol/errors.ts';
import type { Actor, ApiContext } from './context.ts';
import { apiError } from './errors.ts';
import { looseObjectPath } from './validation.ts';

/** The least role that may call; `public` needs no token. */
export type Policy = 'public' | 'user' | 'manager' | 'admin';

/** Which allowance a call uses up: alerts have their own, so that browsing never delays an emergency; `none` is for health checks. */
export type Bucket = 'alert' | 'default' | 'none';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A raw answer (a file) has to be sent within this, in milliseconds. Past it the connection is cut. */
const RAW_TIMEOUT_MS = 120_000;

/** All paths of the CMS contract start with it. */
export const API_BASE = '/api/v1';

declare module 'fastify' {
  interface FastifyContextConfig {
    policy?: Policy;
    bucket?: Bucket;
  }
  interface FastifyInstance {
    /** Every route that was registered, with its policy. */
    readonly routePolicies: readonly { readonly method: string; readonly url: string; readonly policy: Policy }[];
  }
  interface FastifyRequest {
    /** Set by the authentication hook on every route that is not public. */
    actor: Actor | null;
  }
}

/** One call of a public route. */
export interface PublicCall<P = unknown, Q = unknown, B = unknown> {
  readonly ctx: ApiContext;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly ip: string;
  readonly requestId: string;
  /** The Idempotency-Key header of a POST, checked to be 1 to 255 visible ASCII characters. */
  readonly idempotencyKey: string | null;
  /** Method and route, e.g. `POST /api/v1/devices/:id/commands`. */
  readonly operation: string;
  /** The path and query as called. */
  readonly target: string;
  /** The status of a successful answer. */
  readonly status: 200 | 201;
  /** What a use case tells the shell besides its result. */
  readonly marks: { mutated: boolean; replayed: boolean };
}

/** One call of a route that needs a role. */
export interface Call<P = unknown, Q = unknown, B = unknown> extends PublicCall<P, Q, B> {
  readonly actor: Actor;
}

export interface Page {
  readonly page: number;
  readonly limit: number;
  readonly total: number;
}

/** What the handler of a `raw` route returns: bytes or text outside the envelope. */
export interface RawAnswer {
  readonly status?: number;
  readonly contentType: string;
  readonly body: string | Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

type Parsed<S> = S extends TSchema ? Static<S> : Record<string, never>;
type CallOf<K extends Policy, P, Q, B> = K extends 'public' ? PublicCall<P, Q, B> : Call<P, Q, B>;
type AnswerOf<D, G, R> = R extends true
  ? RawAnswer
  : D extends TSchema
    ? G extends true
      ? { data: Static<D>; page: Page }
      : Static<D>
    : never;

export interface RouteSpec<
  K extends Policy,
  P extends TObject | undefined,
  Q extends TObject | undefined,
  B extends TSchema | undefined,
  D extends TSchema,
  G extends boolean,
  R extends boolean,
> {
  readonly method: Method;
  /** The whole path, e.g. `${API_BASE}/groups/:id`. */
  readonly url: string;
  readonly policy: K;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  /** Every object in it says `additionalProperties: false`; a route whose body does not makes the boot fail. */
  readonly body?: B;
  /** Schema of `data` in the envelope; of a raw route, of what it sends when that is JSON. */
  readonly data: D;
  readonly status?: 200 | 201;
  /** The handler returns `{data, page}` and the envelope carries `meta`. */
  readonly paged?: G;
  /** The answer is not in the envelope: files, metrics, JWKS. */
  readonly raw?: R;
  readonly bucket?: Bucket;
  handler(call: CallOf<K, Parsed<P>, Parsed<Q>, Parsed<B>>): Promise<AnswerOf<D, G, R>>;
}

/** A route with its types folded away, ready for registerRoutes. */
export interface Route {
  readonly method: Method;
  readonly url: string;
  readonly policy: Policy;
  readonly summary: string;
  readonly params: TObject | undefined;
  readonly query: TObject | undefined;
  readonly body: TSchema | undefined;
  readonly data: TSchema;
  readonly status: 200 | 201;
  readonly paged: boolean;
  readonly raw: boolean;
  readonly bucket: Bucket;
  /** Runs the typed handler; the schemas were checked before. */
  run(call: Call<never, never, never>): Promise<unknown>;
}

/** Declares a route; handler and answer are typed by the schemas. */
export function route<
  const K extends Policy,
  D extends TSchema,
  P extends TObject | undefined = undefined,
  Q extends TObject | undefined = undefined,
  B extends TSchema | undefined = undefined,
  const G extends boolean = false,
  const R extends boolean = false,
>(spec: RouteSpec<K, P, Q, B, D, G, R>): Route {
  return {
    method: spec.method,
    url: spec.url,
    policy: spec.policy,
    summary: spec.summary,
    params: spec.params,
    query: spec.query,
    body: spec.body,
    data: spec.data,
    status: spec.status ?? 200,
    paged: spec.paged ?? false,
    raw: spec.raw ?? false,
    bucket: spec.bucket ?? 'default',
    run: (call) => spec.handler(call),
  };
}

const ErrorCodeSchema = Type.Enum(Object.keys(ERROR_STATUS) as ErrorCode[]);

/** The envelope of every failure. */
const FailureEnvelope = Type.Object({
  success: Type.Literal(false),
  error: Type.Object({
    code: ErrorCodeSchema,
    message: Type.String(),
    details: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
  }),
});

/** The envelope of a success. */
function successEnvelope(data: TSchema, paged: boolean): TObject {
  const meta = Type.Object({ page: Type.Integer(), limit: Type.Integer(), total: Type.Integer() });
  return paged
    ? Type.Object({ success: Type.Literal(true), data, meta })
    : Type.Object({ success: Type.Literal(true), data });
}

const KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

function idempotencyKeyOf(request: FastifyRequest): string | null {
  if (request.method !== 'POST') return null;
  const value = request.headers['idempotency-key'];
  if (value === undefined) return null;
  if (typeof value !== 'string' || !KEY_PATTERN.test(value)) {
    throw apiError('VALIDATION_ERROR', 'The Idempotency-Key header is not valid', [
      { field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' },
    ]);
  }
  return value;
}

function callOf(ctx: ApiContext, spec: Route, request: FastifyRequest): Call<never, never, never> {
  if (spec.policy !== 'public' && request.actor === null) throw new Error(`${spec.url} was reached without an actor`);
  return {
    ctx,
    // A public handler's type has no actor, so it never reads this.
    actor: request.actor as Actor,
    params: (request.params ?? {}) as never,
    query: (request.query ?? {}) as never,
    body: request.body as never,
    ip: request.ip,
    requestId: request.id,
    idempotencyKey: idempotencyKeyOf(request),
    operation: `${spec.method} ${spec.url}`,
    target: request.url,
    status: spec.status,
    marks: { mutated: false, replayed: false },
  };
}

function sendRaw(reply: FastifyReply, answer: RawAnswer): FastifyReply {
  reply
    .code(answer.status ?? 200)
    .headers({ ...answer.headers })
    .type(answer.contentType);
  // A string or bytes with a content type are sent as they are; the serialiser is not asked.
  return reply.send(answer.body);
}

/** Adds routes to the application. Throws when one has no policy, a loose body schema, or is registered twice. */
export function registerRoutes(app: FastifyInstance, ctx: ApiContext, routes: readonly Route[]): void {
  for (const spec of routes) {
    const loose = spec.body === undefined ? null : looseObjectPath(spec.body);
    if (loose !== null) throw new Error(`${spec.method} ${spec.url}: body schema ${loose} allows unknown fields`);
    app.route({
      method: spec.method,
      url: spec.url,
      config: { policy: spec.policy, bucket: spec.bucket },
      ...(spec.raw && { handlerTimeout: RAW_TIMEOUT_MS }),
      schema: {
        summary: spec.summary,
        ...(spec.params && { params: spec.params }),
        // A route without a query schema takes no query.
        querystring: spec.query ?? Type.Object({}, { additionalProperties: false }),
        ...(spec.body && { body: spec.body }),
        response: {
          ...(spec.raw ? {} : { [spec.status]: successEnvelope(spec.data, spec.paged) }),
          '4xx': FailureEnvelope,
          '5xx': FailureEnvelope,
        },
      },
      handler: async (request, reply) => {
        const call = callOf(ctx, spec, request);
        const answer = await spec.run(call);
        if (call.marks.replayed) reply.header('Idempotent-Replayed', 'true');
        if (spec.raw) return sendRaw(reply, answer as RawAnswer);
        reply.code(spec.status);
        if (!spec.paged) return { success: true, data: answer };
        const { data, page } = answer as { data: unknown; page: Page };
        return { success: true, data, meta: page };
      },
    });
  }
}

/** Makes every later registration of a route without a policy fail, and keeps the list. Call before anything is registered. */
export function guardPolicies(app: FastifyInstance): void {
  const registered: { method: string; url: string; policy: Policy }[] = [];
  app.decorate('routePolicies', registered);
  app.addHook('onRoute', function requirePolicy(options) {
    // CORS preflight: answered by the plugin, reaches no handler.
    if (options.method === 'OPTIONS' && options.url === '*') return;
    if (options.config?.policy === undefined && this.hasDecorator('publicScope')) {
      options.config = { ...options.config, policy: 'public', bucket: 'none' };
    }
    const policy = options.config?.policy;
    if (policy === undefined) throw new Error(`Route ${String(options.method)} ${options.url} has no policy`);
    for (const method of [options.method].flat()) registered.push({ method, url: options.url, policy });
  });
}

/** Registers a plugin whose routes are public (static files of the console, API documentation). */
export async function registerPublic<O extends Record<string, unknown>>(
  app: FastifyInstance,
  plugin: FastifyPluginAsync<O>,
  options: O,
): Promise<void> {
  await app.register(async (scope) => {
    scope.decorate('publicScope', true);
    await scope.register(plugin, options);
  });
}

/** Params of a route with one id in its path. */
export const IdParams = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });

type Signed<C extends string> = C | `-${C}`;

// A type, not an interface: an index signature would make every field of a parsed query unknown.
type ListProperties<C extends string> = {
  page: ReturnType<typeof pageSchema>;
  limit: ReturnType<typeof limitSchema>;
  sort: ReturnType<typeof Type.Optional<TEnum<Signed<C>[]>>>;
  q: ReturnType<typeof Type.Optional<ReturnType<typeof Type.String>>>;
};

function pageSchema() {
  return Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 });
}

function limitSchema() {
  return Type.Integer({ minimum: 1, maximum: 200, default: 50 });
}

/**
 * Query schema of a list: `page`, `limit` (<= 200), `sort` (one of the columns; `-` before it for descending), `q`, and
 * the list's own filters.
 */
export function listQuery<const C extends string, F extends TProperties>(
  columns: readonly C[],
  filters: F,
): TObject<ListProperties<C> & F> {
  const sorts = columns.flatMap((column): Signed<C>[] => [column, `-${column}`]);
  return Type.Object(
    {
      page: pageSchema(),
      limit: limitSchema(),
      sort: Type.Optional(Type.Enum(sorts, { description: 'A leading minus sorts descending' })),
      q: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Text to search for' })),
      ...filters,
    },
    { additionalProperties: false },
  );
}

/** Splits a `sort` value into its column and direction; without one, the fallback. */
export function sortOf<C extends string>(
  sort: Signed<C> | undefined,
  fallback: Signed<C>,
): { column: C; direction: 'asc' | 'desc' } {
  const value = sort ?? fallback;
  return value.startsWith('-')
    ? { column: value.slice(1) as C, direction: 'desc' }
    : { column: value as C, direction: 'asc' };
}

/** Escapes LIKE's wildcards in a search text; use with `escape '!'`, which both databases understand alike. */
export function likePattern(text: string): string {
  return `%${text.replaceAll(/[!%_]/g, (found) => `!${found}`)}%`;
}
