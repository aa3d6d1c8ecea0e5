/** The published document is the one that the code makes, it has every route of the API, and everything in it holds together. */
import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseMaker } from '../../test/support/databases.ts';
import { resourceRoutes } from '../resource-routes.ts';
import { route, type Route } from '../route.ts';
import { openApi, type ApiFixture } from '../testing/api-fixture.ts';
import { buildOpenApi } from './build-openapi.ts';
import { documentedRoutes, openApiDocument } from './documented-routes.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { documentPath } from './operations.ts';
import { SchemaComponents } from './schema-components.ts';
import { WRITTEN_BODIES, WRITTEN_DATA } from './written-examples.ts';

const document = openApiDocument();
const text = JSON.stringify(document);
const METHODS = new Set(['get', 'post', 'put', 'delete']);

interface Operation extends JsonObject {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters: readonly JsonObject[];
  readonly responses: Readonly<Record<string, JsonObject>>;
}

function at(pointer: string): JsonObject {
  const parts = pointer.replace(/^#\//, '').split('/');
  const found = parts.reduce<Json | undefined>((node, part) => (isJsonObject(node) ? node[part] : undefined), document);
  if (!isJsonObject(found)) throw new Error(`${pointer} leads nowhere`);
  return found;
}

function operations(): { method: string; path: string; operation: Operation }[] {
  return Object.entries(at('#/paths')).flatMap(([path, item]) =>
    Object.entries(item as JsonObject)
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => ({ method, path, operation: operation as Operation })),
  );
}

/** The node with every reference in it replaced by what it refers to. */
function resolved(node: Json): Json {
  if (Array.isArray(node)) return node.map((part) => resolved(part as Json));
  if (!isJsonObject(node)) return node;
  if (typeof node['$ref'] === 'string') return resolved(at(node['$ref']));
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolved(value)]));
}

/** Every media type object of the document that has a schema and examples. */
function samples(node: Json, path = '#'): { path: string; schema: JsonObject; examples: Json[] }[] {
  if (!isJsonObject(node))
    return Array.isArray(node) ? node.flatMap((part, i) => samples(part as Json, `${path}/${i}`)) : [];
  const { schema, example, examples } = node;
  const own =
    isJsonObject(schema) && (example !== undefined || isJsonObject(examples))
      ? [
          {
            path,
            schema,
            examples: isJsonObject(examples)
              ? Object.values(examples).map((one) => (one as JsonObject)['value'] as Json)
              : [example as Json],
          },
        ]
      : [];
  return [...own, ...Object.entries(node).flatMap(([key, part]) => samples(part, `${path}/${key}`))];
}

describe('the document', () => {
  test('docs/openapi.json is what the code says; if not, run `npm run docs:generate` and review the difference', () => {
    const file = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    expect(file).toBe(`${JSON.stringify(document, null, 2)}\n`);
  });

  test('every reference resolves, and no $id is left that a reader would resolve elsewhere', () => {
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(references.length).toBeGreaterThan(300);
    for (const reference of new Set(references)) expect(at(reference)).toBeDefined();
    expect(text).not.toContain('"$id"');
  });

  test('every example is what its schema takes', () => {
    const all = samples(document);
    expect(all.length).toBeGreaterThan(100);
    for (const { path, schema, examples } of all) {
      const check = Compile(resolved(schema) as never);
      for (const example of examples) expect([path, check.Errors(example)]).toEqual([path, []]);
    }
  });

  test('a control: an example that its schema does not take is found', () => {
    const [sample] = samples(document).filter(({ path }) => path.includes('requestBody') && path.includes('login'));
    expect(Compile(resolved(sample?.schema ?? {}) as never).Check({ username: 7 })).toBe(false);
  });

  test('every request body and every JSON success has an example', () => {
    for (const { operation } of operations()) {
      const body = operation['requestBody'];
      const answers = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
      const media = [body, ...answers.map(([, answer]) => answer)].flatMap((one) =>
        isJsonObject(one) && isJsonObject(one['content']) ? Object.entries(one['content']) : [],
      );
      for (const [type, object] of media) {
        if (type !== 'application/json' && type !== 'multipart/form-data') continue;
        expect([operation.operationId, type, (object as JsonObject)['example']]).not.toContain(undefined);
      }
    }
  });

  test('written examples are of operations that exist', () => {
    const ids = new Set(operations().map(({ operation }) => operation.operationId));
    for (const id of [...Object.keys(WRITTEN_BODIES), ...Object.keys(WRITTEN_DATA)]) expect(ids).toContain(id);
  });

  test('no large schema stands in it twice', () => {
    const seen = new Map<string, string>();
    const repeated: string[] = [];
    const look = (node: Json, path: string): void => {
      if (Array.isArray(node)) node.forEach((part, index) => look(part as Json, `${path}/${index}`));
      if (!isJsonObject(node)) return;
      const { properties } = node;
      if (
        isJsonObject(properties) &&
        Object.keys(properties).length > 2 &&
        properties['success'] === undefined &&
        properties['code'] === undefined
      ) {
        const shape = JSON.stringify(properties);
        if (seen.has(shape)) repeated.push(`${seen.get(shape)} and ${path}`);
        seen.set(shape, path);
      }
      for (const [key, part] of Object.entries(node)) if (key !== 'example') look(part, `${path}/${key}`);
    };
    look(document, '#');
    expect(repeated).toEqual([]);
  });
});

