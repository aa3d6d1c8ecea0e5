/** One route as an operation of the document. */
import type { TSchema } from 'typebox';
import { versionOf } from '../if-match.ts';
import { answersVersion } from '../register-routes.ts';
import type { Policy, Route } from '../route.ts';
import { failureName, failuresOf } from './failures.ts';
import { exampleOf } from './example-values.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { namedData } from './operation-names.ts';
import { rawResponses } from './raw-answers.ts';
import type { SchemaComponents } from './schema-components.ts';
import { tagOf } from './tags.ts';
import { WRITTEN_BODIES, WRITTEN_DATA } from './written-examples.ts';

const WHO: Readonly<Record<Policy, string>> = {
  public: 'Needs no access token.',
  user: 'For every signed-in user, inside the assigned groups.',
  manager: 'For managers, inside the assigned groups, and admins.',
  admin: 'For admins.',
};

/** The token may come with the request, or in a message after it. */
const TOKEN_LATER: ReadonlySet<string> = new Set(['openLiveFeed']);

const HEADER_PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  getMedia: ['Range', 'If-Range', 'If-None-Match'],
};

/** A path of Fastify's as the document writes it; `*` is called `key`. */
export function documentPath(url: string): string {
  return url.replaceAll(/:(\w+)/g, '{$1}').replace(/\*$/, '{key}');
}

/** The route as an operation. */
export function operationOf(spec: Route, schemas: SchemaComponents): JsonObject {
  const parameters = parametersOf(spec, schemas);
  const body = requestBodyOf(spec, schemas);
  const failures = failuresOf(spec).map((kind): [string, Json] => [
    String(kind.status),
    { $ref: `#/components/responses/${failureName(kind)}` },
  ]);
  return {
    operationId: spec.operationId,
    summary: spec.summary,
    description: descriptionOf(spec),
    tags: [tagOf(spec)],
    security: securityOf(spec),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== null && { requestBody: body }),
    responses: { ...successesOf(spec, schemas), ...Object.fromEntries(failures) },
  };
}

function descriptionOf({ operationId, policy, bucket, description }: Route): string {
  const who = TOKEN_LATER.has(operationId) ? 'For every signed-in user.' : WHO[policy];
  const allowance = bucket === 'alert' ? ' Has an allowance of its own, and is answered when others are shed.' : '';
  return `${who}${allowance}${description === undefined ? '' : `\n\n${description}`}`;
}

function securityOf({ operationId, policy }: Route): Json {
  if (TOKEN_LATER.has(operationId)) return [{ accessToken: [] }, {}];
  return policy === 'public' ? [] : [{ accessToken: [] }];
}

function takesKey({ method, policy }: Route): boolean {
  return method === 'POST' && policy !== 'public';
}

function parametersOf(spec: Route, schemas: SchemaComponents): Json[] {
  const place = (where: 'path' | 'query', schema: TSchema | undefined): Json[] => {
    const { properties = {}, required = [] } = (schema ?? {}) as {
      properties?: Record<string, TSchema>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, node]) => {
      const { description, ...rest } = schemas.of(node);
      const isRequired = where === 'path' || (required.includes(name) && !('default' in node));
      return {
        name: name === '*' ? 'key' : name,
        in: where,
        ...(isRequired && { required: true }),
        ...(description !== undefined && { description }),
        schema: rest,
      };
    });
  };
  const headers = [
    ...(takesKey(spec) ? ['Idempotency-Key'] : []),
    ...(spec.body !== undefined && versionOf(spec.body) !== null ? ['If-Match'] : []),
    ...(HEADER_PARAMETERS[spec.operationId] ?? []),
  ];
  return [
    ...place('path', spec.params),
    ...place('query', spec.query),
    ...headers.map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ];
}

/** The body's schema in which `version` may be left to If-Match. */
export function documentedBody(body: TSchema): TSchema {
  if (versionOf(body)?.required !== true) return body;
  const { required = [], properties = {} } = body as { required?: string[]; properties?: Record<string, TSchema> };
  const others = required.filter((name) => name !== 'version');
  const description = 'The version that the change is based on: required, unless If-Match carries it';
  return {
    ...body,
    properties: { ...properties, version: { ...properties['version'], description } },
    required: others,
  };
}

function requestBodyOf({ operationId, body, form, upload }: Route, schemas: SchemaComponents): JsonObject | null {
  if (upload === 'bytes') {
    return { required: true, content: { '*/*': { schema: { type: 'string', format: 'binary' } } } };
  }
  const content: Record<string, Json> = {};
  if (form !== undefined) content['multipart/form-data'] = { schema: schemas.of(form), example: exampleOf(form) };
  if (body !== undefined) {
    const example = WRITTEN_BODIES[operationId] ?? exampleOf(body);
    content['application/json'] = { schema: schemas.of(documentedBody(body)), example };
  }
  return Object.keys(content).length === 0 ? null : { required: true, content };
}

/** The data of a success as an example. */
function exampleData(spec: Route): Json {
  const written = WRITTEN_DATA[spec.operationId] ?? exampleOf(namedData(spec));
  return spec.paged ? [written] : written;
}

function successesOf(spec: Route, schemas: SchemaComponents): Record<string, JsonObject> {
  const json = spec.raw ? rawJson(spec, schemas) : envelope(spec, schemas);
  const answers = spec.raw
    ? rawResponses(spec, json)
    : { [spec.status]: { description: spec.summary, content: { 'application/json': json } } };
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [
      status,
      '$ref' in answer
        ? answer
        : { ...answer, headers: { ...headersOf(spec), ...(isJsonObject(answer['headers']) && answer['headers']) } },
    ]),
  );
}

function envelope(spec: Route, schemas: SchemaComponents): JsonObject {
  const properties = {
    success: { const: true },
    data: schemas.of(spec.data),
    ...(spec.paged && { meta: { $ref: '#/components/schemas/PageMeta' } }),
  };
  return {
    schema: { type: 'object', required: Object.keys(properties), properties },
    example: {
      success: true,
      data: exampleData(spec),
      ...(spec.paged && { meta: { page: 1, limit: 50, total: 1 } }),
    },
  };
}

/** What a raw route sends when it is JSON: the whole of it. */
function rawJson(spec: Route, schemas: SchemaComponents): JsonObject {
  const isEnveloped = namedData(spec) !== spec.data;
  const data = exampleData(spec);
  return {
    schema: schemas.of(spec.data),
    example: isEnveloped ? { success: true, data, meta: { page: 1, limit: 50, total: 1 } } : data,
  };
}

function headersOf(spec: Route): Record<string, Json> {
  const names = [
    'X-Request-Id',
    ...(answersVersion(spec) ? ['ETag'] : []),
    ...(takesKey(spec) ? ['Idempotent-Replayed'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
