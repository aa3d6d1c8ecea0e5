/**
 * The OpenAPI 3.1 document of the CMS contract, made from the route table, that is from the very schemas that validate requests and
 * write answers. Written to docs/openapi.json by scripts/generate-docs.ts, and served at /openapi.json.
 */
import Type from 'typebox';
import type { Method, Route } from '../route.ts';
import { failureName, failureResponse, failuresOf } from './failures.ts';
import { INTRODUCTION } from './introduction.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { NAMED_SCHEMAS } from './named-schemas.ts';
import { bodyName, dataName, namedData } from './operation-names.ts';
import { documentedBody, documentPath, operationOf } from './operations.ts';
import { SchemaComponents } from './schema-components.ts';
import { TAGS } from './tags.ts';

/** Version of the contract: additions raise the second number, what breaks clients the first. */
const CONTRACT_VERSION = '1.0.0';

/** What of a request was wrong. */
const FailureDetail = Type.Object(
  {
    field: Type.String({ description: 'Path of the field, as `layout.zones.0.width`; or a query parameter or header' }),
    message: Type.String(),
  },
  { $id: 'FailureDetail' },
);

/** Named by reading first, because there the name is the resource's own. */
const NAMING_ORDER = ['get', 'list', 'create'];

function namingRank({ operationId }: Route): number {
  const rank = NAMING_ORDER.findIndex((verb) => operationId.startsWith(verb));
  return rank === -1 ? NAMING_ORDER.length : rank;
}

function isNamable(schema: object): boolean {
  const { properties } = schema as { properties?: object };
  return properties !== undefined && Object.keys(properties).length > 0;
}

function nameSchemas(schemas: SchemaComponents, routes: readonly Route[]): void {
  for (const [name, schema] of Object.entries(NAMED_SCHEMAS)) schemas.name(name, schema);
  for (const spec of routes.toSorted((one, other) => namingRank(one) - namingRank(other))) {
    const data = namedData(spec);
    if (isNamable(data) && !schemas.isNamed(data)) schemas.name(dataName(spec), data);
    if (spec.body !== undefined) schemas.name(bodyName(spec), documentedBody(spec.body));
    if (spec.form !== undefined) schemas.name(bodyName(spec).replace(/Request$/, 'Form'), spec.form);
  }
}

/** A part of the contract that is no route: an upgrade. */
export interface ExtraOperation {
  readonly url: string;
  readonly method: Method;
  readonly operation: JsonObject;
}

/** The document of these routes. Throws for an operationId that is there twice, and for what has no name or no section. */
export function buildOpenApi(routes: readonly Route[], extras: readonly ExtraOperation[] = []): JsonObject {
  const schemas = new SchemaComponents();
  nameSchemas(schemas, routes);
  const paths: Record<string, Record<string, Json>> = {};
  const responses = new Map<string, JsonObject>();
  const seen = new Set<string>();
  for (const spec of routes) {
    if (seen.has(spec.operationId)) throw new Error(`two operations are called ${spec.operationId}`);
    seen.add(spec.operationId);
    const path = (paths[documentPath(spec.url)] ??= {});
    path[spec.method.toLowerCase()] = operationOf(spec, schemas);
    for (const kind of failuresOf(spec)) responses.set(failureName(kind), failureResponse(kind));
  }
  for (const { url, method, operation } of extras) (paths[url] ??= {})[method.toLowerCase()] = operation;
  // Referred to by name in the envelopes and the failures.
  schemas.of(FailureDetail);
  schemas.of(NAMED_SCHEMAS['PageMeta']);
  const tags = usedTags(paths);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Podoh CMS contract',
      version: CONTRACT_VERSION,
      summary: 'Managing digital signage, and raising alerts that are followed to the glass',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Where this document came from' }],
    tags: Object.entries(TAGS)
      .filter(([name]) => tags.has(name))
      .map(([name, description]) => ({ name, description })),
    security: [{ accessToken: [] }],
    paths: Object.fromEntries(Object.entries(paths).toSorted(([one], [other]) => (one < other ? -1 : 1))),
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: Object.fromEntries([...responses].toSorted(([one], [other]) => (one < other ? -1 : 1))),
      schemas: schemas.all(),
    },
  };
}

function usedTags(paths: Readonly<Record<string, Readonly<Record<string, Json>>>>): ReadonlySet<string> {
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const tags = operations.flatMap(
    (one) => (isJsonObject(one) && Array.isArray(one['tags']) ? one['tags'] : []) as string[],
  );
  return new Set(tags);
}

const SECURITY_SCHEMES: JsonObject = {
  accessToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The `accessToken` of `POST /api/v1/auth/login`: RS256, 15 minutes, audience podoh-api',
  },
};

function header(name: string, description: string, schema: JsonObject): JsonObject {
  return { name, in: 'header', description, schema };
}

const PARAMETERS: JsonObject = {
  'Idempotency-Key': header(
    'Idempotency-Key',
    'Makes the call safe to repeat for 24 hours: 1 to 255 visible ASCII characters, as random as a UUID',
    { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$', examples: ['2f1c6a52-6f0e-4c65-a3b1-4d8f0c7a9e11'] },
  ),
  'If-Match': header('If-Match', 'Stands for `version` in the body (RFC 9110): the ETag of the resource', {
    type: 'string',
    pattern: '^"[1-9]\\d{0,15}"$',
    examples: ['"7"'],
  }),
  Range: header('Range', 'A part of the file (RFC 9110), as `bytes=0-1048575`', { type: 'string' }),
  'If-Range': header('If-Range', 'The range is meant for the file with this ETag', { type: 'string' }),
  'If-None-Match': header('If-None-Match', 'ETags of what you have', { type: 'string' }),
};

const HEADERS: JsonObject = {
  'X-Request-Id': { description: 'Names the request in the log', schema: { type: 'string', format: 'uuid' } },
  'Retry-After': { description: 'When to come again, in seconds', schema: { type: 'integer', minimum: 1 } },
  'WWW-Authenticate': { description: 'Bearer (RFC 6750)', schema: { type: 'string' } },
  ETag: { description: 'The version in quotes, for If-Match', schema: { type: 'string', examples: ['"7"'] } },
  'Idempotent-Replayed': {
    description: '`true`: this is the answer of an earlier request with the same Idempotency-Key',
    schema: { type: 'string', const: 'true' },
  },
};
