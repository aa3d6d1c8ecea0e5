/**
 * The route table in Fastify: every request is validated and every answer serialised by the route's schemas, If-Match and ETag carry the
 * version of what is edited, and nothing is served that has no policy (guardPolicies).
 */
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  preValidationHookHandler,
} from 'fastify';
import Type, { type TObject, type TSchema } from 'typebox';
import { ERROR_STATUS, type ErrorCode } from '../protocol/errors.ts';
import type { Actor, ApiContext } from './context.ts';
import { DOWNLOAD_MS_MAX, Downloads } from './downloads.ts';
import { apiError } from './errors.ts';
import { entityTag, versionOf, withMatchedVersion } from './if-match.ts';
import type { Bucket, Call, Page, Policy, RawAnswer, Route } from './route.ts';
import { takeUploads, UPLOAD_MS_MAX } from './upload-bodies.ts';
import { looseObjectPath } from './validation.ts';

/** A raw answer (a file) has to be sent within this, in milliseconds. Past it the connection is cut. */
const RAW_TIMEOUT_MS = 120_000;

declare module 'fastify' {
  interface FastifyContextConfig {
    policy?: Policy;
    bucket?: Bucket;
    urgent?: boolean;
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
    ...((spec.upload !== undefined || spec.download) && { incoming: request }),
    idempotencyKey: idempotencyKeyOf(request),
    operation: `${spec.method} ${spec.url}`,
    target: request.url,
    status: spec.status,
    marks: { mutated: false, replayed: false },
  };
}

function sendRaw(reply: FastifyReply, answer: RawAnswer): FastifyReply {
  reply.code(answer.status ?? 200).headers({ ...answer.headers });
  if (answer.contentType !== undefined) reply.type(answer.contentType);
  // A string or bytes with a content type are sent as they are; the serialiser is not asked.
  // Null would be sent as JSON.
  return reply.send(answer.body ?? undefined);
}

/** Adds routes to the application. Throws when one has no policy, a loose body schema, or is registered twice. */
export function registerRoutes(app: FastifyInstance, ctx: ApiContext, routes: readonly Route[]): void {
  const downloads = routes.some((spec) => spec.download) ? new Downloads(app) : null;
  for (const spec of routes) {
    const loose = spec.body === undefined ? null : looseObjectPath(spec.body);
    if (loose !== null) throw new Error(`${spec.method} ${spec.url}: body schema ${loose} allows unknown fields`);
    if (spec.upload === undefined) addRoute(app, ctx, spec, downloads);
    else {
      const kind = spec.upload;
      app.register(async (scope) => {
        await takeUploads(scope, kind);
        addRoute(scope, ctx, spec, downloads);
      });
    }
  }
}

/** What Fastify is told of a route's body. A file has a schema for the document alone. */
function bodySchema({ body, upload, form }: Route): object {
  if (upload === 'bytes') {
    return { body: { content: { '*/*': { schema: Type.String({ format: 'binary' }) } } } };
  }
  if (form === undefined) return body === undefined ? {} : { body };
  const content = { 'multipart/form-data': { schema: form } };
  return { body: { content: body === undefined ? content : { 'application/json': { schema: body }, ...content } } };
}

/** True of a route that reads one versioned resource: its answer carries the version as ETag. */
export function answersVersion({ method, paged, raw, data }: Route): boolean {
  return method === 'GET' && !paged && !raw && versionOf(data)?.required === true;
}

/** Puts the version of an If-Match header into the body, before that is validated. */
function matchVersion(spec: Route): preValidationHookHandler | undefined {
  if (spec.method === 'GET') return undefined;
  const takesVersion = spec.body !== undefined && versionOf(spec.body) !== null;
  return function readIfMatch(request, _reply, done) {
    try {
      request.body = withMatchedVersion(request.body, request.headers['if-match'], takesVersion);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

function addRoute(app: FastifyInstance, ctx: ApiContext, spec: Route, downloads: Downloads | null): void {
  const preValidation = matchVersion(spec);
  const isVersioned = answersVersion(spec);
  app.route({
    method: spec.download ? [spec.method, 'HEAD'] : spec.method,
    url: spec.url,
    config: { policy: spec.policy, bucket: spec.bucket, urgent: spec.urgent },
    ...(spec.raw && { handlerTimeout: spec.download ? DOWNLOAD_MS_MAX : RAW_TIMEOUT_MS }),
    ...(spec.upload && { handlerTimeout: UPLOAD_MS_MAX }),
    schema: {
      operationId: spec.operationId,
      summary: spec.summary,
      ...(spec.params && { params: spec.params }),
      // A route without a query schema takes no query.
      querystring: spec.query ?? Type.Object({}, { additionalProperties: false }),
      ...bodySchema(spec),
      response: {
        ...(spec.raw ? {} : { [spec.status]: successEnvelope(spec.data, spec.paged) }),
        '4xx': FailureEnvelope,
        '5xx': FailureEnvelope,
      },
    },
    ...(preValidation && { preValidation }),
    handler: async (request, reply) => {
      const call = callOf(ctx, spec, request);
      if (spec.download) downloads?.begin(reply);
      const answer = await spec.run(call);
      if (call.marks.replayed) reply.header('Idempotent-Replayed', 'true');
      if (spec.raw) return sendRaw(reply, answer as RawAnswer);
      reply.code(spec.status);
      if (isVersioned) reply.header('etag', entityTag((answer as { version: number }).version));
      if (!spec.paged) return { success: true, data: answer };
      const { data, page } = answer as { data: unknown; page: Page };
      return { success: true, data, meta: page };
    },
  });
}

/** Makes every later registration of a route without a policy fail, and keeps the list. Call before anything is registered. */
export function guardPolicies(app: FastifyInstance): void {
  const registered: { method: string; url: string; policy: Policy }[] = [];
  app.decorate('routePolicies', registered);
  app.addHook('onRoute', function requirePolicy(options) {
    // CORS preflight: answered by the plugin; the handler says "not found" where there is no CORS.
    if (options.method === 'OPTIONS' && options.url === '*') {
      options.config = { ...options.config, policy: 'public' };
      return;
    }
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