describe('the operations', () => {
  test('each has a summary, a described section, a success, and the failures that every route can give', () => {
    const sections = new Set((document['tags'] as readonly JsonObject[]).map((tag) => tag['name']));
    for (const { operation } of operations()) {
      const { operationId, summary, tags, responses } = operation;
      expect([operationId, summary.length > 3, tags.every((tag) => sections.has(tag))]).toEqual([
        operationId,
        true,
        true,
      ]);
      expect([operationId, Object.keys(responses)]).toEqual([
        operationId,
        expect.arrayContaining(['400', '500', '503', expect.stringMatching(/^(2|101)/)]),
      ]);
    }
  });

  test('every POST with a token takes an Idempotency-Key, every versioned edit an If-Match', () => {
    const headersOf = (operation: Operation) => JSON.stringify(operation.parameters ?? []);
    for (const { method, operation } of operations()) {
      const acts = method === 'post' && JSON.stringify(operation['security']).includes('accessToken');
      expect([operation.operationId, headersOf(operation).includes('Idempotency-Key')]).toEqual([
        operation.operationId,
        acts,
      ]);
    }
    const versioned = operations().filter(({ operation }) => headersOf(operation).includes('If-Match'));
    expect(versioned.map(({ operation }) => operation.operationId)).toEqual(
      expect.arrayContaining(['updateGroup', 'updateDevice', 'updateSchedule', 'updateAlert', 'updateUser']),
    );
  });
});

describe('the routes', () => {
  const open = databaseMaker('sqlite');
  let api: ApiFixture;
  beforeAll(async () => {
    api = await openApi(await open(), { routes: resourceRoutes() });
  });
  afterAll(() => api.close());

  test('that the API has are exactly those of the document', () => {
    const served = api.app.routePolicies.filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS');
    const known = served.map(({ method, url }) => `${method} ${documentPath(url)}`).toSorted();
    expect(
      operations()
        .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
        .toSorted(),
    ).toEqual(known);
  });

  test('are each documented once', () => {
    const [first] = documentedRoutes();
    expect(() => buildOpenApi([first as Route, first as Route])).toThrow('two operations are called checkLive');
  });

  test('need a section, and a raw one says what it answers', () => {
    const shape = {
      method: 'GET',
      policy: 'user',
      operationId: 'getOdd',
      summary: 'Odd',
      data: Type.String(),
    } as const;
    const odd = route({ ...shape, url: '/api/v1/odd', handler: async () => 'x' });
    expect(() => buildOpenApi([odd])).toThrow('tags.ts has no section');
    const raw = route({ ...shape, url: '/api/v1/groups/odd', raw: true, handler: async () => ({ body: 'x' }) });
    expect(() => buildOpenApi([raw])).toThrow('raw-answers.ts');
  });
});

describe('names of schemas', () => {
  test('one shape has one name, and a copy with a description of its own keeps it', () => {
    const schemas = new SchemaComponents();
    const Colour = Type.Object({ red: Type.Integer() }, { description: 'A colour' });
    schemas.name('Colour', Colour);
    schemas.name('Paint', { ...Colour, description: 'Another' });
    schemas.of(Colour);
    expect(schemas.of({ ...Colour, description: 'Of the wall' })).toEqual({
      $ref: '#/components/schemas/Colour',
      description: 'Of the wall',
    });
    expect(Object.keys(schemas.all())).toEqual(['Colour']);
  });

  test('two shapes never share a name', () => {
    const schemas = new SchemaComponents();
    schemas.name('Thing', Type.Object({ a: Type.Integer() }));
    expect(() => schemas.name('Thing', Type.Object({ b: Type.Integer() }))).toThrow('two schemas are called Thing');
  });
});
