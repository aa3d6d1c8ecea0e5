/**
 * The compiled validators of every schema, each compiled once. TypeBox checks, and a shape derived from the same schema says
 * which fields it knows, so that unknown ones can be dropped and counted before the check (they are never fatal).
 */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { DOWN_SCHEMAS, type DownFrame } from './down.ts';
import type { ErrorDetail } from './errors.ts';
import { SYNC_SCHEMAS } from './sync.ts';
import { UP_SCHEMAS, type UpFrame } from './up.ts';

/** Most `details` in one answer: whoever is that wrong needs no longer list. */
const DETAILS_MAX = 10;

export interface WireValidator<T> {
  check(value: unknown): value is T;
  /** What is wrong with a value that failed `check`: at most ten entries, `field` as a dotted path (`items.0.at`). */
  errors(value: unknown): ErrorDetail[];
  /** Deletes the fields that the schema does not know, at every depth, and returns how many there were. */
  dropUnknown(value: unknown): number;
}

/** Compiles one schema. Costs about a millisecond: do it once, not per call. */
export function compileValidator<S extends TSchema>(schema: S): WireValidator<Static<S>> {
  const compiled = Compile(schema);
  const shape = shapeOf(schema);
  return {
    check: (value): value is Static<S> => compiled.Check(value),
    errors: (value) => compiled.Errors(value).flatMap(detailsOf).slice(0, DETAILS_MAX),
    dropUnknown: (value) => (shape === null ? 0 : dropUnknown(shape, value)),
  };
}

/** Frames from devices, by `type`. */
export const upValidators = compileAll(UP_SCHEMAS) as unknown as ReadonlyMap<string, WireValidator<UpFrame>>;
/** Frames from the hub, by `type`: for players, load tests and tests. */
export const downValidators = compileAll(DOWN_SCHEMAS) as unknown as ReadonlyMap<string, WireValidator<DownFrame>>;
/** Bodies of the HTTP half, by the schema's name. */
export const syncValidators = Object.fromEntries(
  Object.entries(SYNC_SCHEMAS).map(([name, schema]) => [name, compileValidator(schema as TSchema)]),
) as { readonly [K in keyof typeof SYNC_SCHEMAS]: WireValidator<Static<(typeof SYNC_SCHEMAS)[K]>> };

function compileAll(schemas: Readonly<Record<string, TSchema>>): ReadonlyMap<string, WireValidator<unknown>> {
  return new Map(Object.entries(schemas).map(([type, schema]) => [type, compileValidator(schema)]));
}

/** The few JSON Schema keywords that our schemas use to nest. */
interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  patternProperties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
}

/** The fields that a schema knows; null below a point where anything goes (scalars, records, unknowns). */
interface Shape {
  readonly fields: ReadonlyMap<string, Shape | null> | null;
  readonly items: Shape | null;
}

function shapeOf(schema: JsonSchema): Shape | null {
  if (schema.properties !== undefined) {
    const fields = new Map(
      Object.entries(schema.properties).map(([name, property]) => [name, shapeOf(property)] as const),
    );
    return { fields, items: null };
  }
  if (schema.items !== undefined) {
    const items = shapeOf(schema.items);
    return items === null ? null : { fields: null, items };
  }
  const branches = (schema.anyOf ?? []).map(shapeOf).filter((branch) => branch !== null);
  if (branches.length > 1) throw new Error('A union of several objects has no single shape: tell them apart by `type`');
  return branches[0] ?? null;
}

function dropUnknown(shape: Shape, value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let dropped = 0;
  if (Array.isArray(value)) {
    if (shape.items === null) return 0;
    for (const item of value) dropped += dropUnknown(shape.items, item);
    return dropped;
  }
  if (shape.fields === null) return 0;
  const object = value as Record<string, unknown>;
  for (const key in object) {
    const field = shape.fields.get(key);
    if (field === undefined) {
      delete object[key];
      dropped++;
    } else if (field !== null) {
      dropped += dropUnknown(field, object[key]);
    }
  }
  return dropped;
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function detailsOf(error: SchemaError): ErrorDetail[] {
  const field = error.instancePath.slice(1).replaceAll('/', '.');
  const missing = (error.params as { requiredProperties?: readonly string[] }).requiredProperties;
  if (error.keyword !== 'required' || missing === undefined) return [{ field, message: error.message }];
  return missing.map((name) => ({ field: field === '' ? name : `${field}.${name}`, message: 'is required' }));
}
