/**
 * Routes as data. A route names the least role that may call it, its schemas and its handler; register-routes.ts turns it into
 * a Fastify route, and openapi/ into an operation of the published document.
 */
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import Type, { type Static, type TEnum, type TObject, type TProperties, type TSchema } from 'typebox';
import type { Actor, ApiContext } from './context.ts';
import type { UploadKind } from './upload-bodies.ts';

/** The least role that may call; `public` needs no token. */
export type Policy = 'public' | 'user' | 'manager' | 'admin';

/** Which allowance a call uses up: alerts have their own, so that browsing never delays an emergency; `none` is for health checks. */
export type Bucket = 'alert' | 'default' | 'none';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** All paths of the CMS contract start with it. */
export const API_BASE = '/api/v1';

/** One call of a public route. */
export interface PublicCall<P = unknown, Q = unknown, B = unknown> {
  readonly ctx: ApiContext;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly ip: string;
  readonly requestId: string;
  /** On a route that takes uploads: the request, whose bytes the handler reads itself. On a download: its method and headers. */
  readonly incoming?: FastifyRequest;
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
  /** Absent: there is no body. */
  readonly contentType?: string;
  readonly body: string | Buffer | Readable | null;
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
  /** Names the operation in the OpenAPI document; unique, e.g. `listDevices`. */
  readonly operationId: string;
  readonly summary: string;
  /** More for the document, in CommonMark. */
  readonly description?: string;
  readonly params?: P;
  readonly query?: Q;
  /** Every object in it says `additionalProperties: false`; a route whose body does not makes the boot fail. */
  readonly body?: B;
  /** The handler reads the bytes from `call.incoming`, and has UPLOAD_MS_MAX for it. */
  readonly upload?: UploadKind;
  /** Fields of the form that an `upload: 'form'` takes besides its JSON body: for the document, the handler checks them. */
  readonly form?: TObject;
  /** Schema of `data` in the envelope; of a raw route, of what it sends when that is JSON. */
  readonly data: D;
  readonly status?: 200 | 201;
  /** The handler returns `{data, page}` and the envelope carries `meta`. */
  readonly paged?: G;
  /** The answer is not in the envelope: files, metrics, JWKS. */
  readonly raw?: R;
  /** The raw answer is a file: HEAD is answered besides GET, and it may take as long as its bytes move (downloads.ts). */
  readonly download?: boolean;
  readonly bucket?: Bucket;
  /** Answered also when the process sheds load (shedding.ts); so is everything in the alerts' bucket. */
  readonly urgent?: boolean;
  handler(call: CallOf<K, Parsed<P>, Parsed<Q>, Parsed<B>>): Promise<AnswerOf<D, G, R>>;
}

/** A route with its types folded away, ready for registerRoutes. */
export interface Route {
  readonly method: Method;
  readonly url: string;
  readonly policy: Policy;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly params: TObject | undefined;
  readonly query: TObject | undefined;
  readonly body: TSchema | undefined;
  readonly upload: UploadKind | undefined;
  readonly form: TObject | undefined;
  readonly data: TSchema;
  readonly status: 200 | 201;
  readonly paged: boolean;
  readonly raw: boolean;
  readonly download: boolean;
  readonly bucket: Bucket;
  readonly urgent: boolean;
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
    operationId: spec.operationId,
    summary: spec.summary,
    description: spec.description,
    params: spec.params,
    query: spec.query,
    body: spec.body,
    upload: spec.upload,
    form: spec.form,
    data: spec.data,
    status: spec.status ?? 200,
    paged: spec.paged ?? false,
    raw: spec.raw ?? false,
    download: spec.download ?? false,
    bucket: spec.bucket ?? 'default',
    urgent: spec.urgent ?? spec.bucket === 'alert',
    run: (call) => spec.handler(call),
  };
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
  return Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1, description: 'From 1 on' });
}

function limitSchema() {
  return Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Items of a page' });
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
