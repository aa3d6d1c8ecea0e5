/**
 * Request validation by the TypeBox schemas. Bodies are taken as they are; params and query arrive as text and are turned
 * into numbers and booleans where the schema says so, and only when the text is exactly one.
 */
import type { FastifySchemaValidationError } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ErrorDetail } from '../protocol/errors.ts';

interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly additionalProperties?: unknown;
  readonly default?: unknown;
}

/** The path of an object in the schema that would let unknown fields through, or null when there is none. */
export function looseObjectPath(schema: TSchema | SchemaNode, path = '#'): string | null {
  const node = schema as SchemaNode;
  if (node.properties !== undefined && node.additionalProperties !== false) return path;
  const children: [string, SchemaNode][] = [
    ...Object.entries(node.properties ?? {}),
    ...Object.entries(node.patternProperties ?? {}),
    ...(node.items === undefined ? [] : [['items', node.items] as [string, SchemaNode]]),
    ...(node.anyOf ?? []).map((part, index): [string, SchemaNode] => [`anyOf/${index}`, part]),
    ...(node.allOf ?? []).map((part, index): [string, SchemaNode] => [`allOf/${index}`, part]),
  ];
  for (const [name, child] of children) {
    const found = looseObjectPath(child, `${path}/${name}`);
    if (found !== null) return found;
  }
  return null;
}

const NUMBER = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,10})?$/;

function fromText(node: SchemaNode, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if ((node.type === 'integer' || node.type === 'number') && NUMBER.test(value)) return Number(value);
  if (node.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** Params or query as the schema means them: text to numbers and booleans, defaults where nothing was given. */
function coerceText(schema: TSchema, given: unknown): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const { properties = {} } = schema as SchemaNode;
  for (const [name, value] of Object.entries(given ?? {})) {
    const node = Object.hasOwn(properties, name) ? properties[name] : undefined;
    Object.defineProperty(result, name, {
      value: node ? fromText(node, value) : value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  for (const [name, node] of Object.entries(properties)) {
    if (!Object.hasOwn(result, name) && node.default !== undefined) result[name] = node.default;
  }
  return result;
}

function fieldOf(pointer: string): string {
  return pointer.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Error details from a validator's errors, one for each field, at most 20; `place` names what is wrong as a whole. */
export function errorDetails(errors: readonly FastifySchemaValidationError[], place: string): ErrorDetail[] {
  const byField = new Map<string, string>();
  const add = (field: string, message: string): void => {
    if (!byField.has(field)) byField.set(field, message);
  };
  for (const { keyword, instancePath, params, message } of errors) {
    const at = fieldOf(instancePath);
    const inside = (name: string): string => (at === '' ? name : `${at}.${name}`);
    if (keyword === 'required') {
      for (const name of params['requiredProperties'] as string[]) add(inside(name), 'is required');
    } else if (keyword === 'additionalProperties') {
      for (const name of params['additionalProperties'] as string[]) add(inside(name), 'is not a known field');
    } else if (keyword === 'enum') {
      add(at === '' ? place : at, `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`);
    } else if (keyword !== 'boolean') {
      add(at === '' ? place : at, message ?? 'is not valid');
    }
  }
  return [...byField].slice(0, 20).map(([field, message]) => ({ field: field.slice(0, 200), message }));
}

/** Fastify's validator compiler over TypeBox. */
export function validatorCompiler({
  schema,
  httpPart,
  contentType = 'application/json',
}: {
  schema: unknown;
  httpPart?: string;
  contentType?: string;
}) {
  // Other bodies are streams that the handler reads and checks; their schemas are for the document.
  if (httpPart === 'body' && contentType !== 'application/json') return (value: unknown) => ({ value });
  const check = Compile(schema as TSchema);
  const isText = httpPart !== 'body';
  return (given: unknown): { value: unknown } | { error: FastifySchemaValidationError[] } => {
    const value = isText ? coerceText(schema as TSchema, given) : given;
    if (check.Check(value)) return { value };
    return { error: check.Errors(value) as unknown as FastifySchemaValidationError[] };
  };
}
