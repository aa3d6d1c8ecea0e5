/** Which failures a route can answer with, told from its shape; fuzz.test.ts holds the answers of every route against it. */
import { ERROR_STATUS, type ErrorCode } from '../../protocol/errors.ts';
import type { Route } from '../route.ts';
import { versionOf } from '../if-match.ts';
import type { Json, JsonObject } from './json.ts';

/** A failed answer: its status, and the codes that may come with it. */
export interface FailureKind {
  readonly status: number;
  readonly codes: readonly ErrorCode[];
}

const SAYS: Readonly<Record<ErrorCode, string>> = {
  VALIDATION_ERROR: 'The request is not valid',
  UNAUTHENTICATED: 'The access token has expired',
  FORBIDDEN: 'Your role may not do this',
  NOT_FOUND: 'No such group',
  CONFLICT: 'The group has devices: move or delete them first',
  VERSION_CONFLICT: 'Changed by somebody else meanwhile: the current version is 8',
  IDEMPOTENCY_MISMATCH: 'This Idempotency-Key was used for another request',
  PAYLOAD_TOO_LARGE: 'The body is too large',
  UNSUPPORTED_MEDIA_TYPE: 'Send the body as application/json',
  RATE_LIMITED: 'Too many requests',
  INTERNAL: 'Something went wrong on our side',
  UNAVAILABLE: 'The database is not available; try again',
};

const DETAILS: Readonly<Partial<Record<ErrorCode, JsonObject>>> = {
  VALIDATION_ERROR: { field: 'name', message: 'is required' },
  VERSION_CONFLICT: { field: 'version', message: 'the current version is 8' },
};

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request is not valid; `details` names the fields',
  401: 'No access token, or one that is not valid (any more); of the calls for signing in: the password or token is not right',
  403: 'The role may not do this, or a password has to be chosen first; of a signed address: it is not valid or has run out',
  404: 'What the request names is not there, or not for the caller: out of scope, or of another tenant',
  408: 'The request did not arrive in time',
  409: 'It does not go with what is there; nothing was changed',
  413: 'The body is too large, or the tenant has no room for the file',
  415: 'The body is of another type than this takes',
  416: 'No byte of the range exists; Content-Range tells the size',
  429: 'Too many requests: come again after Retry-After',
  500: 'A fault of ours, which was logged under the X-Request-Id',
  503: 'For the moment this cannot be done: come again after Retry-After',
};

/** Public calls that answer 401: they are there to show a password or a token. */
const SIGNING_IN: ReadonlySet<string> = new Set(['login', 'refreshTokens', 'openLiveFeed']);
/** Public calls that look at a permission themselves: in the address, or in a message. */
const SIGNED: ReadonlySet<string> = new Set(['getMedia', 'sendUpload', 'openLiveFeed']);
/** Names of fields that stand for something that has to be there. */
const NAMES_SOMETHING = /(?:Id|Ids|^code)$/;

function namesSomething({ params, query, body, form }: Route): boolean {
  if (params !== undefined) return true;
  return [query, body, form].some((schema) => schema !== undefined && hasField(schema));
}

function hasField(schema: object): boolean {
  return (
    JSON.stringify(schema, (key, value: unknown) => (key === 'description' ? undefined : value))
      .match(/"(\w+)":\{/g)
      ?.some((name) => NAMES_SOMETHING.test(name.slice(1, -3))) === true
  );
}

/** Every failure that the route can answer with, by status. */
export function failuresOf(spec: Route): FailureKind[] {
  const { method, policy, operationId } = spec;
  const isPublic = policy === 'public';
  const acts = method !== 'GET';
  const kinds: (FailureKind | false)[] = [
    { status: 400, codes: ['VALIDATION_ERROR'] },
    (!isPublic || SIGNING_IN.has(operationId)) && { status: 401, codes: ['UNAUTHENTICATED'] },
    (!isPublic || SIGNED.has(operationId)) && { status: 403, codes: ['FORBIDDEN'] },
    namesSomething(spec) && { status: 404, codes: ['NOT_FOUND'] },
    acts && { status: 408, codes: ['VALIDATION_ERROR'] },
    acts && (!isPublic || SIGNED.has(operationId)) && { status: 409, codes: conflictsOf(spec) },
    acts && { status: 413, codes: ['PAYLOAD_TOO_LARGE'] },
    acts && { status: 415, codes: ['UNSUPPORTED_MEDIA_TYPE'] },
    operationId === 'getMedia' && { status: 416, codes: ['VALIDATION_ERROR'] },
    (spec.bucket !== 'none' || SIGNED.has(operationId)) && { status: 429, codes: ['RATE_LIMITED'] },
    { status: 500, codes: ['INTERNAL'] },
    { status: 503, codes: ['UNAVAILABLE'] },
  ];
  return kinds.filter((kind) => kind !== false);
}

function conflictsOf(spec: Route): ErrorCode[] {
  return [
    'CONFLICT',
    ...(spec.body !== undefined && versionOf(spec.body) !== null ? (['VERSION_CONFLICT'] as const) : []),
    ...(spec.method === 'POST' ? (['IDEMPOTENCY_MISMATCH'] as const) : []),
  ];
}

/** Where the response stands in the components. */
export function failureName({ status, codes }: FailureKind): string {
  const own = codes.filter((code) => code !== 'CONFLICT').map((code) => code.split('_')[0]?.toLowerCase() ?? '');
  return status === 409 ? ['409', ...own].join('-') : String(status);
}

/** The failure as a response object of the document. */
export function failureResponse({ status, codes }: FailureKind): JsonObject {
  const examples = codes.map((code): [string, Json] => [code, { value: failureExample(code, status) }]);
  const headers: Record<string, Json> = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } };
  if (status === 429 || status === 503) headers['Retry-After'] = { $ref: '#/components/headers/Retry-After' };
  if (status === 401) headers['WWW-Authenticate'] = { $ref: '#/components/headers/WWW-Authenticate' };
  return {
    description: DESCRIPTIONS[status] ?? '',
    headers,
    content: {
      'application/json': {
        schema: failureSchema(codes),
        examples: Object.fromEntries(examples),
      },
    },
  };
}

function failureSchema(codes: readonly ErrorCode[]): JsonObject {
  const details = { type: 'array', items: { $ref: '#/components/schemas/FailureDetail' } };
  const message = { type: 'string', description: 'For people; programs go by the code' };
  const error = {
    type: 'object',
    required: ['code', 'message'],
    properties: { code: { enum: [...codes] }, message, details },
  };
  return { type: 'object', required: ['success', 'error'], properties: { success: { const: false }, error } };
}

function failureExample(code: ErrorCode, status: number): JsonObject {
  const details = status === ERROR_STATUS[code] ? DETAILS[code] : undefined;
  const message = status === 408 ? 'The request did not arrive in time' : SAYS[code];
  return { success: false, error: { code, message, ...(details && { details: [details] }) } };
}
